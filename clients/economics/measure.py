"""What a strategy is worth: games by it and by honest play of the same accounts, in pairs, of equal seeds.

*Gain*: what the coalition earns more than by honest play, for each of its accounts and each round, as a
multiple of one round's honest pay. *Harm*: what all others earn less, measured alike. *Griefing factor*: what
others lose for each token that the coalition loses; without bound if it loses nothing.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clients.economics.game import Game
from clients.economics.play import Result, play
from clients.economics.strategy import HONEST, Strategy
from clients.types.errors import RequestError

Played = Callable[[Strategy, int], Result]
"""A game by a strategy and from a seed."""
SURE = 1.96
"""The deviations on each side of a 95 % interval."""


def get_player(game: Game, terms: Mapping[str, Any]) -> Played:
    """Return what plays `game`, and remembers what it has played."""

    @lru_cache(maxsize=100_000)
    def played(strategy: Strategy, seed: int) -> Result:
        return play(game, terms, strategy, seed)

    return played


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over pairs of games, and half the width of its 95 % interval; infinite with a single pair."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half


def get_interval(values: Sequence[float]) -> Interval:
    """Return the interval of the values' mean."""
    half = SURE * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return Interval(statistics.fmean(values), half)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a strategy is worth, in one round's honest pay; `out` and `models` are shares, of honest members
    who were put out and of planned rounds that ended with an honest model."""

    gain: Interval
    harm: Interval
    griefing: float
    surplus: Interval
    """Harm less what the coalition loses, both for all their accounts together: above 0, griefing costs less
    than it destroys."""
    out: float
    models: float


def measure(game: Game, played: Played, strategy: Strategy, seeds: Sequence[int]) -> Worth:
    """Return what `strategy` is worth, from one pair of games a seed."""
    fair = [played(HONEST, seed) for seed in seeds]
    foul = [played(strategy, seed) for seed in seeds]
    honest = game.members - game.colluders
    accounts = max(game.colluders + game.newcomers, 1)
    pay = statistics.fmean(one.paid for one in fair) / honest / game.rounds
    if pay <= 0:
        raise RequestError("honest work isn't paid in this game: nothing can be measured by it.")
    ours = [(that.ours - this.ours) / pay / game.rounds for this, that in zip(fair, foul, strict=True)]
    others = [(this.others - that.others) / pay / game.rounds for this, that in zip(fair, foul, strict=True)]
    harm = get_interval([one / honest for one in others])
    lost, destroyed = -statistics.fmean(ours), statistics.fmean(others)
    return Worth(
        gain=get_interval([one / accounts for one in ours]),
        harm=harm,
        griefing=_get_factor(lost, destroyed),
        surplus=get_interval([other + own for own, other in zip(ours, others, strict=True)]),
        out=statistics.fmean(one.out / honest for one in foul),
        models=statistics.fmean(one.models / game.rounds for one in foul),
    )


def _get_factor(lost: float, destroyed: float) -> float:
    if destroyed <= 0:
        return 0.0
    return destroyed / lost if lost > 0 else math.inf
