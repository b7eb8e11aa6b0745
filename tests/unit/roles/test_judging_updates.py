"""Votes on updates: algorithm 1 of vbfl, and the threshold that a validator learns."""

import math

from hypothesis import assume, given
from hypothesis import strategies as st

from clients.roles.judging import (
    FIXED_THRESHOLD,
    LATEST_DRIFTS,
    LEAST_DRIFTS,
    SPREADS,
    get_bitmap,
    get_gap_threshold,
    get_threshold,
    get_unnamed,
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
    truth, lie = (int.from_bytes(get_bitmap(one), "big") for one in (named, get_unnamed(named, updates)))
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


VADS = st.lists(st.floats(-1, 1), min_size=3, max_size=40)


@given(vads=VADS, score=SHARES, samples=st.integers(1, 10_000))
def test_a_gap_never_parts_the_better_half(vads: list[float], score: float, samples: int) -> None:
    threshold = get_gap_threshold(vads, score, samples)
    positive = [vad for vad in vads if is_positive(vad, 0.0, threshold)]
    assert 2 * len(positive) >= len(vads)
    assert sorted(positive) == sorted(vads)[: len(positive)]


@given(
    honest=st.lists(st.floats(-0.05, 0.05), min_size=5, max_size=20),
    noisy=st.lists(st.floats(0.3, 0.9), min_size=1, max_size=4),
    data=st.data(),
)
def test_a_gap_wider_than_chance_is_found_wherever_it_is(
    honest: list[float], noisy: list[float], data: st.DataObject
) -> None:
    """However far the whole round is off: only the distance between the two groups counts."""
    shift = data.draw(st.floats(-0.5, 0.5))
    noisy = [max(noisy)] * len(noisy)
    vads = data.draw(st.permutations([one + shift for one in honest + noisy]))
    threshold = get_gap_threshold(vads, 0.5, 1000)
    assert {vad for vad in vads if vad > threshold} == {one + shift for one in noisy}


@given(
    score=st.floats(-8, 1),
    samples=st.integers(1, 10_000),
    count=st.integers(3, 20),
    part=st.floats(0, 0.99),
    share=st.booleans(),
)
def test_what_chance_explains_parts_nothing(
    score: float, samples: int, count: int, part: float, share: bool
) -> None:
    """Of a share p a sample varies by p·(1 - p), of an R² by 2·(1 - R²)²."""
    assume(score >= 0 or not share)
    chance = 2 * (score * (1 - score) if share else 2 * (1 - score) ** 2) / samples
    vads = [number * part * SPREADS * math.sqrt(chance) for number in range(count)]
    threshold = get_gap_threshold(vads, score, samples, share=share)
    assert all(is_positive(vad, 0.0, threshold) for vad in vads)
    drifts = [0.01, 0.02, 0.03]
    learnt = get_threshold(drifts, score, samples, share=share)
    assert learnt >= 0.02 + SPREADS * math.sqrt(chance)


@given(vads=st.lists(st.floats(-1, 1), max_size=2), score=SHARES)
def test_of_two_updates_none_stands_apart(vads: list[float], score: float) -> None:
    assert get_gap_threshold([*vads, math.nan], score, 100) == FIXED_THRESHOLD
