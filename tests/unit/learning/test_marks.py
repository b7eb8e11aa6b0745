"""Marks of samples: scores are their means, and how far they vary says how sure a score is."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    r2_score,
    roc_auc_score,
)

from clients.learning.evaluate import Score, guess
from clients.learning.marks import (
    FURTHEST,
    Marks,
    find_rights,
    get_ranked,
    guess_rights,
    mark,
    mean_auroc,
    pack,
    place,
)
from clients.learning.tensors import Samples
from clients.types.learning import Task

Floats = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 50)
OUTPUTS = st.integers(2, 6)
KINDS = st.sampled_from(["classes", "labels", "regression"])


def make(kind: str, size: int, outputs: int, seed: int, scale: float = 2.0) -> tuple[torch.Tensor, ...]:
    """Return outputs, some of them alike, and targets."""
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(np.round(scale * rng.standard_normal((size, outputs)), 1).astype(np.float32))
    if kind == "classes":
        return logits, torch.from_numpy(rng.integers(0, outputs, size))
    if kind == "labels":
        return logits, torch.from_numpy(rng.integers(0, 2, (size, outputs)).astype(np.float32))
    return logits, torch.from_numpy(rng.standard_normal((size, outputs)).astype(np.float32))


def marked(kind: str, size: int, outputs: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, Task, Marks]:
    task = Task(kind, outputs)  # type: ignore[arg-type]
    logits, y = make(kind, size, outputs, seed)
    return logits, y, task, mark(logits, y, task)


# ------------------------------------------------------------------ what scores are the means of


@settings(max_examples=50)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_there_is_a_mark_for_each_sample(kind: str, size: int, outputs: int, seed: int) -> None:
    *_, task, marks = marked(kind, size, outputs, seed)
    assert (marks.placed is not None) == task.ranked
    for one in (marks.right, marks.near, marks.balanced, marks.fair, marks.placed):
        assert one is None or (one.shape, one.dtype) == ((size,), np.float64)
    for one in (marks.near, marks.fair):
        assert one.min() >= (-8 if kind == "regression" else 0)
        assert one.max() <= 1


@settings(max_examples=25)
@given(size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_the_mean_of_what_is_right_is_the_score(size: int, outputs: int, seed: int) -> None:
    logits, y, _, marks = marked("classes", size, outputs, seed)
    assert marks.right.mean() == pytest.approx(accuracy_score(y, logits.argmax(1)))
    logits, y, _, marks = marked("labels", size, outputs, seed)
    shares = [accuracy_score(y[:, n], logits[:, n] > 0) for n in range(outputs)]
    assert marks.right.mean() == pytest.approx(np.mean(shares))
    assert marks.right == pytest.approx(((logits > 0) == (y > 0)).double().mean(1).numpy())


@settings(max_examples=50)
@given(size=st.integers(2, 50), outputs=st.integers(1, 3), seed=SEEDS)
def test_the_mean_of_a_regressions_marks_is_r2(size: int, outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.permuted(np.linspace(-1, 1, size)[:, None].repeat(outputs, axis=1), axis=0)
    y = ((raw - raw.mean(0)) / raw.std(0)).astype(np.float32)
    said = y + np.clip(rng.standard_normal(y.shape), -2.9, 2.9).astype(np.float32)
    marks = mark(torch.from_numpy(said), torch.from_numpy(y), Task("regression", outputs))
    assert marks.right.mean() == pytest.approx(r2_score(y, said), abs=1e-4)
    assert marks.near is marks.balanced is marks.right
    assert marks.placed is None


@settings(max_examples=25)
@given(size=SIZES, seed=SEEDS)
def test_what_is_near_is_the_quadratic_score(size: int, seed: int) -> None:
    logits, y, _, marks = marked("classes", size, 2, seed)
    chances = logits.double().softmax(1).numpy()
    expected = 1 - ((chances - np.eye(2)[y]) ** 2).sum(axis=1) / 2
    assert marks.near == pytest.approx(expected, abs=1e-12)
    brier = brier_score_loss(y, chances[:, 1], labels=[0, 1], scale_by_half=True)
    assert marks.near.mean() == pytest.approx(1 - brier, abs=1e-12)


@settings(max_examples=25)
@given(size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_what_is_near_with_more_outputs(size: int, outputs: int, seed: int) -> None:
    logits, y, _, marks = marked("classes", size, outputs, seed)
    chances = logits.double().softmax(1).numpy()
    assert marks.near == pytest.approx(1 - ((chances - np.eye(outputs)[y]) ** 2).sum(axis=1) / 2, abs=1e-12)
    logits, y, _, marks = marked("labels", size, outputs, seed)
    each = [1 - brier_score_loss(y[:, n], logits[:, n].double().sigmoid(), labels=[0, 1], pos_label=1)
            for n in range(outputs)]  # fmt: skip
    assert marks.near.mean() == pytest.approx(np.mean(each), abs=1e-12)


@settings(max_examples=25)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS, lean=st.floats(0, 5))
def test_no_lean_changes_what_is_fair(kind: str, size: int, outputs: int, seed: int, lean: float) -> None:
    """Not one that moves an output by the same amount on all samples, whichever output."""
    logits, y, task, marks = marked(kind, size, outputs, seed)
    leaning = mark(logits + lean * torch.from_numpy(np.eye(logits.shape[1])[0]), y, task)
    assert leaning.fair == pytest.approx(marks.fair, abs=0.02)


@settings(max_examples=25)
@given(size=st.integers(5, 40), outputs=st.integers(2, 5), seed=SEEDS)
def test_what_is_fair_is_near_once_each_class_is_as_likely_as_it_is_frequent(
    size: int, outputs: int, seed: int
) -> None:
    """Those shifts are where a convex function is least."""
    logits, y, _, marks = marked("classes", size, outputs, seed)
    shares, said = (np.bincount(y, minlength=outputs) + 0.5) / (size + 0.5 * outputs), logits.double().numpy()
    found = minimize(lambda by: logsumexp(said + by, axis=1).mean() - shares @ by, np.zeros(outputs))
    moved = said + found.x
    expected = 1 - ((softmax(moved, axis=1) - np.eye(outputs)[y]) ** 2).sum(axis=1) / 2
    assert marks.fair == pytest.approx(expected, abs=0.02)


def test_a_model_that_tells_nothing_apart_is_worth_a_guess_without_its_lean() -> None:
    y, task = torch.arange(20) % 2, Task("classes", 2)
    true = 2.0 * torch.nn.functional.one_hot(y) - 1
    found = [
        mark(one, y, task).fair.mean()
        for one in (torch.tensor([[0.0, 9.0]]).repeat(20, 1), -9 * true, 9 * true)
    ]
    assert found == pytest.approx([0.75, 0.0, 1.0], abs=1e-3)


@settings(max_examples=25)
@given(size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_the_mean_of_what_is_balanced_is_the_balanced_accuracy(size: int, outputs: int, seed: int) -> None:
    logits, y, _, marks = marked("classes", size, outputs, seed)
    found = (logits.argmax(1) == y).numpy()
    recalls = [found[(y == one).numpy()].mean() for one in y.unique()]
    assert marks.balanced.mean() == pytest.approx(np.mean(recalls))
    # scikit-learn's, of predictions that occur among the classes; of others it would warn.
    kept = [one if one in y else y[0] for one in logits.argmax(1)]
    among = torch.nn.functional.one_hot(torch.tensor(kept), outputs).float()
    balanced = mark(among, y, Task("classes", outputs)).balanced
    if len(set(y.tolist())) > 1:  # of a single one, too
        assert balanced.mean() == pytest.approx(balanced_accuracy_score(y, torch.tensor(kept)))
    assert ((marks.balanced > 0) == (marks.right > 0)).all()


@settings(max_examples=50)
@given(size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_with_several_labels_each_ones_two_sides_count_the_same(size: int, outputs: int, seed: int) -> None:
    logits, y, _, marks = marked("labels", size, outputs, seed)
    each = []
    for label in range(outputs):
        good = ((logits[:, label] > 0) == (y[:, label] > 0)).numpy()
        each.append(np.mean([good[(y[:, label] == side).numpy()].mean() for side in y[:, label].unique()]))
    assert marks.balanced.mean() == pytest.approx(np.mean(each))


# ------------------------------------------------------------------ the area under the ROC curve


@settings(max_examples=50)
@given(size=SIZES, labels=st.integers(1, 4), seed=SEEDS)
def test_the_mean_of_what_is_placed_is_the_auroc(size: int, labels: int, seed: int) -> None:
    logits, y = (one.double().numpy() for one in make("labels", size, labels, seed))
    both = [n for n in range(labels) if 0 < y[:, n].sum() < size]
    expected = np.mean([roc_auc_score(y[:, n], logits[:, n]) for n in both]) if both else 0.5
    assert place(logits, y).mean() == pytest.approx(expected, abs=1e-12)
    assert place(logits, y).mean() == pytest.approx(mean_auroc(logits, y), abs=1e-12)


@settings(max_examples=50)
@given(size=SIZES, seed=SEEDS)
def test_of_two_classes_the_difference_of_outputs_ranks(size: int, seed: int) -> None:
    logits, y, _, marks = marked("classes", size, 2, seed)
    assert marks.placed is not None
    scores, truth = get_ranked(logits, y)
    assert marks.placed.mean() == pytest.approx(mean_auroc(scores, truth), abs=1e-12)
    assert scores[:, 0] == pytest.approx((logits[:, 1] - logits[:, 0]).numpy())


def find_delong(first: Floats, second: Floats, truth: Floats) -> float:
    """Return the variance of the difference of two AUROCs on the same samples, by DeLong et al. (1988), eq.
    (5), from the kernel of each pair of a positive and a negative. Covariances divide by the number of
    samples, as the variance of marks does, and not by one less."""
    above = []
    for scores in (first, second):
        gaps = scores[truth > 0][:, None] - scores[truth == 0][None, :]
        above.append((gaps > 0) + 0.5 * (gaps == 0))
    positives, negatives = above[0].shape
    s10 = np.cov([one.mean(axis=1) for one in above], bias=True)
    s01 = np.cov([one.mean(axis=0) for one in above], bias=True)
    contrast = np.array([1.0, -1.0])
    return float(contrast @ (s10 / positives + s01 / negatives) @ contrast)


@given(size=st.integers(2, 60), seed=SEEDS)
def test_differences_of_what_is_placed_vary_as_delong_says(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(size) < rng.integers(1, size)).astype(float)
    first, second = np.round(rng.standard_normal((2, size)) + truth, 1)
    paired = place(first[:, None], truth[:, None]) - place(second[:, None], truth[:, None])
    assert paired.var() / size == pytest.approx(find_delong(first, second, truth), abs=1e-12)


@settings(max_examples=50)
@given(size=SIZES, labels=st.integers(1, 4), seed=SEEDS, power=st.floats(0.1, 5))
def test_only_the_order_of_outputs_places_them(size: int, labels: int, seed: int, power: float) -> None:
    logits, y = (one.double().numpy() for one in make("labels", size, labels, seed))
    stretched = np.sign(logits) * np.abs(logits) ** power
    assert place(stretched, y) == pytest.approx(place(logits, y))
    assert place(-logits, y).mean() == pytest.approx(1 - place(logits, y).mean())


# ------------------------------------------------------------------ outputs that are no numbers


@settings(max_examples=50)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS, data=st.data())
def test_an_output_that_is_no_number_is_wrong_there_and_nowhere_else(
    kind: str, size: int, outputs: int, seed: int, data: st.DataObject
) -> None:
    logits, y, task, before = marked(kind, size, outputs, seed)
    at = data.draw(st.integers(0, size - 1))
    logits[at, data.draw(st.integers(0, outputs - 1))] = math.nan
    marks = mark(logits, y, task)
    others = np.arange(size) != at
    for old, new in zip(before[:3], marks[:3], strict=True):
        assert new[others] == pytest.approx(old[others])
        assert new[at] <= (old[at] if kind != "regression" else 1 - FURTHEST**2 / outputs)
    if kind != "regression":
        assert [one[at] for one in marks[:3]] == [0, 0, 0]
    if marks.placed is not None:
        assert not marks.placed.any()


@settings(max_examples=50)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_a_model_of_no_numbers_is_marked_as_one_that_cannot_be_run(
    kind: str, size: int, outputs: int, seed: int
) -> None:
    logits, y, task, _ = marked(kind, size, outputs, seed)
    data = Samples(torch.zeros(size, 1), y, task)
    marks = mark(torch.full_like(logits, math.nan), y, task)
    worst = Score.worst(data)
    score = Score(float(marks.right.mean()), math.inf, 0.0, size, marks)
    for metric in ("accuracy", "auroc")[: 1 + task.ranked]:
        assert score.answers(metric, data) == worst.answers(metric, data)


@pytest.mark.parametrize("endless", [math.inf, -math.inf])
@settings(max_examples=25)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_endless_outputs_have_finite_marks(
    endless: float, kind: str, size: int, outputs: int, seed: int
) -> None:
    logits, y, task, _ = marked(kind, size, outputs, seed)
    logits[0] = endless
    logits[-1, 0] = -endless
    for one in mark(logits, y, task)[:3]:
        assert np.isfinite(one).all()
        assert one.max() <= size


# ------------------------------------------------------------------ a guess


@settings(max_examples=50)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_a_guess_is_the_best_answer_without_looking(kind: str, size: int, outputs: int, seed: int) -> None:
    _, y, task, _ = marked(kind, size, outputs, seed)
    guessed = guess_rights(y, task)
    assert (guessed.shape, guessed.dtype) == ((size,), np.float64)
    assert guessed.mean() == pytest.approx(guess(Samples(torch.zeros(size, 1), y, task)))
    if kind == "regression":
        assert guessed == pytest.approx(find_rights(torch.zeros_like(y), y, task).numpy())
        return
    constants = torch.eye(outputs)
    if kind == "labels":
        constants = torch.tensor([[n >> bit & 1 for bit in range(outputs)] for n in range(2**outputs)]) - 0.5
    same = [find_rights(one.expand(size, outputs), y, task).numpy() for one in constants]
    assert guessed.mean() == pytest.approx(max(one.mean() for one in same))
    assert any(np.allclose(guessed, one) for one in same)


@given(st.lists(st.floats(allow_nan=False)))
def test_marks_become_plain_data_as_they_are(marks: list[float]) -> None:
    packed = pack(np.array(marks[::-1], dtype=np.float64)[::-1])
    assert list(packed) == marks
    assert all(type(one) is float for one in packed)


@settings(max_examples=50)
@given(kind=KINDS, size=SIZES, outputs=OUTPUTS, seed=SEEDS)
def test_answers_hold_the_marks_of_the_metric(kind: str, size: int, outputs: int, seed: int) -> None:
    _, y, task, marks = marked(kind, size, outputs, seed)
    data = Samples(torch.zeros(size, 1), y, task)
    area = float(marks.placed.mean()) if marks.placed is not None else None
    score = Score(float(marks.right.mean()), 1.0, area, size, marks)
    found = score.answers("accuracy", data)
    least = -1.0 if kind == "regression" else -np.inf  # so that no outlier hides how bad all others are
    right, guessed, near, balanced, fair = (
        np.maximum(one, least).tolist()
        for one in (marks.right, guess_rights(y, task), marks.near, marks.balanced, marks.fair)
    )
    assert (list(found.right), found.score) == (right, score.accuracy)
    assert (list(found.guessed), list(found.near), list(found.balanced)) == (guessed, near, balanced)
    assert list(found.fair) == fair
    assert found.fair_scores == (kind == "regression")
    if marks.placed is not None:
        found = score.answers("auroc", data)
        assert (list(found.right), found.score) == (marks.placed.tolist(), area)
        assert list(found.fair) == list(found.right)  # no lean changes ranks
        assert found.fair_scores
        assert list(found.guessed) == [0.5] * size
