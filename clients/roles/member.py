"""A member of a federation: all its roles in turn."""

from clients.roles import keeper, proposer, publisher, voter
from clients.roles.view import Action, View


def step(view: View) -> list[Action]:
    """Return what the member does next. Its drawn roles come before housekeeping."""
    return proposer.step(view) or voter.step(view) or publisher.step(view) or keeper.step(view)
