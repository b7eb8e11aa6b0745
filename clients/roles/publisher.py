"""The publisher: puts on record which updates passed and the model that they make, or checks who does."""

from clients.roles.view import Action, Assemble, View, prepare
from clients.types.federation import Act, Phase, Role


def step(view: View) -> list[Action]:
    """Return what a drawn publisher does next: work the publication out, then send it."""
    if not view.is_due(Phase.PUBLISH, Role.PUBLISHER, Act.PUBLISHED):
        return []
    return prepare(view, Assemble, "publish")
