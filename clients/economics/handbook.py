"""What differs between mechanisms for those who play them: terms, ballots, what passes, how members come in.

A juror's opinion is a mark from 0 to 1 for each update, in the order of their numbers: from `PASSES` on it
finds the update good.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.protocol import bflc, blade, scores, stake_vote, vbfl
from clients.protocol.docket import Docket, Selection
from clients.protocol.marks import WORD, compute_bitmap
from clients.protocol.policies import Mechanism, Wanted
from clients.types.federation import ZERO32, Address, Round
from clients.types.terms import BPS

PASSES = 0.5
BARELY = 0.2
"""The mark of an update that a juror wants to earn little: where scores are summed up, it still passes."""

Marks = Sequence[float]


@dataclass(frozen=True, slots=True)
class Handbook:
    """A mechanism as its players need it.

    `fill(terms, marks, digest)` returns the ballot of a juror with these marks, who would make `digest` the
    next model. `select` returns what passed; None where the ballots name the model. `joint`: jurors judge the
    updates together. `bids`: members come in by bidding. `ahead`: for how many rounds the sponsor funds the
    pool before the first, so that the payout is steady.
    """

    spec: Mechanism[Any]
    fill: Callable[[Any, Marks, bytes], bytes]
    select: Callable[[Any, Round, Docket], Selection] | None = None
    joint: bool = False
    bids: bool = False
    ahead: Callable[[Any], int] = lambda terms: 1
    trainers: Callable[[int, Wanted], int] = lambda members, wanted: wanted.proposers
    """How many of `members` train for a round that waits for so many."""
    own_terms: Callable[[Sequence[Address], int], Mapping[str, Any]] = lambda accounts, start: {}
    """The terms without a default: managers or publisher from `accounts`, times counted from `start`."""


def get_passing(marks: Marks) -> int:
    """Return the bitmap of the updates that a juror finds good."""
    return compute_bitmap(number for number, mark in enumerate(marks) if mark >= PASSES)


def _word(bitmap: int) -> bytes:
    return bitmap.to_bytes(WORD, "big")


def _fill_joint(terms: Any, marks: Marks, digest: bytes) -> bytes:
    everything = (1 << len(marks)) - 1
    failing = everything & ~get_passing(marks)
    vote = ZERO32 if failing else digest
    return vote + _word(failing) if terms.attribution else vote


def _fill_scores(terms: Any, marks: Marks, digest: bytes) -> bytes:
    return b"".join(int(mark * BPS).to_bytes(2, "big") for mark in marks)


TASK_LENGTH = 100 * 24 * 3600
BIDDING_LENGTH = 1000

HANDBOOKS: Mapping[str, Handbook] = MappingProxyType(
    {
        "stake_vote": Handbook(stake_vote.STAKE_VOTE, _fill_joint, joint=True),
        "vbfl": Handbook(
            vbfl.VBFL,
            lambda terms, marks, digest: _word(get_passing(marks)),
            vbfl.select_approved,
            ahead=lambda terms: 20,
        ),
        "bflc": Handbook(
            bflc.BFLC,
            _fill_scores,
            scores.select_best,
            ahead=lambda terms: BPS // max(terms.profit_bps, 1),
            trainers=lambda members, wanted: members - wanted.voters,
            own_terms=lambda accounts, start: {"managers": tuple(accounts[:3])},
        ),
        "blade": Handbook(
            blade.BLADE,
            lambda terms, marks, digest: _word(get_passing(marks)) + _word(0),
            blade.select_approved,
            bids=True,
            own_terms=lambda accounts, start: {
                "publisher": accounts[0],
                "bidding_ends": start + BIDDING_LENGTH,
                "deadline": start + TASK_LENGTH,
            },
        ),
    }
)
