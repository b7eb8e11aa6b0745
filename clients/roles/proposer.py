"""The proposer: trains when drawn, then proposes the update's digest."""

from dataclasses import dataclass
from typing import Any, Self, cast

from clients.roles.view import Action, Train, View, prepare
from clients.types.chain import Call
from clients.types.federation import Act, Address, Phase, Role


@dataclass(frozen=True, slots=True)
class Claim:
    """A proposal's claims: the update's digest, and the samples and epochs that it was trained on."""

    round_number: int
    digest: bytes
    samples: int
    epochs: int

    def to_call(self, account: Address) -> Call:
        """Return the call that proposes the update."""
        return Call(account, "propose", (self.round_number, self.digest, self.samples, self.epochs))

    @classmethod
    def of(cls, call: Call) -> Self:
        """Return the claim in a call that `to_call` made."""
        return cls(*cast(tuple[Any, ...], call.args))


def step(view: View) -> list[Action]:
    """Return what a drawn proposer does next; nothing outside its phase, after it has proposed, or if it
    can't."""
    if not view.is_due(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED):
        return []
    return prepare(view, Train, "propose")
