"""The search for strategies that pay, from single choices on, without knowing any.

All single deviations are tried first, and all pairs. Then populations of combinations evolve, which begin
with the best pairs: the better half of each generation is crossed and mutated. What comes out is pruned to
the choices that matter, tried again from fresh seeds, and kept if it pays. A combination counts by what it
earns beyond its parts that are known to pay, so that the search goes on to others instead of adding them up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from random import Random

from clients.economics.game import Game
from clients.economics.measure import Interval, Played, Worth, get_quantile, measure
from clients.economics.strategy import ACT, GENES, REST, ROUNDS, Deviation, Gene, Quality, Vote, build, strip
from clients.protocol.policies import VOLUNTARY
from clients.types.mechanisms import kind_of
from clients.types.settings import check_name, check_range

GAIN, GRIEFING = "gain", "griefing"
GOALS = (GAIN, GRIEFING)
FLOOR = 0.05
"""A strategy pays if it surely gains more than this share of one round's honest pay; it destroys more than it
costs if others surely lose as much each, beyond what the coalition loses."""
SURE_OF_MANY = 0.9995
"""How sure that must be, since a search tries hundreds."""
KEPT = 0.8
"""A choice matters if more than the rest of this share of the worth goes with it."""

Choices = frozenset[Deviation]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search, and from which seed.

    `screen` and `confirm`: pairs of games to try a strategy with, and to confirm it; as many again say what
    it is worth.
    """

    screen: int = 8
    confirm: int = 40
    population: int = 20
    generations: int = 5
    restarts: int = 3
    seed: int = 1

    @property
    def stages(self) -> int:
        """How many stages a search for one goal has: single choices, pairs, and each restart."""
        return 2 + self.restarts

    def __post_init__(self) -> None:
        """Check them."""
        for name in ("screen", "confirm", "population"):
            check_range(name, getattr(self, name), 2, 100_000)


@dataclass(frozen=True, slots=True)
class Discovery:
    """A strategy that pays, or that destroys more than it costs, and what it is worth on fresh seeds."""

    choices: Choices
    goal: str
    worth: Worth


def get_value(goal: str, worth: Worth) -> Interval:
    """Return what a goal looks at: the gain, or what others lose beyond what the coalition does."""
    return worth.gain if goal == GAIN else worth.surplus


def get_floor(goal: str, game: Game) -> float:
    """Return what a strategy must be worth for a goal."""
    return FLOOR if goal == GAIN else FLOOR * (game.members - game.colluders)


def _get_places(game: Game) -> list[str]:
    """Return the genes that can make a difference in a game."""
    handbook = game.handbook
    idle = {"capital"}  # it would give a coalition more than its share
    idle |= {"back"} if handbook.bids else {"offered", "price", "bidding"}
    idle |= set() if game.newcomers else {"coming"}
    idle |= set() if kind_of(game.leaf.name).get_schedule(game.rules).pledge else {"promise"}
    idle |= set() if handbook.decoys else {"planted", "shown"}
    idle |= set() if handbook.spec.duty is not VOLUNTARY else {"presence"}
    idle |= {"claimed"} if handbook.joint else {"model"} if handbook.select is None else set()
    return [place for place in GENES if place.rpartition(".")[2] not in idle]


def _is_idle(choices: Choices) -> bool:
    """Return whether one of the choices makes no difference: what is done in other rounds where there are
    none, or which rounds suit where nothing is done in any."""
    places = {place for place, _ in choices}
    splits = not places.isdisjoint(ROUNDS)
    acts = any(place.startswith(f"{ACT}.") for place in places)
    rests = any(place.startswith(f"{REST}.") for place in places)
    return (rests and not splits) or (splits and not acts and not rests) or ("who" in places and not acts)


def _hash(choices: Choices) -> int:
    """Return the first of the seeds on which these choices alone are tried."""
    return 10**9 + int.from_bytes(sha256(repr(sorted(choices)).encode()).digest()[:8], "big")


