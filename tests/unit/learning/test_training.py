"""Training: the same bytes for the same seed, the same results by every way, and faults named."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from clients.learning.codec import encode
from clients.learning.models import build
from clients.learning.optim import Adam, Sgd
from clients.learning.schema import BadUpdate, Weights
from clients.learning.stacked import Training, is_stackable, layers_of, train_apart, train_many, train_stacked
from clients.learning.tensors import Samples, load_weights, resolve_device, weights_of
from clients.learning.train import Diverged, TrainConfig, train
from clients.types.errors import OwnTrouble, RequestError, UnavailableError

CONFIGS = [
    TrainConfig(),
    TrainConfig(momentum=0.9, weight_decay=0.01, epochs=3, batch_size=7),
    TrainConfig("adam", 0.003, epochs=2),
    TrainConfig("adam", 0.003, weight_decay=0.01, proximal=0.5),
    TrainConfig(proximal=0.5, epochs=2),
]


def samples(
    count: int, shape: tuple[int, ...] = (12,), classes: int = 4, seed: int = 0, several: bool = False
) -> Samples:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, *shape)).astype(np.float32)
    if several:
        return Samples.of(x, rng.integers(0, 2, (count, classes)).astype(np.float32))
    return Samples.of(x, rng.integers(0, classes, count))


def jobs_for(
    model: nn.Module, config: TrainConfig, counts: list[int], several: bool = False
) -> list[Training]:
    start = weights_of(model)
    return [
        Training(start, samples(count, seed=i, several=several), config, seed=100 + i)
        for i, count in enumerate(counts)
    ]


def bare_loop(model: nn.Module, start: Weights, data: Samples, config: TrainConfig, seed: int) -> Weights:
    """What a textbook would write, with torch's own optimizers."""
    load_weights(model, start)
    anchors = [parameter.detach().clone() for parameter in model.parameters()]
    if config.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
    else:
        optimizer = torch.optim.SGD(
            model.parameters(),
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        )
    generator = torch.Generator().manual_seed(seed)
    for _ in range(config.epochs):
        order = torch.randperm(len(data), generator=generator)
        for batch in order.split(config.batch_size):
            optimizer.zero_grad()
            logits = model(data.x[batch])
            if data.y.is_floating_point():
                loss = F.binary_cross_entropy_with_logits(logits, data.y[batch])
            else:
                loss = F.cross_entropy(logits, data.y[batch])
            for parameter, anchor in zip(model.parameters(), anchors, strict=True):
                loss = loss + config.proximal / 2 * ((parameter - anchor) ** 2).sum()
            loss.backward()
            optimizer.step()
    return weights_of(model)


def assert_close(left: Weights, right: Weights, tolerance: float = 2e-5) -> None:
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_allclose(left[name], right[name], rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("config", CONFIGS)
def test_train_does_what_a_bare_loop_does(config: TrainConfig, several: bool) -> None:
    model = build("mlp", (12,), 4, 0)
    data = samples(53, several=several)
    start = weights_of(model)
    expected = bare_loop(copy.deepcopy(model), start, data, config, 5)
    assert_close(train(model, start, data, config, 5), expected)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("config", CONFIGS)
def test_clients_trained_together_end_where_they_would_alone(config: TrainConfig, several: bool) -> None:
    model = build("mlp", (12,), 4, 0)
    assert is_stackable(model, config)
    jobs = jobs_for(model, config, [53, 7, 20, 20, 1, 88], several)
    for job, trained in zip(jobs, train_stacked(model, jobs), strict=True):
        assert_close(trained, train(model, job.weights, job.data, config, job.seed))


@settings(max_examples=25)
@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    batch=st.integers(1, 12),
    epochs=st.integers(1, 3),
    adam=st.booleans(),
)
def test_any_sizes_train_together(counts: list[int], batch: int, epochs: int, adam: bool) -> None:
    model = build("logistic", (12,), 4, 0)
    config = TrainConfig("adam" if adam else "sgd", 0.01, epochs, batch)
    jobs = jobs_for(model, config, counts)
    for job, trained in zip(jobs, train_many(model, jobs), strict=True):
        assert_close(trained, train(model, job.weights, job.data, config, job.seed))


