"""Turns settings into participants' data, model and behaviour."""

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache

from clients.engine.config import ParticipantConfig, SwarmConfig
from clients.engine.display import tell_download
from clients.learning import attacks, datasets
from clients.learning.attacks import Attack
from clients.learning.recipe import prepare
from clients.learning.tensors import resolve_device
from clients.learning.workbench import Workbench
from clients.types.learning import Form, Task


def deal_attacks(config: SwarmConfig) -> dict[int, Attack]:
    """Return the attackers, drawn by the seed, with their attacks, dealt in turn."""
    parsed = [attacks.parse_all(spec) for spec in config.attack]
    who = sorted(random.Random(f"malicious:{config.seed}").sample(range(config.clients), config.malicious))
    return {index: parsed[turn % len(parsed)] for turn, index in enumerate(who)}


def check_attacks(parsed: Iterable[Attack], task: Task) -> None:
    """Raise `RequestError` if an attack is impossible on a model of this task."""
    for attack in parsed:
        attacks.check_task(attack, task)


@lru_cache(maxsize=1)
def load_dataset(name: str, form: Form) -> datasets.Dataset:
    """Return a data set, cached so that several swarms in a row load it once."""
    return datasets.load(name, form, progress=tell_download)


def build_bench(config: ParticipantConfig, only: Sequence[int] | None = None) -> Workbench:
    """Return data and model of every participant, or of those in `only`.

    Raises `RequestError` if data, settings and attacks don't fit together.
    """
    dataset, original = load_dataset(config.dataset, config.form), config
    config = config.with_form(dataset.form)  # checks that the other settings fit the form
    prepared = prepare(config, dataset, only)
    recipe = original if only is None else None
    return Workbench(dataset, *prepared, resolve_device(config.device), recipe)
