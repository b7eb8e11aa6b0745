"""Panels: who is drawn for what."""

from clients.protocol.policies import Panel, Terms, check_term
from clients.types.federation import Role


def _check_terms(terms: Terms) -> None:
    check_term("seats", terms.seats, terms.seats > 0)
    check_term("minVoters", terms.min_voters, terms.min_voters > 0)
    check_term("maxSamples", terms.max_samples, terms.max_samples > 0)


def _count_proposers(terms: Terms, members: int) -> int:
    return min(terms.seats, members)


def _count_voters(terms: Terms, members: int) -> int:
    return max(members - terms.seats, 0)


def _get_role(terms: Terms, position: int, members: int) -> Role:
    return Role.PROPOSER if position < terms.seats else Role.VOTER


RANDOM_PROPOSERS: Panel[Terms] = Panel(_check_terms, _count_proposers, _count_voters, _get_role)
"""The first positions of the draw propose, all the rest vote (stake_vote §4.6)."""
