"""The proposer: trains when drawn, then proposes the update's digest."""

from clients.roles.view import Action, Train, View, prepare
from clients.types.federation import Act, Phase, Role


def step(view: View) -> list[Action]:
    """Return what a drawn proposer does next; nothing outside its phase, once it has, or if it can't."""
    if not view.is_due(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED):
        return []
    return prepare(view, Train, "propose")
