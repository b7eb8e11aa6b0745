"""The proposer: trains when drawn, pledges the update where the federation asks for it, and proposes it."""

from dataclasses import dataclass
from typing import Any, Self, cast

from clients.protocol.hashing import compute_pledge
from clients.roles.view import Action, Send, Train, View, prepare
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
    """Return what a drawn proposer does next: train, pledge if there is a phase for it, and propose the same.

    It does nothing outside these phases, or if it can't train. Without its pledge on the chain it doesn't
    propose.
    """
    if view.is_due(Phase.PLEDGE, Role.PROPOSER, Act.PLEDGED):
        return [
            Send(_to_pledge(view, one.call)) if isinstance(one, Send) else one
            for one in prepare(view, Train, "propose")
        ]
    may_propose = Act.PLEDGED in view.acted or not view.must_pledge
    if may_propose and view.is_due(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED):
        return prepare(view, Train, "propose")
    return []


def _to_pledge(view: View, proposal: Call) -> Call:
    """Return the call that pledges what `proposal` will propose."""
    claim = Claim.of(proposal)
    pledge = compute_pledge(
        view.chain_id,
        view.federation,
        claim.round_number,
        view.me,
        claim.digest,
        claim.samples,
        claim.epochs,
    )
    return Call(view.me, "pledge", (claim.round_number, pledge))
