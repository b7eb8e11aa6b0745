"""A coalition's turn: whether a round suits it, which of its accounts act, and what is known of the round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.economics.strategy import FAIR, Drawn, Moves, Presence, Quality, Seats, Strategy, Times, Who
from clients.economics.world import World
from clients.types.federation import ZERO32, Address, Role

_TIMES = {Times.ALWAYS: 10**9, Times.ONCE: 1, Times.THRICE: 3}

Draw = Mapping[Role, Sequence[Address]]
"""The accounts drawn for each role."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """An update on the chain: whose it is, its digest, and its quality. Its place is its number."""

    account: Address
    digest: bytes
    quality: Quality
    is_ours: bool


@dataclass(slots=True)
class Turn:
    """The round in progress.

    The coalition's moves, whether the round suits it, the accounts that make the moves and those that keep
    still, who may be anybody in an outage; the updates, who can have them all, and what the next model should
    be.
    """

    moves: Moves
    suits: bool
    acting: frozenset[Address]
    still: frozenset[Address]
    updates: list[Proposed] = field(default_factory=list)
    served: frozenset[Address] = frozenset()
    model: bytes = ZERO32
    sound: bool = False
    """Whether that model has no bad update in it."""
    decoys: frozenset[Address] = frozenset()
    """The proposers whose lots are decoys: each knows its own, and the coalition those of its accounts."""

    def decide(self, model: bytes, updates: Sequence[Proposed]) -> None:
        """Note what the next model should be, and of which updates it is made."""
        self.model = model
        self.sound = all(update.quality is not Quality.BAD for update in updates)

    def get_moves(self, account: Address) -> Moves | None:
        """Return an account's moves; None if it keeps still."""
        if account in self.still:
            return None
        return self.moves if account in self.acting else FAIR


def take_turn(world: World, strategy: Strategy, acted: int, drawn: Draw) -> Turn:
    """Return who does what in a round, by the draw; the coalition has `acted` in so many already."""
    ours = {role: [one for one in accounts if world.is_ours(one)] for role, accounts in drawn.items()}
    everybody = frozenset(one for accounts in ours.values() for one in accounts)
    still = frozenset(one for accounts in drawn.values() for one in accounts if world.is_away(one))
    if strategy.presence is Presence.SPARSE:
        still |= frozenset(filter(world.may_miss, everybody))
    if acted >= _TIMES[strategy.times] or not everybody or not _suits(world, strategy, drawn, ours):
        return Turn(strategy.rest, False, everybody, still)
    if strategy.who is Who.ALL:
        return Turn(strategy.act, True, everybody, still)
    acting = frozenset(accounts[0] for accounts in ours.values() if accounts)
    if strategy.who is Who.ALONE:
        still |= everybody - acting
    return Turn(strategy.act, True, acting, still)


def _suits(world: World, strategy: Strategy, drawn: Draw, ours: Draw) -> bool:
    members = world.core.state.ledger.registry[: world.core.record.members]
    proposers, seats = len(ours[Role.PROPOSER]), len(ours[Role.VOTER])
    share = sum(map(world.is_ours, members)) * len(drawn[Role.PROPOSER]) / len(members)
    suits_drawn = {
        Drawn.ANY: True,
        Drawn.ONE: proposers == 1,
        Drawn.FEW: 0 < proposers < share,
        Drawn.MANY: proposers > share,
    }
    suits_seats = {
        Seats.ANY: True,
        Seats.NONE: seats == 0,
        Seats.MINORITY: 2 * seats <= len(drawn[Role.VOTER]),
        Seats.MAJORITY: 2 * seats > len(drawn[Role.VOTER]),
    }
    return suits_drawn[strategy.drawn] and suits_seats[strategy.seats]
