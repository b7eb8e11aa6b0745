"""Numbers: standardised by the same constants everywhere, and never made alike in silence."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.datasets import load
from clients.learning.datasets.axes import get_column_axis
from clients.learning.datasets.custom import conform, from_arrays
from clients.learning.datasets.scaling import measure, standardize, to_inputs
from clients.types.errors import RequestError
from clients.types.learning import Constants, Form

SHAPES = st.sampled_from([(30, 4), (30, 5, 3), (30, 2, 4, 4), (30, 3, 2, 3, 2)])


@given(SHAPES, st.integers(0, 2**32 - 1), st.integers(-12, 12), st.integers(-12, 12))
def test_columns_end_with_mean_0_and_deviation_1(
    shape: tuple[int, ...], seed: int, place: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) * 10.0**size + 10.0**place * rng.choice([-1, 1])
    axis = get_column_axis(x)
    mean, scale = measure("x", x, axis)
    made = standardize(x, mean, scale, axis)
    others = tuple(one for one in range(x.ndim) if one != axis)
    lost = 1e-15 * max(1.0, 10.0 ** (place - size))  # what float64 can't hold of such numbers
    assert np.abs(made.mean(axis=others, dtype=np.float64)).max() < 1e-4 + lost * 10
    assert np.abs(made.std(axis=others, dtype=np.float64) - 1).max() < 1e-4 + lost * 10
    # Whoever reads the constants from a file has the same bytes.
    read = json.loads(json.dumps([mean, scale]))
    assert np.array_equal(standardize(x, tuple(read[0]), tuple(read[1]), axis), made)


@given(st.floats(-1e12, 1e12), st.sampled_from([np.float64, np.int64]))
def test_a_column_that_doesnt_vary_has_scale_1(value: float, kind: type) -> None:
    x = np.full((7, 1), value).astype(kind)
    mean, scale = measure("x", x, 1)
    assert scale == (1.0,)
    assert np.abs(standardize(x, mean, scale, 1)).max() <= abs(value) * 1e-6 + 1e-5


def test_many_blocks_are_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(7, 3, (100, 3))
    whole = measure("x", x, 1)
    monkeypatch.setattr("clients.learning.datasets.scaling._ROWS", 7)
    assert measure("x", x, 1) == whole
    assert len(standardize(x, *whole, 1)) == 100


def test_a_set_is_standardised_once_by_its_own_or_by_agreed_constants() -> None:
    digits = load("digits")
    made = load("digits", Form(standardize=True))
    assert made.constants is not None
    assert abs(float(made.x_train.mean())) < 1e-3
    again = load("digits", made.form)
    assert np.array_equal(again.x_train, made.x_train)
    assert conform(digits, Form()) is digits
    part = from_arrays(
        "own", digits.x_train[:50], digits.y_train[:50], digits.x_test, digits.y_test, form=made.form
    )
    assert np.array_equal(part.x_train, made.x_train[:50])
    with pytest.raises(RequestError, match="has 1 columns, but standardize has 2 constants"):
        load("digits", Form(standardize=Constants((0.0, 0.0), (1.0, 1.0))))


@pytest.mark.parametrize(
    ("column", "refused"),
    [
        (np.array([2**24, 2**24 + 1]), True),
        (np.array([2**24, 2**24 + 2]), False),  # float32 holds both
        (np.array([-(2**24) - 1, 0]), True),
        (np.array([2**53 + 1, 5]), True),
        (np.array([2**64 - 1, 5], np.uint64), True),
        (np.array([2.0**24 + 1, 3.0]), True),
        (np.array([1.7e9 + 0.25, 1.7e9 + 900.5]), True),  # times within a quarter of an hour
        (np.array([1.25e9 + 0.3, 9e9 + 0.1]), False),  # amounts
        (np.array([2**24 + 1, 2**24 + 1]), False),  # nothing to tell apart
        (np.array([2**24 + 1, 0], np.float32), False),  # it was lost before
        (np.array([32_767, -5], np.int16), False),
    ],
)
def test_large_numbers_dont_become_the_same_in_silence(column: np.ndarray, refused: bool) -> None:
    x = np.column_stack([np.zeros(2, column.dtype), column])
    if refused:
        with pytest.raises(RequestError, match=r"own: column 1 of x_train has numbers from .* --standardize"):
            to_inputs("own", "x_train", x, None)
        constants = Constants(*measure("x", x, 1))
        made = to_inputs("own", "x_train", x, constants)
        assert np.allclose(np.abs(made[:, 1]), 1)
        return
    assert np.array_equal(to_inputs("own", "x_train", x, None), x.astype(np.float32))


@given(st.lists(st.integers(-(2**62), 2**62), min_size=2, max_size=20))
def test_whole_numbers_stay_what_they_are_or_are_refused(numbers: list[int]) -> None:
    x = np.array(numbers)[:, None]
    try:
        made = to_inputs("own", "x", x, None)
    except RequestError:
        return
    assert len(set(made[:, 0].tolist())) == len(set(numbers))


def test_numbers_that_cannot_be_scaled_are_named() -> None:
    with pytest.raises(RequestError, match=r"own: the numbers of column 1 are too large or too close"):
        measure("own", np.array([[0.0, 1e300], [1.0, -1e300]]), 1)
    x, y = np.array([[0.0], [np.nan]]), np.array([0, 1])
    with pytest.raises(RequestError, match="not finite, the first at"):
        from_arrays("own", x, y, x, y, form=Form(standardize=True))
