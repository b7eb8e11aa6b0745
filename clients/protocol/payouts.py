"""Payouts: who gains and who loses."""

from typing import Protocol

from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import Payout, Settlement, check_term
from clients.types.federation import Act, Member, Outcome, Round


class Staked(Protocol):
    """Terms with a stake on each part, in token base units."""

    @property
    def bond(self) -> int:
        """The least stake that a member must hold to act."""
        ...

    @property
    def proposer_stake(self) -> int:
        """What a rejected proposer loses: γp."""
        ...

    @property
    def voter_stake(self) -> int:
        """What a voter in the minority, or who does not reveal, loses: γv."""
        ...


def _check_terms(terms: Staked) -> None:
    check_term("proposerStake", terms.proposer_stake, terms.proposer_stake <= terms.bond)
    check_term("voterStake", terms.voter_stake, terms.voter_stake <= terms.bond)


def _compute_settlement(terms: Staked, record: Round, outcome: Outcome, pool: int) -> Settlement:
    if outcome is Outcome.UNDECIDED:
        return Settlement(0, 0, pool + terms.voter_stake * (record.commits - record.reveals))
    proposer_reward = 0
    if outcome is Outcome.ACCEPTED:
        proposer_reward = min(pool // record.proposals, STAKE_MAX)
        pool -= proposer_reward * record.proposals
    else:
        pool += terms.proposer_stake * record.proposals
    lost = terms.voter_stake * (record.commits - record.lead)
    voter_reward = min(lost // record.lead, STAKE_MAX)
    return Settlement(proposer_reward, voter_reward, pool + lost - voter_reward * record.lead)


def _compute_delta(terms: Staked, member: Member, record: Round) -> int:
    if member.act is Act.PROPOSED:
        if record.outcome is Outcome.REJECTED:
            return -terms.proposer_stake
        return record.proposer_reward
    if member.act is Act.REVEALED:
        if record.outcome is Outcome.UNDECIDED:
            return 0
        return record.voter_reward if member.option == record.leader else -terms.voter_stake
    return -terms.voter_stake if member.act is Act.COMMITTED else 0


POOL_AND_MINORITY: Payout[Staked] = Payout(_check_terms, _compute_settlement, _compute_delta)
"""Algorithms 1 and 2 of stake_vote: rejected proposers fill a pool that pays approved ones; the minority of
the voters pays the majority, so that lying, by eq. (4), loses while the honest outnumber the liars."""
