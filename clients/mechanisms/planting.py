"""Decoys, from their proposers' side: whose lot says so trains a bad update on purpose."""

from dataclasses import replace
from typing import Any

from clients.mechanisms.base import Desk, Done, Handler, S, Who
from clients.mechanisms.participant import Participant
from clients.protocol.decoys import is_decoy
from clients.types.errors import OwnTrouble

BAD = "label_flip"
"""What a decoy is trained like: an attack for which every task has a meaning."""


def planting(train: Handler[S, Any]) -> Handler[S, Any]:
    """Return `train`, with participants whose lots say so training bad updates.

    Those who attack by bad updates anyway do what they would do. A decoy leaves nothing to remember: what its
    training does to a score says nothing about honest training. Where lots are drawn, a participant without a
    secret sits the round out: its update wouldn't count.
    """

    def do(desk: Desk[S, Any], who: Who) -> Done | None:
        if not desk.terms.decoy_odds:
            return train(desk, who)
        drawn = [one for one in who if one.account in desk.secrets]
        planted = {
            one.account
            for one in drawn
            if is_decoy(desk.terms.decoy_odds, desk.secrets[one.account], desk.status.seed)
        }
        done = train(desk, [_spoil(one) if one.account in planted else one for one in drawn])
        if done is None:
            return None
        lost = {one.account: OwnTrouble(UNANCHORED) for one in who if one.account not in desk.secrets}
        memory = {account: one for account, one in done.memory.items() if account not in planted}
        return replace(done, calls={**done.calls, **lost}, memory=memory)

    return do


UNANCHORED = (
    "its anchor isn't of a chain of secrets that it knows, so its update wouldn't count. It anchors one "
    "before the next round."
)


def _spoil(one: Participant) -> Participant:
    """Return the participant with a behaviour by which it trains a bad update."""
    from clients.learning.attacks import combine, parse  # late: settings are checked before torch is imported

    if one.behaviour is not None and one.behaviour.poisons:
        return one
    behaviours = [] if one.behaviour is None else [one.behaviour]
    return replace(one, behaviour=combine([*behaviours, parse(BAD)]))
