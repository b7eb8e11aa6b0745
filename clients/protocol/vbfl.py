"""vbfl: Chen et al., "Robust Blockchained Federated Learning with Model Validation and Proof-of-Stake
Inspired Consensus".

https://arxiv.org/abs/2101.03300. Workers, validators and miners are drawn anew each round; validators vote on
each update; the miner of highest stake makes the block, and all miners and validators check what it holds.
"""

from clients.protocol.approvals import APPROVALS, get_approved
from clients.protocol.claims import check_claim_terms
from clients.protocol.docket import Docket, Publisher, Selection
from clients.protocol.guards import KICK_ROUNDS, check_kick_rounds
from clients.protocol.managers import MANAGERS, MOTIONS, build_founders_check, check_founders, check_managers
from clients.protocol.panels import WORKER_PANEL, check_worker_panel
from clients.protocol.policies import CLAIMED, ENDLESS, VOLUNTARY, Mechanism
from clients.protocol.publication import build_block_winner, check_pow, check_publish
from clients.protocol.unit_rewards import UNIT_REWARDS, check_unit_reward
from clients.types.federation import Role, Round, VbflTerms


def _check_claims(terms: VbflTerms) -> None:
    check_claim_terms(terms, terms.proposers)


def select_approved(terms: VbflTerms, record: Round, docket: Docket) -> Selection:
    """Weigh an update by its samples times epochs, vbfl's eq. (1); it passes if N+ >= N-."""
    weights = tuple(update.samples * update.epochs for update in docket.updates)
    return Selection(get_approved(record, docket, ties=True), weights)


def _may_mine(record: Round, docket: Docket, publisher: Publisher) -> bool:
    return Role.VOTER not in publisher.roles


VBFL: Mechanism[VbflTerms] = Mechanism(
    name="vbfl",
    checks=(
        check_managers,
        check_founders,
        check_worker_panel,
        _check_claims,
        check_publish,
        check_pow,
        check_unit_reward,
        check_kick_rounds,
        build_founders_check(WORKER_PANEL.get_fewest),
    ),
    admission=MANAGERS,
    panel=WORKER_PANEL,
    subject=CLAIMED,
    verdict=APPROVALS,
    publication=build_block_winner(select_approved, _may_mine),
    payout=UNIT_REWARDS,
    guard=KICK_ROUNDS,
    task=ENDLESS,
    duty=VOLUNTARY,
    actions=MOTIONS,
)
