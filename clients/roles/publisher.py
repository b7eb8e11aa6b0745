"""The publisher: puts on record which updates passed and the model that they make."""

from clients.protocol.docket import Publication
from clients.roles.view import Action, Assemble, View, prepare
from clients.types.chain import Call
from clients.types.federation import Act, Address, Phase, Role


def to_call(account: Address, round_number: int, publication: Publication) -> Call:
    """Return the call by which `account` publishes in the round."""
    return Call(
        account, "publish", (round_number, publication.digest, publication.selection, publication.nonce)
    )


def read_call(call: Call) -> Publication:
    """Return the publication in a call that `to_call` made."""
    return Publication(*call.args[1:])  # type: ignore[arg-type]


def step(view: View) -> list[Action]:
    """Return what a drawn publisher does next: assemble the publication, then send it."""
    if not view.is_due(Phase.PUBLISH, Role.PUBLISHER, Act.PUBLISHED):
        return []
    return prepare(view, Assemble, "publish")
