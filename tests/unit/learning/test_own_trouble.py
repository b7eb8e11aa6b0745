"""One participant's trouble: it is told in the place of the result, and changes nothing for anybody else."""

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from clients.learning import stacked
from clients.learning.codec import encode
from clients.learning.datasets import Dataset
from clients.learning.models import dense
from clients.learning.partition import Holding
from clients.learning.stacked import Training, train_many
from clients.learning.tensors import Samples, weights_of
from clients.learning.train import Diverged, TrainConfig
from clients.learning.workbench import Workbench
from clients.types.errors import OwnTrouble, RequestError, catch_trouble, raise_trouble, split_troubles
from clients.types.learning import Task

SHAPE = (1, 4, 4)


class Picky(nn.Module):
    """Fails on a sample that holds an 8, in the middle of an epoch."""

    def forward(self, x: Tensor) -> Tensor:
        if (x == 8).any():
            raise ValueError("an 8")
        return x


def chain() -> nn.Module:
    return dense(SHAPE, (6,), 3)


def convolution() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, momentum=None), nn.Flatten(), nn.Linear(8, 3))


def picky() -> nn.Module:
    norm = nn.BatchNorm1d(16, momentum=None)
    return nn.Sequential(nn.Flatten(), Picky(), norm, nn.Dropout(0.2), nn.Linear(16, 3))


def honest(seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 14))
    return Samples.of(rng.normal(size=(count, *SHAPE)).astype(np.float32), rng.integers(0, 3, count))


def with_labels_out_of_range(data: Samples) -> Samples:
    return data.with_labels(data.y + 3)


def with_huge_values(data: Samples) -> Samples:
    return replace(data, x=data.x * 1e30)


def with_nothing_in_it(data: Samples) -> Samples:
    return replace(data, x=data.x * float("nan"))


def with_an_eight(data: Samples) -> Samples:
    x = data.x.clone()
    x[-1] = 8
    return replace(data, x=x)


def empty(data: Samples) -> Samples:
    return replace(data, x=data.x[:0], y=data.y[:0])


SPOILT: dict[Callable[[], nn.Module], list[Callable[[Samples], Samples]]] = {
    chain: [with_labels_out_of_range, with_nothing_in_it, empty],
    convolution: [with_labels_out_of_range, with_nothing_in_it, empty],
    picky: [with_labels_out_of_range, with_an_eight, empty],
}


@settings(max_examples=15)
@given(
    st.sampled_from(list(SPOILT)),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.integers(0, 1000),
    st.booleans(),
)
def test_the_others_train_to_the_same_bytes(
    how: Callable[[], nn.Module], kinds: list[int], seed: int, adam: bool
) -> None:
    """Together, side by side, one after the other: whatever is wrong with some, wherever they stand."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = how()
    start = weights_of(model)
    config = TrainConfig("adam" if adam else "sgd", 0.01, epochs=2, batch_size=4)
    spoil = [lambda data: data, *SPOILT[how]]
    jobs = [Training(start, spoil[kind](honest(seed + n)), config, seed + n) for n, kind in enumerate(kinds)]
    results = train_many(model, jobs)
    sane = [n for n, kind in enumerate(kinds) if kind == 0]
    assert [n for n, one in enumerate(results) if not isinstance(one, OwnTrouble)] == sane
    alone = train_many(copy.deepcopy(model), [jobs[n] for n in sane])
    assert [encode(raise_trouble(results[n])) for n in sane] == [encode(raise_trouble(one)) for one in alone]


def test_what_went_wrong_is_told_with_what_to_do() -> None:
    model = chain()
    start, config = weights_of(model), TrainConfig("sgd", 0.5, epochs=3, batch_size=4)
    diverged, failed = train_many(
        model,
        [
            Training(start, with_huge_values(honest(1)), config, 1),
            Training(start, with_labels_out_of_range(honest(1)), config, 1),
        ],
    )
    assert isinstance(diverged, Diverged)
    assert "Scale the data (--standardize), whose channel 0 reaches" in str(diverged)
    assert "or lower the learning rate (0.5)" in str(diverged)
    assert str(failed).startswith("training failed: IndexError: Target")


def test_a_parameter_that_moves_absurdly_far_has_diverged_and_a_buffer_may() -> None:
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 2))
    data = Samples.of(np.float32([[1e6], [-3e6], [2e6], [7e6]]), np.array([0, 1, 0, 1]))
    [trained] = train_many(model, [Training(weights_of(model), data, TrainConfig(), 1)])
    assert raise_trouble(trained)["0.running_var"] > 2**40
    start = {**weights_of(model), "1.bias": np.float32([0, 1e9])}
    assert not isinstance(train_many(model, [Training(start, data, TrainConfig(), 1)])[0], OwnTrouble)
    [far] = train_many(model, [Training(start, data, TrainConfig(learning_rate=1e8), 1)])
    assert "a weight moved by" in str(far)


def test_want_of_memory_for_all_together_is_not_want_of_it_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain()
    jobs = [Training(weights_of(model), honest(n), TrainConfig(), n) for n in range(5)]
    expected = [encode(raise_trouble(one)) for one in train_many(model, jobs)]
    real, most = stacked._train_stacked, 1

    def short_of_memory(*args: object) -> object:
        if len(args[2]) > most:  # type: ignore[arg-type]
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes.")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(stacked, "_train_stacked", short_of_memory)
    assert [encode(raise_trouble(one)) for one in train_many(model, jobs)] == expected
    most = 0
    assert all("out of memory" in str(one) for one in train_many(model, jobs))


def test_a_lone_sample_and_batches_of_one() -> None:
    lone = [nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 3)), picky()]
    for model in lone:
        start, data = weights_of(model), honest(3)
        first = replace(data, x=data.x[:1], y=data.y[:1])
        [one] = train_many(model, [Training(start, first, TrainConfig(), 1)])
        assert "one sample to train on" in str(one)
        [each] = train_many(model, [Training(start, data, TrainConfig(batch_size=1), 1)])
        assert "raise --batch-size" in str(each)
    model = chain()
    assert not isinstance(
        train_many(model, [Training(weights_of(model), first, TrainConfig(), 1)])[0], OwnTrouble
    )


# ---------------------------------------------------------------------- the workbench: whose fault is it?


class Looking(nn.Module):
    """An embedding whose row a weight shifts: some data fail by themselves, and some weights do."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 2)
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.table((x + self.shift.round()).long()).mean(1)


