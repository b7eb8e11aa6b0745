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
from random import Random
from typing import Any

from clients.economics.game import Game
from clients.economics.play import Result, play
from clients.economics.strategy import HONEST, Strategy
from clients.types.errors import RequestError

Played = Callable[[Strategy, int], Result]
"""A game by a strategy and from a seed."""
SURE = 0.95
"""How sure an interval is, if nothing else is said."""
_RESAMPLES = 400


def get_player(game: Game, terms: Mapping[str, Any]) -> Played:
    """Return what plays `game`, and remembers what it has played."""
    agreed = tuple(sorted(terms.items()))

    @lru_cache(maxsize=100_000)
    def played(strategy: Strategy, seed: int) -> Result:
        if strategy == HONEST:
            return _play_honest(game, agreed, seed)
        return play(game, terms, strategy, seed)

    return played


@lru_cache(maxsize=20_000)
def _play_honest(game: Game, terms: tuple[tuple[str, Any], ...], seed: int) -> Result:
    """Return a game that all play honestly. A process that measures strategy after strategy needs the same
    ones again and again."""
    return play(game, dict(terms), HONEST, seed)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over pairs of games, and half the width of its 95 % interval (Student's); infinite with a single
    pair. `deviation`: of the mean."""

    mean: float
    half: float
    deviation: float


def get_interval(values: Sequence[float]) -> Interval:
    """Return the interval of the values' mean."""
    if len(values) < 2:
        return Interval(statistics.fmean(values), math.inf, math.inf)
    deviation = statistics.stdev(values) / math.sqrt(len(values))
    return Interval(
        statistics.fmean(values), get_quantile((1 + SURE) / 2, len(values)) * deviation, deviation
    )


@lru_cache
def get_quantile(probability: float, pairs: int) -> float:
    """Return Student's quantile for a mean over so many pairs."""
    from scipy.stats import t

    return float(t.ppf(probability, pairs - 1))


@dataclass(frozen=True, slots=True)
class Worth:
    """What a strategy is worth, in one round's honest pay.

    `surplus` is what others lose beyond what the coalition does, of all accounts together and for each round;
    what a coalition gains isn't taken for a loss of less than nothing. `pairs`: what the coalition gained and
    what others lost in each pair, of all their accounts. The rest are shares. `acted`: of planned rounds, in
    which the coalition acted. `out`, `absent`: of honest members, who were banned, and who were put out for
    absence. `models`: of planned rounds, which ended with an honest model.
    """

    gain: Interval
    harm: Interval
    surplus: Interval
    pairs: tuple[tuple[float, float], ...]
    acted: float
    out: float
    absent: float
    models: float

    def get_griefing(self) -> tuple[float, float, float]:
        """Return the griefing factor, and the ends of its 95 % interval, by resampling the pairs."""
        rng = Random(0)
        samples = [self.pairs, *(rng.choices(self.pairs, k=len(self.pairs)) for _ in range(_RESAMPLES))]
        factor, *factors = map(_get_factor, samples)
        factors.sort()
        edge = round(_RESAMPLES * (1 - SURE) / 2)
        return factor, factors[edge], factors[-1 - edge]


def _get_factor(pairs: Sequence[tuple[float, float]]) -> float:
    lost, destroyed = (statistics.fmean(column) for column in zip(*pairs, strict=True))
    if destroyed <= 0:
        return 0.0
    return destroyed / -lost if lost < 0 else math.inf


def measure(game: Game, played: Played, strategy: Strategy, seeds: Sequence[int]) -> Worth:
    """Return what `strategy` is worth, from one pair of games a seed. RequestError where honest work isn't
    paid, which leaves nothing to measure by."""
    fair = [played(HONEST, seed) for seed in seeds]
    foul = [played(strategy, seed) for seed in seeds]
    honest = game.members - game.colluders
    accounts = max(game.colluders + game.newcomers, 1)
    pay = statistics.fmean(one.paid for one in fair) / honest / game.rounds
    if pay <= 0:
        raise RequestError("honest work isn't paid in this game: nothing can be measured by it.")
    ours = [(that.ours - this.ours) / pay / game.rounds for this, that in zip(fair, foul, strict=True)]
    others = [(this.others - that.others) / pay / game.rounds for this, that in zip(fair, foul, strict=True)]
    loses = statistics.fmean(ours) < 0
    return Worth(
        gain=get_interval([one / accounts for one in ours]),
        harm=get_interval([one / honest for one in others]),
        surplus=get_interval([lost + loses * own for own, lost in zip(ours, others, strict=True)]),
        pairs=tuple(zip(ours, others, strict=True)),
        acted=statistics.fmean(one.acted / game.rounds for one in foul),
        out=statistics.fmean(one.out / honest for one in foul),
        absent=statistics.fmean(one.absent / honest for one in foul),
        models=statistics.fmean(one.models / game.rounds for one in foul),
    )
