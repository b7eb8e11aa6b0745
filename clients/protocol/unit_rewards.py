"""Payout of vbfl: units of r for samples visited, signatures verified and votes cast."""

from clients.protocol.docket import Docket, Selection
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import PayoutPolicy, Settlement, check_term
from clients.types.federation import Act, Address, Member, Outcome, Round, VbflTerms


def check_unit_reward(terms: VbflTerms) -> None:
    """Raise InvalidTerms if a unit couldn't be paid."""
    check_term("unitReward", terms.unit_reward, terms.unit_reward <= STAKE_MAX)


def compute_worker_units(terms: VbflTerms, selection: Selection, update_number: int) -> int:
    """Return vbfl's eq. (1), or what the terms set in its place, of an update; 0 if it wasn't selected."""
    if terms.update_units == 0:
        return selection.get_weight(update_number)
    return terms.update_units if update_number in selection.numbers else 0


def compute_validator_units(record: Round) -> int:
    """Return vbfl's eq. (2): a signature verified and a vote cast, for each update."""
    return 2 * record.proposals


def compute_miner_units(record: Round) -> int:
    """Return vbfl's eq. (3): a signature verified for each vote on each update."""
    return record.proposals * record.reveals


def _compute_settlement(
    terms: VbflTerms, record: Round, docket: Docket, outcome: Outcome, pool: int
) -> Settlement:
    if outcome is Outcome.UNDECIDED:
        return Settlement(0, 0, pool)
    miners = sum(miner.option == record.leading_option for miner in docket.miners)
    selected = docket.selected
    units = sum(compute_worker_units(terms, selected, number) for number in selected.numbers)
    units += record.reveals * compute_validator_units(record)
    units += miners * compute_miner_units(record)
    unit = min(terms.unit_reward, pool // units)
    return Settlement(unit, 0, pool - unit * units)


def _compute_delta(terms: VbflTerms, account: Address, member: Member, record: Round, docket: Docket) -> int:
    units = 0
    if Act.PROPOSED in member.acts and docket.selection is not None:
        units += compute_worker_units(terms, docket.selection, member.update_number)
    if Act.REVEALED in member.acts:
        units += compute_validator_units(record)
    if Act.PUBLISHED in member.acts and member.option == record.leading_option:
        units += compute_miner_units(record)
    return units * record.proposer_reward


UNIT_REWARDS: PayoutPolicy[VbflTerms] = PayoutPolicy(_compute_settlement, _compute_delta)
"""Eqs. (1) to (3) of vbfl. (1), a worker's epochs times samples, is its update's weight; nobody can check
these, so the terms can set what an update earns in their place."""
