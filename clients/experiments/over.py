"""Repeats a run over a real chain and store: its lines must be those of the specification."""

import dataclasses
import json
import shutil
from pathlib import Path

from clients.engine.results import TIMED
from clients.engine.rundir import ROUNDS
from clients.experiments.archive import Archive
from clients.experiments.plan import Plan, Request
from clients.experiments.runs_of_swarms import SWARM, read_config
from clients.experiments.strict import Table
from clients.ports.files import LineFile, write_whole
from clients.ports.urls import shown
from clients.types.errors import FedJuryError

OVER = "over.json"


class LinesDiffer(FedJuryError):
    """The same settings gave other lines over a chain: the specification and the contract disagree."""


def choose(plan: Plan) -> Request | None:
    """Return the run to repeat: the last of the plan's shortest federations with a jury, if there is one.

    The last, since series and axes go from plain settings to harder tests.
    """
    federations = [
        one
        for one in reversed(plan.requests.values())
        if one.runner == "swarm" and one.settings["mechanism"] != "fedavg"
    ]
    return min(federations, key=lambda one: (one.rounds, one.settings["clients"]), default=None)


def compare_over(plan: Plan, archive: Archive, folder: Path, chain: str, store: str) -> str:
    """Do one run of the plan over `chain` and `store` and on the specification, unless it is done already.

    Return the result in words, and keep it in `folder`.

    Raises:
        LinesDiffer: a line differs in more than times, gas and bytes.
    """
    request = choose(plan)
    if request is None:
        return "it has no federation with a jury: nothing to compare"
    own = request.settings
    expected = _get_lines(request, archive, "spec", own["store"] if own["chain"] == "spec" else "memory")
    lines = _get_lines(request, archive, chain, store)
    compared = compare_lines(expected, lines)
    found = {
        "run": request.digest,
        "chain": shown(chain),
        "store": shown(store),
        "rounds": compared,
        "seed": request.settings["seed"],
        "gas": sum(sum(line["gas"].values()) for line in lines),
        "bytes": {way: sum(line["bytes"][way] for line in lines) for way in ("up", "down")},
        "seconds": round(sum(line["seconds"]["total"] for line in lines), 1),
    }
    write_whole(folder / OVER, json.dumps(found, indent=1) + "\n")
    return f"over {shown(chain)} and {shown(store)}: the same {compared} lines, {found['gas']:,} gas"


def compare_lines(expected: list[Table], found: list[Table]) -> int:
    """Return the number of lines, or raise `LinesDiffer` if one differs in more than times, gas and bytes."""
    if len(expected) != len(found):
        raise LinesDiffer(f"{len(found)} lines over the chain, {len(expected)} on the specification.")
    for one, other in zip(expected, found, strict=True):
        names = sorted(name for name in one if name not in TIMED and one[name] != other.get(name))
        if names:
            raise LinesDiffer(f"round {one['round']} differs over the chain in {', '.join(names)}.")
    return len(found)


def _get_lines(request: Request, archive: Archive, chain: str, store: str) -> list[Table]:
    """Return the run's lines over `chain` and `store`: its own, or those of a twin."""
    if (request.settings["chain"], request.settings["store"]) == (chain, store):
        return LineFile(archive.folder(request) / SWARM / ROUNDS).read()
    where = archive.root / "over" / f"{request.digest}-{shown(chain)}-{shown(store)}"
    shutil.rmtree(where, ignore_errors=True)
    return _run(request, where, chain, store)


def _run(request: Request, where: Path, chain: str, store: str) -> list[Table]:
    from clients.engine.driver import Stalled
    from clients.engine.swarm import Swarm

    settings = {**request.settings, "chain": chain, "store": store}
    config = dataclasses.replace(read_config(settings), learn_in="here", out=str(where))
    with Swarm(config) as swarm:
        try:
            for _ in swarm.run():
                pass
        except Stalled:
            swarm.finish()
    return LineFile(where / ROUNDS).read()
