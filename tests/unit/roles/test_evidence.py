"""What counts as evidence that a model is worse: how often jurors err, and what can't change their minds."""

import math
from dataclasses import replace
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clients.roles.evidence import (
    APART,
    ERROR,
    ERROR_APART,
    FAIR,
    IDLE,
    LEVEL_MAX,
    PRIOR,
    WHOLE,
    can_tell,
    compare,
    find_apart,
    find_harm,
    find_idle,
    find_worse,
    get_level,
    is_informed,
)
from clients.types.answers import Answers

JURORS = st.integers(1, 99)
LEVELS = JURORS.map(get_level)
ALL_LEVELS = LEVELS | JURORS.map(lambda jurors: get_level(jurors, ERROR_APART))
TOLERANCES = st.floats(0, 1)
SHARES = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)
"""Marks of an accuracy."""
MARKS = st.lists(st.floats(-8, 1), min_size=1, max_size=40)
"""Marks of any kind, a regression's too."""
PAIRS = st.lists(st.tuples(st.floats(-8, 1), st.floats(-8, 1)), min_size=1, max_size=40)


def count_majority(jurors: int, level: float) -> float:
    """Return P(Bin(jurors, level) > jurors/2), exact up to its last rounding."""
    one = Fraction(level)
    most = range(jurors // 2 + 1, jurors + 1)
    return float(sum(math.comb(jurors, n) * one**n * (1 - one) ** (jurors - n) for n in most))


# ------------------------------------------------------------------ how sure one juror must be


@given(jurors=JURORS, error=st.sampled_from([ERROR, ERROR_APART]))
def test_the_majority_errs_as_often_as_it_may_or_each_juror_does(jurors: int, error: float) -> None:
    level, most = get_level(jurors, error), LEVEL_MAX if error == ERROR else 0.5
    if level == most:
        assert count_majority(jurors, level) <= error
    else:
        assert 0 < level < most
        assert count_majority(jurors, level) == pytest.approx(error, abs=1e-9)


@given(jurors=JURORS, more=st.integers(0, 30))
def test_of_more_jurors_each_needs_less_evidence(jurors: int, more: int) -> None:
    """An even jury is apart from odd ones: of 4 jurors 3 are a majority, as of 5."""
    assert get_level(jurors) <= get_level(jurors + 2 * more)
    odd = jurors | 1
    assert get_level(odd, ERROR_APART) <= get_level(odd + 2 * more, ERROR_APART)
    assert get_level(jurors) < get_level(jurors, ERROR_APART)


def test_a_juror_alone_errs_as_often_as_the_jury_may() -> None:
    assert get_level(1) == pytest.approx(ERROR, abs=1e-12)
    assert get_level(1, ERROR_APART) == pytest.approx(ERROR_APART, abs=1e-12)


# ------------------------------------------------------------------ the comparison


@given(pairs=PAIRS, level=LEVELS)
def test_the_other_way_round_it_is_the_opposite(pairs: list[tuple[float, float]], level: float) -> None:
    mine, theirs = zip(*pairs, strict=True)
    one, other = compare(mine, theirs, 0.0, level), compare(theirs, mine, 0.0, level)
    assert (one.z, one.difference) == (-other.z, -other.difference)
    assert not (one.is_worse and other.is_worse)


@given(pairs=PAIRS, tolerance=TOLERANCES, level=LEVELS)
def test_the_comparison_is_the_formula_over_two_samples_more(
    pairs: list[tuple[float, float]], tolerance: float, level: float
) -> None:
    mine, theirs = (np.array(marks) for marks in zip(*pairs, strict=True))
    found = compare(mine, theirs, tolerance, level)
    padded = np.array([*(mine - theirs), PRIOR, -PRIOR])
    expected = (padded.mean() + tolerance) / (padded.std() / math.sqrt(len(padded)))
    assert found.z == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert found.difference == pytest.approx(float((mine - theirs).mean()), abs=1e-12)
    assert NormalDist().cdf(found.critical) == pytest.approx(level)
    assert found.is_worse == (found.z < found.critical)


@given(data=st.data(), reference=SHARES, tolerance=TOLERANCES, level=LEVELS)
def test_an_answer_that_turns_wrong_never_helps(
    data: st.DataObject, reference: list[float], tolerance: float, level: float
) -> None:
    size = len(reference)
    candidate = data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=size, max_size=size))
    at = data.draw(st.integers(0, size - 1))
    worse = [*candidate[:at], 0.0, *candidate[at + 1 :]]
    before, after = (compare(one, reference, tolerance, level) for one in (candidate, worse))
    assert after.is_worse or not before.is_worse
    if before.z <= 0:
        assert after.z <= before.z + 1e-9
    before, after = (compare(one, reference, 0.0, level) for one in (candidate, worse))
    assert after.z <= before.z + 1e-9


