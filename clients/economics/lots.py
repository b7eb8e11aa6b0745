"""Proposers' lots: the secrets that decide who plants a decoy, hidden in chains, and shown afterwards."""

from collections.abc import Iterable

from clients.economics.strategy import Shown
from clients.economics.turn import Turn
from clients.economics.world import World
from clients.protocol.decoys import compute_chain, is_decoy
from clients.types.federation import Address


class Chains:
    """The chains of secrets of all who play. Where the terms want no decoys, nobody has one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chains: dict[Address, list[bytes]] = {}
        """Each account's secrets; the last of them is the next that it shows."""

    def anchor(self, account: Address) -> None:
        """Let an account hide a chain of secrets, one for each round of the game, and anchor its end."""
        world = self._world
        if not world.decoy_odds:
            return
        chain = compute_chain(world.get_random("secret", account).randbytes(32), world.game.rounds + 1)
        world.must(account, "anchor", chain.pop())
        self._chains[account] = chain

    def find_decoys(self, proposers: Iterable[Address]) -> frozenset[Address]:
        """Return those of the drawn proposers whose lots are decoys in this round."""
        odds, seed = self._world.decoy_odds, self._world.core.docket.seed
        return frozenset(one for one in proposers if odds and is_decoy(odds, self._chains[one][-1], seed))

    def show(self, turn: Turn) -> None:
        """Let the proposers of the round's updates show their lots, but for those who would rather not."""
        for account in (update.account for update in turn.updates if self._world.decoy_odds):
            moves = turn.get_moves(account)
            hides = {Shown.ALL: False, Shown.INNOCENT: account in turn.decoys, Shown.NONE: True}
            if moves is not None and not hides[moves.shown]:
                self._world.must(account, "show", self._world.core.round_number, self._chains[account].pop())
