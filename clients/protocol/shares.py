"""Payout by shares: a round pays a fixed share of the pool, in parts: some for an update that counts or is a
decoy, some for a seat.

A part is worth the same however many are earned, and what isn't earned stays in the pool. So nobody gains by
what another loses, and a slashed stake comes back to all only bit by bit.
"""

from typing import Protocol

from clients.protocol.docket import Docket
from clients.protocol.jury import EXCUSED, Seated, count_excused, count_paid, get_seats
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.marks import is_marked
from clients.protocol.policies import PayoutPolicy, Settlement, check_term
from clients.types.federation import Act, Address, Member, Outcome, Round
from clients.types.terms import BPS


class Shared(Seated, Protocol):
    """Terms that say what a round pays, and what a lie costs, in token base units."""

    @property
    def floor(self) -> int:
        """The stake below which a member is banned."""
        ...

    @property
    def proposer_stake(self) -> int:
        """What a clearly rejected proposer loses, or one who doesn't propose what it pledged."""
        ...

    @property
    def voter_stake(self) -> int:
        """What a juror loses that commits, and whose seat is neither paid nor excused."""
        ...

    @property
    def update_shares(self) -> int:
        """Parts that an update which passes earns."""
        ...

    @property
    def seat_shares(self) -> int:
        """Parts that a juror's seat earns."""
        ...

    @property
    def profit_bps(self) -> int:
        """What a round pays at most, in hundredths of a percent of the pool."""
        ...


def check_shares(terms: Shared) -> None:
    """Raise InvalidTerms where a member that isn't banned could lose more than it has, or a round pay more
    than the pool, or nothing for an update or a seat."""
    check_term("proposerStake", terms.proposer_stake, terms.proposer_stake <= terms.floor)
    check_term("voterStake", terms.voter_stake, terms.voter_stake <= terms.floor)
    check_term("updateShares", terms.update_shares, terms.update_shares > 0)
    check_term("seatShares", terms.seat_shares, terms.seat_shares > 0)
    check_term("profitBps", terms.profit_bps, terms.profit_bps <= BPS)


def _compute_settlement(
    terms: Shared, record: Round, docket: Docket, outcome: Outcome, pool: int
) -> Settlement:
    broken = terms.proposer_stake * record.broken_pledges
    if outcome is Outcome.UNDECIDED:
        return Settlement(0, 0, pool + broken + terms.voter_stake * (record.commits - record.reveals))
    seats, excused, selection = count_paid(record, docket), count_excused(docket), docket.selected
    parts = terms.proposers * terms.update_shares + get_seats(terms, record.members) * terms.seat_shares
    part = min(pool * terms.profit_bps // BPS // parts, STAKE_MAX // terms.update_shares)
    updates = (selection.bitmap | selection.decoys).bit_count()
    earned = updates * terms.update_shares + seats * terms.seat_shares
    lost = terms.proposer_stake * selection.rejected.bit_count() + terms.voter_stake * (
        record.commits - seats - excused
    )
    return Settlement(part, 0, pool - part * earned + broken + lost)


def _compute_delta(terms: Shared, account: Address, member: Member, record: Round, docket: Docket) -> int:
    decided = record.outcome is not Outcome.UNDECIDED
    if Act.PROPOSED in member.acts:
        if not decided:
            return 0
        if is_marked(docket.selected.bitmap | docket.selected.decoys, member.update_number):
            return record.proposer_reward * terms.update_shares
        rejected = is_marked(docket.selected.rejected, member.update_number)
        return -terms.proposer_stake if rejected else 0
    if Act.PLEDGED in member.acts:
        return -terms.proposer_stake
    if Act.COMMITTED not in member.acts:
        return 0
    if not decided:
        return 0 if Act.REVEALED in member.acts else -terms.voter_stake
    # an option of an earlier round says nothing
    seat = member.option if Act.PUBLISHED in member.acts else 0
    if seat == record.leading_option:
        return record.proposer_reward * terms.seat_shares
    return 0 if seat == EXCUSED else -terms.voter_stake


SHARES: PayoutPolicy[Shared] = PayoutPolicy(_compute_settlement, _compute_delta)
"""A clearly rejected update and a broken pledge cost the proposer's stake, a seat that is neither earned nor
excused the voter's. Nobody pays for another."""