@pytest.mark.parametrize("name", ["mlp", "mnist_2nn", "mnist_cnn", "alexnet"])
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    shape = (1, 8, 8)
    model = build(name, shape, 4, 1)
    data = samples(13, shape)
    start = weights_of(model)
    config = TrainConfig(learning_rate=0.01, batch_size=4)
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    first = train(model, start, data, config, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(7)
    again = train(build(name, shape, 4, 2), start, data, config, 5)
    assert encode(again) == encode(first)
    assert encode(train(model, start, data, config, 6)) != encode(first)


@pytest.mark.parametrize("name", ["mlp", "mnist_2nn", "mnist_cnn"])
def test_companions_do_not_matter(name: str) -> None:
    """A resumed run may train the rest of a round without those already done."""
    shape = (1, 8, 8)
    model = build(name, shape, 10, 0)
    start = weights_of(model)
    jobs = [
        Training(start, samples(20 + 3 * i, shape, 10, seed=i), TrainConfig(learning_rate=0.01), seed=i)
        for i in range(5)
    ]
    together = [encode(weights) for weights in train_many(model, jobs)]
    assert [encode(train_many(model, [job])[0]) for job in jobs] == together
    assert [encode(weights) for weights in train_many(model, jobs[::-1])] == together[::-1]


def test_apart_is_to_the_byte_what_alone_is() -> None:
    model = build("mnist_cnn", (1, 8, 8), 4, 0)
    start = weights_of(model)
    config = TrainConfig("adam", 0.001)
    jobs = [Training(start, samples(30, (1, 8, 8), seed=i), config, i) for i in range(4)]
    state = torch.random.get_rng_state()
    trained = train_apart(model, jobs)
    assert torch.equal(torch.random.get_rng_state(), state)
    for job, weights in zip(jobs, trained, strict=True):
        assert encode(weights) == encode(train(model, job.weights, job.data, config, job.seed))


def test_different_configurations_in_one_call() -> None:
    model = build("mlp", (12,), 4, 0)
    start = weights_of(model)
    jobs = [Training(start, samples(30, seed=i), CONFIGS[i % len(CONFIGS)], i) for i in range(9)]
    for job, trained in zip(jobs, train_many(model, jobs), strict=True):
        assert_close(trained, train(model, job.weights, job.data, job.config, job.seed))
    assert train_many(model, []) == []


def test_only_plain_chains_are_stacked() -> None:
    class Custom(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * 2

    shared = nn.Linear(4, 4)
    config = TrainConfig()
    assert layers_of(nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 2)))
    assert layers_of(Custom(nn.Linear(4, 2))) is None
    assert layers_of(nn.Sequential(shared, nn.ReLU(), shared)) is None
    assert layers_of(nn.Sequential(nn.Flatten(2), nn.Linear(4, 2))) is None
    tied = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    assert is_stackable(tied, config)
    tied[2].weight = tied[0].weight
    assert not is_stackable(tied, config)
    buffered = nn.Sequential(nn.Linear(4, 4))
    buffered[0].register_buffer("more", torch.zeros(2))
    assert not is_stackable(buffered, config)
    frozen = nn.Sequential(nn.Linear(4, 2))
    frozen[0].requires_grad_(False)
    assert not is_stackable(frozen, config)
    for name, stackable in (("logistic", True), ("mlp", True), ("mnist_2nn", False), ("mnist_cnn", False)):
        assert is_stackable(build(name, (1, 28, 28), 10, 0), config) == stackable or name == "mlp"
    no_bias = nn.Sequential(nn.Linear(12, 4, bias=False))
    jobs = jobs_for(no_bias, config, [9, 12])
    for job, trained in zip(jobs, train_stacked(no_bias, jobs), strict=True):
        assert_close(trained, train(no_bias, job.weights, job.data, config, job.seed))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_update_rules_are_torchs(fused: bool, decay: float) -> None:
    torch.manual_seed(0)
    starts = [torch.randn(5, 3), torch.randn(7)]
    pairs = [
        (Sgd(0.1, 0.9, decay), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=decay)),
        (Sgd(0.1, 0.0, decay), lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=decay)),
        (Adam(0.1, decay, fused), lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=decay)),
    ]
    for ours, make in pairs:
        mine = [start.clone().requires_grad_() for start in starts]
        torchs = [start.clone().requires_grad_() for start in starts]
        reference = make(torchs)
        for step in range(20):
            for group in (mine, torchs):
                sum(((p - step) ** 2).sum() * 0.1 for p in group).backward()
            ours.step(mine)
            assert all(p.grad is None for p in mine)
            reference.step()
            reference.zero_grad()
        for left, right in zip(mine, torchs, strict=True):
            torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-5)


