"""blade: Ma et al., "When Federated Learning Meets Blockchain: A New Distributed Learning Paradigm".

https://arxiv.org/abs/2009.09338. A task is published with a bounty; the winners of its bids train, check one
another's updates for copies, and mine the block that holds the aggregate.
"""

from clients.protocol.approvals import APPROVALS_AND_COPIES, get_approved
from clients.protocol.auction import BID, check_min_samples, check_offer, check_winners, refuse_join
from clients.protocol.bounty import BOUNTY, check_block_share
from clients.protocol.claims import check_claim_terms
from clients.protocol.docket import Docket, Selection
from clients.protocol.evidence import ACCUSE, PLAGIARISM, check_challenge, check_commit
from clients.protocol.mining import build_mined, check_pow
from clients.protocol.panels import EVERYONE
from clients.protocol.policies import Gates, Mechanism, Notes
from clients.protocol.task import (
    RECLAIM,
    Task,
    check_exit,
    check_open,
    check_task,
    note_accepted,
    start_task,
)
from clients.protocol.verdicts import PUBLISHERS_MAJORITY
from clients.types.federation import BladeTerms, Role, Round


def _check_claims(terms: BladeTerms) -> None:
    check_claim_terms(terms, terms.winners)


def select_approved(terms: BladeTerms, record: Round, docket: Docket) -> Selection:
    """Weigh an update by its samples; it passes if N+ > N-."""
    weights = tuple(update.samples for update in docket.updates)
    return Selection(get_approved(record, docket, ties=False), weights)


def _may_mine(roles: Role) -> bool:
    return True


BLADE: Mechanism[BladeTerms] = Mechanism(
    name="blade",
    checks=(
        check_winners,
        _check_claims,
        check_task,
        check_pow,
        check_min_samples,
        check_challenge,
        check_block_share,
    ),
    panel=EVERYONE,
    ballots=APPROVALS_AND_COPIES,
    verdict=PUBLISHERS_MAJORITY,
    publication=build_mined(select_approved, _may_mine),
    payout=BOUNTY,
    guard=PLAGIARISM,
    gates=Gates(
        check_join=refuse_join,
        check_exit=check_exit,
        check_open=check_open,
        check_proposal=check_offer,
        check_commit=check_commit,
    ),
    notes=Notes(Task, start=start_task, note_settled=note_accepted),
    actions={"bid": BID, "accuse": ACCUSE, "reclaim": RECLAIM},
)
