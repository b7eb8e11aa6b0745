"""Saved states of an audit, to resume from later, or to return to when the chain is reorganised.

A point is the audit as of the end of a block, as JSON-able data. A checkpoint file holds a few points, the
older the further apart, and names the federation and the audit. Its digest detects damage, not forgery:
resume only from your own checkpoints.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from clients.auditing.findings import Finding, Findings, clean
from clients.auditing.purse import Purse
from clients.auditing.replay import Acts, Published, Replay
from clients.ports.files import write_whole
from clients.protocol.docket import BLANK, Publication
from clients.protocol.snapshot import dump_state, load_state
from clients.protocol.state import State
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Round
from clients.types.parsing import parse_json

DAMAGED = "the checkpoint is damaged: start without it."

VERSION = 6
MOST_POINTS = 6
MAX_BYTES = 2**30

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """An audit as of the end of a block."""

    block: int
    hash: str
    replay: Json
    progress: Json
    """`auditor.Progress` as data."""
    findings: tuple[Finding, ...]

    def to_json(self) -> Json:
        """Return the point as JSON-able data."""
        return {
            "block": self.block,
            "hash": self.hash,
            "replay": self.replay,
            "progress": self.progress,
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Point":
        """Return what `to_json` wrote."""
        block, name = data["block"], data["hash"]
        if type(block) is not int or block < 0 or not isinstance(name, str):
            raise ValueError("no block")
        found = tuple(Finding.from_json(one) for one in data["findings"])
        if not isinstance(data["replay"], dict) or not isinstance(data["progress"], dict):
            raise ValueError("no replay")
        return cls(block, name, data["replay"], data["progress"], found)


# ---------------------------------------------------------------------- a replay as data


def dump_replay(replay: Replay) -> Json:
    """Return the replay as JSON-able data, with only the rounds that are still needed."""
    state, needed = replay.core.state, sorted(replay.get_needed() | {0})
    kept = replace(
        state,
        rounds=[state.rounds[round_number] for round_number in needed],
        dockets=[state.dockets[round_number] for round_number in needed],
    )
    acts = replay.acts
    return {
        "state": dump_state(kept),
        "rounds": needed,
        "round": replay.round_number,
        "proposals": [list(one) for one in acts.proposals],
        "publications": [
            [
                one.account,
                one.publication.digest.hex(),
                one.publication.selection,
                one.publication.nonce.hex(),
                one.transaction,
                one.block,
            ]
            for one in acts.publications
        ],
    }


def load_replay(replay: Replay, data: Json) -> None:
    """Restore `replay` from what `dump_replay` returned. RequestError if the data is something else."""
    try:
        state = load_state(data["state"], replay.core.mechanism.own_state.kind)
        if not _is_a(State, replace(state, own=None)) or not _is_a(
            replay.core.mechanism.own_state.kind, state.own
        ):
            raise ValueError("of another type")
        _put_rounds(state, data["rounds"], data["round"])
        replay.purse = Purse(state.token.balances, {})
        state.token = replay.purse
        replay.core.state = state
        replay.acts = Acts(
            [(str(transaction), int(block)) for transaction, block in data["proposals"]],
            [
                Published(
                    str(account),
                    Publication(bytes.fromhex(digest), int(selection), bytes.fromhex(nonce)),
                    str(transaction),
                    int(block),
                )
                for account, digest, selection, nonce, transaction, block in data["publications"]
            ],
        )
        replay.kept, replay.seen = set(data["rounds"]), replay.round_number
        again = dump_replay(replay)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, AssertionError, OverflowError):
        raise RequestError(DAMAGED) from None
    if again != data:
        raise RequestError(DAMAGED)


def _put_rounds(state: State, numbers: Sequence[int], last: int) -> None:
    """Put the kept rounds back at their numbers, with blanks between."""
    if sorted(set(numbers)) != list(numbers) or not 0 <= max(numbers) == last < 2**40:
        raise ValueError("rounds in disorder")
    rounds, dockets = [Round()] * (last + 1), [BLANK] * (last + 1)
    for round_number, record, docket in zip(numbers, state.rounds, state.dockets, strict=True):
        rounds[round_number], dockets[round_number] = record, docket
    state.rounds, state.dockets = rounds, dockets


def _is_a(hint: Any, value: object) -> bool:
    """Return whether `value` has the type that `hint` annotates, at every level."""
    if hint in (Any, object):
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin is dict:
        assert isinstance(value, dict)
        return all(_is_a(inner[0], key) and _is_a(inner[1], one) for key, one in value.items())
    if origin is tuple and inner[-1] is not Ellipsis:
        assert isinstance(value, tuple)
        return all(map(_is_a, inner, value))
    if origin in (tuple, list, frozenset):
        assert isinstance(value, tuple | list | frozenset)
        return all(_is_a(inner[0], one) for one in value)
    if origin is not None:  # X | None
        return any(_is_a(one, value) for one in inner)
    if is_dataclass(hint):
        names = get_type_hints(hint)
        return isinstance(value, hint) and all(  # type: ignore[arg-type]
            _is_a(kind, getattr(value, name)) for name, kind in names.items()
        )
    if hint is int:
        return type(value) is int and abs(value) < 2**256
    return isinstance(value, hint)


# ---------------------------------------------------------------------- points and files


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most `most` of the points, the older the further apart; the newest two stay."""
    kept = list(points)
    while len(kept) > most:
        last = kept[-1].block

        def cost(place: int, last: int = last) -> float:
            return (kept[place + 1].block - kept[place - 1].block) / (last - kept[place].block + 1)

        del kept[min(range(1, len(kept) - 2), key=cost)]
    return kept


def _compute_digest(document: Json) -> str:
    return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def save_points(path: Path, owner: Json, points: Sequence[Point]) -> None:
    """Write a checkpoint, whole or not at all. `owner` identifies the federation and the audit."""
    body = {"version": VERSION, "owner": owner, "points": [point.to_json() for point in points]}
    write_whole(path, json.dumps({**body, "digest": _compute_digest(body)}) + "\n")


def load_points(path: Path, owner: Json) -> list[Point]:
    """Return a checkpoint's points; none if the file doesn't exist yet.

    RequestError if the file is no checkpoint, is damaged, or belongs to another federation or another audit.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RequestError(f"checkpoint {path} is too large to be one.")
        data = parse_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UnavailableError(f"checkpoint {path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise RequestError(f"checkpoint {path} is not JSON: {clean(error)}.") from None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise RequestError(f"{path} is not a checkpoint of version {VERSION}: start without it.")
    digest = data.pop("digest", None)
    if digest != _compute_digest(data):
        raise RequestError(f"checkpoint {path} is damaged: start without it.")
    theirs = data.get("owner")
    if theirs != owner:
        differing = [
            name for name in owner if not isinstance(theirs, dict) or theirs.get(name) != owner[name]
        ]
        raise RequestError(
            f"checkpoint {path} belongs to another audit: {', '.join(differing)} differ. Name another file."
        )
    try:
        return [Point.from_json(one) for one in data["points"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RequestError(DAMAGED) from None


def make_findings(point: Point | None) -> Findings:
    """Return the findings as of a point; no findings if `point` is None."""
    return Findings(point.findings if point else ())
