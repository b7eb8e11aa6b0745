"""Payouts of stake_vote: who gains and who loses."""

from typing import Protocol

from clients.protocol.blame import Attributing, is_blamed
from clients.protocol.docket import Docket
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import PayoutPolicy, Settlement, check_term
from clients.types.federation import Act, Address, Member, Outcome, Round


class Staked(Attributing, Protocol):
    """Terms with a stake on each part, in token base units."""

    @property
    def bond(self) -> int:
        """The least stake that a member must hold to act."""
        ...

    @property
    def proposer_stake(self) -> int:
        """What a proposer loses that is rejected, or doesn't propose what it pledged: γp."""
        ...

    @property
    def voter_stake(self) -> int:
        """What a voter in the minority, or who does not reveal, loses: γv."""
        ...


def check_stakes(terms: Staked) -> None:
    """Raise InvalidTerms where a member could lose more than the bond at once."""
    check_term("proposerStake", terms.proposer_stake, terms.proposer_stake <= terms.bond)
    check_term("voterStake", terms.voter_stake, terms.voter_stake <= terms.bond)


def _compute_settlement(
    terms: Staked, record: Round, docket: Docket, outcome: Outcome, pool: int
) -> Settlement:
    broken = terms.proposer_stake * record.broken_pledges
    if outcome is Outcome.UNDECIDED:
        return Settlement(0, 0, pool + broken + terms.voter_stake * (record.commits - record.reveals))
    proposer_reward = 0
    if outcome is Outcome.ACCEPTED:
        # An audit may have refused all proposals: avoid dividing by 0.
        proposer_reward = min(pool // max(record.proposals, 1), STAKE_MAX)
        pool -= proposer_reward * record.proposals
    else:
        blamed = sum(is_blamed(terms, record, docket, number) for number in range(record.proposals))
        pool += terms.proposer_stake * blamed
    # Outvoted voters and those who didn't reveal: neither counts for the leading option.
    lost = terms.voter_stake * (record.commits - record.leading_count)
    voter_reward = min(lost // record.leading_count, STAKE_MAX)
    rest = pool + broken + lost - voter_reward * record.leading_count
    return Settlement(proposer_reward, voter_reward, rest)


def _compute_delta(terms: Staked, account: Address, member: Member, record: Round, docket: Docket) -> int:
    if Act.PROPOSED in member.acts:
        if record.outcome is Outcome.REJECTED and is_blamed(terms, record, docket, member.update_number):
            return -terms.proposer_stake
        return record.proposer_reward
    if Act.PLEDGED in member.acts:
        return -terms.proposer_stake
    if Act.REVEALED in member.acts:
        if record.outcome is Outcome.UNDECIDED:
            return 0
        return record.voter_reward if member.option == record.leading_option else -terms.voter_stake
    return -terms.voter_stake if Act.COMMITTED in member.acts else 0


STAKE_REDISTRIBUTION: PayoutPolicy[Staked] = PayoutPolicy(_compute_settlement, _compute_delta)
"""Algorithms 1 and 2 of stake_vote: rejected proposers fill a pool that pays approved ones; the minority of
the voters pays the majority, so that lying, by its eq. (4), loses while the honest outnumber the liars."""