@given(pairs=PAIRS, loss=st.floats(0, 9), tolerance=st.floats(0, 0.2), level=LEVELS)
def test_what_is_worse_still_is_if_every_answer_gets_worse(
    pairs: list[tuple[float, float]], loss: float, tolerance: float, level: float
) -> None:
    mine, theirs = zip(*pairs, strict=True)
    before = compare(mine, theirs, tolerance, level)
    after = compare([mark - loss for mark in mine], theirs, tolerance, level)
    if before.z <= 0:
        assert after.z <= before.z * (1 - 1e-9) + 1e-9


@given(pairs=PAIRS, copies=st.integers(2, 30), tolerance=TOLERANCES, level=LEVELS)
def test_the_same_many_times_is_stronger_evidence(
    pairs: list[tuple[float, float]], copies: int, tolerance: float, level: float
) -> None:
    mine, theirs = zip(*pairs, strict=True)
    once = compare(mine, theirs, tolerance, level)
    often = compare(mine * copies, theirs * copies, tolerance, level)
    assert often.difference == pytest.approx(once.difference, abs=1e-12)
    if once.z < 0:
        assert often.z <= once.z * (1 - 1e-9)
        assert often.is_worse or not once.is_worse
    plain = compare(mine, theirs, 0.0, level)
    again = compare(mine * copies, theirs * copies, 0.0, level)
    assert abs(again.z) >= abs(plain.z) * (1 - 1e-9)


@given(pairs=st.lists(st.tuples(st.floats(0, 0.3), st.floats(0.6, 1)), min_size=1, max_size=10))
def test_enough_samples_tell_a_loss_from_what_is_tolerated(pairs: list[tuple[float, float]]) -> None:
    mine, theirs = zip(*pairs, strict=True)
    loss = (math.fsum(theirs) - math.fsum(mine)) / len(pairs)
    for tolerance in (loss - 0.2, loss + 0.2):
        found = compare(mine * 120, theirs * 120, tolerance, get_level(1))
        assert found.is_worse == (loss > tolerance)


@example(marks=[1.0], tolerance=0.0, level=0.5)
@given(marks=MARKS, tolerance=TOLERANCES, level=ALL_LEVELS)
def test_what_answers_alike_is_never_worse(marks: list[float], tolerance: float, level: float) -> None:
    assert not compare(marks, marks, tolerance, level).is_worse


@given(marks=MARKS, better=st.floats(0, 9), tolerance=TOLERANCES, level=ALL_LEVELS)
def test_what_is_nowhere_worse_never_is(
    marks: list[float], better: float, tolerance: float, level: float
) -> None:
    assert not compare([mark + better for mark in marks], marks, tolerance, level).is_worse


@given(
    pairs=PAIRS,
    at=st.integers(0, 39),
    bad=st.sampled_from([math.nan, math.inf, -math.inf]),
    tolerance=TOLERANCES,
    level=ALL_LEVELS,
)
def test_a_mark_that_is_no_number_is_the_worst_evidence(
    pairs: list[tuple[float, float]], at: int, bad: float, tolerance: float, level: float
) -> None:
    mine, theirs = map(list, zip(*pairs, strict=True))
    mine[at % len(mine)] = bad
    found = compare(mine, theirs, tolerance, level)
    assert (found.z, found.difference, found.is_worse) == (-math.inf, -math.inf, True)


@given(pairs=PAIRS, tolerance=TOLERANCES, more=TOLERANCES, level=LEVELS)
def test_who_tolerates_more_rejects_less(
    pairs: list[tuple[float, float]], tolerance: float, more: float, level: float
) -> None:
    mine, theirs = zip(*pairs, strict=True)
    strict, lenient = (compare(mine, theirs, one, level) for one in (tolerance, tolerance + more))
    assert strict.z <= lenient.z
    assert strict.is_worse or not lenient.is_worse


