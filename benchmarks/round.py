"""Where the wall time of a round goes: 20 participants on `mnist_2nn`, on the chain and store asked for.

    python -m benchmarks.round --chain anvil --store kubo --rounds 5 --epochs 5

Each participant holds 3,000 samples (80 % to train on), 12 train a round, batch 10. Reported are
the median over the rounds after the first of each part's share of the round's wall time, and that of
everything but learning together: chain, store, codec, exact aggregation and bookkeeping (what no part
accounts for). The time of the same steps in a bare torch loop in the same process is the second yardstick.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from clients.engine.config import build
from clients.engine.results import RoundLine
from clients.engine.swarm import Swarm
from clients.learning import datasets, models

LEARNING = ("train", "judge")
CLIENTS, TRAINING, BATCH, SAMPLES = 20, 12, 10, 2_400


def bare_loop(steps: int, samples: int) -> float:
    """Return the seconds that one client's steps take in a plain torch loop, on data in memory."""
    data = datasets.load("mnist")
    x, y = torch.from_numpy(data.x_train[:samples]), torch.from_numpy(data.y_train[:samples])
    model = models.build_for("mnist_2nn", data, 0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loss = nn.CrossEntropyLoss()
    start = time.perf_counter()
    order = torch.randperm(samples)
    for step in range(steps):
        chosen = order[step * BATCH : (step + 1) * BATCH]
        optimizer.zero_grad()
        loss(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
    return time.perf_counter() - start


def main() -> None:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--chain", default="anvil")
    parser.add_argument("--store", default="kubo")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5, help="local epochs; the swarm's default is 5")
    parser.add_argument("--out", type=Path, help="write the result here as well")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = build(
            {
                "chain": options.chain, "store": options.store, "rounds": options.rounds,
                "seed": options.seed, "dataset": "mnist", "model": "mnist_2nn", "clients": CLIENTS,
                "proposers": TRAINING, "malicious": 0, "local_epochs": options.epochs, "batch_size": BATCH,
                "optimizer": "sgd", "learning_rate": 0.05, "device": "cpu", "out": str(Path(folder) / "run"),
            }
        )  # fmt: skip
        lines: list[RoundLine] = []
        with Swarm(config) as swarm:
            lines.extend(swarm.run())
    steady = [line.seconds for line in lines[1:]]
    shares = {
        part: round(statistics.median(one[part] / one["total"] for one in steady), 4)
        for part in steady[0]
        if part != "total"
    }
    overhead = statistics.median(1 - sum(one[part] for part in LEARNING) / one["total"] for one in steady)
    train = statistics.median(one["train"] for one in steady)
    bare = (
        statistics.median(bare_loop(SAMPLES // BATCH, SAMPLES) for _ in range(5)) * TRAINING * options.epochs
    )
    result = json.dumps(
        {
            "command": f"python -m benchmarks.round --epochs {options.epochs} --rounds {options.rounds}",
            "seed": options.seed,
            "chain": options.chain,
            "store": options.store,
            "rounds": options.rounds,
            "local_epochs": options.epochs,
            "share_of_wall_time": shares,
            "share_of_all_but_learning": round(overhead, 4),
            "round_seconds": round(statistics.median(one["total"] for one in steady), 3),
            "train_over_bare_loop": round(train / bare, 3),
            "final_accuracy": lines[-1].accuracy,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "processors": os.cpu_count(),
        },
        indent=2,
    )
    print(result)
    if options.out:
        options.out.write_text(result + "\n")


if __name__ == "__main__":
    main()
