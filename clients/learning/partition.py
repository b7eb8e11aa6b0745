"""Who holds which samples: every training sample goes to exactly one client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import Dataset, IntArray
from clients.types.errors import RequestError, unknown_name

DEFAULT_MIN_SAMPLES = 10
_PARTS = 10
"""A regression's samples are sorted by target into this many parts of equal size."""


@dataclass(frozen=True)
class Holding:
    """What one client holds: indices into the training set, its private training and test parts."""

    train: IntArray
    test: IntArray


def split(
    dataset: Dataset, spec: str, clients: int, seed: int, *, min_samples: int = DEFAULT_MIN_SAMPLES
) -> list[IntArray]:
    """Return for each client the indices of its training samples, rising; disjoint, and none left over.

    `spec` is one of
    - `iid`: equal shares of a shuffled set;
    - `dirichlet:ALPHA`: each class is divided by a draw from Dirichlet(ALPHA), small ALPHA making clients
      unlike;
    - `shards:K`: the set sorted by label is cut into K·clients shards, K for each client (McMahan et al.
      2017);
    - `writer`: all samples of a writer go to one client, clients kept about equal in size;
    - `quantity:ALPHA`: IID, but sizes are a draw from Dirichlet(ALPHA).

    Every client gets at least `min_samples`. Of several labels at once the first counts; in a regression, the
    tenth that the first target is in. Raises `RequestError` if the request can't be met.
    """
    method, parameter = _parse(spec)
    total = len(dataset.x_train)
    if clients < 1:
        raise RequestError(f"partition {spec}: {clients} clients; expected at least 1")
    if min_samples < 1:
        raise RequestError(f"partition {spec}: at least {min_samples} samples a client; expected at least 1")
    if clients * min_samples > total:
        fewer = "; ask for fewer clients" if clients > 1 else ""
        raise RequestError(
            f"partition {spec}: {clients} clients with at least {min_samples} samples each need "
            f"{clients * min_samples}, but {dataset.name} has {total}{fewer}"
        )
    rng = np.random.default_rng([seed, 0x5917])
    parts = METHODS[method](_Request(dataset, spec, clients, min_samples, parameter, rng))
    return [np.sort(part).astype(np.int64) for part in parts]


def hold(indices: IntArray, seed: int, *, test_share: float = 0.2) -> Holding:
    """Return one client's indices split at random into its private training and test parts.

    `seed` should differ by client. The client judges other models on the test part (paper stake_vote §3.1,
    where both parts are private). With a `test_share` of 0 there is none (paper vbfl, where everybody judges
    on the data set's own test part). Raises `RequestError` if there are fewer than 2 samples.
    """
    if not 0.0 <= test_share < 1.0:
        raise RequestError(f"a client's test share is {test_share}; expected at least 0 and less than 1")
    if len(indices) < 2:
        raise RequestError(
            f"a client has {len(indices)} samples; expected at least 2, to train on and to test on"
        )
    tests = min(max(round(test_share * len(indices)), 1), len(indices) - 1) if test_share else 0
    shuffled = np.random.default_rng([seed, 0x7E57]).permutation(indices)
    return Holding(train=np.sort(shuffled[tests:]), test=np.sort(shuffled[:tests]))


@dataclass(frozen=True)
class _Request:
    dataset: Dataset
    spec: str
    clients: int
    min_samples: int
    parameter: float
    rng: np.random.Generator

    @property
    def total(self) -> int:
        return len(self.dataset.x_train)


def _iid(request: _Request) -> list[IntArray]:
    return np.array_split(request.rng.permutation(request.total), request.clients)


def _quantity(request: _Request) -> list[IntArray]:
    spare = request.total - request.clients * request.min_samples
    shares = _dirichlet(request)
    sizes = request.min_samples + _apportion(shares, spare)
    return np.split(request.rng.permutation(request.total), np.cumsum(sizes)[:-1])


def _by_dirichlet(request: _Request) -> list[IntArray]:
    labels = _labels(request.dataset)
    parts: list[list[IntArray]] = [[] for _ in range(request.clients)]
    for label in np.unique(labels):
        rows = request.rng.permutation(np.flatnonzero(labels == label))
        counts = _apportion(_dirichlet(request), len(rows))
        for part, piece in zip(parts, np.split(rows, np.cumsum(counts)[:-1]), strict=True):
            part.append(piece)
    return _top_up([np.concatenate(part) for part in parts], request)


