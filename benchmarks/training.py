"""What training and the work around it cost, as ratios to a bare torch loop in the same run.

    python -m benchmarks.training --out benchmarks/results/training.json
    python -m benchmarks.training --places --out benchmarks/results/places.json

Every way trains the same 12 clients by the same steps. Each repetition runs all ways one after the other, and
the best of the repetitions counts, so that other work on the machine disturbs the ratios little. The
yardstick is the faster of two bare loops, with torch's own number of threads and with one: on a busy machine
the first waits for its threads most of the time, and to beat that is no merit.

`--places` measures where learning may run: a swarm's training here, and in as many processes as there are
cores, beside one thread's bare loop; and what such a process takes to start and to hold.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from clients.learning import datasets
from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import decode, encode
from clients.learning.evaluate import evaluate, evaluate_many
from clients.learning.here import Here, Order
from clients.learning.models import build
from clients.learning.processes import Processes
from clients.learning.recipe import prepare
from clients.learning.stacked import Training, is_stackable, layers_of, train_apart, train_many, train_stacked
from clients.learning.tensors import Samples, load_weights, schema_of, weights_of
from clients.learning.threads import torch_threads
from clients.learning.train import TrainConfig, train
from clients.types.learning import Recipe, Task

CLIENTS = 12


@dataclass(frozen=True)
class Case:
    """A model on data of a set's shape, and how a client trains it."""

    name: str
    model: str
    shape: tuple[int, ...]
    classes: int
    samples: int
    config: TrainConfig


CASES = (
    Case("digits, mlp, batch 10", "mlp", (1, 8, 8), 10, 120, TrainConfig()),
    Case(
        "lending_club, mlp, Adam, batch 128", "mlp", (30,), 2, 1800, TrainConfig("adam", 1e-3, batch_size=128)
    ),
    Case("mnist, mnist_2nn, batch 10", "mnist_2nn", (1, 28, 28), 10, 1200, TrainConfig()),
    Case("mnist, mnist_2nn, Adam, batch 10", "mnist_2nn", (1, 28, 28), 10, 600, TrainConfig("adam", 1e-3)),
    Case("mnist, mnist_cnn, batch 10", "mnist_cnn", (1, 28, 28), 10, 120, TrainConfig()),
)


def bare_optimizer(parameters: list[Tensor], config: TrainConfig) -> torch.optim.Optimizer:
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=config.learning_rate)
    return torch.optim.SGD(parameters, lr=config.learning_rate)


def bare_loop(model: nn.Module, job: Training) -> None:
    """Train as a textbook does: tensors in memory, no loader, torch's own optimizer."""
    load_weights(model, job.weights)
    optimizer = bare_optimizer(list(model.parameters()), job.config)
    generator = torch.Generator().manual_seed(job.seed)
    for _ in range(job.config.epochs):
        for batch in torch.randperm(len(job.data), generator=generator).split(job.config.batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(job.data.x[batch]), job.data.y[batch]).backward()
            optimizer.step()


def with_vmap(model: nn.Module, jobs: list[Training]) -> None:
    """Train all clients in the same steps through `torch.func.vmap`; they have equally many samples here."""
    config, count = jobs[0].config, len(jobs[0].data)
    stacked, _ = stack_module_state([model] * len(jobs))
    weights = {name: tensor.detach().requires_grad_() for name, tensor in stacked.items()}
    x, y = torch.stack([job.data.x for job in jobs]), torch.stack([job.data.y for job in jobs])
    optimizer = bare_optimizer(list(weights.values()), config)
    forward = vmap(lambda w, inputs: functional_call(model, w, (inputs,)))
    for _ in range(config.epochs):
        orders = torch.stack([torch.randperm(count) for _ in jobs])
        for batch in orders.split(config.batch_size, dim=1):
            rows = torch.arange(len(jobs)).unsqueeze(1)
            logits = forward(weights, x[rows, batch])
            losses: Tensor = F.cross_entropy(logits.flatten(0, 1), y[rows, batch].flatten(), reduction="sum")
            (losses / batch.shape[1]).backward()
            optimizer.step()
            optimizer.zero_grad()


