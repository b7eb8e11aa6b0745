"""Guards: who is banned for good."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from clients.protocol.docket import Docket
from clients.protocol.marks import is_marked
from clients.protocol.policies import GuardPolicy, Terms, check_term
from clients.types.federation import Act, Member, Outcome, Round, Standing, VbflTerms

T = TypeVar("T")


def build_solvency(get_floor: Callable[[T], int]) -> GuardPolicy[T]:
    """Return the guard that bans a member whose stake is below `get_floor` of the terms."""

    def compute(terms: T, member: Member, booked: Member, record: Round, docket: Docket) -> Member:
        return booked if booked.stake >= get_floor(terms) else replace(booked, standing=Standing.BANNED)

    return GuardPolicy(compute)


def _get_bond(terms: Terms) -> int:
    return terms.bond


SOLVENCY: GuardPolicy[Terms] = build_solvency(_get_bond)
"""A member that can no longer hold the bond is banned (stake_vote §4.4)."""


def check_kick_rounds(terms: VbflTerms) -> None:
    """Raise InvalidTerms if a worker would be out before its first update."""
    check_term("kickRounds", terms.kick_rounds, terms.kick_rounds > 0)


def _compute_struck(
    terms: VbflTerms, member: Member, booked: Member, record: Round, docket: Docket
) -> Member:
    trained = Act.PROPOSED | Act.PLEDGED
    if not trained & member.acts or record.outcome is Outcome.UNDECIDED:
        return booked
    if Act.PROPOSED in member.acts and is_marked(docket.selected.bitmap, member.update_number):
        return replace(booked, strikes=0)
    strikes = member.strikes + 1
    standing = Standing.BANNED if strikes >= terms.kick_rounds else booked.standing
    return replace(booked, strikes=strikes, standing=standing)


KICK_ROUNDS: GuardPolicy[VbflTerms] = GuardPolicy(_compute_struck)
"""A worker whose updates were rejected, or pledged and not proposed, in `kick_rounds` of its rounds in a row
is banned (vbfl §IV)."""


def _forgive(terms: object, member: Member, booked: Member, record: Round, docket: Docket) -> Member:
    return booked


FORGIVING: GuardPolicy[object] = GuardPolicy(_forgive)
"""No round bans anybody. In bflc, managers expel."""
