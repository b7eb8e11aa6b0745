"""Aggregation is exact: against rational numbers, a float64 reference, and itself in any order."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.aggregate import FRACTION_BITS, MAX_SAMPLES, Contribution, fedavg
from clients.learning.codec import encode
from clients.learning.schema import WEIGHT_LIMIT, BadUpdate, Schema, Weights
from clients.types.errors import RequestError

BIGGEST = float(np.nextafter(np.float32(WEIGHT_LIMIT), np.float32(0)))
WEIGHT = st.one_of(
    st.floats(-2, 2, width=32),
    st.floats(-BIGGEST, BIGGEST, width=32),
    st.builds(lambda sign, power: sign * 2.0**power, st.sampled_from([-1, 1]), st.integers(-45, 59)),
    st.sampled_from([0.0, -0.0, BIGGEST, -BIGGEST, 2.0**-40, 2.0**-41, 1.5 * 2.0**-40, 1e-45]),
)


@st.composite
def rounds(draw: st.DrawFn, biggest_count: int = MAX_SAMPLES) -> list[tuple[list[float], int]]:
    clients = draw(st.integers(1, 6))
    size = draw(st.integers(1, 5))
    count = st.one_of(st.integers(1, 5_000), st.integers(1, biggest_count // clients))
    return [(draw(st.lists(WEIGHT, min_size=size, max_size=size)), draw(count)) for _ in range(clients)]


def contributions(round_: list[tuple[list[float], int]]) -> list[Contribution]:
    return [Contribution({"w": np.array(values, np.float32)}, count) for values, count in round_]


def by_the_rule(column: list[float], counts: list[int]) -> np.float32:
    """The module's rule, in rational numbers; Python's round is to the nearest, halves to even."""
    fixed = [round(Fraction(value) * 2**FRACTION_BITS) for value in column]
    mean = round(Fraction(sum(n * q for n, q in zip(counts, fixed, strict=True)), sum(counts)))
    return np.float32(float(mean) * 2.0**-FRACTION_BITS)


@given(rounds())
def test_every_weight_is_what_the_written_rule_says(round_: list[tuple[list[float], int]]) -> None:
    average = fedavg(contributions(round_))["w"]
    counts = [count for _, count in round_]
    columns = np.array([values for values, _ in round_], np.float32).T.tolist()
    expected = np.array([by_the_rule(column, counts) for column in columns], np.float32)
    assert average.tobytes() == expected.tobytes()


@given(rounds())
def test_it_is_near_the_float64_average(round_: list[tuple[list[float], int]]) -> None:
    """Within 1e-6 relative to the largest weight that took part (cancellation spares nobody)."""
    average = fedavg(contributions(round_))["w"].astype(np.float64)
    stack = np.array([values for values, _ in round_], np.float32).astype(np.float64)
    reference = np.average(stack, axis=0, weights=[count for _, count in round_])
    scale = np.maximum(np.abs(stack).max(axis=0), 1e-6)
    assert (np.abs(average - reference) <= 1e-6 * scale).all()


@given(rounds(), st.randoms())
def test_the_order_does_not_matter(round_: list[tuple[list[float], int]], random) -> None:
    straight = fedavg(contributions(round_))
    random.shuffle(round_)
    assert encode(fedavg(contributions(round_))) == encode(straight)


@given(rounds())
def test_equal_weights_average_to_themselves(round_: list[tuple[list[float], int]]) -> None:
    first = np.array(round_[0][0], np.float32)
    average = fedavg([Contribution({"w": first}, count) for _, count in round_])["w"]
    fixed = np.rint(first.astype(np.float64) * 2.0**FRACTION_BITS) * 2.0**-FRACTION_BITS
    assert average.tobytes() == (fixed.astype(np.float32) + 0).tobytes()


def sizeable(seed: int, scale: float) -> Weights:
    rng = np.random.default_rng(seed)
    shapes = {"a": (200, 300), "b": (200,), "c": (), "d": (0, 3), "e": (7, 11, 13)}
    return {name: (scale * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("scale", [0.05, 1e4, 1e17])
def test_shuffled_threads_give_the_same_bytes(scale: float) -> None:
    """Narrow and wide integer paths, many threads at once, each in another order."""
    updates = [Contribution(sizeable(seed, scale), 100 + 37 * seed) for seed in range(12)]
    expected = encode(fedavg(updates))

    def in_another_order(seed: int) -> bytes:
        order = np.random.default_rng(seed).permutation(len(updates))
        return encode(fedavg([updates[i] for i in order]))

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(in_another_order, range(24))) == {expected}


def test_blocks_of_both_widths_meet_without_a_seam() -> None:
    """A tensor longer than a block, with huge weights in only one of the blocks."""
    rng = np.random.default_rng(1)
    flats = [rng.standard_normal(40_000).astype(np.float32) for _ in range(3)]
    for flat in flats:
        flat[20_000:20_010] *= 1e5
    counts = [3, 5, 7]
    average = fedavg([Contribution({"w": flat}, n) for flat, n in zip(flats, counts, strict=True)])["w"]
    for at in (0, 16_383, 16_384, 20_005, 32_767, 32_768, 39_999):
        assert average[at] == by_the_rule([float(flat[at]) for flat in flats], counts)


def test_the_largest_case_the_bounds_allow_is_exact() -> None:
    counts = [MAX_SAMPLES - 1, 1]
    columns = [[one, other] for one in (BIGGEST, -BIGGEST) for other in (BIGGEST, -BIGGEST, 2.0**-40, 1.0)]
    for column in columns:
        average = fedavg(
            [Contribution({"w": np.float32([v])}, n) for v, n in zip(column, counts, strict=True)]
        )
        assert average["w"][0] == by_the_rule(column, counts)


@pytest.mark.parametrize("bad", [np.nan, np.inf, WEIGHT_LIMIT])
def test_bad_weights_are_the_contributors_fault(bad: float) -> None:
    good = {"w": np.zeros(3, np.float32)}
    with pytest.raises(BadUpdate, match="contribution 1, w: weight 2"):
        fedavg([Contribution(good, 1), Contribution({"w": np.float32([0, 0, bad])}, 1)])


def test_misfitting_weights_are_the_contributors_fault() -> None:
    good = {"w": np.zeros(3, np.float32)}
    for bad in ({"w": np.zeros(2, np.float32)}, {"v": good["w"]}, {"w": np.zeros(3)}):
        with pytest.raises(BadUpdate, match="contribution 1"):
            fedavg([Contribution(good, 1), Contribution(bad, 1)])  # type: ignore[arg-type]
    with pytest.raises(BadUpdate, match="contribution 0"):
        fedavg([Contribution(good, 1)], Schema.of({"other": good["w"]}))


@pytest.mark.parametrize("counts", [[], [0], [-1, 5], [MAX_SAMPLES, 1]])
def test_impossible_counts_are_request_errors(counts: list[int]) -> None:
    with pytest.raises(RequestError):
        fedavg([Contribution({"w": np.zeros(1, np.float32)}, count) for count in counts])