def bench(batch_size: int = 4, model: nn.Module | None = None, spoilt: int = 20) -> Workbench:
    """Participants 0, 1 and 2, 8 samples each to train on and 2 to judge on.

    From the `spoilt`-th on, samples name a category that the model has no row for.
    """
    x = np.arange(30, dtype=np.float32)[:, None] % 4
    x[spoilt:] = 9
    y = np.arange(30) % 2
    dataset = Dataset("own", x, y, x[:4], y[:4], Task("classes", 2))
    holdings = {
        n: Holding(np.arange(10 * n, 10 * n + 8), np.arange(10 * n + 8, 10 * n + 10)) for n in range(3)
    }
    config = TrainConfig("adam", 0.01, batch_size=batch_size)
    return Workbench(dataset, model or Looking(), holdings, config, torch.device("cpu"))


def test_who_cannot_use_its_own_data_says_so_and_the_others_judge() -> None:
    made = bench()
    start, everybody = made.initial_weights(), [0, 1, 2]
    for results in (
        made.train(start, [(n, None) for n in everybody], (1, 1)),
        made.train_with_drifts(start, [(n, None) for n in everybody], (1, 1), "accuracy"),
        made.answers(start, everybody, "accuracy"),
        made.answer_first_epochs(start, everybody, (1, 1), "accuracy"),
    ):
        done, troubles = split_troubles(dict(enumerate(results)))
        assert list(done) == [0, 1]
        assert "IndexError: index out of range" in str(troubles[2])
    assert made.answers(start, [1], "accuracy") == made.answers(start, everybody, "accuracy")[1:2]


def test_who_can_train_and_not_judge_does_what_it_can() -> None:
    made = bench(spoilt=28)
    start, who = made.initial_weights(), [(1, None), (2, None)]
    assert not any(isinstance(one, OwnTrouble) for one in made.train(start, who, (1, 1)))
    for results in (
        made.train_with_drifts(start, who, (1, 1), "accuracy"),
        made.answer_first_epochs(start, [1, 2], (1, 1), "accuracy"),
        made.answers(start, [1, 2], "accuracy"),
    ):
        assert [isinstance(one, OwnTrouble) for one in results] == [False, True]


def test_weights_that_make_the_model_fail_are_their_makers_fault() -> None:
    made = bench()
    bad = {**made.initial_weights(), "shift": np.asarray(7, np.float32)}
    for metric in ("accuracy", "auroc"):
        [first, second, own] = made.answers(bad, [0, 1, 2], metric)
        for found in (first, second):
            assert (found.score, set(found.right), set(found.near)) == (0.0, {0.0}, {0.0})
        assert isinstance(own, OwnTrouble)
    assert made.test(bad).accuracy == 0.0


def test_want_of_memory_is_never_anothers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench()

    def forward(self: Looking, x: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    start = made.initial_weights()
    made.answers(start, [0], "accuracy")
    monkeypatch.setattr(Looking, "forward", forward)
    for own in (*made.answers(start, [0], "accuracy"), *made.train(start, [(1, None)], (1, 1))):
        assert "out of memory" in str(own)
        assert "Lower --batch-size" in str(own)
    assert isinstance(catch_trouble(lambda: made.test(start)), OwnTrouble)


def test_batches_of_one_that_nobody_could_train_on_are_a_bad_request() -> None:
    with pytest.raises(RequestError, match="batch_size = 1"):
        bench(1, nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 2)))
    bench(1)
