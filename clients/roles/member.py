"""A member of a federation: takes all its roles in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clients.protocol import rounds
from clients.roles import keeper, proposer, publisher, voter
from clients.roles.view import Action, Send, Step, View

ROLES: Sequence[Step] = (proposer.step, voter.step, publisher.step)
"""The usual roles of members. A mechanism may have others."""


def step(
    view: View, roles: Sequence[Step] = ROLES, actions: Mapping[str, rounds.Action] = rounds.ACTIONS
) -> list[Action]:
    """Return what the member does next: what its first role that has something to do says, else the keeper.

    `actions`: the federation's, including its mechanism's own. A call is held back until `View.begins` allows
    it, and gets the end of its phase as its deadline.
    """
    found = next((found for role in (*roles, keeper.step) if (found := role(view))), [])
    return [
        _timed(view, one, actions) if isinstance(one, Send) else one for one in found if _is_time(view, one)
    ]


def _is_time(view: View, action: Action) -> bool:
    """Return whether the action is possible already."""
    return not isinstance(action, Send) or view.is_time(action.call.method)


def _timed(view: View, send: Send, actions: Mapping[str, rounds.Action]) -> Send:
    """Return `send` with the time until which the call makes sense: the end of its phase."""
    action = actions.get(send.call.method)
    until = rounds.get_end(view.status, action.phase if action else None)
    return Send(replace(send.call, until=until))
