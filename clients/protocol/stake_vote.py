"""stake_vote: Dong et al., "Defending Against Poisoning Attacks in Federated Learning with Blockchain".

https://arxiv.org/abs/2307.00543. Random proposers, all others vote on the aggregate, the majority decides.
"""

from clients.protocol.guards import is_too_poor
from clients.protocol.panels import RANDOM_PROPOSERS
from clients.protocol.payouts import POOL_AND_MINORITY
from clients.protocol.policies import Mechanism
from clients.protocol.publications import MAJORITY_DIGEST
from clients.protocol.verdicts import MAJORITY
from clients.types.federation import StakeVoteTerms

STAKE_VOTE: Mechanism[StakeVoteTerms] = Mechanism(
    name="stake_vote",
    panel=RANDOM_PROPOSERS,
    verdict=MAJORITY,
    publication=MAJORITY_DIGEST,
    payout=POOL_AND_MINORITY,
    is_out=is_too_poor,
)
