"""Panels: who is drawn for what."""

from typing import Protocol

from clients.protocol.jury import Seated, get_seats
from clients.protocol.ledger import MEMBERS_MAX
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.policies import PanelPolicy, Wanted, check_term
from clients.protocol.state import State
from clients.types.federation import Address, Role, VbflTerms

JURY_ROLES = Role.VOTER | Role.PUBLISHER


class ProposerTerms(Protocol):
    """Terms with a number of proposers, and voters without whom no round opens."""

    @property
    def proposers(self) -> int:
        """Proposers wanted."""
        ...

    @property
    def min_voters(self) -> int:
        """Voters without whom no round opens."""
        ...


def check_random_panel(terms: ProposerTerms) -> None:
    """Raise InvalidTerms where nobody would propose or vote, or more are needed than a registry holds."""
    check_term("proposers", terms.proposers, terms.proposers > 0)
    fits = terms.proposers + terms.min_voters <= MEMBERS_MAX
    check_term("minVoters", terms.min_voters, terms.min_voters > 0 and fits)


def _get_fewest(terms: ProposerTerms) -> int:
    return terms.proposers + terms.min_voters


def _count(terms: ProposerTerms, state: State, members: int) -> Wanted:
    return Wanted(terms.proposers, max(members - terms.proposers, 0), 0)


def _get_roles(terms: ProposerTerms, state: State, account: Address, position: int, members: int) -> Role:
    return Role.PROPOSER if position < terms.proposers else Role.VOTER


RANDOM_PANEL: PanelPolicy[ProposerTerms] = PanelPolicy(_get_fewest, _count, _get_roles)
"""The first positions of the draw propose, all the rest vote (stake_vote §4.6)."""


class JuryTerms(ProposerTerms, Seated, Protocol):
    """Terms with a jury of limited size."""


def check_jury_panel(terms: JuryTerms) -> None:
    """Raise InvalidTerms where nobody would propose or vote, or fewer than have to."""
    check_random_panel(terms)
    check_term("voters", terms.voters, terms.voters == 0 or terms.voters >= terms.min_voters)


def _count_jury(terms: JuryTerms, state: State, members: int) -> Wanted:
    seats = get_seats(terms, members)
    return Wanted(terms.proposers, seats, seats)


def _get_jury_roles(terms: JuryTerms, state: State, account: Address, position: int, members: int) -> Role:
    if position < terms.proposers:
        return Role.PROPOSER
    return JURY_ROLES if position < terms.proposers + get_seats(terms, members) else Role.NONE


JURY_PANEL: PanelPolicy[JuryTerms] = PanelPolicy(_get_fewest, _count_jury, _get_jury_roles)
"""The first positions of the draw propose; the next ones, up to a limit, vote and publish; the rest rest."""


def check_worker_panel(terms: VbflTerms) -> None:
    """Raise InvalidTerms where one of the three parts would have nobody, or more than can be."""
    jury = terms.validators + terms.miners
    check_term("proposers", terms.proposers, 0 < terms.proposers <= UPDATES_MAX)
    check_term("validators", terms.validators, terms.validators > 0)
    check_term("miners", terms.miners, terms.miners > 0 and jury < MEMBERS_MAX)


def _get_workers_fewest(terms: VbflTerms) -> int:
    return terms.validators + terms.miners + 1


def _count_workers(terms: VbflTerms, state: State, members: int) -> Wanted:
    jury = terms.validators + terms.miners
    return Wanted(max(min(terms.proposers, members - jury), 0), terms.validators, jury)


def _get_worker_roles(terms: VbflTerms, state: State, account: Address, position: int, members: int) -> Role:
    place = position - _count_workers(terms, state, members).proposers
    if place < 0:
        return Role.PROPOSER
    if place < terms.validators:
        return JURY_ROLES
    return Role.PUBLISHER if place < terms.validators + terms.miners else Role.NONE


WORKER_PANEL: PanelPolicy[VbflTerms] = PanelPolicy(_get_workers_fewest, _count_workers, _get_worker_roles)
"""Workers, validators and miners drawn anew each round by given counts (vbfl §III-A); the rest rest."""


class Contested(Protocol):
    """Terms with a least number of members."""

    @property
    def min_winners(self) -> int:
        """Members without whom no round opens."""
        ...


def _get_all_fewest(terms: Contested) -> int:
    return terms.min_winners


def _count_all(terms: Contested, state: State, members: int) -> Wanted:
    return Wanted(members, members, members)


def _get_all_roles(terms: Contested, state: State, account: Address, position: int, members: int) -> Role:
    return Role.PROPOSER | Role.VOTER | Role.PUBLISHER


EVERYONE: PanelPolicy[Contested] = PanelPolicy(_get_all_fewest, _count_all, _get_all_roles)
"""Every member does everything: clients train, check one another, and mine (blade §II-B)."""
