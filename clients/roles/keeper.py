"""The keeper: makes the calls that anybody may make, so that no absent participant hangs a round.

Every member is a keeper. One of them, a different one each round, acts at once; the others wait `PATIENCE`
seconds per rank. So calls don't collide while the first keepers are present, and somebody acts when they are
absent. While a member has no anchor yet, whose update wouldn't count, a round is opened one `PATIENCE` later.
"""

from collections.abc import Iterable

from clients.roles.view import Action, Send, View
from clients.types.chain import Call
from clients.types.federation import MemberView, Phase

PATIENCE = 15.0
EVICTIONS = 100
"""The most accounts in one `evict`, so that it fits into any block."""


def step(view: View) -> list[Action]:
    """Return the housekeeping call that is due, if it is the participant's turn."""
    call = _get_due(view)
    if call is None:
        return []
    turns = get_rank(view) + (call.method == "open" and view.unanchored)
    return [Send(call)] if view.waited >= turns * PATIENCE else []


def get_rank(view: View) -> int:
    """Return how many members come before this one in this round's order."""
    order = [member.account for member in view.registry if not member.out]
    if view.me not in order:
        return len(order)
    return (order.index(view.me) - view.status.round) % len(order)


def count_ready(registry: Iterable[MemberView], round_number: int) -> int:
    """Return how many members would be in if the round after `round_number` opened now."""
    return sum(member.waits_for <= round_number + 1 for member in registry)


def _get_due(view: View) -> Call | None:
    status = view.status
    if status.phase == Phase.SETTLE:
        return Call(view.me, "settle")
    if status.phase == Phase.DRAW:
        return Call(view.me, "draw")
    if status.phase == Phase.OPEN and view.is_time("open"):
        # Evictions are possible before, but they are final, and managers may let back in whom they expelled.
        out = [member.account for member in view.registry if member.out]
        if out:
            return Call(view.me, "evict", (tuple(out[:EVICTIONS]),))
        if count_ready(view.registry, status.round) >= view.min_members:
            return Call(view.me, "open")
    return None