def one_thread(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with torch_threads(1):
            return work()

    return run


def best_of(
    ways: dict[str, Callable[[], object]], repetitions: int, patience: float = 4.0
) -> dict[str, float]:
    """Return the best wall time of each way in seconds, after a first round that warms everything up.

    A way that took over `patience` times the fastest in that first round, as those do that wait for a second
    thread on a busy machine, is not repeated.
    """

    def timed(way: Callable[[], object]) -> float:
        started = time.perf_counter()
        way()
        return time.perf_counter() - started

    best = {name: timed(way) for name, way in ways.items()}
    worth = {name: way for name, way in ways.items() if best[name] <= patience * min(best.values())}
    best |= dict.fromkeys(worth, float("inf"))
    for _ in range(repetitions):
        for name, way in worth.items():
            best[name] = min(best[name], timed(way))
    return best


def training(case: Case, share: float, repetitions: int) -> dict[str, object]:
    rng = np.random.default_rng(0)
    model = build(case.model, case.shape, case.classes, 0)
    start, count = weights_of(model), int(case.samples * share)

    def data() -> Samples:
        x = rng.standard_normal((count, *case.shape)).astype(np.float32)
        return Samples.of(x, rng.integers(0, case.classes, count))

    jobs = [Training(start, data(), case.config, seed) for seed in range(CLIENTS)]
    ways: dict[str, Callable[[], object]] = {
        "bare loop": lambda: [bare_loop(model, job) for job in jobs],
        "bare loop, 1 thread": one_thread(lambda: [bare_loop(model, job) for job in jobs]),
        "train": lambda: [train(model, job.weights, job.data, job.config, job.seed) for job in jobs],
        "side by side": lambda: train_apart(model, jobs),
    }
    if layers_of(model) is not None:
        ways["stacked"] = lambda: train_stacked(model, jobs)
        ways["vmap"] = lambda: with_vmap(model, jobs)
        ways["vmap, 1 thread"] = one_thread(lambda: with_vmap(model, jobs))
    ways["train_many"] = lambda: train_many(model, jobs)
    seconds = best_of(ways, repetitions)
    yardstick = min(seconds["bare loop"], seconds["bare loop, 1 thread"])
    ratios = {name: round(value / yardstick, 3) for name, value in seconds.items()}
    chosen = "stacked" if is_stackable(model, case.config) else "side by side"
    print(f"\n{case.name}: {CLIENTS} clients x {count} samples; train_many chooses: {chosen}")
    for name, value in seconds.items():
        print(f"  {name:22} {value * 1e3:9.1f} ms   {ratios[name]:6.2f}", flush=True)
    return {"case": case.name, "chosen": chosen, "bare_seconds": round(yardstick, 4), "ratios": ratios}


def around(repetitions: int) -> dict[str, float]:
    """Measure what surrounds training in a round of mnist_2nn, in milliseconds."""
    rng = np.random.default_rng(0)
    model = build("mnist_2nn", (1, 28, 28), 10, 0)
    schema, start = schema_of(model), weights_of(model)
    updates = [
        Contribution(
            {k: v + rng.standard_normal(v.shape).astype(np.float32) * 0.01 for k, v in start.items()}, 3000
        )
        for _ in range(CLIENTS)
    ]
    files = [encode(update.weights, schema) for update in updates]
    sets = [Samples.of(rng.random((600, 1, 28, 28), np.float32), rng.integers(0, 10, 600)) for _ in range(8)]
    seconds = best_of(
        {
            "encode 12 updates": lambda: [encode(update.weights, schema) for update in updates],
            "decode 12 updates": lambda: [decode(file, schema) for file in files],
            "aggregate 12 updates": lambda: fedavg(updates, schema),
            "judge on 8 sets, one by one": lambda: [evaluate(model, start, data) for data in sets],
            "judge on 8 sets at once": lambda: evaluate_many(model, start, sets),
        },
        3 * repetitions,
    )
    print("\naround it, mnist_2nn (199,210 weights), 600 samples in a voter's test set")
    for name, value in seconds.items():
        print(f"  {name:28} {value * 1e3:7.2f} ms")
    return {name: round(value * 1e3, 2) for name, value in seconds.items()}


def digits_like() -> datasets.Dataset:
    """Return noise of the shape of digits, which processes make by this function's name."""
    return noise(1000, (1, 8, 8))


def mnist_like() -> datasets.Dataset:
    """Return noise of the shape of MNIST."""
    return noise(1000, (1, 28, 28))


def noise(count: int, shape: tuple[int, ...]) -> datasets.Dataset:
    rng = np.random.default_rng(0)
    x, y = rng.random((count, *shape), np.float32), rng.integers(0, 10, count)
    return datasets.Dataset("noise", x, y, x[:100], y[:100], Task("classes", 10))


PLACES = (
    Recipe(dataset="benchmarks.training:digits_like", model="logistic"),
    Recipe(dataset="benchmarks.training:digits_like", model="mlp"),
    Recipe(dataset="benchmarks.training:mnist_like", model="mnist_2nn"),
    Recipe(dataset="benchmarks.training:mnist_like", model="mnist_cnn", local_epochs=1, batch_size=10),
)


def memory_of(pid: int) -> float:
    """Return the megabytes that a process holds for itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return round((sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024, 1)


def cpu_of(pid: int) -> float:
    """Return the processor time that a process has taken so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work_of(ways: dict[str, Callable[[], object]], pids: list[int]) -> dict[str, list[float]]:
    """Return the processor time that each way takes in each process: other work on the machine that delays it
    all is not in it."""
    work = {}
    for name, way in ways.items():
        way()
        before, began = [cpu_of(pid) for pid in pids], time.perf_counter()
        times = 0
        while times < 3 or time.perf_counter() - began < 2:
            way()
            times += 1
        work[name] = [(cpu_of(pid) - since) / times for pid, since in zip(pids, before, strict=True)]
    return work


def place(recipe: Recipe, repetitions: int) -> dict[str, object]:
    dataset = datasets.load(recipe.dataset, recipe.form)
    model, holdings, config = prepare(recipe, dataset)
    here = Here(dataset, model, holdings, config, torch.device("cpu"))
    processes = Processes(here, recipe)
    orders = [Order(index, index) for index in range(recipe.clients)]
    jobs = [here._training(here.initial, order) for order in orders]
    processes.train(here.initial, orders)
    ways: dict[str, Callable[[], object]] = {
        "bare loop, 1 thread": one_thread(lambda: [bare_loop(here.model, job) for job in jobs]),
        "here": lambda: here.train(here.initial, orders),
        "in processes": lambda: processes.train(here.initial, orders),
    }
    best_of(ways, 1)  # warms up
    seconds = best_of(ways, repetitions, patience=math.inf)
    work = work_of(ways, [os.getpid(), *processes.pids])
    memory = [memory_of(pid) for pid in processes.pids]
    started = round(processes.started_in or 0.0, 2)
    assert not processes.over, processes.take_news()
    processes.close()
    bare = seconds["bare loop, 1 thread"]
    ratios = {name: round(value / bare, 3) for name, value in seconds.items()}
    bare_work = sum(work["bare loop, 1 thread"])
    shares = {name: [round(one / bare_work, 3) for one in each] for name, each in work.items()}
    told = f"{recipe.model}, {recipe.clients} clients, batch {recipe.batch_size}"
    print(f"{told}: time {ratios}; processor time {shares};", flush=True)
    print(f"  {processes.count} processes, {started} s to start, {memory} MB", flush=True)
    return {
        "case": told, "samples": sum(here.samples(index) for index in here.participants) // recipe.clients,
        "epochs": recipe.local_epochs, "processes": processes.count, "bare_seconds": round(bare, 4),
        "ratios": ratios, "processor_time_by_process": shares,
        "start_seconds": started, "private_megabytes": memory,
    }  # fmt: skip


def main() -> None:
    """Run the benchmark, print it, and write it to `--out`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one repetition on a quarter of the samples")
    parser.add_argument("--places", action="store_true", help="measure where learning may run")
    parser.add_argument("--out", type=Path, help="a JSON file for the results")
    options = parser.parse_args()
    share, repetitions = (0.25, 1) if options.quick else (1.0, 5)
    machine = {
        "command": "python -m benchmarks.training"
        + (" --places" if options.places else "")
        + (" --quick" if options.quick else ""),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if options.places:
        wanted = [replace(recipe, clients=clients) for recipe in PLACES for clients in (8, 20)]
        result = {**machine, "places": [place(recipe, 2 * repetitions) for recipe in wanted]}
    else:
        cases = [training(case, share, repetitions) for case in CASES]
        result = {**machine, "training": cases, "around_milliseconds": around(repetitions)}
    result["load_after"] = round(os.getloadavg()[0], 2)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