class Search:
    """A search in one game for one goal; `tick` is told at the end of each of its stages."""

    def __init__(
        self,
        game: Game,
        played: Played,
        goal: str,
        effort: Effort,
        *,
        known: Sequence[Discovery] = (),
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        check_name("goal", goal, GOALS)
        self.game, self.played, self.goal, self.effort, self.tick = game, played, goal, effort, tick
        self.rng = Random(f"search {effort.seed}")
        self.found: list[Discovery] = []
        self._known = list(known)
        self._first = effort.seed * 10**6
        self.tried = 0
        """How many times a strategy was measured so far."""
        self._screened: dict[Choices, float] = {}
        self._places = _get_places(game)
        self._pairs: list[Choices] = []

    def run(self) -> Iterator[Discovery]:
        """Yield strategies as they are found."""
        singles = [(place, gene.name) for place in self._places for gene in self._get_genes(place)]
        for choice in singles:
            if not _is_idle(frozenset({choice})):
                yield from self._confirm(frozenset({choice}))
        self.tick()
        pairs = [frozenset(pair) for pair in combinations(singles, 2) if pair[0][0] != pair[1][0]]
        pairs = sorted((pair for pair in pairs if not _is_idle(pair)), key=self._screen, reverse=True)
        for pair in pairs[: self.effort.population // 2]:
            yield from self._confirm(pair)
        self._pairs = pairs
        self.tick()
        for _ in range(self.effort.restarts):
            for choices in self._evolve():
                yield from self._confirm(choices)
            self.tick()

    # ------------------------------------------------------------------ worth

    def _measure(self, choices: Choices, first: int, pairs: int) -> Worth:
        self.tried += 1
        seeds = range(self._first + first, self._first + first + pairs)
        return measure(self.game, self.played, build(choices), seeds)

    def _screen(self, choices: Choices) -> float:
        """Return what the choices seem to be worth beyond their parts, on the seeds for screening."""
        if choices not in self._screened:
            worth = self._measure(choices, 0, self.effort.screen)
            self._screened[choices] = get_value(self.goal, worth).mean
        return self._screened[choices] - self._get_worth_of_parts(choices) - 0.002 * len(choices)

    def _get_worth_of_parts(self, choices: Choices) -> float:
        """Return what disjoint known strategies within `choices` are worth together."""
        rest, total = strip(choices), 0.0
        for one in sorted([*self.found, *self._known], key=lambda one: -self._get_value_here(one)):
            part = strip(one.choices)
            if part <= rest:
                rest -= part
                total += max(self._get_value_here(one), 0.0)
        return total

    def _get_value_here(self, found: Discovery) -> float:
        return get_value(self.goal, found.worth).mean

    def _confirm(self, choices: Choices) -> Iterator[Discovery]:
        """Prune the choices, and yield them if they pay from fresh seeds, beyond their parts."""
        if not self._pays(choices, self.effort.screen, self.effort.screen):  # seeds that didn't choose them
            return
        choices = self._prune(choices)
        if any(one.choices == choices for one in (*self.found, *self._known)):
            return
        fresh = _hash(choices)
        if self._pays(choices, fresh, self.effort.confirm, SURE_OF_MANY):
            worth = self._measure(choices, fresh + self.effort.confirm, self.effort.confirm)
            self.found.append(Discovery(choices, self.goal, worth))
            yield self.found[-1]

    def _pays(self, choices: Choices, first: int, pairs: int, sure: float = 0.5) -> bool:
        value = get_value(self.goal, self._measure(choices, first, pairs))
        low = value.mean - get_quantile(sure, pairs) * value.deviation
        return low > self._get_worth_of_parts(choices) + get_floor(self.goal, self.game)

    def _prune(self, choices: Choices) -> Choices:
        """Return the choices without those that hardly matter, the least important first."""
        while len(choices) > 1:
            value = self._get_beyond(choices)
            without = {choice: self._get_beyond(choices - {choice}) for choice in sorted(choices)}
            least = max(without, key=lambda choice: without[choice])
            if without[least] < KEPT * value:
                return choices
            choices -= {least}
        return choices

    def _get_beyond(self, choices: Choices) -> float:
        worth = self._measure(choices, 2 * self.effort.screen, self.effort.confirm // 2)
        return get_value(self.goal, worth).mean - self._get_worth_of_parts(choices)

    # ------------------------------------------------------------------ evolution

    def _evolve(self) -> list[Choices]:
        """Return the best of a population after some generations, the best first."""
        size = self.effort.population
        population = [self._draw() for _ in range(size)]
        for _ in range(self.effort.generations):
            ranked = self._rank(population)
            parents = ranked[: max(size // 2, 2)]
            children = [
                self._mutate(self._cross(*self.rng.sample(parents, 2))) for _ in range(size - len(parents))
            ]
            population = [*parents, *children]
        return self._rank(population)[:3]

    def _rank(self, population: Sequence[Choices]) -> list[Choices]:
        distinct = sorted(set(population), key=sorted)
        while len(distinct) < 2:
            distinct.append(self._draw())
        return sorted(distinct, key=self._screen, reverse=True)

    def _draw(self) -> Choices:
        """Return a few choices at random, half of the time added to a good pair or to what was found."""
        choices: Choices = frozenset()
        good = [*self._pairs[: self.effort.population], *(one.choices for one in self.found)]
        if good and self.rng.random() < 0.5:
            choices = self.rng.choice(good)
        for _ in range(self.rng.randint(1 if choices else 2, 4)):
            choices = self._change(choices)
        return choices

    def _get_genes(self, place: str) -> list[Gene]:
        """Return what else than honest may be chosen at a place."""
        idle: set[Gene] = set() if self.game.attribution else {Vote.BLAME}
        idle |= set() if self.game.handbook.says_had else {Vote.DENY, Vote.EXCUSED}
        idle |= set() if self.game.handbook.decoys else {Quality.DOUBTFUL}
        return [gene for gene in GENES[place] if not gene.is_honest and gene not in idle]

    def _change(self, choices: Choices) -> Choices:
        place = self.rng.choice(self._places)
        gene = self.rng.choice([None, *self._get_genes(place)])
        rest = frozenset(choice for choice in choices if choice[0] != place)
        return rest if gene is None else rest | {(place, gene.name)}

    def _cross(self, one: Choices, other: Choices) -> Choices:
        picked = {place: self.rng.choice((one, other)) for place in GENES}
        return frozenset(choice for place, side in picked.items() for choice in side if choice[0] == place)

    def _mutate(self, choices: Choices) -> Choices:
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            choices = self._change(choices)
        return choices
