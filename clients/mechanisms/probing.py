"""Finds out, before any round, which jobs a mechanism's roles ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from clients.mechanisms.base import Conduct
from clients.protocol.policies import PublicationPolicy
from clients.roles.view import Job, Knowledge, Step, View
from clients.types.federation import (
    ZERO32,
    ZERO_ADDRESS,
    Act,
    Member,
    MemberView,
    Phase,
    Role,
    Round,
    Standing,
    Status,
)

DRAWN = (Role.PROPOSER, Role.VOTER, Role.PUBLISHER)
STATUS = Status(
    Phase.OPEN, 1, 0, 1, 1, 2, 3, 4, 0, 1, 1, 1, 1, ZERO32, ZERO32, 0, Round(drawn_at=1, members=1)
)
ME = MemberView(ZERO_ADDRESS, Member(index=1, round=1, standing=Standing.MEMBER), 0, Role.NONE, 0, False, 0)
VIEW = View(ZERO_ADDRESS, 1, ZERO_ADDRESS, 1, STATUS, ME, [ME], Knowledge(), ZERO32, 1)


def find_unhandled(conduct: Conduct[Any, Any]) -> set[type[Job]]:
    """Return the jobs without a handler that the mechanism's roles ask for in trials.

    The trials ask every role for its next step in each phase, drawn for each role; first with no job done,
    then with the jobs done that it asked for. They miss a job that a role asks for under other conditions.
    """
    drawn = DRAWN if conduct.spec.publication != PublicationPolicy() else DRAWN[:-1]
    return {job for role in conduct.roles for job in _find_jobs(role, drawn)} - conduct.jobs.keys()


def _find_jobs(role: Step, drawn: Sequence[Role]) -> set[type[Job]]:
    found: set[type[Job]] = set()
    while more := {job for view in _get_views(drawn, found) for job in _ask(role, view)} - found:
        found |= more
    return found


def _get_views(drawn: Sequence[Role], done: set[type[Job]]) -> Iterator[View]:
    for phase, roles, acts in product(Phase, (Role.NONE, *drawn), (Act.NONE, Act.COMMITTED)):
        me = replace(ME, record=replace(ME.record, acts=acts), roles=roles)
        status = replace(STATUS, phase=phase)
        yield replace(VIEW, status=status, member=me, registry=[me], knowledge=Knowledge(frozenset(done)))


def _ask(role: Step, view: View) -> set[type[Job]]:
    try:
        return {type(action) for action in role(view) if isinstance(action, Job)}
    except Exception:  # a user's own role may need more of a view than this one has
        return set()
