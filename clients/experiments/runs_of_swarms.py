"""Runs of whole federations: a `clients.swarm` run each, in its own folder."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clients.engine.config import SwarmConfig, build
from clients.engine.rundir import CONFIG, ROUNDS, SUMMARY
from clients.experiments.records_of_vbfl import read_vbfl
from clients.experiments.strict import Table
from clients.mechanisms import SETTINGS
from clients.ports.files import LineFile
from clients.types.cid import Cid
from clients.types.errors import RequestError
from clients.types.federation import TOKEN
from clients.types.settings import get_elsewhere, get_spellings, get_unsaid, make_by_rules, plain
from clients.types.terms import PAPER

PROBE, DATA, SWARM = "probe.jsonl", "data.json", "run"
FORM = ("task", "shape", "layout", "standardize")
"""Settings about the form of the data: a run has them only where somebody says them, else the data tell."""


def resolve(settings: Table) -> Table:
    """Return every setting of the run but where it is kept; `RequestError` for an impossible one."""
    if "out" in settings:
        raise RequestError("out is no setting of an experiment: its runs lie under --runs.")
    settings = {"chain": "spec", "store": "memory", "device": "cpu", **settings}
    if settings["device"] == "auto":
        from clients.learning.tensors import resolve_device  # torch, which takes seconds to come

        settings["device"] = resolve_device("auto").type
    return _plain(build(settings))


def _name(mechanism: str, setting: str) -> str:
    """Return what a mechanism's own setting is called in a run's table, where those of all mechanisms stand.

    Where a setting has another spelling, that is its name there: in recorded runs it is, and no two share it.
    """
    others = {name: other for other, name in get_spellings(SETTINGS[mechanism]).items()}
    return others.get(setting, setting)


def _plain(config: SwarmConfig) -> Table:
    # The baseline has no rules: whatever they are, it is the same run.
    rules = PAPER if config.mechanism == "fedavg" else config.rules
    # Those that only other mechanisms know stay at their defaults: whatever they are, it is the same run.
    foreign: Table = {}
    for mechanism, kind in SETTINGS.items():
        for name, default in (plain(make_by_rules(kind, {}, rules)) | get_elsewhere(kind)).items():
            foreign.setdefault(_name(mechanism, name), default)
    own = {_name(config.mechanism, name): value for name, value in plain(config.own).items()}
    settings: Table = {**plain(config), "rules": rules, **foreign, **own}
    for name in ("own", "out", "learn_in"):
        del settings[name]
    for name, value in _get_unsaid().items():
        # Recorded runs don't name it, and have this value: so they keep their names.
        if own.get(name, value) == value:
            del settings[name]
    for name in FORM:
        if getattr(config, name) == getattr(SwarmConfig(), name):
            del settings[name]
    if not config.malicious:
        # Without attackers these do nothing: the same run, whatever they say.
        settings["attack"] = list(SwarmConfig().attack)
        settings["informed"] = False
    if config.mechanism == "fedavg":
        settings["chain"] = "spec"
    return settings


def _get_unsaid() -> Table:
    return {name: value for kind in SETTINGS.values() for name, value in get_unsaid(kind).items()}


def read_config(settings: Table) -> SwarmConfig:
    """Return the settings of a run in the form that swarms take, from what `resolve` returned."""
    return build(_get_unsaid() | settings)


def run(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Run the federation, or go on with the run in `folder`."""
    # Here: torch takes seconds to come, and planning has no need of it.
    from clients.engine.driver import Stalled
    from clients.engine.swarm import Swarm

    root = folder / SWARM
    begun = (root / CONFIG).exists()
    config = dataclasses.replace(read_config(settings), learn_in="here", out=str(root))
    with Swarm(config, resume=root if begun else None) as swarm:
        _tell_data(swarm, folder)
        probe = _Probe(swarm, folder)

        try:
            for line in swarm.run():
                probe.look(line)
                tick(1)
        except Stalled:
            if not swarm.lines:
                raise
            swarm.finish()


