"""A member of a federation: all its roles in turn."""

from dataclasses import replace

from clients.protocol.rounds import ACTIONS, get_end
from clients.roles import keeper, proposer, publisher, voter
from clients.roles.view import Action, Send, View


def step(view: View) -> list[Action]:
    """Return what the member does next. Its drawn roles come before housekeeping."""
    actions = proposer.step(view) or voter.step(view) or publisher.step(view) or keeper.step(view)
    return [_timed(view, action) if isinstance(action, Send) else action for action in actions]


def _timed(view: View, send: Send) -> Send:
    """Say until when the call makes sense: to the end of its phase."""
    action = ACTIONS.get(send.call.method)
    return Send(replace(send.call, until=get_end(view.status, action.phase if action else None)))
