"""Judging: exact metrics, many sets at once as each alone, and a poisoned model only scores badly."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import r2_score, roc_auc_score
from torch import nn

from clients.learning.evaluate import (
    Failure,
    Score,
    evaluate,
    evaluate_each,
    evaluate_many,
    guess,
)
from clients.learning.marks import mean_auroc
from clients.learning.models import build
from clients.learning.tensors import Samples, weights_of
from clients.learning.train import TrainConfig, train
from clients.types.errors import OwnTrouble, RequestError
from clients.types.learning import Task


def samples(count: int, seed: int, classes: int = 4, several: bool = False) -> Samples:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 12)).astype(np.float32)
    y = (
        rng.integers(0, 2, (count, classes)).astype(np.float32)
        if several
        else rng.integers(0, classes, count)
    )
    return Samples.of(x, y)


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 10**6))
def test_auroc_is_scikit_learns_with_ties_and_lone_labels(count: int, labels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.standard_normal((count, labels)), 1)
    truth = rng.integers(0, 2, (count, labels)).astype(float)
    both = [i for i in range(labels) if 0 < truth[:, i].sum() < count]
    expected = np.mean([roc_auc_score(truth[:, i], scores[:, i]) for i in both]) if both else 0.5
    assert mean_auroc(scores, truth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("classes", "several"), [(4, False), (2, False), (5, True)])
def test_many_sets_at_once_score_as_each_alone(classes: int, several: bool) -> None:
    model = build("mlp", (12,), classes, 0)
    weights = weights_of(model)
    sets = [samples(count, count, classes, several) for count in (1, 700, 33, 9)]
    for one, data in zip(evaluate_many(model, weights, sets), sets, strict=True):
        alone = evaluate(model, weights, data)
        assert one.samples == len(data)
        assert one.accuracy == pytest.approx(alone.accuracy, abs=1e-9)
        assert one.loss == pytest.approx(alone.loss, rel=1e-5)
        assert (one.auroc is None) == (alone.auroc is None) == (classes == 4)
        assert one.auroc is None or one.auroc == pytest.approx(alone.auroc, abs=1e-6)
    assert evaluate_many(model, weights, []) == []


def test_accuracy_and_loss_are_what_they_say() -> None:
    model = build("logistic", (2,), 2, 0)
    weights = {"1.weight": np.float32([[0, 0], [1, 0]]), "1.bias": np.float32([0, 0])}
    data = Samples.of(np.float32([[3, 0], [-3, 0], [3, 0], [-3, 0]]), np.array([1, 0, 0, 0]))
    score = evaluate(model, weights, data)
    small, large = math.log1p(math.exp(-3)), math.log1p(math.exp(3))
    assert score.accuracy == 0.75
    assert score.loss == pytest.approx((3 * small + large) / 4, rel=1e-5)
    assert score.auroc == pytest.approx((1 + 2 * 1 + 0.5 * 1 - 0.5) / 3, abs=0.2)
    assert score.value("accuracy") == 0.75
    assert score.value("loss") == -score.loss


def test_a_model_whose_outputs_are_no_numbers_scores_badly_and_raises_nothing() -> None:
    model = build("mlp", (12,), 4, 0)
    weights = {
        name: np.full_like(array, 1e6) * np.float32(-1) ** i
        for i, (name, array) in enumerate(weights_of(model).items())
    }
    for _ in range(2):
        score = evaluate(model, weights, samples(20, 0))
        assert 0 <= score.accuracy <= 1
        assert not math.isnan(score.loss)

    class Bad(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 2), float("nan")) + self.w

    bad = Bad()
    assert evaluate(bad, weights_of(bad), samples(20, 0, 2)) == Score(0.0, math.inf, 0.0, 20)
    assert evaluate(bad, weights_of(bad), samples(20, 0, 2, several=True)) == Score(0.0, math.inf, 0.0, 20)


def test_a_model_that_writes_into_its_input_or_keeps_something_judges_all_alike() -> None:
    class Writing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(12, 4)
            self.kept: torch.Tensor | None = None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.kept is None:
                self.kept = torch.ones(12, requires_grad=False) + 0
            return self.dense(x.mul_(3).add_(self.kept))

    model, sets = Writing(), [samples(9, 0), samples(5, 1)]
    before = [data.x.clone() for data in sets]
    weights = weights_of(model)
    first, second, third = evaluate_each(model, [weights] * 3, sets)
    assert first == second == third
    assert all(torch.equal(data.x, x) for data, x in zip(sets, before, strict=True))
    train(model, weights, sets[0], TrainConfig(), 1)  # also with what was kept while judging


def test_what_fails_on_one_set_says_nothing_about_the_others() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(12, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if (x == 9).any():
                raise ValueError("a 9")
            return self.dense(x)

    model, sets = Picky(), [samples(9, 0), samples(5, 1), samples(7, 2)]
    weights = weights_of(model)
    expected = evaluate_each(model, [weights], sets)[0]
    sets[1].x[3, 3] = 9
    for found in evaluate_each(model, [weights] * 2, sets):
        assert found[1] == Failure("ValueError: a 9", memory=False)
        assert [found[0], found[2]] == [expected[0], expected[2]]
    with pytest.raises(OwnTrouble, match="a 9"):
        evaluate_many(model, weights, sets)


def test_bad_requests() -> None:
    model = build("mlp", (12,), 4, 0)
    with pytest.raises(RequestError, match="empty"):
        evaluate_many(model, weights_of(model), [samples(3, 0), samples(0, 0)])
    score = evaluate(model, weights_of(model), samples(3, 0))
    with pytest.raises(RequestError, match="auroc is for two classes"):
        score.value("auroc")
    with pytest.raises(RequestError, match="Did you mean 'accuracy'"):
        score.value("acuracy")


class Told(nn.Module):
    """Gives what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.w


