"""The publisher: puts on record which updates passed and the model that they make, or checks who does."""

from clients.roles.view import Action, Assemble, Send, View
from clients.types.chain import Call
from clients.types.federation import Act, Phase, Role


def step(view: View) -> list[Action]:
    """Return what a drawn publisher does next: work the publication out, then send it."""
    if not view.is_due(Phase.PUBLISH, Role.PUBLISHER, Act.PUBLISHED):
        return []
    publications = view.knowledge.publications
    if publications is None:
        return [Assemble(view.status.round, view.status.head)]
    return [
        Send(Call(view.me, "publish", (view.status.round, one.digest, one.selection, one.nonce)))
        for one in publications[:1]
    ]
