"""Runs of games without learning: what a known strategy is worth (`games`), and which the search finds
(`searches`)."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from clients.economics.game import Game
from clients.economics.library import LIBRARY, get_cases, name
from clients.economics.measure import Interval, Worth, get_player, measure
from clients.economics.search import GOALS, Discovery, Effort, Search
from clients.economics.strategy import describe
from clients.experiments.records import keep, read_from
from clients.experiments.strict import Table, fill
from clients.types.errors import RequestError
from clients.types.settings import check_name, respell
from deploy.terms import SPELLINGS, get_default_terms

RECORD = "games.json"
GRIEFING_MOST = 100.0
"""A griefing factor of this much, or more: also where the coalition loses nothing."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A known strategy's name, and how many pairs of games it is tried in, from which seed.

    `terms`: those that differ from the defaults.
    """

    strategy: str = "bad updates"
    pairs: int = 60
    seed: int = 1
    terms: Table = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check them."""
        check_name("strategy", self.strategy, LIBRARY)
        if self.pairs < 2:
            raise RequestError(f"pairs = {self.pairs}: two are needed for an interval.")


_LATER = ("outage", "terms")
"""Settings that came later. Where they aren't used a run keeps the name that it had without them."""
_GAME = tuple(item.name for item in fields(Game))


def _split(settings: Table, kind: type[Any]) -> tuple[Game, Any]:
    """Return the game in the settings, and the record of `kind` in the others."""
    game = fill(
        Game, {key: value for key, value in settings.items() if key in _GAME}, "the settings of a game"
    )
    others = {key: value for key, value in settings.items() if key not in _GAME}
    return game, fill(kind, others, "the settings of games")


def resolve_game(settings: Table) -> Table:
    """Return every setting of a trial."""
    game, trial = _split(settings, Trial)
    _get_terms(game, trial)
    return _name(asdict(game) | asdict(trial))


def resolve_search(settings: Table) -> Table:
    """Return every setting of a search."""
    game, effort = _split(settings, Effort)
    return _name(asdict(game) | asdict(effort))


def _name(settings: Table) -> Table:
    return {name: value for name, value in settings.items() if value or name not in _LATER}


def _get_terms(game: Game, trial: Trial) -> Table:
    terms = get_default_terms(game.leaf, game.rules)
    given = respell(trial.terms, SPELLINGS)  # recorded runs have other names, too
    for term in given:
        check_name("term", term, terms)
    return {**terms, **given}


def run_game(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Play the pairs, and write down what the strategy is worth."""
    began = time.monotonic()
    game, trial = _split(settings, Trial)
    played = get_player(game, _get_terms(game, trial))
    first = trial.seed * 10**6
    worth = measure(game, played, LIBRARY[trial.strategy].strategy, range(first, first + trial.pairs))
    tick(game.rounds)
    record = {
        "rounds": game.rounds,
        **_tell_worth(worth),
        "acted": round(worth.acted, 4),
        "wall_seconds": round(time.monotonic() - began, 3),
    }
    keep(folder / RECORD, record)


def run_search(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Search for both goals, one after the other, and write down what was found."""
    began = time.monotonic()
    game, effort = _split(settings, Effort)
    played = get_player(game, get_default_terms(game.leaf, game.rules))
    known: list[Discovery] = []
    tried = passed = 0

    def pass_stage() -> None:
        nonlocal passed
        before, passed = passed, passed + 1
        stages = effort.stages * len(GOALS)
        tick(game.rounds * passed // stages - game.rounds * before // stages)

    for goal in GOALS:
        search = Search(game, played, goal, effort, known=tuple(known), tick=pass_stage)
        known += search.run()
        tried += search.tried
    record = {
        "rounds": game.rounds,
        "found": [_tell(one) for one in known],
        "cases": sorted(get_cases(game.mechanism, [one.choices for one in known])),
        "tried": tried,
        "wall_seconds": round(time.monotonic() - began, 3),
    }
    keep(folder / RECORD, record)


def _show(interval: Interval) -> list[float]:
    return [round(interval.mean, 4), round(interval.half, 4)]


def _tell_worth(worth: Worth) -> Table:
    return {
        "gain": _show(worth.gain),
        "harm": _show(worth.harm),
        "surplus": _show(worth.surplus),
        "griefing": [round(min(factor, GRIEFING_MOST), 4) for factor in worth.get_griefing()],
        "put_out": round(worth.out, 4),
        "absent": round(worth.absent, 4),
        "models": round(worth.models, 4),
    }


def _tell(found: Discovery) -> Table:
    return {
        "goal": found.goal,
        "choices": sorted(map(list, found.choices)),
        "words": describe(found.choices),
        "known": name(found.choices),
        **_tell_worth(found.worth),
    }


read = read_from(RECORD)
"""Return the run's record."""
