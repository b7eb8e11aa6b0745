"""Partitions: every sample to exactly one client, nobody left with too little, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clients.learning.datasets import Dataset
from clients.learning.partition import hold, split
from clients.types.errors import RequestError
from clients.types.learning import Kind, Task


def dataset(samples: int, classes: int, writers: int | None = None, kind: Kind = "classes") -> Dataset:
    rng = np.random.default_rng(samples)
    x = np.zeros((samples, 2), np.float32)
    if kind == "classes":
        y = rng.integers(0, classes, samples)
    elif kind == "labels":
        y = rng.integers(0, 2, (samples, classes)).astype(np.float32)
    else:
        y = rng.normal(size=(samples, classes)).astype(np.float32)
    who = None if writers is None else rng.integers(0, writers, samples) * 7
    return Dataset("made", x, y, x[:1], y[:1], Task(kind, classes), who)


SPECS = st.one_of(
    st.just("iid"),
    st.floats(1e-3, 100).map(lambda alpha: f"dirichlet:{alpha}"),
    st.floats(1e-3, 100).map(lambda alpha: f"quantity:{alpha}"),
    st.integers(1, 4).map(lambda shards: f"shards:{shards}"),
    st.just("writer"),
)


@given(
    spec=SPECS,
    samples=st.integers(1, 400),
    classes=st.integers(2, 12),
    clients=st.integers(1, 25),
    least=st.integers(1, 6),
    seed=st.integers(0, 2**63),
    kind=st.sampled_from(["classes", "labels", "regression"]),
)
def test_each_sample_has_one_owner_and_each_owner_enough(
    spec: str, samples: int, classes: int, clients: int, least: int, seed: int, kind: Kind
) -> None:
    data = dataset(samples, classes, writers=60, kind=kind)
    try:
        parts = split(data, spec, clients, seed, min_samples=least)
    except RequestError:
        assume(False)
    assert len(parts) == clients
    assert np.sort(np.concatenate(parts)).tolist() == list(range(samples))
    assert min(map(len, parts)) >= least
    assert all(part.dtype == np.int64 and (np.diff(part) > 0).all() for part in parts)
    again = split(data, spec, clients, seed, min_samples=least)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


@given(
    spec=st.sampled_from(["iid", "dirichlet:0.05", "dirichlet:5", "quantity:0.05", "quantity:3"]),
    clients=st.integers(1, 30),
    least=st.integers(1, 12),
    extra=st.integers(0, 50),
    seed=st.integers(0, 1000),
)
def test_what_can_be_met_is_met(spec: str, clients: int, least: int, extra: int, seed: int) -> None:
    """Just enough samples are enough."""
    parts = split(dataset(clients * least + extra, 5), spec, clients, seed, min_samples=least)
    assert min(map(len, parts)) >= least


@given(
    indices=st.lists(st.integers(0, 10_000), min_size=2, max_size=200, unique=True),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**63),
)
def test_a_client_keeps_some_to_train_and_some_to_test_on(
    indices: list[int], share: float, seed: int
) -> None:
    own = np.array(sorted(indices), np.int64)
    held = hold(own, seed, test_share=share)
    assert len(held.train) >= 1
    assert len(held.test) >= 1
    assert np.array_equal(np.union1d(held.train, held.test), own)
    assert len(held.train) + len(held.test) == len(own)
    again = hold(own, seed, test_share=share)
    assert np.array_equal(held.test, again.test)


def test_iid_shares_are_equal() -> None:
    sizes = [len(part) for part in split(dataset(103, 3), "iid", 10, 1)]
    assert sorted(sizes) == [10] * 7 + [11] * 3


def test_small_alphas_make_clients_unlike_and_large_ones_alike() -> None:
    data = dataset(4_000, 10)

    def spread(spec: str) -> float:
        parts = split(data, spec, 8, 3)
        shares = [np.bincount(data.y_train[part].astype(int), minlength=10) / len(part) for part in parts]
        return float(np.std(shares, axis=0).mean())

    assert spread("dirichlet:0.1") > 3 * spread("dirichlet:100")
    sizes = {
        spec: np.std([len(p) for p in split(data, spec, 8, 3)]) for spec in ("quantity:0.3", "quantity:50")
    }
    assert sizes["quantity:0.3"] > 3 * sizes["quantity:50"]


def test_two_shards_hold_few_labels() -> None:
    data = dataset(2_000, 10)
    for part in split(data, "shards:2", 20, 5):
        assert len(np.unique(data.y_train[part])) <= 4


def test_writers_stay_together_and_sizes_stay_close() -> None:
    data = dataset(3_000, 4, writers=100)
    parts = split(data, "writer", 9, 2)
    assert data.writer_train is not None
    owners = [set(data.writer_train[part].tolist()) for part in parts]
    assert sum(map(len, owners)) == len(set.union(*owners))
    assert max(map(len, parts)) < 1.3 * min(map(len, parts))


def test_seeds_differ() -> None:
    data = dataset(200, 4, writers=50)
    for spec in ("iid", "dirichlet:1", "quantity:1", "shards:2", "writer"):
        one, other = (np.concatenate(split(data, spec, 5, seed)) for seed in (1, 2))
        assert not np.array_equal(one, other), spec


@pytest.mark.parametrize(
    ("spec", "clients", "says"),
    [
        ("iidd", 2, "Did you mean 'iid'"),
        ("iid:3", 2, "takes no parameter"),
        ("dirichlet", 2, "dirichlet:ALPHA"),
        ("dirichlet:x", 2, "dirichlet:ALPHA"),
        ("dirichlet:-1", 2, "dirichlet:ALPHA"),
        ("dirichlet:nan", 2, "dirichlet:ALPHA"),
        ("shards:1.5", 2, "whole number"),
        ("shards:0", 2, "whole number"),
        ("shards:30", 4, "fewer shards or clients"),
        ("writer", 2, "does not say who wrote"),
        ("iid", 0, "at least 1"),
        ("iid", 11, "need 110, but made has 100"),
    ],
)
def test_impossible_requests_say_why(spec: str, clients: int, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        split(dataset(100, 4), spec, clients, 0)


def test_too_few_writers_say_why() -> None:
    with pytest.raises(RequestError, match="has 3 writers"):
        split(dataset(100, 4, writers=3), "writer", 4, 0)
    with pytest.raises(RequestError, match="has 1 samples"):
        hold(np.array([4]), 0)
    with pytest.raises(RequestError, match="at least 0 and less than 1"):
        hold(np.arange(9), 0, test_share=1.0)
