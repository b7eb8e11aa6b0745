"""A run's results: `rounds.jsonl` during the run, `summary.json` and pictures at the end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from clients.learning.meters import PARTS
from clients.types.errors import RequestError
from clients.types.federation import Address
from clients.types.learning import Task

TIMED = ("seconds", "gas", "bytes")
SHOWN = 10
"""The most participants that a sentence names."""


@dataclass(frozen=True, slots=True)
class RoundLine:
    """One line of `rounds.jsonl`. Balances in base units, gas by action, seconds by part."""

    round: int
    accepted: bool
    outcome: str
    head_cid: str
    candidate_cid: str | None
    accuracy: float
    auroc: float | None
    guess: float | None = field(default=None, kw_only=True)
    """The accuracy of naming the largest class every time, without looking at the samples."""
    loss: float
    votes_for: int
    votes_against: int
    proposers: list[Address]
    voters: list[Address]
    publisher: Address | None
    balances: dict[Address, int]
    honest_mean_balance: float
    malicious_mean_balance: float
    slashed: list[Address]
    rewarded: list[Address]
    banned: list[Address]
    blamed: list[Address]
    gas: dict[str, int]
    seconds: dict[str, float]
    bytes: dict[str, int]
    broken_pledges: list[Address] = field(default_factory=list)
    """Members that pledged an update and didn't propose it. Omitted if empty."""
    missed: list[Address] = field(default_factory=list)
    """Members that were drawn and are reported to have done nothing by the time the ballots were in. Omitted
    if empty."""
    refused: list[dict[str, str]] = field(default_factory=list)
    """Refused calls of simulated attackers: account, method, error."""
    trouble: list[dict[str, Any]] = field(default_factory=list)
    """Participants that sat the round out for trouble of their own: account, participant, why. Omitted if
    empty."""
    own: dict[str, Any] = field(default_factory=dict)
    """What the mechanism adds; each entry is written as a field like the others."""


def tell_trouble(round_number: int, participants: Sequence[int], why: str) -> str:
    """Return the sentence about participants that sit a round out for the same trouble."""
    names = ", ".join(map(str, participants[:SHOWN])) + (", …" if len(participants) > SHOWN else "")
    who = f"participants {names} sit out" if len(participants) > 1 else f"participant {names} sits out"
    return f"round {round_number}: {who}: {why.rstrip('.')}."


def tell_troubles(line: RoundLine) -> list[str]:
    """Return a sentence for each trouble in a round."""
    whose: dict[str, list[int]] = {}
    for one in line.trouble:
        whose.setdefault(one["why"], []).append(one["participant"])
    return [tell_trouble(line.round, participants, why) for why, participants in whose.items()]


def summarise(
    mechanism: str,
    task: Task,
    lines: Sequence[RoundLine],
    honest: Sequence[Address],
    malicious: Sequence[Address],
    wall_seconds: float,
    cpu_seconds: float,
) -> dict[str, Any]:
    """Return `summary.json`'s content from the lines of all rounds."""
    banned = {account for line in lines for account in line.banned}
    last = lines[-1]
    return {
        "mechanism": mechanism,
        "task": str(task),
        "rounds": len(lines),
        "accepted_rounds": sum(line.accepted for line in lines),
        "final_accuracy": last.accuracy,
        "best_accuracy": max(line.accuracy for line in lines),
        "guess": last.guess,
        "honest_mean_balance": last.honest_mean_balance,
        "malicious_mean_balance": last.malicious_mean_balance,
        "malicious_removed": len(banned & set(malicious)),
        "honest_removed": len(banned & set(honest)),
        "head_cid": last.head_cid,
        "gas_total": sum(sum(line.gas.values()) for line in lines),
        "wall_seconds": round(wall_seconds, 3),
        "seconds": {
            part: round(sum(line.seconds.get(part, 0.0) for line in lines), 6) for part in (*PARTS, "total")
        },
        "cpu_seconds": round(cpu_seconds, 3),
        "malicious": sorted(malicious),
    }


def to_json(line: RoundLine) -> dict[str, Any]:
    """Return the line as it is written."""
    record = asdict(line)
    own: dict[str, Any] = record.pop("own")
    for name in ("broken_pledges", "missed", "trouble"):
        if not record[name]:
            del record[name]
    return record | own


def from_json(record: dict[str, Any], where: Path) -> RoundLine:
    """Return the line that `to_json` wrote; `RequestError` if another version wrote it."""
    try:
        known = {item.name for item in fields(RoundLine)}
        own = {name: value for name, value in record.items() if name not in known}
        return RoundLine(**{name: record[name] for name in record if name in known}, own=own)
    except TypeError as error:
        raise RequestError(
            f"{where} has a line of another version: {error}. Resume with that version."
        ) from error
