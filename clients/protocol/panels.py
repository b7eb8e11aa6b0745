"""Panels: who is drawn for what."""

from typing import Protocol

from clients.protocol.policies import Panel, Wanted, check_term
from clients.protocol.state import State
from clients.types.federation import Address, Role


class Seated(Protocol):
    """Terms with a number of proposers, and voters without whom no round opens."""

    @property
    def seats(self) -> int:
        """Proposers wanted."""
        ...

    @property
    def min_voters(self) -> int:
        """Voters without whom no round opens."""
        ...


def check_random_proposers(terms: Seated) -> None:
    """Raise InvalidTerms where nobody would propose, or nobody vote."""
    check_term("seats", terms.seats, terms.seats > 0)
    check_term("minVoters", terms.min_voters, terms.min_voters > 0)


def _get_fewest(terms: Seated) -> int:
    return terms.seats + terms.min_voters


def _count(terms: Seated, members: int) -> Wanted:
    return Wanted(min(terms.seats, members), max(members - terms.seats, 0), 0)


def _get_roles(terms: Seated, state: State, account: Address, position: int, members: int) -> Role:
    return Role.PROPOSER if position < terms.seats else Role.VOTER


RANDOM_PROPOSERS: Panel[Seated] = Panel(_get_fewest, _count, _get_roles)
"""The first positions of the draw propose, all the rest vote (stake_vote §4.6)."""