def test_the_proximal_term_holds_weights_back() -> None:
    model = build("mlp", (12,), 4, 0)
    start, data = weights_of(model), samples(60)

    def moved(strength: float) -> float:
        trained = train(model, start, data, TrainConfig(epochs=5, proximal=strength), 1)
        return sum(float(((trained[name] - start[name]) ** 2).sum()) for name in start)

    assert moved(5.0) < moved(0.5) < moved(0.0)


def test_a_lone_last_sample_does_not_break_batch_norm() -> None:
    model = nn.Sequential(nn.Linear(12, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))
    start = weights_of(model)
    data = samples(13)
    trained = train(model, start, data, TrainConfig(batch_size=4), 1)
    assert encode(train(model, start, data, TrainConfig(batch_size=4), 1)) == encode(trained)
    assert not np.array_equal(trained["1.running_mean"], start["1.running_mean"])


@pytest.mark.slow
def test_densenet121_trains() -> None:
    model = build("densenet121", (1, 8, 8), 4, 0)
    start = weights_of(model)
    trained = train(model, start, samples(4, (1, 8, 8), several=True), TrainConfig(batch_size=4), 1)
    assert not np.array_equal(trained["classifier.weight"], start["classifier.weight"])


def test_divergence_is_named() -> None:
    model = build("mlp", (12,), 4, 0)
    start = weights_of(model)
    config = TrainConfig(learning_rate=1e9, epochs=5)
    with pytest.raises(Diverged, match=r"training diverged: .*Lower the learning rate"):
        train(model, start, samples(60), config, 1)
    assert all(
        isinstance(one, Diverged) for one in train_many(model, [Training(start, samples(60), config, 1)] * 3)
    )


def test_bad_requests() -> None:
    model = build("mlp", (12,), 4, 0)
    start = weights_of(model)
    with pytest.raises(OwnTrouble, match="no samples"):
        train(model, start, samples(0), TrainConfig(), 1)
    assert "no samples" in str(train_many(model, [Training(start, samples(0), TrainConfig(), 1)])[0])
    with pytest.raises(BadUpdate, match="lacks"):
        train(model, {}, samples(4), TrainConfig(), 1)
    with pytest.raises(BadUpdate, match="shape"):
        train_many(
            model, [Training({**start, "1.bias": np.zeros(3, np.float32)}, samples(4), TrainConfig(), 1)]
        )


@pytest.mark.parametrize(
    "settings_",
    [
        {"optimizer": "sdg"},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"epochs": 0},
        {"batch_size": 0},
        {"momentum": 1.0},
        {"momentum": 0.5, "optimizer": "adam"},
        {"weight_decay": -1.0},
        {"proximal": float("inf")},
    ],
)
def test_impossible_settings(settings_: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        TrainConfig(**settings_)  # type: ignore[arg-type]


def test_devices() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(RequestError, match="Did you mean 'cuda'"):
        resolve_device("cudda")
    for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not there:
            with pytest.raises(UnavailableError, match="--device auto"):
                resolve_device(name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_cuda_device_it_ends_where_it_does_on_the_cpu() -> None:
    model = build("mlp", (12,), 4, 0)
    start, data, device = weights_of(model), samples(60), torch.device("cuda")
    there = replace(data, x=data.x.to(device), y=data.y.to(device))
    on_cpu = train(model, start, data, TrainConfig(), 1)
    model.to(device)
    assert_close(train(model, start, there, TrainConfig(), 1), on_cpu, 1e-3)
    assert_close(train_many(model, [Training(start, there, TrainConfig(), 1)] * 3)[2], on_cpu, 1e-3)
