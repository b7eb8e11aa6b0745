"""How attackers behave: a handler does the job honestly, and a behaviour then bends the result.

`clients.learning.attacks` has attacks on training; this module has lies to others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from clients.mechanisms.base import Desk, Done, Handler, S, T, Who
from clients.roles.proposer import Claim
from clients.types.chain import Call
from clients.types.errors import OwnTrouble

Bend = Callable[[Desk[S, T], Done, bytes], bytes]
"""Desk, the job's result, an honest ballot → the liar's ballot."""


def lying(judge: Handler[S, T], bend: Bend[S, T]) -> Handler[S, T]:
    """Return `judge`, with participants that lie voting the opposite of what they found."""

    def do(desk: Desk[S, T], who: Who) -> Done | None:
        done = judge(desk, who)
        if done is None:
            return None
        liars = {one.account for one in who if one.lies}
        ballots = {
            account: bend(desk, done, ballot) if account in liars and isinstance(ballot, bytes) else ballot
            for account, ballot in done.ballots.items()
        }
        return replace(done, ballots=ballots)

    return do


def overclaiming(train: Handler[S, Any]) -> Handler[S, Any]:
    """Return `train`, with overclaiming participants claiming more samples than the terms allow. When the
    chain refuses that, they claim the most that the terms allow. Where updates are pledged, they claim that
    from the beginning: whoever pledged can't claim anything else."""

    def do(desk: Desk[S, Any], who: Who) -> Done | None:
        done = train(desk, who)
        if done is None:
            return None
        liars = {one.account for one in who if one.overclaims}
        most = desk.terms.max_samples
        claims = (most,) if desk.terms.schedule.pledge else (most + 1, most)
        calls = {
            account: _claim(calls, claims) if account in liars else calls
            for account, calls in done.calls.items()
        }
        return replace(done, calls=calls)

    return do


def _claim(calls: Sequence[Call] | OwnTrouble, claims: Sequence[int]) -> Sequence[Call] | OwnTrouble:
    if isinstance(calls, OwnTrouble):
        return calls
    [call] = calls
    return [replace(Claim.of(call), samples=samples).to_call(call.sender) for samples in claims]
