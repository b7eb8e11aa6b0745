"""A round of `vbfl`, by its paper's rules, beside the same number of sample visits in a bare torch loop.

    python -m benchmarks.vbfl_round --out benchmarks/results/vbfl-round.json

20 devices on `mnist_2nn`: 12 workers, 5 validators, 3 miners, 3,000 samples each (80 % to train on), one
epoch, batch 10, on the chain and store asked for. The round's necessary work: each worker and each validator
visits its training samples once, forwards and backwards; each validator runs each update, and its own model,
forwards over its test samples. The bare loop does the training visits alone, one device after the other; the
faster of torch's own number of threads and one thread counts. Rounds and bare loops alternate in one run, so
that other work on the machine disturbs both alike; medians are reported.
"""

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path

import torch

from benchmarks.round import bare_loop
from clients.engine.config import build
from clients.engine.results import RoundLine
from clients.engine.swarm import Swarm
from clients.learning.threads import torch_threads

WORKERS, VALIDATORS, MINERS = 12, 5, 3
SAMPLES, TESTS, BATCH = 2_400, 600, 10
TRAINING_VISITS = (WORKERS + VALIDATORS) * SAMPLES
SCORING_VISITS = VALIDATORS * (WORKERS + 1) * TESTS


def bare_round(devices: int, threads: int | None) -> float:
    """Return the seconds that the training visits of a round take in a plain loop.

    Those of `devices` devices, and as much for each of the others.
    """
    with torch_threads(threads):
        spent = sum(bare_loop(SAMPLES // BATCH, SAMPLES) for _ in range(devices))
    return spent / devices * (WORKERS + VALIDATORS)


def main() -> None:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--chain", default="anvil")
    parser.add_argument("--store", default="kubo")
    parser.add_argument("--rounds", type=int, default=8, help="the first is not counted")
    parser.add_argument("--devices", type=int, default=5, help="devices that the bare loop really trains")
    parser.add_argument("--out", type=Path, help="write the result here as well")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lines: list[RoundLine] = []
    bare: dict[str, list[float]] = {"1 thread": [], "torch's own": []}

    def settled(line: RoundLine) -> None:
        lines.append(line)
        bare["1 thread"].append(bare_round(options.devices, 1))
        bare["torch's own"].append(bare_round(1, None))
        swarm.meters.take()  # what the bare loop took is none of the round's time

    with tempfile.TemporaryDirectory() as folder:
        config = build(
            {
                "mechanism": "vbfl", "rules": "paper", "chain": options.chain, "store": options.store,
                "rounds": options.rounds, "seed": options.seed, "dataset": "mnist", "model": "mnist_2nn",
                "malicious": 0, "clients": 20, "proposers": WORKERS, "validators": VALIDATORS,
                "miners": MINERS, "local_epochs": 1, "batch_size": BATCH, "optimizer": "sgd",
                "learning_rate": 0.05, "device": "cpu", "out": str(Path(folder) / "run"),
            }
        )  # fmt: skip
        with Swarm(config) as swarm:
            for line in swarm.run():
                settled(line)
    steady = [line.seconds for line in lines[1:]]
    loops = {name: statistics.median(spent[1:]) for name, spent in bare.items()}
    parts = {part: round(statistics.median(one[part] for one in steady), 4) for part in lines[0].seconds}
    result = json.dumps(
        {
            "command": f"python -m benchmarks.vbfl_round --rounds {options.rounds}",
            "seed": options.seed,
            "chain": options.chain,
            "store": options.store,
            "training_sample_visits": TRAINING_VISITS,
            "scoring_sample_visits": SCORING_VISITS,
            "seconds": parts,
            "bare_seconds": {name: round(spent, 4) for name, spent in loops.items()},
            "round_over_bare_loop": round(parts["total"] / min(loops.values()), 3),
            "final_accuracy": lines[-1].accuracy,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "processors": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
        },
        indent=2,
    )
    print(result)
    if options.out:
        options.out.write_text(result + "\n")


if __name__ == "__main__":
    main()
