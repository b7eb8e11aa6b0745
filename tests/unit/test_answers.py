"""A model's answers: one number per sample in each array, and a sample at least."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.types.answers import Answers
from clients.types.errors import RequestError

SIZES = st.integers(0, 5)


@given(sizes=st.tuples(*[SIZES] * 5) | SIZES.map(lambda size: (size,) * 5))
def test_each_array_has_one_number_per_sample(sizes: tuple[int, int, int, int, int]) -> None:
    arrays = [[0.5] * size for size in sizes]
    if len(set(sizes)) == 1 and sizes[0]:
        assert len(Answers(0.5, *arrays)) == sizes[0]
        return
    with pytest.raises(RequestError, match="one per sample is needed in each array"):
        Answers(0.5, *arrays)


@given(score=st.floats(allow_nan=False), samples=st.integers(1, 50), guess=st.floats(0, 1))
def test_answers_alike_are_as_good_as_their_score(score: float, samples: int, guess: float) -> None:
    made = Answers.alike(score, samples, guess)
    assert (made.score, len(made)) == (score, samples)
    assert set(made.right) == set(made.near) == set(made.balanced) == set(made.fair) == {score}
    assert set(made.guessed) == {guess}
    if abs(score) < 1e300:
        assert math.isclose(math.fsum(made.right) / samples, score, abs_tol=1e-300)
