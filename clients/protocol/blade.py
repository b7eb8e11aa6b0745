"""blade: Ma et al., "When Federated Learning Meets Blockchain: A New Distributed Learning Paradigm".

https://arxiv.org/abs/2009.09338. A task is published with a bounty; the winners of its bids train, check one
another's updates for copies, and mine the block that holds the aggregate.
"""

from clients.protocol.approvals import APPROVALS_OF_ORIGINALS, get_approved
from clients.protocol.auction import AUCTION, BID, BID_SAMPLES, check_min_samples, check_winners
from clients.protocol.bounty import BOUNTY, check_block_share
from clients.protocol.claims import check_claim_terms
from clients.protocol.docket import Docket, Publisher, Selection
from clients.protocol.managers import MOTIONS, check_managers
from clients.protocol.panels import EVERYONE
from clients.protocol.plagiarism import (
    ACCUSE,
    PLAGIARISM,
    check_challenge,
    compute_convicted,
    is_convicted,
)
from clients.protocol.policies import VOLUNTARY, Mechanism, OwnState
from clients.protocol.publication import build_block_winner, check_pow, check_publish
from clients.protocol.task import (
    PUBLISHED_TASK,
    RECLAIM,
    TaskBook,
    check_task,
    note_accepted,
    start_task,
)
from clients.types.federation import BladeTerms, Round


def _check_claims(terms: BladeTerms) -> None:
    check_claim_terms(terms, terms.winners)


def select_approved(terms: BladeTerms, record: Round, docket: Docket) -> Selection:
    """Weigh an update by its samples; it passes if N+ > N- and it isn't convicted."""
    weights = tuple(update.samples for update in docket.updates)
    convicted = compute_convicted(docket, record.members)  # everybody votes
    return Selection(get_approved(record, docket, ties=False) & ~convicted, weights, convicted)


def _may_mine(record: Round, docket: Docket, publisher: Publisher) -> bool:
    return not is_convicted(publisher.member, record.outcome, docket)


BLADE: Mechanism[BladeTerms] = Mechanism(
    name="blade",
    checks=(
        check_winners,
        _check_claims,
        check_task,
        check_publish,
        check_pow,
        check_managers,
        check_min_samples,
        check_challenge,
        check_block_share,
    ),
    admission=AUCTION,
    panel=EVERYONE,
    subject=BID_SAMPLES,
    verdict=APPROVALS_OF_ORIGINALS,
    publication=build_block_winner(select_approved, _may_mine),
    payout=BOUNTY,
    guard=PLAGIARISM,
    task=PUBLISHED_TASK,
    duty=VOLUNTARY,
    own_state=OwnState(TaskBook, start=start_task, note_settled=note_accepted),
    actions={**MOTIONS, "bid": BID, "accuse": ACCUSE, "reclaim": RECLAIM},
)
