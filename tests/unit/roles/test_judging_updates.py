"""Votes on updates: algorithm 1 of vbfl, and the threshold that a validator learns."""

import math

from hypothesis import given
from hypothesis import strategies as st

from clients.roles.judging import (
    FIXED_THRESHOLD,
    LATEST_DRIFTS,
    LEAST_DRIFTS,
    get_bitmap,
    get_others,
    get_threshold,
    is_positive,
)

SHARES = st.floats(0, 1)
DRIFTS = st.lists(st.floats(-1, 1), max_size=40)


@given(own=SHARES, theirs=st.floats(), threshold=st.floats(-1, 1))
def test_an_update_is_voted_against_that_falls_further_behind_than_the_threshold(
    own: float, theirs: float, threshold: float
) -> None:
    positive = is_positive(own, theirs, threshold)
    assert positive == (not math.isnan(theirs) and own - theirs <= threshold)


@given(own=SHARES, theirs=SHARES)
def test_a_threshold_of_1_lets_everything_pass(own: float, theirs: float) -> None:
    assert is_positive(own, theirs, 1.0)


@given(named=st.sets(st.integers(0, 255)), updates=st.integers(1, 256))
def test_a_liar_says_the_opposite_of_every_update(named: set[int], updates: int) -> None:
    named = {number for number in named if number < updates}
    truth, lie = (int.from_bytes(get_bitmap(one), "big") for one in (named, get_others(named, updates)))
    assert truth ^ lie == (1 << updates) - 1


@given(drifts=DRIFTS, score=SHARES, samples=st.integers(1, 10_000))
def test_a_threshold_is_learned_from_enough_of_the_latest_drifts(
    drifts: list[float], score: float, samples: int
) -> None:
    threshold = get_threshold(drifts, score, samples)
    if len(drifts) < LEAST_DRIFTS:
        assert threshold == FIXED_THRESHOLD
        return
    latest = drifts[-LATEST_DRIFTS:]
    assert threshold >= sum(latest) / len(latest) - 1e-12
    assert threshold == get_threshold(latest, score, samples)


@given(drifts=st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=20), shift=st.floats(-0.5, 0.5))
def test_who_learns_more_in_later_epochs_asks_for_more(drifts: list[float], shift: float) -> None:
    moved = get_threshold([drift + shift for drift in drifts], 0.9, 600)
    assert math.isclose(moved - get_threshold(drifts, 0.9, 600), shift, abs_tol=1e-9)


@given(drifts=st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=20), score=st.floats(0.1, 0.9))
def test_few_samples_make_a_judge_lenient(drifts: list[float], score: float) -> None:
    assert get_threshold(drifts, score, 20) > get_threshold(drifts, score, 2_000)