def targets(count: int, outputs: int, seed: int, size: float = 1.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (size * rng.standard_normal((count, outputs))).astype(np.float32)


def numbers(said: NDArray[np.float32], y: NDArray[np.float32]) -> Samples:
    return Samples.of(said, y, task=Task("regression", y.shape[1]))


SIZES = st.integers(1, 40), st.integers(1, 3), st.integers(0, 10**6), st.floats(0, 1e6)


@given(*SIZES)
def test_r2_is_bounded_additive_and_best_for_what_is_right(
    count: int, outputs: int, seed: int, size: float
) -> None:
    y, said = targets(count, outputs, seed), targets(count, outputs, seed + 1, size)
    model = Told()
    weights = weights_of(model)
    [perfect] = evaluate_many(model, weights, [numbers(y, y)])
    assert (perfect.accuracy, perfect.loss, perfect.auroc) == (1.0, 0.0, None)
    whole = evaluate(model, weights, numbers(said, y))
    assert -8 <= whole.accuracy <= 1
    assert whole.loss == pytest.approx(float(np.mean((said - y.astype(float)) ** 2)), rel=1e-4)
    # A mean over samples, as an accuracy is: juries of parts of them find the same in the mean.
    cut = count // 2
    parts = [numbers(said[:cut], y[:cut]), numbers(said[cut:], y[cut:])]
    scores = evaluate_many(model, weights, [part for part in parts if len(part)])
    assert sum(one.accuracy * one.samples for one in scores) / count == pytest.approx(whole.accuracy)
    # Nearer is never worse.
    nearer = evaluate(model, weights, numbers((y + said) / 2, y))
    assert nearer.accuracy >= evaluate(model, weights, numbers(y + (said - y), y)).accuracy - 1e-6


@given(st.integers(2, 60), st.integers(0, 10**6), st.floats(0.2, 2))
def test_r2_is_scikit_learns_on_the_targets_that_were_agreed_on(count: int, seed: int, size: float) -> None:
    raw = np.clip(np.random.default_rng(seed).standard_normal(count), -2, 2)
    assume(raw.std() > 0.1)
    y = ((raw - raw.mean()) / raw.std()).astype(np.float32)[:, None]
    said = y + np.clip(targets(count, 1, seed + 1, size), -2.9, 2.9)
    score = evaluate(Told(), weights_of(Told()), numbers(said, y))
    assert score.accuracy == pytest.approx(r2_score(y, said), abs=1e-4)
    assert guess(numbers(said, y)) == pytest.approx(1 - float(np.minimum(y**2, 9).mean()), abs=1e-4)


@given(st.integers(1, 5), st.floats(-3, 3))
def test_few_samples_of_one_target_have_a_score(count: int, value: float) -> None:
    y = np.full((count, 1), value, np.float32)
    assert math.isfinite(evaluate(Told(), weights_of(Told()), numbers(y + 0.1, y)).accuracy)
    assert math.isfinite(guess(numbers(y, y)))


def test_one_outlier_moves_a_jurors_score_only_so_far() -> None:
    y = np.zeros((20, 1), np.float32)
    said = y.copy()
    said[0] = 1e30
    assert evaluate(Told(), weights_of(Told()), numbers(said, y)).accuracy == pytest.approx(1 - 9 / 20)
    said[0] = np.nan
    score = evaluate(Told(), weights_of(Told()), numbers(said, y))
    assert (score.accuracy, score.loss) == (pytest.approx(1 - 9 / 20), math.inf)


@given(st.integers(1, 50), st.integers(2, 6), st.integers(0, 10**6))
def test_a_guess_is_what_the_best_constant_outputs_score(count: int, outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, outputs, count)
    shares = [float(np.mean(y == one)) for one in range(outputs)]
    x = np.zeros((count, 1), np.float32)
    assert guess(Samples.of(x, y, task=Task("classes", outputs))) == pytest.approx(max(shares))
    hot = rng.integers(0, 2, (count, outputs)).astype(np.float32)
    best = np.where(hot.mean(axis=0) > 0.5, 1.0, 0.0)
    assert guess(Samples.of(x, hot)) == pytest.approx(float((hot == best).mean()))
