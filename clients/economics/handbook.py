"""What differs between mechanisms for those who play them: terms, ballots, what passes, how members come in.

A juror's opinion is a mark from 0 to 1 for each update, in the order of their numbers: from `PASSES` on it
finds the update good. None: it couldn't have the update, and leaves it out where ballots can.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.protocol import bflc, blade, jury, scores, stake_jury, stake_vote, vbfl
from clients.protocol.docket import Docket, Selection
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.plagiarism import compute_challenge_end
from clients.protocol.policies import Mechanism, Wanted
from clients.roles.judging import get_ballot, get_bitmap
from clients.types.federation import ZERO32, Address, Round
from clients.types.terms import BPS

PASSES = 0.5

Marks = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Handbook:
    """A mechanism as its players need it.

    `fill(terms, marks, digest)` returns the ballot of a juror with these marks, who would make `digest` the
    next model, or none if it is 0. `select` returns what passed; None where the ballots name the model.
    `joint`: jurors judge the updates together. `says_had`: ballots say what jurors could have, and they hand
    these on to others. `finds_idle`: by the hardened rules, every juror sees that an update is the head.
    `decoys`: the terms say how many updates are decoys.
    `bids`: members come in by bidding.
    `prepaid`: for how many rounds the sponsor funds the pool before the first, besides what it pays before
    each. `trainers`: how many
    of the members train for a round that waits for so many. `votes_from`: from when on votes are possible.
    `places`: after how many updates no other can pass. `barely`: the mark of an update that is to pass and to
    earn little. `own_terms`: the terms without a
    default, with managers or publisher from some accounts, and times counted from the start.
    """

    spec: Mechanism[Any]
    fill: Callable[[Any, Marks, bytes], bytes]
    select: Callable[[Any, Round, Docket], Selection] | None = None
    joint: bool = False
    says_had: bool = False
    finds_idle: bool = False
    decoys: bool = False
    bids: bool = False
    prepaid: Callable[[Any], int] = lambda terms: 0
    trainers: Callable[[int, Wanted], int] = lambda members, wanted: wanted.proposers
    votes_from: Callable[[Any, Round], int] = lambda terms, record: 0
    places: Callable[[Any], int] = lambda terms: UPDATES_MAX
    barely: Callable[[Any], float] = lambda terms: 0.0
    own_terms: Callable[[Sequence[Address], int], Mapping[str, Any]] = lambda accounts, start: {}


def get_passing(marks: Marks) -> set[int]:
    """Return the numbers of the updates that a juror finds good."""
    return {number for number, mark in enumerate(marks) if mark is not None and mark >= PASSES}


def _fill_joint(terms: Any, marks: Marks, digest: bytes) -> bytes:
    failing = set(range(len(marks))) - get_passing(marks)
    return get_ballot(digest, (failing if digest == ZERO32 else ()) if terms.attribution else None)


def _fill_scores(terms: Any, marks: Marks, digest: bytes) -> bytes:
    return b"".join(round((mark or 0.0) * BPS).to_bytes(2, "big") for mark in marks)


def _fill_one_by_one(terms: Any, marks: Marks, digest: bytes) -> bytes:
    had = {number for number, mark in enumerate(marks) if mark is not None}
    return get_bitmap(get_passing(marks)) + get_bitmap(had)


def _prepay_shares(terms: Any) -> int:
    """Return for how many rounds the sponsor pays ahead, so that a round pays what it is funded with."""
    return int(BPS // max(terms.profit_bps, 1))


TASK_LENGTH = 100 * 24 * 3600
BIDDING_LENGTH = 1000

HANDBOOKS: Mapping[str, Handbook] = MappingProxyType(
    {
        "stake_vote": Handbook(stake_vote.STAKE_VOTE, _fill_joint, joint=True),
        "stake_jury": Handbook(
            stake_jury.STAKE_JURY,
            _fill_one_by_one,
            jury.select,
            says_had=True,
            finds_idle=True,
            decoys=True,
            prepaid=_prepay_shares,
        ),
        "vbfl": Handbook(
            vbfl.VBFL,
            lambda terms, marks, digest: get_bitmap(get_passing(marks)),
            vbfl.select_approved,
            prepaid=lambda terms: 20,
        ),
        "bflc": Handbook(
            bflc.BFLC,
            _fill_scores,
            scores.select_best,
            prepaid=_prepay_shares,
            trainers=lambda members, wanted: members - wanted.voters,
            places=lambda terms: int(terms.updates),
            barely=lambda terms: terms.min_score / BPS,
            own_terms=lambda accounts, start: {"managers": tuple(accounts[:3])},
        ),
        "blade": Handbook(
            blade.BLADE,
            lambda terms, marks, digest: get_bitmap(get_passing(marks)) + get_bitmap(()),
            blade.select_approved,
            bids=True,
            votes_from=compute_challenge_end,
            own_terms=lambda accounts, start: {
                "publisher": accounts[0],
                "bidding_ends": start + BIDDING_LENGTH,
                "deadline": start + TASK_LENGTH,
            },
        ),
    }
)
