"""Ballots on an aggregate, and which of its updates they blame where it fails."""

from dataclasses import replace
from typing import Protocol

from clients.protocol.docket import Docket
from clients.protocol.marks import (
    UPDATES_MAX,
    compute_marks,
    get_majority,
    is_marked,
    read_bitmap,
    read_words,
)
from clients.protocol.policies import check_term
from clients.protocol.tally import compute_tally
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, Round


class Attributing(Protocol):
    """Terms that say whether rejecting voters name the updates to blame."""

    @property
    def attribution(self) -> bool:
        """Whether blame is attributed; if not, it is everybody's."""
        ...

    @property
    def proposers(self) -> int:
        """Proposers wanted."""
        ...


def check_attribution(terms: Attributing) -> None:
    """Raise InvalidTerms where there may be more updates than a ballot can name."""
    check_term("proposers", terms.proposers, not terms.attribution or terms.proposers <= UPDATES_MAX)


def count_aggregate(
    terms: Attributing, record: Round, docket: Docket, voter: Address, ballot: bytes
) -> tuple[Docket, int]:
    """Count a ballot: the digest of the aggregate that a voter computed itself and accepts, or 0; with
    attribution, a bitmap of the updates that made it fail after that. InvalidBallot for anything else."""
    digest, *words = read_words(ballot, 2 if terms.attribution else 1)
    names = docket.names
    for word in words:
        blamed = read_bitmap(record, ballot, word)
        if blamed and digest != ZERO32:
            raise ProtocolError("InvalidBallot", ballot)
        names = compute_marks(names, blamed, record.proposals)
    tally, option = compute_tally(docket.tally, digest)
    return replace(docket, tally=tally, names=names), option


def is_blamed(terms: Attributing, record: Round, docket: Docket, update_number: int) -> bool:
    """Return whether the update is to blame for a rejected round: more than half of those who rejected name
    it. Without attribution, all are."""
    return not terms.attribution or is_marked(get_majority(docket.names, record.leading_count), update_number)
