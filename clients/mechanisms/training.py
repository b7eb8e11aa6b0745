"""Training, for every mechanism whose proposers propose trained updates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clients.mechanisms.base import Desk, Done, S, T, Who
from clients.roles.proposer import Claim
from clients.types.errors import OwnTrouble, split_troubles

if TYPE_CHECKING:
    from clients.mechanisms.cohort import Trained


def train(desk: Desk[S, Any], who: Who) -> Done:
    """Return the proposals of the updates that the participants `who` train from the head."""
    return propose(desk, who, train_from_head(desk, who))


def train_from_head(desk: Desk[S, T], who: Who, *, drifts: bool = False) -> "Sequence[Trained | OwnTrouble]":
    """Return the updates that the participants `who` train from the head, in order; with `drifts`, also how
    training moved each one's score."""
    attacks = [(one.index, one.behaviour) for one in who]
    return desk.cohort.train(attacks, desk.status.round, desk.status.head, drifts=drifts)


def propose(desk: Desk[S, Any], who: Who, found: "Sequence[Trained | OwnTrouble]") -> Done:
    """Return trained updates as files to store and proposals to send.

    A proposal claims what was trained on, as far as the terms allow.
    """
    trained, troubles = split_troubles(dict(zip((one.account for one in who), found, strict=True)))
    terms = desk.terms

    def claim(update: "Trained") -> Claim:
        samples, epochs = min(update.samples, terms.max_samples), min(update.epochs, terms.max_epochs)
        return Claim(desk.status.round, update.digest, samples, epochs)

    calls = {account: (claim(update).to_call(account),) for account, update in trained.items()}
    return Done([update.data for update in trained.values()], {**calls, **troubles})
