"""How updates differ: lengths and cosines over all tensors, however they are cut into blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from clients.learning import deviation
from clients.learning.deviation import measure_deviation
from clients.learning.schema import Weights

SHAPES: dict[str, tuple[int, ...]] = {"z.bias": (3,), "a.weight": (3, 4), "scale": (), "none": (0, 5)}
SIZE = 3 + 12 + 1
SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.integers(1, 9)


def shape(flat: NDArray[np.float64]) -> Weights:
    """Return a model of these weights, in the order of its names."""
    weights, begin = {}, 0
    for name, size in sorted(SHAPES.items()):
        end = begin + int(np.prod(size))
        weights[name] = flat[begin:end].reshape(size).astype(np.float32)
        begin = end
    return {name: weights[name] for name in SHAPES}


def make(count: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a start and updates, whose float32 are exact."""
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((count + 1, SIZE)).astype(np.float32).astype(np.float64)
    return drawn[0], drawn[1:]


@given(count=COUNTS, seed=SEEDS)
def test_lengths_are_norms_over_all_tensors_and_cosines_to_the_median(count: int, seed: int) -> None:
    start, flat = make(count, seed)
    lengths, cosines = measure_deviation(shape(start), [shape(one) for one in flat])
    moves = flat - start
    norms = np.linalg.norm(moves, axis=1)
    assert lengths == pytest.approx(norms)
    usual = np.median(moves / norms[:, None], axis=0)
    expected = moves @ usual / norms / np.linalg.norm(usual)
    assert cosines == pytest.approx(expected)
    assert all(abs(cosine) <= 1 + 1e-12 for cosine in cosines)


@given(count=COUNTS, seed=SEEDS, block=st.integers(1, 20))
def test_blocks_change_nothing(count: int, seed: int, block: int) -> None:
    start, flat = make(count, seed)
    whole = measure_deviation(shape(start), [shape(one) for one in flat])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deviation, "_BLOCK", block)
        cut = measure_deviation(shape(start), [shape(one) for one in flat])
    assert cut[0] == pytest.approx(whole[0], rel=1e-12)
    assert cut[1] == pytest.approx(whole[1], abs=1e-12)


@given(honest=st.integers(3, 9), seed=SEEDS, scale=st.floats(0.01, 100), data=st.data())
def test_a_minority_that_turns_back_has_negative_cosines(
    honest: int, seed: int, scale: float, data: st.DataObject
) -> None:
    """However far it moves: no length turns the usual direction round."""
    flipped = data.draw(st.integers(1, (honest - 1) // 2))
    rng = np.random.default_rng(seed)
    start, way = rng.standard_normal((2, SIZE))
    # Every weight moves by 0.5 to 1.5 one way or the other, so that honest updates agree on each.
    way = np.sign(way) * (0.5 + rng.random(SIZE))
    updates = [start + way * (1 + 0.2 * rng.random(SIZE)) for _ in range(honest)]
    updates += [start - scale * way] * flipped
    lengths, cosines = measure_deviation(shape(start), [shape(one) for one in updates])
    assert min(cosines[:honest]) > 0.9
    assert max(cosines[honest:]) < -0.9
    assert lengths[-1] == pytest.approx(scale * np.linalg.norm(way), rel=1e-2)


@given(count=COUNTS, seed=SEEDS, still=st.integers(0, 9))
def test_an_update_that_does_not_move_has_no_direction(count: int, seed: int, still: int) -> None:
    start, flat = make(count, seed)
    at = still % (count + 1)
    updates = [shape(one) for one in flat]
    lengths, cosines = measure_deviation(shape(start), [*updates[:at], shape(start), *updates[at:]])
    assert (lengths[at], cosines[at]) == (0, 0)
    assert all(length > 0 for number, length in enumerate(lengths) if number != at)
    assert measure_deviation(shape(start), [shape(start)] * count) == ([0.0] * count, [0.0] * count)


@given(seed=SEEDS)
def test_an_update_alone_is_the_usual_one(seed: int) -> None:
    start, [one] = make(1, seed)
    assert measure_deviation(shape(start), [shape(one)])[1] == pytest.approx([1.0])
    largest = np.full(SIZE, np.finfo(np.float32).max)
    lengths, cosines = measure_deviation(shape(-largest), [shape(largest)] * 3)
    assert lengths == pytest.approx([2 * float(largest[0]) * SIZE**0.5] * 3)
    assert cosines == pytest.approx([1.0] * 3)


def test_of_no_updates_there_is_nothing_to_measure() -> None:
    assert measure_deviation(shape(np.zeros(SIZE)), []) == ([], [])