def _shards(request: _Request) -> list[IntArray]:
    each = int(request.parameter)
    count = each * request.clients
    # A client's K shards are at least K·⌊total / count⌋ samples.
    if each * (request.total // count) < request.min_samples:
        raise RequestError(
            f"partition {request.spec}: {count} shards of {request.dataset.name}'s {request.total} samples "
            f"leave a client with fewer than {request.min_samples}; ask for fewer shards or clients"
        )
    labels = _labels(request.dataset)
    # Shuffled first, so that the samples of a label are distributed over its shards at random.
    order = request.rng.permutation(request.total)
    order = order[np.argsort(labels[order], kind="stable")]
    shards = np.array_split(order, count)
    dealt = request.rng.permutation(count).reshape(request.clients, each)
    return [np.concatenate([shards[i] for i in hand]) for hand in dealt]


def _by_writer(request: _Request) -> list[IntArray]:
    writers = request.dataset.writer_train
    if writers is None:
        raise RequestError(
            f"partition writer: {request.dataset.name} does not say who wrote what; use femnist, mnist, or "
            "an .npz with writer_train"
        )
    names, codes, counts = np.unique(writers, return_inverse=True, return_counts=True)
    if len(names) < request.clients:
        raise RequestError(
            f"partition writer: {request.clients} clients but {request.dataset.name} has {len(names)} "
            "writers; ask for fewer clients"
        )
    order = request.rng.permutation(len(names))
    order = order[np.argsort(-counts[order], kind="stable")]
    sizes = np.zeros(request.clients, np.int64)
    home = np.empty(len(names), np.int64)
    for writer in order:  # the busiest writer first, always to the client with the fewest samples
        home[writer] = sizes.argmin()
        sizes[home[writer]] += counts[writer]
    if sizes.min() < request.min_samples:
        raise RequestError(
            f"partition writer: the writers left for one of {request.clients} clients have {sizes.min()} "
            f"samples together; expected at least {request.min_samples}. Ask for fewer clients"
        )
    owner = home[codes]
    return [np.flatnonzero(owner == client) for client in range(request.clients)]


METHODS: Mapping[str, Callable[[_Request], list[IntArray]]] = MappingProxyType(
    {
        "iid": _iid,
        "dirichlet": _by_dirichlet,
        "shards": _shards,
        "writer": _by_writer,
        "quantity": _quantity,
    }
)
_PARAMETERS = {"dirichlet": "ALPHA", "quantity": "ALPHA", "shards": "K"}


def _parse(spec: str) -> tuple[str, float]:
    method, colon, text = spec.partition(":")
    if method not in METHODS:
        raise unknown_name("partition", method, METHODS)
    wants = _PARAMETERS.get(method)
    if wants is None:
        if colon:
            raise RequestError(f"partition {spec!r}: {method} takes no parameter")
        return method, 0.0
    try:
        value = float(int(text)) if wants == "K" else float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1e6:
        kind = "a whole number" if wants == "K" else "a number"
        raise RequestError(
            f"partition {spec!r}: expected {method}:{wants}, {wants} being {kind} from 1e-6 to 1e6"
        )
    return method, max(value, 1e-6)


def _labels(dataset: Dataset) -> IntArray:
    """Return one label per sample; with several at once the first, or an extra label if there is none."""
    y = dataset.y_train
    if dataset.task.kind == "classes":
        return y.astype(np.int64)
    if dataset.task.kind == "labels":
        first: IntArray = np.where(y.any(axis=1), y.argmax(axis=1), y.shape[1]).astype(np.int64)
        return first
    tenths: IntArray = y[:, 0].argsort(kind="stable").argsort(kind="stable") * _PARTS // len(y)
    return tenths


def _dirichlet(request: _Request) -> NDArray[np.float64]:
    shares = request.rng.dirichlet(np.full(request.clients, request.parameter))
    # Tiny ALPHAs underflow to all zeros or NaN: then one client, drawn at random, gets everything.
    if not np.isfinite(shares).all() or shares.sum() <= 0:
        shares = np.zeros(request.clients)
        shares[request.rng.integers(request.clients)] = 1.0
    return shares


def _apportion(shares: NDArray[np.float64], total: int) -> IntArray:
    """Return whole numbers that add up to `total`, in proportion to `shares` (largest remainders)."""
    exact = shares / shares.sum() * total
    counts: IntArray = np.floor(exact).astype(np.int64)
    left = total - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    return counts


def _top_up(parts: list[IntArray], request: _Request) -> list[IntArray]:
    """Give clients below the minimum samples drawn from the largest client, one lot at a time."""
    for client in range(request.clients):
        while len(parts[client]) < request.min_samples:
            richest = max(range(request.clients), key=lambda i: len(parts[i]))
            surplus = len(parts[richest]) - request.min_samples
            lot = min(request.min_samples - len(parts[client]), surplus)
            given = request.rng.permutation(len(parts[richest]))[:lot]
            parts[client] = np.concatenate([parts[client], parts[richest][given]])
            parts[richest] = np.delete(parts[richest], given)
    return parts
