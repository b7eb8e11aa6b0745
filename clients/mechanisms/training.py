"""Training, for every mechanism whose proposers propose trained updates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clients.mechanisms.base import Desk, Done, S, T, Who
from clients.roles.proposer import Claim
from clients.types.errors import OwnTrouble, split_troubles

if TYPE_CHECKING:
    from clients.mechanisms.cohort import Trained


def train(desk: Desk[S, T], who: Who) -> Done:
    """Return the proposals of the updates that the participants `who` train from the head."""
    return propose(desk, who, train_from_head(desk, who))


def train_from_head(desk: Desk[S, T], who: Who, *, drifts: bool = False) -> "Sequence[Trained | OwnTrouble]":
    """Return the updates that the participants `who` train from the head, in order; with `drifts`, also how
    training moved each one's score."""
    attacks = [(one.index, one.behaviour) for one in who]
    return desk.cohort.train(attacks, desk.status.round, desk.status.head, drifts=drifts)


def propose(desk: Desk[S, T], who: Who, found: "Sequence[Trained | OwnTrouble]") -> Done:
    """Return trained updates as files to store and proposals to send."""
    trained, troubles = split_troubles(dict(zip((one.account for one in who), found, strict=True)))
    calls = {
        account: (Claim(desk.status.round, update.digest, update.samples, update.epochs).to_call(account),)
        for account, update in trained.items()
    }
    return Done([update.data for update in trained.values()], {**calls, **troubles})