def test_models_on_other_samples_are_not_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        compare([1.0], [1.0, 0.0], 0.0, 0.05)


# ------------------------------------------------------------------ how often juries err


def find_z(differences: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return `compare`'s z for each row of differences."""
    size = differences.shape[-1] + 2
    mean = differences.sum(axis=-1) / size
    squares = np.square(differences).sum(axis=-1) + 2 * PRIOR**2
    z: NDArray[np.float64] = (mean + tolerance) / np.sqrt((squares / size - mean**2) / size)
    return z


@given(pairs=PAIRS, tolerance=TOLERANCES)
def test_many_comparisons_at_once_are_each_alone(pairs: list[tuple[float, float]], tolerance: float) -> None:
    mine, theirs = np.array(pairs).T
    alone = compare(mine, theirs, tolerance, 0.1).z
    assert find_z((mine - theirs)[None], tolerance)[0] == pytest.approx(alone, rel=1e-6, abs=1e-9)


def find_rejecting(
    jurors: int, samples: int, loss: float, differing: float, tolerance: float, juries: int = 4_000
) -> float:
    """Return how often a jury rejects a model that is worse by `loss`, where both models differ in so many
    answers: then one of them is right and the other wrong."""
    rng = np.random.default_rng([jurors, samples, round(1000 * differing)])
    draws = rng.random((juries, jurors, samples))
    lost, won = (differing + loss) / 2, (differing - loss) / 2
    differences = (draws > 1 - won).astype(np.float64) - (draws < lost)
    critical = NormalDist().inv_cdf(get_level(jurors))
    rejecting = (find_z(differences, tolerance) < critical).sum(axis=1)
    return float(np.mean(2 * rejecting > jurors))


@pytest.mark.parametrize("samples", [10, 30, 100])
@pytest.mark.parametrize("jurors", [3, 9, 31])
@pytest.mark.parametrize("differing", [0.1, 0.3, 0.6])
def test_a_jury_rejects_a_tolerable_model_as_rarely_as_it_says(
    jurors: int, samples: int, differing: float
) -> None:
    """Of a model that is worse by exactly the tolerance. z is nearly normal, though of few answers that are
    right or wrong it takes few values: of 10, juries err in up to 7 of 100 such cases instead of 5."""
    juries = max(1_000, 500_000 // (jurors * samples))
    sampling = 3 * math.sqrt(ERROR * (1 - ERROR) / juries)
    coarse = 0.2 / samples
    found = find_rejecting(jurors, samples, 0.02, differing, 0.02, juries=juries)
    assert found <= ERROR + sampling + coarse


@pytest.mark.parametrize("differing", [0.2, 0.3, 0.4])
def test_nine_jurors_of_ten_samples_each_find_a_loss_of_a_fifth(differing: float) -> None:
    assert find_rejecting(9, 10, 0.2, differing, 0.02) >= 0.6


# ------------------------------------------------------------------ the rule


def answer(
    right: list[float],
    near: list[float],
    balanced: list[float],
    guessed: list[float],
    fair: list[float] | None = None,
) -> Answers:
    return Answers(math.fsum(right) / len(right), right, near, balanced, guessed, fair or near)


@st.composite
def answers(draw: st.DrawFn, size: int) -> Answers:
    shares = st.lists(st.sampled_from([0.0, 1.0]), min_size=size, max_size=size)
    parts = st.lists(st.floats(0, 1), min_size=size, max_size=size)
    weighted = st.lists(st.floats(0, 4), min_size=size, max_size=size)
    return answer(draw(shares), draw(parts), draw(weighted), draw(shares), draw(parts))


TWO = st.integers(1, 25).flatmap(lambda size: st.tuples(answers(size), answers(size)))


@settings(max_examples=40)
@given(two=TWO, level=LEVELS)
def test_a_model_is_informed_if_a_guess_would_be_rejected_for_it(
    two: tuple[Answers, Answers], level: float
) -> None:
    one = two[0]
    assert is_informed(one, level) == compare(one.guessed, one.right, 0.0, level).is_worse
    assert not is_informed(replace(one, right=one.guessed), level)
    if is_informed(one, level):
        assert math.fsum(one.right) > math.fsum(one.guessed)
        assert not is_informed(replace(one, right=one.guessed, guessed=one.right), level)


@settings(max_examples=40)
@given(two=TWO, tolerance=TOLERANCES, level=LEVELS)
def test_against_an_informed_model_only_what_is_right_counts(
    two: tuple[Answers, Answers], tolerance: float, level: float
) -> None:
    candidate, reference = two
    reference = replace(
        reference, right=[1.0] * 25, guessed=[0.0] * 25, near=[1.0] * 25, balanced=[0.0] * 25, fair=[1.0] * 25
    )
    candidate = answer(*([*marks, *[0.0] * 25][:25] for marks in marks_of(candidate)))
    assert is_informed(reference, min(level, LEVEL_MAX))
    expected = compare(candidate.right, reference.right, tolerance, level)
    assert find_worse(candidate, reference, tolerance, level) == expected


def marks_of(one: Answers) -> tuple[list[float], ...]:
    return list(one.right), list(one.near), list(one.balanced), list(one.guessed), list(one.fair)


@settings(max_examples=40)
@given(
    two=st.integers(3, 25).flatmap(lambda size: st.tuples(answers(size), answers(size))), tolerance=TOLERANCES
)
def test_a_lower_bar_for_rejecting_doesn_t_make_a_reference_informed(
    two: tuple[Answers, Answers], tolerance: float
) -> None:
    """This reference is right on two samples where a guess is wrong, and wrong on one where it is right."""
    candidate, reference = two
    rest = reference.right[3:]
    reference = replace(reference, right=[1.0, 1.0, 0.0, *rest], guessed=[0.0, 0.0, 1.0, *rest])
    level = get_level(4, ERROR_APART)
    assert is_informed(reference, level)
    assert not is_informed(reference, LEVEL_MAX)
    nothing = replace(reference, guessed=reference.right)  # no better than a guess, by any standard
    assert find_worse(candidate, reference, tolerance, level) == find_worse(
        candidate, nothing, tolerance, level
    )


@settings(max_examples=40)
@given(two=TWO, tolerance=st.floats(-1, 1), level=LEVELS)
def test_against_a_model_that_knows_nothing_the_worse_of_two_counts_and_better_balance_is_added(
    two: tuple[Answers, Answers], tolerance: float, level: float
) -> None:
    """Even where more than the reference's is asked for, by a tolerance below 0."""
    candidate, reference = two
    reference = replace(reference, guessed=reference.right)
    found = find_worse(candidate, reference, tolerance, level)
    right, near, balanced = (
        compare(getattr(candidate, name), getattr(reference, name), tolerated, level)
        for name, tolerated in (("right", tolerance), ("near", tolerance), ("balanced", 0.0))
    )
    assert found.z == min(right.z, near.z) + min(max(balanced.z, 0.0), -right.critical)
    assert found.difference in (right.difference, near.difference)
    assert found.is_worse == (found.z < right.critical)


@given(samples=st.integers(12, 60), level=LEVELS)
def test_an_honest_first_model_passes_and_random_weights_do_not(samples: int, level: float) -> None:
    """The head names the largest class, that of 3 samples in 4. The honest model finds both, with errors;
    random weights name any class, and are sure of it."""
    large = [1.0] * (3 * samples) + [0.0] * samples
    weights = [2 / 3] * (3 * samples) + [2.0] * samples

    def balance(right: list[float]) -> list[float]:
        return [mark * weight for mark, weight in zip(right, weights, strict=True)]

    head = answer(large, [0.75] * len(large), balance(large), large)
    honest = [1.0, 1.0, 0.0] * samples + [1.0] * samples
    assert not find_worse(answer(honest, honest, balance(honest), large), head, 0.02, level).is_worse
    wild = [1.0, 0.0, 0.0] * samples + [1.0, 0.0, 0.0] * (samples // 3) + [0.0] * (samples % 3)
    assert find_worse(answer(wild, wild, balance(wild), large), head, 0.02, level).is_worse
    # Right as often as the head, and far too sure of what it gets wrong.
    sure = answer(large, [-1.0 + 2 * mark for mark in large], balance(large), large)
    assert find_worse(sure, head, 0.02, level).is_worse


@settings(max_examples=40)
@given(two=TWO, tolerance=TOLERANCES, level=ALL_LEVELS)
def test_whoever_answers_like_the_reference_passes(
    two: tuple[Answers, Answers], tolerance: float, level: float
) -> None:
    assert not find_worse(two[0], two[0], tolerance, level).is_worse


@settings(max_examples=40)
@given(two=TWO, tolerance=TOLERANCES, level=LEVELS)
def test_outputs_that_are_no_numbers_are_worse_than_a_model_that_is_mostly_right(
    two: tuple[Answers, Answers], tolerance: float, level: float
) -> None:
    size = len(two[0])
    bad = [math.nan] * size
    assert find_worse(answer(bad, bad, bad, bad), two[0], tolerance, level).is_worse


@given(samples=st.integers(1, 60), more=st.integers(0, 60), tolerance=TOLERANCES, level=ALL_LEVELS)
def test_who_can_tell_by_some_samples_can_by_more(
    samples: int, more: int, tolerance: float, level: float
) -> None:
    tells = can_tell(samples, tolerance, level)
    assert not tells or can_tell(samples + more, tolerance, level)
    assert not tells or can_tell(samples, tolerance / 2, level)
    lost = answer(*([mark] * samples for mark in (0.0, 0.0, 0.0, 0.0)))
    all_right = answer(*([mark] * samples for mark in (1.0, 1.0, 1.0, 0.0)))
    assert tells == find_worse(lost, all_right, tolerance, level).is_worse


@given(data=st.data(), samples=st.integers(1, 12), tolerance=TOLERANCES, level=LEVELS)
def test_who_cannot_tell_never_rejects_for_what_is_right_or_wrong(
    data: st.DataObject, samples: int, tolerance: float, level: float
) -> None:
    assume(not can_tell(samples, tolerance, level))
    shares = st.lists(st.sampled_from([0.0, 1.0]), min_size=samples, max_size=samples)
    assert not compare(data.draw(shares), data.draw(shares), tolerance, level).is_worse


@pytest.mark.parametrize(("jurors", "fewest"), [(1, 3), (2, 1), (3, 2), (9, 1)])
def test_a_few_samples_are_enough(jurors: int, fewest: int) -> None:
    level = get_level(jurors)
    assert can_tell(fewest, 0.02, level)
    assert not any(can_tell(samples, 0.02, level) for samples in range(1, fewest))


def test_a_tolerance_of_1_lets_everything_pass() -> None:
    assert not any(can_tell(samples, 1.0, get_level(9)) for samples in range(1, 500))


# ------------------------------------------------------------------ updates from other data

MANY = st.integers(1, 25).flatmap(lambda size: st.tuples(*[answers(size)] * 3))


GRAINS = st.integers(0, 2**20).map(lambda number: number / 2**20)
"""What no power of 2 makes too small to be squared."""


@given(
    pairs=st.lists(st.tuples(GRAINS, GRAINS), min_size=1, max_size=40),
    tolerance=GRAINS,
    level=LEVELS,
    scale=st.integers(-20, 20),
)
def test_a_scaled_test_looks_at_differences_alone_and_not_at_how_large_they_are(
    pairs: list[tuple[float, float]], tolerance: float, level: float, scale: int
) -> None:
    """By a power of 2, so that nothing is rounded."""
    candidate, reference = ([*one] for one in zip(*pairs, strict=True))
    larger = [[math.ldexp(mark, scale) for mark in one] for one in (candidate, reference)]
    found = compare(candidate, reference, tolerance, level, scaled=True)
    assert compare(*larger, math.ldexp(tolerance, scale), level, scaled=True).z == pytest.approx(found.z)


@given(
    two=st.integers(1, 40).flatmap(
        lambda n: st.tuples(*[st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)] * 2)
    ),
    tolerance=TOLERANCES,
    level=ALL_LEVELS,
)
def test_of_what_is_right_or_wrong_a_scaled_test_is_the_plain_one(
    two: tuple[list[float], list[float]], tolerance: float, level: float
) -> None:
    """Unless the models never differ: then there is nothing to see, and both let the candidate pass."""
    plain, scaled = (compare(*two, tolerance, level, scaled=scaled) for scaled in (False, True))
    assert plain.is_worse == scaled.is_worse
    assert two[0] == two[1] or plain == scaled


@settings(max_examples=60)
@given(many=MANY, tolerance=st.floats(-1, 1, exclude_max=True), level=ALL_LEVELS, scores=st.booleans())
def test_an_update_does_harm_if_one_test_finds_it_worse_than_every_reference(
    many: tuple[Answers, ...], tolerance: float, level: float, scores: bool
) -> None:
    update, *references = (replace(one, fair_scores=scores) for one in many)
    share = 1.0 if scores else FAIR
    fair = [compare(update.fair, one.fair, share * tolerance, level, scaled=True) for one in references]
    tripled = max(tolerance, WHOLE * tolerance)
    whole = [compare(update.near, one.near, tripled, level) for one in references]
    expected = any(all(one.is_worse for one in tests) for tests in (fair, whole))
    assert find_harm(update, references, tolerance, level) == expected
    assert not expected or find_harm(update, references[:1], tolerance, level)
    assert not find_harm(update, references, 1.0, level)


@settings(max_examples=40)
@given(many=MANY, tolerance=st.floats(1e-6, 1), level=ALL_LEVELS, place=st.integers(0, 1))
def test_what_answers_like_one_of_the_references_does_no_harm(
    many: tuple[Answers, ...], tolerance: float, level: float, place: int
) -> None:
    assert not find_harm(many[1:][place], many[1:], tolerance, level)


@given(samples=st.integers(10, 60), share=st.floats(0, 0.12))
def test_a_lean_alone_does_no_harm_unless_it_is_strong(samples: int, share: float) -> None:
    """By 9 jurors, with a tolerance of 8 points. It costs `share` of the quadratic score on every sample."""
    good = Answers.alike(0.8, samples, 0.1)
    leaning = replace(good, near=[0.8 - share] * samples, right=[0.0] * samples)
    assert not find_harm(leaning, [good, good], 0.08, get_level(9))
    assert find_harm(replace(good, near=[0.0] * samples), [good, good], 0.08, get_level(9))
    assert find_harm(replace(good, fair=[0.7] * samples), [good, good], 0.08, get_level(9))


# ------------------------------------------------------------------ what stands apart

POWERS = st.lists(st.integers(-12, 12), max_size=25)
"""Of 2: no update is exactly as far off as makes it stand apart, so rounding decides nothing."""


@st.composite
def rounds(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    powers = draw(POWERS)
    cosine = st.floats(-1, 1)
    return [2.0**power for power in powers], draw(
        st.lists(cosine, min_size=len(powers), max_size=len(powers))
    )


ROUNDS = rounds()


def are_halves(lengths: list[float]) -> bool:
    """Return whether half of the lengths are far above the others, as differences within halves go."""
    count = len(lengths)
    if count % 2 or count < 4:
        return False
    halves = np.split(np.sort(np.log(lengths)), 2)
    offs = np.concatenate([np.abs(half - np.median(half)) for half in halves])
    gap = halves[1][0] - halves[0][-1]
    return bool(gap > max(math.log(APART), APART * 1.4826 * np.median(offs)))


@given(round_=ROUNDS)
def test_what_stands_apart_is_apart_by_its_length_or_by_its_direction(
    round_: tuple[list[float], list[float]],
) -> None:
    lengths, cosines = round_
    count = len(lengths)
    back = {number for number, cosine in enumerate(cosines) if cosine < 0}
    by_length, by_direction = find_apart(lengths, [1.0] * count), find_apart([1.0] * count, cosines)
    found = find_apart(lengths, cosines)
    if are_halves(lengths):
        assert found == by_length == set(range(count))
        return
    assert found in (by_length | by_direction, set())  # none, if both together were most
    assert 2 * len(found) < max(count, 1)
    assert 2 * len(by_length) < max(count, 1)
    assert 2 * len(by_direction) < max(count, 1)
    assert by_direction == (back if count >= 3 and 2 * len(back) < count else set())
    middle = math.exp(float(np.median(np.log(lengths)))) if lengths else 1.0
    assert all(max(lengths[n] / middle, middle / lengths[n]) > APART for n in by_length)
    # Whoever is as far off as another that stands apart does, too.
    off = [abs(math.log(length / middle)) for length in lengths]
    nearest = min((off[n] for n in by_length), default=math.inf)
    assert by_length == {n for n in range(count) if off[n] >= nearest - 1e-9}


@given(round_=ROUNDS, power=st.integers(-30, 30))
def test_it_does_not_matter_in_what_unit_lengths_are(
    round_: tuple[list[float], list[float]], power: int
) -> None:
    lengths, cosines = round_
    assert find_apart([length * 2.0**power for length in lengths], cosines) == find_apart(lengths, cosines)


@given(round_=ROUNDS, data=st.data())
def test_the_order_of_updates_does_not_matter(
    round_: tuple[list[float], list[float]], data: st.DataObject
) -> None:
    lengths, cosines = round_
    order = data.draw(st.permutations(range(len(lengths))))
    moved = find_apart([lengths[n] for n in order], [cosines[n] for n in order])
    assert {order[n] for n in moved} == find_apart(lengths, cosines)


@given(
    honest=st.lists(st.floats(1.0, 1.4), min_size=2, max_size=20),
    times=st.floats(20, 1e6),
    short=st.booleans(),
    data=st.data(),
)
def test_if_half_are_scaled_all_stand_apart_and_with_one_more_honest_update_only_the_scaled(
    honest: list[float], times: float, short: bool, data: st.DataObject
) -> None:
    """An even vote on what is usual tells nobody who is strange, and noise must not hide behind that."""
    scaled = [length / times if short else length * times for length in honest]
    lengths, count = data.draw(st.permutations(honest + scaled)), 2 * len(honest)
    assert find_apart(lengths, [1.0] * count) == set(range(count))
    assert find_apart([*honest, *scaled, honest[0]], [1.0] * (count + 1)) == set(range(len(honest), count))


@given(length=st.floats(0, 1e30), count=st.integers(0, 40))
def test_of_equal_updates_none_stands_apart(length: float, count: int) -> None:
    assert find_apart([length] * count, [1.0] * count) == set()


@given(lengths=st.lists(st.floats(0, 1e30), max_size=2))
def test_of_two_updates_none_stands_apart(lengths: list[float]) -> None:
    assert find_apart(lengths, [-1.0, 1.0][: len(lengths)]) == set()


@given(
    honest=st.lists(st.floats(1.0, 1.4), min_size=3, max_size=20),
    times=st.floats(6, 1e6),
    short=st.booleans(),
    data=st.data(),
)
def test_a_few_scaled_updates_stand_apart(
    honest: list[float], times: float, short: bool, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, max(1, len(honest) // 3)))
    scaled = [length / times if short else length * times for length in honest[:count]]
    lengths = [*honest, *scaled]
    far = set(range(len(honest), len(lengths)))
    assert find_apart(lengths, [1.0] * len(lengths)) == far
    assert find_apart([*honest, 0.0], [1.0] * (len(honest) + 1)) == {len(honest)}
    assert find_apart([*honest, math.inf], [1.0] * (len(honest) + 1)) == {len(honest)}


# ------------------------------------------------------------------ what doesn't move

LENGTHS = st.lists(st.sampled_from([0.0, 1e-9, 0.05, 0.5, 1.0, 2.0, 30.0, 1e9]), max_size=9)


@given(lengths=LENGTHS, good=st.sets(st.integers(0, 8)))
def test_the_head_is_idle_and_of_good_updates_that_move_at_most_half_are(
    lengths: list[float], good: set[int]
) -> None:
    by_number = dict(enumerate(lengths))
    good &= by_number.keys()
    idle = find_idle(by_number, good)
    assert {number for number, length in by_number.items() if not length} <= idle
    moving = {number for number in good if by_number[number]}
    if len(moving) == len(good):
        assert 2 * len(idle & good) <= len(good)
    assert all(find_idle({number: by_number[number]}, {number}) == set() for number in moving)


@given(lengths=LENGTHS, good=st.sets(st.integers(0, 8)), long=st.sampled_from([1.0, 1e3, 1e12]))
def test_bad_updates_make_no_other_look_idle(lengths: list[float], good: set[int], long: float) -> None:
    by_number = dict(enumerate(lengths))
    good &= by_number.keys()
    bad = {number: long for number in range(len(lengths), 2 * len(lengths) + 3)}
    assert find_idle(by_number | bad, good) - bad.keys() == find_idle(by_number, good)


@pytest.mark.parametrize(("length", "idle"), [(0.0, True), (0.99 * IDLE, True), (1.01 * IDLE, False)])
def test_who_moves_less_than_a_tenth_as_far_as_usual_does_not_move(length: float, idle: bool) -> None:
    assert (3 in find_idle({0: 0.9, 1: 1.0, 2: 1.1, 3: length}, {0, 1, 2})) == idle
