"""FedAvg alone, with one device looked at after every local epoch: figure 3 of arXiv 2101.03300."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clients.engine.config import build
from clients.experiments import runs_of_swarms
from clients.experiments.records import keep, read_from
from clients.experiments.strict import Table
from clients.types.errors import RequestError, raise_trouble

RECORD, DEVICE = "epochs.json", 0


def resolve(settings: Table) -> Table:
    """Return every setting of the run; `RequestError` where devices attack, or aren't all drawn."""
    whole = runs_of_swarms.resolve({**settings, "mechanism": "fedavg"})
    if whole["malicious"] or whole["proposers"] != whole["clients"]:
        raise RequestError("a learning curve is of honest devices that train in every round: all proposers.")
    return whole


def run(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Train, and write down the accuracies of device 0 on the test set: after each local epoch, and of the
    global model at the end. It is a matter of minutes, so a run that was stopped begins anew.
    """
    # Here: torch takes seconds to come, and planning has no need of it.
    from clients.engine.learners import build_bench
    from clients.learning.aggregate import Contribution, fedavg

    began = time.monotonic()
    config = build(settings)
    bench = build_bench(config)
    # A shorter training from the same seed is the beginning of a longer one.
    shorter = [
        build_bench(replace(config, local_epochs=epochs), only=[DEVICE])
        for epochs in range(1, config.local_epochs)
    ]
    head = bench.initial_weights()
    epochs = []
    for number in range(1, config.rounds + 1):
        seeds = (config.seed, number)
        updates = list(
            map(raise_trouble, bench.train(head, [(index, None) for index in range(config.clients)], seeds))
        )
        shorts = [raise_trouble(one.train(head, [(DEVICE, None)], seeds)[0])[0] for one in shorter]
        seen = [*shorts, updates[DEVICE][0]]
        head = fedavg([Contribution(*update) for update in updates], bench.schema)
        epochs.append([round(bench.test(weights).accuracy, 5) for weights in (*seen, head)])
        tick(1)
    record = {
        "rounds": config.rounds,
        "epochs": epochs,
        "data": bench.fingerprint()["sha256"],
        "wall_seconds": round(time.monotonic() - began, 3),
    }
    keep(folder / RECORD, record)


def read(settings: Table, folder: Path) -> Table:
    """Return the run's record."""
    record = read_from(RECORD)(settings, folder)
    return {**record, "data": record["data"][:16]}
