"""Approvals: each voter names the updates that it finds good. These select, and what is published decides."""

from dataclasses import replace

from clients.protocol.docket import Docket
from clients.protocol.marks import compute_bitmap, compute_marks, get_majority, read_bitmap, read_words
from clients.protocol.policies import VerdictPolicy
from clients.protocol.verdicts import compute_published, count_publications
from clients.types.federation import Address, Round


def _count(terms: object, record: Round, docket: Docket, voter: Address, ballot: bytes) -> tuple[Docket, int]:
    (word,) = read_words(ballot, 1)
    approved = read_bitmap(record, ballot, word)
    return replace(docket, approvals=compute_marks(docket.approvals, approved, record.proposals)), 0


APPROVALS: VerdictPolicy[object] = VerdictPolicy(_count, compute_published, count_publications)
"""A ballot is the bitmap of the good updates (vbfl §III-C)."""


def _count_with_copies(
    terms: object, record: Round, docket: Docket, voter: Address, ballot: bytes
) -> tuple[Docket, int]:
    approved, copies = (read_bitmap(record, ballot, word) for word in read_words(ballot, 2))
    approvals = compute_marks(docket.approvals, approved, record.proposals)
    return replace(
        docket, approvals=approvals, names=compute_marks(docket.names, copies, record.proposals)
    ), 0


APPROVALS_OF_ORIGINALS: VerdictPolicy[object] = VerdictPolicy(
    _count_with_copies, compute_published, count_publications
)
"""A ballot is the bitmap of the good updates, and that of those held to be copies (blade §III-C)."""


def get_approved(record: Round, docket: Docket, *, ties: bool) -> int:
    """Return the bitmap of the updates with N+ > N-, or N+ >= N- where `ties` pass."""
    approved = get_majority(docket.approvals, record.reveals)
    level = (number for number, positive in enumerate(docket.approvals) if positive * 2 == record.reveals)
    return approved | compute_bitmap(level) if ties else approved
