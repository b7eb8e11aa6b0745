"""Approvals: each voter names the updates that it finds good."""

from dataclasses import replace

from clients.protocol.docket import Docket, compute_marks
from clients.protocol.policies import Ballots
from clients.types.errors import ProtocolError
from clients.types.federation import Round


def read_bitmaps(record: Round, ballot: bytes, count: int) -> list[int]:
    """Return the `count` bitmaps of a ballot. InvalidBallot for any other length, or of updates not there."""
    bitmaps = [int.from_bytes(ballot[at : at + 32], "big") for at in range(0, len(ballot), 32)]
    if len(ballot) != 32 * count or any(bitmap >> record.proposals for bitmap in bitmaps):
        raise ProtocolError("InvalidBallot", ballot)
    return bitmaps


def _count(terms: object, record: Round, docket: Docket, ballot: bytes) -> tuple[Docket, int]:
    (approved,) = read_bitmaps(record, ballot, 1)
    return replace(docket, marks=compute_marks(docket.marks, approved, record.proposals)), 0


APPROVALS: Ballots[object] = Ballots(_count)
"""A ballot is the bitmap of the good updates (vbfl §III-C)."""


def _count_with_copies(terms: object, record: Round, docket: Docket, ballot: bytes) -> tuple[Docket, int]:
    approved, copies = read_bitmaps(record, ballot, 2)
    marks = compute_marks(docket.marks, approved, record.proposals)
    return replace(docket, marks=marks, copies=compute_marks(docket.copies, copies, record.proposals)), 0


APPROVALS_AND_COPIES: Ballots[object] = Ballots(_count_with_copies)
"""A ballot is the bitmap of the good updates, and that of those held to be copies (blade §III-C)."""


def get_approved(record: Round, docket: Docket, *, ties: bool) -> int:
    """Return the bitmap of the updates with N+ > N-, or N+ >= N- where `ties` pass."""
    approved = 0
    for number, positive in enumerate(docket.marks):
        negative = record.reveals - positive
        if positive > negative or (ties and positive == negative):
            approved |= 1 << number
    return approved
