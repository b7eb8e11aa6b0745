"""Guards: who is put out for good."""

from clients.protocol.policies import Terms
from clients.types.federation import Member, Round


def is_too_poor(terms: Terms, member: Member, record: Round) -> bool:
    """Return whether the member can no longer hold the bond (stake_vote §4.4)."""
    return member.stake < terms.bond
