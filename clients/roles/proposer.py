"""The proposer: trains when drawn, then proposes the update's digest."""

from dataclasses import replace

from clients.protocol.policies import Terms
from clients.roles.view import Action, Send, Train, Update, View
from clients.types.chain import Call
from clients.types.federation import Act, Phase, Role


def step(view: View) -> list[Action]:
    """Return what a drawn proposer does next; nothing outside its phase, once it has, or if it can't."""
    if not view.is_due(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED) or Act.PROPOSED in view.knowledge.unable:
        return []
    update = view.knowledge.update
    if update is None:
        return [Train(view.status.round, view.status.head)]
    claim = (update.digest, update.samples, update.epochs)
    return [Send(Call(view.me, "propose", (view.status.round, *claim)))]


def get_false_claims(update: Update, terms: Terms) -> tuple[Update, Update]:
    """Return what a liar claims of its update: more samples than the terms admit; then as many as they do."""
    most = terms.max_samples
    return replace(update, samples=most + 1), replace(update, samples=most)