def _tell_data(swarm: Any, folder: Path) -> None:
    """Write down which data it was, and how large an update is.

    The same name can be different files on another machine.
    """
    told = {**swarm.bench.fingerprint(), "update_bytes": swarm.bench.schema.encoded_size}
    (folder / DATA).write_text(json.dumps(told))


class _Probe:
    """Looks at each new head for the backdoor, where an attack opens one."""

    def __init__(self, swarm: Any, folder: Path) -> None:
        self._swarm = swarm
        self._attack = next((one for one in swarm.behaviours.values() if one.trigger is not None), None)
        self._file = LineFile(folder / PROBE, durable=False)
        self._seen = {record["round"]: record for record in self._file.read()}
        self._last: tuple[str, float] | None = None

    def look(self, line: Any) -> None:
        """Append how often the head of `line` falls for the trigger."""
        if self._attack is None or line.round in self._seen:
            return
        if self._last is None or self._last[0] != line.head_cid:
            self._last = (line.head_cid, self._fall(line.head_cid))
        self._file.append({"round": line.round, "backdoor": round(self._last[1], 6)})

    def _fall(self, head: str) -> float:
        from clients.learning.codec import decode

        cid = Cid.parse(head)
        # Not through the store where that can be helped: it counts what is read from it.
        data = self._swarm.journal.load_head(cid) or self._swarm.store.get(cid)
        share: float = self._swarm.bench.probe(decode(data, self._swarm.bench.schema), self._attack)
        return share


def read(settings: Table, folder: Path) -> Table:
    """Return the run's record: per-round values, and of each kind of participant who was out when."""
    lines = LineFile(folder / SWARM / ROUNDS).read()
    summary: Table = json.loads((folder / SWARM / SUMMARY).read_text())
    told = json.loads((folder / DATA).read_text())
    malicious = set(summary["malicious"])
    honest = set(lines[0]["balances"]) - malicious
    record: Table = {
        "rounds": len(lines),
        "accuracy": [round(line["accuracy"], 5) for line in lines],
        "guess": round(lines[-1]["guess"], 5),
        "outcomes": "".join(line["outcome"][0] for line in lines),
        "honest_tokens": [_tokens(line["honest_mean_balance"]) for line in lines],
        "malicious_tokens": [_tokens(line["malicious_mean_balance"]) for line in lines],
        "honest": len(honest),
        "malicious": len(malicious),
        "honest_out": _out(lines, honest),
        "malicious_out": _out(lines, malicious),
        "minority": [min(line["votes_for"], line["votes_against"]) for line in lines],
        "blamed_honest": sum(len(set(line["blamed"]) & honest) for line in lines),
        "blamed_malicious": sum(len(set(line["blamed"]) & malicious) for line in lines),
        "refused": [[one["method"] for one in line["refused"]] for line in lines],
        "seconds": {part: round(spent, 3) for part, spent in summary["seconds"].items()},
        "wall_seconds": summary["wall_seconds"],
        "head": lines[-1]["head_cid"],
        "data": told["sha256"][:16],
        "update_bytes": told["update_bytes"],
    }
    if lines[0]["auroc"] is not None:
        record["auroc"] = [round(line["auroc"], 5) for line in lines]
    if settings["mechanism"] != "fedavg" and settings["chain"] != "spec":
        record["gas"] = _sum(line["gas"] for line in lines)
        record["proposals"] = sum(len(line["proposers"]) for line in lines)
        record["ballots"] = sum(line["votes_for"] + line["votes_against"] for line in lines)
    record["bytes"] = _sum(line["bytes"] for line in lines)
    if settings["mechanism"] == "vbfl":
        record |= read_vbfl(lines, malicious)
    probes = LineFile(folder / PROBE, durable=False).read()
    if probes:
        record["backdoor"] = [probe["backdoor"] for probe in probes]
    return record


def _tokens(units: float) -> float:
    return round(units / TOKEN, 2)


def _out(lines: Sequence[Table], group: set[str]) -> list[int]:
    """Return the rounds in which members of `group` were put out, one entry each."""
    return [line["round"] for line in lines for account in line["banned"] if account in group]


def _sum(tables: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for table in tables:
        for name, count in table.items():
            total[name] = total.get(name, 0) + count
    return total
