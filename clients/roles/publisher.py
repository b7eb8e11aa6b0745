"""The publisher: puts on record which updates passed and the model that they make."""

from dataclasses import dataclass
from typing import Any, Self, cast

from clients.roles.view import Action, Assemble, View, prepare
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Role


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication: a model's digest, the bitmap of the updates in it, a proof of work."""

    round_number: int
    digest: bytes
    selection: int
    nonce: bytes = ZERO32

    def to_call(self, account: Address) -> Call:
        """Return the call that publishes."""
        return Call(account, "publish", (self.round_number, self.digest, self.selection, self.nonce))

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return the publication in a call that `to_call` made."""
        return cls(*cast(tuple[Any, ...], call.args))


def step(view: View) -> list[Action]:
    """Return what a drawn publisher does next: assemble the publication, then send it."""
    if not view.is_due(Phase.PUBLISH, Role.PUBLISHER, Act.PUBLISHED):
        return []
    return prepare(view, Assemble, "publish")
