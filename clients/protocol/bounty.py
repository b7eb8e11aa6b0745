"""Payout of blade: a round's bounty by verified samples, and a share of it to the winner of the block."""

from clients.protocol.docket import Docket
from clients.protocol.plagiarism import get_convicted, is_convicted
from clients.protocol.policies import PayoutPolicy, Settlement, check_term
from clients.types.federation import Act, Address, BladeTerms, Member, Outcome, Round
from clients.types.terms import BPS


def check_block_share(terms: BladeTerms) -> None:
    """Raise InvalidTerms if a block would win more than the whole bounty."""
    check_term("blockBps", terms.block_bps, terms.block_bps <= BPS)


def _compute_settlement(
    terms: BladeTerms, record: Round, docket: Docket, outcome: Outcome, pool: int
) -> Settlement:
    unit = share = 0
    if outcome is Outcome.ACCEPTED:
        bounty = min(pool, terms.bounty // terms.rounds)
        share = bounty * terms.block_bps // BPS if docket.winner else 0
        unit = (bounty - share) // docket.selected.weight
        pool -= unit * docket.selected.weight + share
    forfeited = get_convicted(outcome, docket).bit_count()
    return Settlement(unit, share, pool + forfeited * terms.bond)


def _compute_delta(terms: BladeTerms, account: Address, member: Member, record: Round, docket: Docket) -> int:
    delta = record.voter_reward if account == docket.winner else 0
    if Act.PROPOSED in member.acts and docket.selection is not None:
        delta += record.proposer_reward * docket.selection.get_weight(member.update_number)
    return delta - terms.bond if is_convicted(member, record.outcome, docket) else delta


BOUNTY: PayoutPolicy[BladeTerms] = PayoutPolicy(_compute_settlement, _compute_delta)
"""The bounty of a round by verified samples, the block's share to its winner; the deposit of a convicted
plagiarist is forfeited to the pool (blade §II-C, §III-C)."""
