"""Scores: each member of the committee scores each update on its own data; the median counts."""

from dataclasses import replace

from clients.protocol.docket import Docket, Selection
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.marks import compute_bitmap
from clients.protocol.policies import PayoutPolicy, PublicationPolicy, Settlement, VerdictPolicy, check_term
from clients.protocol.publication import compute_checked
from clients.protocol.verdicts import compute_published, count_publications
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Address, BflcTerms, Member, Outcome, Round
from clients.types.terms import BPS


def check_min_score(terms: BflcTerms) -> None:
    """Raise InvalidTerms if no update could pass."""
    check_term("minScore", terms.min_score, terms.min_score <= BPS)


def check_profit(terms: BflcTerms) -> None:
    """Raise InvalidTerms if a round would share out more than the pool."""
    check_term("profitBps", terms.profit_bps, terms.profit_bps <= BPS)


def _count(terms: object, record: Round, docket: Docket, voter: Address, ballot: bytes) -> tuple[Docket, int]:
    scores = tuple(int.from_bytes(ballot[at : at + 2], "big") for at in range(0, len(ballot), 2))
    if len(ballot) != 2 * record.proposals or max(scores) > BPS:
        raise ProtocolError("InvalidBallot", ballot)
    return replace(docket, scores=(*docket.scores, scores)), 0


MEDIAN_SCORE: VerdictPolicy[object] = VerdictPolicy(_count, compute_published, count_publications)
"""A ballot is a score an update, in order of number: 16 bits each, in hundredths of a percent
(bflc §III-B)."""


def compute_median(scores: list[int]) -> int:
    """Return the median; of an even number, the lower middle one."""
    return sorted(scores)[(len(scores) - 1) // 2]


def select_best(terms: BflcTerms, record: Round, docket: Docket) -> Selection:
    """Return the first `updates` with a median of at least `min_score`, all weighed by their medians.

    If fewer would pass, nothing does.
    """
    medians = tuple(
        compute_median([scores[number] for scores in docket.scores]) for number in range(record.proposals)
    )
    passing = [number for number, median in enumerate(medians) if median >= terms.min_score]
    enough = len(passing) >= terms.updates
    return Selection(compute_bitmap(passing[: terms.updates]) if enough else 0, medians)


def _compute_settlement(
    terms: BflcTerms, record: Round, docket: Docket, outcome: Outcome, pool: int
) -> Settlement:
    weight = docket.selected.weight
    if outcome is not Outcome.ACCEPTED or weight == 0:
        return Settlement(0, 0, pool)
    unit = min(pool * terms.profit_bps // BPS // weight, STAKE_MAX)
    return Settlement(unit, 0, pool - unit * weight)


def _compute_delta(terms: BflcTerms, account: Address, member: Member, record: Round, docket: Docket) -> int:
    if Act.PROPOSED not in member.acts or docket.selection is None:
        return 0
    return record.proposer_reward * docket.selection.get_weight(member.update_number)


PROFIT_BY_SCORE: PayoutPolicy[BflcTerms] = PayoutPolicy(_compute_settlement, _compute_delta)
"""A share of the pool to the providers of the selected updates, by their scores (bflc §IV-A)."""

NUMBERED_RECORDS: PublicationPolicy[BflcTerms] = PublicationPolicy(
    lambda terms, record, docket, _, publication: compute_checked(
        select_best, terms, record, docket, publication
    )
)
"""The committee packs the selected updates into a model (bflc §III-B); there is no block to win."""
