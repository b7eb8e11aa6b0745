"""stake_vote: Dong et al., "Defending Against Poisoning Attacks in Federated Learning with Blockchain".

https://arxiv.org/abs/2307.00543. Random proposers, all others vote on the aggregate, the majority decides.
"""

from clients.protocol.blame import check_attribution
from clients.protocol.claims import check_claim_terms
from clients.protocol.guards import SOLVENCY
from clients.protocol.managers import MANAGERS, MOTIONS, build_founders_check, check_founders, check_managers
from clients.protocol.panels import RANDOM_PANEL, check_random_panel
from clients.protocol.payouts import STAKE_REDISTRIBUTION, check_stakes
from clients.protocol.policies import BALLOT_PUBLICATION, CLAIMED, ENDLESS, VOLUNTARY, Mechanism
from clients.protocol.verdicts import DIGEST_MAJORITY, check_quorum
from clients.types.federation import StakeVoteTerms


def _check_claims(terms: StakeVoteTerms) -> None:
    check_claim_terms(terms, terms.proposers)


STAKE_VOTE: Mechanism[StakeVoteTerms] = Mechanism(
    name="stake_vote",
    checks=(
        check_managers,
        check_founders,
        check_random_panel,
        _check_claims,
        check_attribution,
        check_quorum,
        check_stakes,
        build_founders_check(RANDOM_PANEL.get_fewest),
    ),
    admission=MANAGERS,
    panel=RANDOM_PANEL,
    subject=CLAIMED,
    verdict=DIGEST_MAJORITY,
    publication=BALLOT_PUBLICATION,
    payout=STAKE_REDISTRIBUTION,
    guard=SOLVENCY,
    task=ENDLESS,
    duty=VOLUNTARY,
    actions=MOTIONS,
)
