"""What a run is: a whole federation (`swarm`), a device's epochs (`epochs`), free riders before real juries,
votes or juries alone, or games without learning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from clients.experiments import (
    runs_of_epochs,
    runs_of_free_riders,
    runs_of_games,
    runs_of_juries,
    runs_of_swarms,
    runs_of_votes,
)
from clients.experiments.strict import Table

Tick = Callable[[int], None]
"""Told how many rounds more are settled."""


@dataclass(frozen=True, slots=True)
class Runner:
    """`resolve` checks settings and fills in defaults, so that equal runs have equal settings.

    `run(settings, folder, tick)` does the run in `folder`, or goes on with what is there; it may be ended at
    any instant. `read(settings, folder)` returns its record once it is done.
    """

    resolve: Callable[[Table], Table]
    run: Callable[[Table, Path, Tick], None]
    read: Callable[[Table, Path], Table]


RUNNERS: Mapping[str, Runner] = MappingProxyType(
    {
        "swarm": Runner(runs_of_swarms.resolve, runs_of_swarms.run, runs_of_swarms.read),
        "epochs": Runner(runs_of_epochs.resolve, runs_of_epochs.run, runs_of_epochs.read),
        "free_riders": Runner(runs_of_free_riders.resolve, runs_of_free_riders.run, runs_of_free_riders.read),
        "juries": Runner(runs_of_juries.resolve, runs_of_juries.run, runs_of_juries.read),
        "games": Runner(runs_of_games.resolve_game, runs_of_games.run_game, runs_of_games.read),
        "searches": Runner(runs_of_games.resolve_search, runs_of_games.run_search, runs_of_games.read),
        "votes": Runner(runs_of_votes.resolve, runs_of_votes.run, runs_of_votes.read),
    }
)
