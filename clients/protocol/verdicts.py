"""Verdicts: what the ballots of a round come to."""

from typing import Protocol

from clients.protocol.policies import Verdict, check_term
from clients.protocol.tally import Tally
from clients.types.federation import ZERO32, Outcome, Round

BPS = 10_000


class Quorate(Protocol):
    """Terms with a quorum, in ten-thousandths of the drawn voters."""

    @property
    def quorum_bps(self) -> int:
        """Ballots wanted of 10,000 drawn voters."""
        ...


def _check_terms(terms: Quorate) -> None:
    check_term("quorumBps", terms.quorum_bps, terms.quorum_bps <= BPS)


def _compute_majority(terms: Quorate, record: Round, tally: Tally, voters: int) -> Outcome:
    if record.reveals == 0 or record.reveals * BPS < terms.quorum_bps * voters:
        return Outcome.UNDECIDED
    if tally.lead * 2 <= record.reveals:
        return Outcome.UNDECIDED
    return Outcome.REJECTED if tally.candidate == ZERO32 else Outcome.ACCEPTED


MAJORITY: Verdict[Quorate] = Verdict(_check_terms, _compute_majority)
"""What more than half of the ballots say (stake_vote eq. 3); Undecided without quorum or majority."""
