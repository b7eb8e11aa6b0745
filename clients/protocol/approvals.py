"""Approvals: each voter names the updates that it finds good."""

from dataclasses import replace

from clients.protocol.docket import Docket, compute_marks
from clients.protocol.policies import Ballots
from clients.types.errors import ProtocolError
from clients.types.federation import Round


def _count(terms: object, record: Round, docket: Docket, ballot: bytes) -> tuple[Docket, int | None]:
    bitmap = int.from_bytes(ballot, "big")
    if len(ballot) != 32 or bitmap >> record.proposals:
        raise ProtocolError("InvalidBallot", ballot)
    return replace(docket, marks=compute_marks(docket.marks, bitmap, record.proposals)), None


APPROVALS: Ballots[object] = Ballots(_count)
"""A ballot is the bitmap of the good ones (vbfl §III-C; blade §II-C), of such as were proposed."""


def get_approved(record: Round, docket: Docket, *, ties: bool) -> int:
    """Return the bitmap of the updates with N+ > N-, or N+ >= N- where `ties` pass."""
    approved = 0
    for number, positive in enumerate(docket.marks):
        negative = record.reveals - positive
        if positive > negative or (ties and positive == negative):
            approved |= 1 << number
    return approved
