"""Verdicts: the results of a round's ballots."""

from typing import Protocol

from clients.protocol.blame import Attributing, count_aggregate
from clients.protocol.docket import Docket
from clients.protocol.policies import VerdictPolicy, Wanted, check_term
from clients.types.federation import ZERO32, Outcome, Round
from clients.types.terms import BPS


class Quorate(Attributing, Protocol):
    """Terms with a quorum, in hundredths of a percent of the drawn voters."""

    @property
    def quorum_bps(self) -> int:
        """Share of drawn voters that must reveal, in hundredths of a percent."""
        ...


def check_quorum(terms: Quorate) -> None:
    """Raise InvalidTerms if more than all voters would have to reveal."""
    check_term("quorumBps", terms.quorum_bps, terms.quorum_bps <= BPS)


def _compute_majority(terms: Quorate, record: Round, docket: Docket, wanted: Wanted) -> Outcome:
    if record.reveals == 0 or record.reveals * BPS < terms.quorum_bps * wanted.voters:
        return Outcome.UNDECIDED
    if record.leading_count * 2 <= record.reveals:
        return Outcome.UNDECIDED
    return Outcome.REJECTED if docket.tally.candidate == ZERO32 else Outcome.ACCEPTED


def _count_ballots(record: Round, docket: Docket) -> tuple[int, int]:
    against = docket.tally.against
    return record.reveals - against, against


DIGEST_MAJORITY: VerdictPolicy[Quorate] = VerdictPolicy(count_aggregate, _compute_majority, _count_ballots)
"""What more than half of the ballots say (stake_vote eq. 3); Undecided without quorum or majority."""


def compute_published(terms: object, record: Round, docket: Docket, wanted: Wanted) -> Outcome:
    """Return Accepted or Rejected if more than half of the drawn publishers published one digest, else
    Undecided."""
    if record.leading_count * 2 <= wanted.publishers:
        return Outcome.UNDECIDED
    return Outcome.REJECTED if docket.tally.candidate == ZERO32 else Outcome.ACCEPTED


def count_publications(record: Round, docket: Docket) -> tuple[int, int]:
    """Return how many published the leading digest, and how many published another."""
    return record.leading_count, record.publications - record.leading_count
