"""The keeper: makes the calls that anybody may make, so that no absent participant hangs a round.

Every member is a keeper. One of them, a different one each round, acts at once; the others wait `PATIENCE`
seconds per rank. So calls don't collide while the first keepers are present, and somebody acts when they are
absent. While a member has no anchor yet, whose update wouldn't count, a round is opened one `PATIENCE` later.

Only the draw can come too late: its seed is lost `SEAL_BLOCKS` blocks after the seal, however long a block
takes. So a turn to draw comes with the chain's blocks, too. Once half of them have passed, the turns of all
ranks follow within the next quarter, and the last quarter is left for the transaction to be mined. Whoever is
there alone draws in time, whatever its rank, and even if it started a moment ago.

Where the terms put out who misses rounds, keepers report who was drawn and has done nothing: once they have
nothing else to do after the ballots are committed, and at the latest just before they settle. Other keepers'
settlements don't wait for that.
"""

from collections.abc import Iterable

from clients.protocol.rounds import SEAL_BLOCKS, has_quorum
from clients.roles.view import Action, Send, View
from clients.types.chain import Call
from clients.types.federation import Address, MemberView, Phase, Role

PATIENCE = 15.0
HURRY, LAST_TURN = SEAL_BLOCKS // 2, SEAL_BLOCKS * 3 // 4
"""Blocks after the seal between which all keepers' turns to draw come, if they haven't come before."""
EVICTIONS = 100
"""The most accounts in one `evict` or `report`, so that it fits into any block."""


def step(view: View) -> list[Action]:
    """Return the housekeeping calls that are due, if it is the participant's turn."""
    calls, rank = _get_due(view), get_rank(view)
    turns = rank + (view.unanchored and any(call.method == "open" for call in calls))
    is_turn = view.waited >= turns * PATIENCE or _must_draw(view, rank)
    return [Send(call) for call in calls] if is_turn else []


def _must_draw(view: View, rank: int) -> bool:
    """Return whether so many blocks have passed since the seal that it is the turn of `rank` to draw."""
    turn = HURRY + (LAST_TURN - HURRY) * rank // max(len(view.registry), 1)
    return view.status.phase == Phase.DRAW and view.sealed_for >= turn


def get_rank(view: View) -> int:
    """Return how many members come before this one in this round's order; those who wait come last."""
    order = [member.account for member in view.registry if not member.out and not member.waits_for]
    if view.me not in order:
        return len(order)
    return (order.index(view.me) - view.status.round) % len(order)


def count_ready(registry: Iterable[MemberView], round_number: int) -> int:
    """Return how many members would be in if the round after `round_number` opened now."""
    return sum(member.waits_for <= round_number + 1 for member in registry)


def _get_due(view: View) -> list[Call]:
    status = view.status
    if status.phase == Phase.SETTLE:
        return [*_get_report(view), Call(view.me, "settle")]
    if status.phase in (Phase.REVEAL, Phase.PUBLISH):
        return _get_report(view)
    if status.phase == Phase.DRAW:
        return [Call(view.me, "draw")]
    if status.phase == Phase.OPEN and view.is_time("open"):
        # Evictions are possible before, but they are final, and managers may let back in whom they expelled.
        gone = _get_gone(view)
        if gone:
            return [Call(view.me, "evict", (tuple(gone),))]
        if count_ready(view.registry, status.round) >= view.min_members:
            return [Call(view.me, "open")]
    return []


def _get_report(view: View) -> list[Call]:
    """Return the call that reports who was drawn and has done nothing in the round; none if nobody is due.

    Whoever has missed enough rounds already, and stays because nobody can be spared, isn't reported again. A
    keeper that did nothing itself may still publish, so it reports itself only when it settles.
    """
    status = view.status
    absent = [
        member.account
        for member in view.registry
        if member.roles & (Role.PROPOSER | Role.VOTER)
        and not member.out
        and status.round not in (member.record.round, member.missed_round)
        and member.missed < view.absent_after
        and (member.account != view.me or status.phase == Phase.SETTLE)
    ]
    if not absent or not has_quorum(status.record, status.voters):
        return []
    return [Call(view.me, "report", (status.round, tuple(absent[:EVICTIONS])))]


def _get_gone(view: View) -> list[Address]:
    """Return who can be evicted: who is out, and one who is absent."""
    out = [member.account for member in view.registry if member.out]
    absent = [member.account for member in view.registry if member.absent and not member.out]
    return [*out[: EVICTIONS - 1], *absent[:1]]
