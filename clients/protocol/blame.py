"""Ballots on an aggregate, and which of its updates they blame where it fails."""

from dataclasses import replace
from typing import Protocol

from clients.protocol.claims import UPDATES_MAX
from clients.protocol.docket import Docket, compute_marks
from clients.protocol.policies import Ballots, check_term
from clients.protocol.tally import compute_tally
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Round


class Attributing(Protocol):
    """Terms that say whether rejecting voters name the updates to blame."""

    @property
    def attribution(self) -> bool:
        """Whether blame is attributed; if not, it is everybody's."""
        ...

    @property
    def seats(self) -> int:
        """Proposers wanted."""
        ...


def check_attribution(terms: Attributing) -> None:
    """Raise InvalidTerms where there may be more updates than a ballot can name."""
    check_term("seats", terms.seats, not terms.attribution or terms.seats <= UPDATES_MAX)


def _count(terms: Attributing, record: Round, docket: Docket, ballot: bytes) -> tuple[Docket, int]:
    if len(ballot) != (64 if terms.attribution else 32):
        raise ProtocolError("InvalidBallot", ballot)
    digest, blamed = ballot[:32], int.from_bytes(ballot[32:], "big")
    if blamed >> record.proposals or (blamed and digest != ZERO32):
        raise ProtocolError("InvalidBallot", ballot)
    tally, option = compute_tally(docket.tally, digest)
    marks = compute_marks(docket.marks, blamed, record.proposals) if terms.attribution else ()
    return replace(docket, tally=tally, marks=marks), option


def is_blamed(terms: Attributing, record: Round, docket: Docket, number: int) -> bool:
    """Return whether update `number` is to blame for a rejected round: more than half of those who rejected
    name it. Without attribution, all are."""
    return not terms.attribution or docket.marks[number] * 2 > record.lead


AGGREGATE: Ballots[Attributing] = Ballots(_count)
"""The digest of the aggregate that a voter computed itself and accepts, or 0; with attribution, a bitmap of
the updates that made it fail after that."""
