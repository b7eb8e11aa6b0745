"""A member of a federation: takes all its roles in turn."""

from collections.abc import Sequence
from dataclasses import replace

from clients.protocol.rounds import ACTIONS, get_end
from clients.roles import keeper, proposer, publisher, voter
from clients.roles.view import Action, Send, Step, View

ROLES: Sequence[Step] = (proposer.step, voter.step, publisher.step)
"""The usual roles of members. A mechanism may have others."""


def step(view: View, roles: Sequence[Step] = ROLES) -> list[Action]:
    """Return what the member does next: the action of its first role that has one, else the keeper's."""
    actions = next((found for role in (*roles, keeper.step) if (found := role(view))), [])
    return [_timed(view, one) if isinstance(one, Send) else one for one in actions if _is_time(view, one)]


def _is_time(view: View, action: Action) -> bool:
    """Return whether the action is possible already."""
    return not isinstance(action, Send) or view.now >= view.begins.get(action.call.method, 0)


def _timed(view: View, send: Send) -> Send:
    """Return `send` with the time until which the call makes sense: the end of its phase."""
    action = ACTIONS.get(send.call.method)
    return Send(replace(send.call, until=get_end(view.status, action.phase if action else None)))
