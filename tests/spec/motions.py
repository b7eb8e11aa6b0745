"""What managers move, sensible and not, in whatever federation has some."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from clients.protocol.managers import compute_content
from clients.protocol.state import Motion
from clients.types.chain import Call
from clients.types.federation import Address, Phase

if TYPE_CHECKING:
    from tests.spec.player import Player

LATE = 0.02
"""The chance that managers try an aye about when a motion lapses."""


def missing(player: "Player") -> list[Address]:
    """Return those accounts that the managers don't let in; nobody where there are none."""
    federation = player.federation
    if not federation.terms.managers:
        return []
    return [account for account in player.accounts if account not in federation.state.access.allowed]


def numbered(player: "Player", *, over: bool) -> list[tuple[int, Motion]]:
    """Return the motions that are over, or those that wait for ayes, with their numbers."""
    motions = enumerate(player.federation.state.access.motions, 1)
    return [(number, motion) for number, motion in motions if (player.now >= motion.end) == over]


def move(player: "Player", method: str, accounts: list[Address]) -> Call:
    """Return an aye for the open motion of this content, by a manager who has not moved it yet; if there is
    no such motion, the call that opens one."""
    content = compute_content(method, tuple(accounts))
    for number, motion in numbered(player, over=False):
        if motion.content == content:
            return say_aye(player, number, motion)
    return player.moves(player.rng.choice(player.federation.terms.managers), method, 0, accounts)


def welcome(player: "Player") -> Call:
    """Return the motion to let in all who are not."""
    return move(player, "allow", missing(player))


def asides(player: "Player", phase: Phase) -> tuple[Callable[[], Call], ...]:
    """Return motions that managers may well agree on: few accounts come up, so that they do before long."""
    if not player.federation.terms.managers:
        return ()
    members = player.federation.state.ledger.registry
    one = members[-1:] if player.rng.random() < 0.5 else player.accounts[:1]
    moves: tuple[Callable[[], Call], ...] = (
        lambda: welcome(player),
        lambda: move(player, "expel", one),
        lambda: move(player, "allow", one),
    )
    if phase is Phase.REVEAL:  # of those who are about to
        moves += (lambda: move(player, "expel", player.committed()[:1]),) * 4
    if out := [account for account in members if player.federation.is_barred(account)]:
        moves += (lambda: Call(out[0], "deposit", (1,)), lambda: move(player, "expel", out[:1])) * 3
    return moves


def say_aye(player: "Player", number: int, motion: Motion) -> Call:
    """Return an aye for motion `number`, by a manager who has not moved it if there is one."""
    method, accounts = player.contents[motion.content]
    managers = player.federation.terms.managers
    fresh = [manager for manager in managers if manager not in motion.movers]
    return Call(player.rng.choice(fresh or managers), method, (number, accounts))


def open_like(player: "Player", motion: Motion) -> Call:
    """Return the call that opens a motion of the same content, which is refused while `motion` is open."""
    method, accounts = player.contents[motion.content]
    return Call(player.rng.choice(player.federation.terms.managers), method, (0, accounts))


def meet_end(player: "Player", number: int, motion: Motion) -> Call:
    """Return, as motion `number` is about to lapse, an aye for it or, less often, a call to open its like."""
    if player.rng.random() < 0.7:
        return say_aye(player, number, motion)
    return open_like(player, motion)


def find_lapsing(player: "Player") -> tuple[int, Motion] | None:
    """Return, once in a while, a motion that waits for ayes, with its number: it is about to lapse."""
    if not player.federation.terms.managers or player.rng.random() >= LATE:
        return None
    return player.rng.choice(numbered(player, over=False) or [None])


def bad_motion(player: "Player") -> Call:
    """Return an aye that comes late or twice, or that names a motion of another content or none at all, or
    that is by who is no manager; a motion like an open one; or an act of who is expelled."""
    federation, rng = player.federation, player.rng
    managers, motions = federation.terms.managers, federation.state.access.motions
    out = [account for account in federation.state.ledger.registry if federation.is_barred(account)]
    if out and rng.random() < 0.3:
        return Call(out[0], "deposit", (1,))
    if not motions or rng.random() < 0.2:
        return player.moves(rng.choice((player.anybody(), *managers[:1])), "expel", rng.choice((0, 1)), [])
    waiting, over = numbered(player, over=False), numbered(player, over=True)
    kinds: list[Callable[[], Call]] = [
        lambda: Call(rng.choice(managers), "allow", (len(motions) + rng.choice((1, 1, 2**32)), [])),
        lambda: Call(rng.choice(managers), "allow", (rng.randint(1, len(motions)), missing(player)[:-1])),
    ]
    if over:
        kinds += [lambda: say_aye(player, *rng.choice(over)), lambda: open_like(player, over[-1][1])] * 2
    if waiting:
        number, motion = rng.choice(waiting)
        method, accounts = player.contents[motion.content]
        mover = sorted(motion.movers)[0]
        other = {"allow": "expel", "expel": "allow"}.get(method, "allow")
        kinds += [
            lambda: Call(mover, method, (number, accounts)),
            lambda: Call(rng.choice(managers), other, (number, accounts)),
            lambda: open_like(player, motion),
        ] * 4
    return rng.choice(kinds)()
