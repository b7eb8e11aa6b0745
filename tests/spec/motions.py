"""What managers move, sensible and not, in whatever federation has some."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from clients.protocol.managers import compute_motion
from clients.types.chain import Call
from clients.types.federation import Address, Phase

if TYPE_CHECKING:
    from tests.spec.player import Player


def missing(player: "Player") -> list[Address]:
    """Return those accounts that the managers don't let in; nobody where there are none."""
    federation = player.federation
    if not federation.terms.managers:
        return []
    return [account for account in player.accounts if account not in federation.state.access.allowed]


def move(player: "Player", method: str, accounts: list[Address]) -> Call:
    """Return the motion by a manager who has not moved it yet, if there is one."""
    managers, moved = player.federation.terms.managers, dict(player.federation.state.access.moved)
    ayes = moved.get(compute_motion(method, tuple(accounts)), frozenset())
    fresh = [manager for manager in managers if manager not in ayes]
    return Call(player.rng.choice(fresh or list(managers)), method, (accounts,))


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


def bad_motion(player: "Player") -> Call:
    """Return a motion that was moved by the same manager before, or by who is none."""
    access, rng = player.federation.state.access, player.rng
    if access.moved and rng.random() < 0.5:
        account = sorted(rng.choice(access.moved)[1])[0]
        return Call(account, "allow", (missing(player),))
    return Call(rng.choice((player.anybody(), *player.federation.terms.managers[:1])), "expel", ([],))
