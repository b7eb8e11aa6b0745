"""Judging weights on samples: accuracy, R², loss and AUROC, for one test set or many at once."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from clients.learning.schema import Weights
from clients.learning.tensors import Samples, load_weights
from clients.learning.threads import small_rows, torch_threads
from clients.learning.train import sample_losses
from clients.learning.trial import is_memory, tell
from clients.types.errors import OwnTrouble, RequestError, unknown_name
from clients.types.learning import Task

log = logging.getLogger(__name__)

Metric = Literal["accuracy", "loss", "auroc"]
METRICS = ("accuracy", "loss", "auroc")
_VALUES_AT_ONCE = 1 << 20
_ROWS_AT_ONCE = 512
_FEWEST_ROWS = 50
FURTHEST = 3.0
"""In a regression's score, larger errors count as this many of the targets' standard deviations."""


@dataclass(frozen=True)
class Score:
    """How good weights are on a set of samples.

    `accuracy`: share of samples right; with several labels at once, share of labels right; in a regression
    R², see `_get_rights`. `loss`: mean, infinite if an output isn't a number. `auroc`: mean area under the
    ROC curve; None if the task isn't ranked.
    """

    accuracy: float
    loss: float
    auroc: float | None
    samples: int

    def value(self, metric: str) -> float:
        """Return the score by `metric`, larger being better (the loss is negated)."""
        if metric == "accuracy":
            return self.accuracy
        if metric == "loss":
            return -self.loss
        if metric == "auroc":
            if self.auroc is None:
                raise RequestError("auroc is for two classes or several labels at once; use accuracy")
            return self.auroc
        raise unknown_name("metric", metric, METRICS)

    @classmethod
    def worst(cls, data: Samples) -> "Score":
        """Return the score of a model that can't be run on `data`: as if its outputs weren't numbers."""
        accuracy = 1 - FURTHEST**2 if data.task.kind == "regression" else 0.0
        return cls(accuracy, math.inf, 0.0, len(data))


@dataclass(frozen=True)
class Failure:
    """Why a model couldn't be run on some samples; `memory`: whether it ran out of memory."""

    why: str
    memory: bool


def evaluate(model: nn.Module, weights: Weights, data: Samples) -> Score:
    """Return the score of `weights` on `data`. `model` supplies the architecture; its own weights are
    overwritten."""
    return evaluate_many(model, weights, [data])[0]


def evaluate_many(model: nn.Module, weights: Weights, sets: Sequence[Samples]) -> list[Score]:
    """Return the score of the same weights on each of many sets, which go through the model together.

    Weights whose outputs aren't numbers score badly (wrong, infinite loss, AUROC 0) and raise nothing: they
    come from a peer. Raises `RequestError` for an empty set, `BadUpdate` for weights that don't fit the
    model, `OwnTrouble` if the model can't be run on a set.
    """
    scores = []
    for found in evaluate_each(model, [weights], sets)[0]:
        if isinstance(found, Failure):
            raise OwnTrouble(f"the model can't be run on its data: {found.why}")
        scores.append(found)
    return scores


def evaluate_each(
    model: nn.Module, many: Iterable[Weights], sets: Sequence[Samples]
) -> list[list[Score | Failure]]:
    """Return the score of each of `many` weights, which are taken one at a time, on each of the sets.

    A failure on one set doesn't affect the others. Raises as `evaluate_many` does, except for `OwnTrouble`.
    """
    if any(len(data) == 0 for data in sets):
        raise RequestError("a test set is empty; every judge needs samples to judge on")
    if not sets:
        return [[] for _ in many]
    x, y = torch.cat([data.x for data in sets]), torch.cat([data.y for data in sets])
    version, sizes, task = x._version, [len(data) for data in sets], sets[0].task
    found: list[list[Score | Failure]] = []
    for weights in many:
        load_weights(model, weights)
        if x._version != version:  # the model has written into it
            x = torch.cat([data.x for data in sets])
            version = x._version
        together = _try(model, x, y, sizes, task)
        if isinstance(together, Failure) and len(sets) > 1:
            apart = [_try(model, data.x.clone(), data.y, [len(data)], task) for data in sets]
            found.append([one if isinstance(one, Failure) else one[0] for one in apart])
        else:
            found.append([together] if isinstance(together, Failure) else [*together])
    return found


def _try(model: nn.Module, x: Tensor, y: Tensor, sizes: Sequence[int], task: Task) -> list[Score] | Failure:
    try:
        return _score(predict(model, x), y, sizes, task)
    except Exception as error:  # from the model's own code, or for lack of memory
        log.debug("the model can't be run", exc_info=True)
        return Failure(tell(error), is_memory(error))


def _score(logits: Tensor, y: Tensor, sizes: Sequence[int], task: Task) -> list[Score]:
    """Return the score on each of the sets that follow one another in `y`."""
    losses = sample_losses(logits, y, task).double()
    right = _get_rights(logits, y, task)
    scores = []
    start = 0
    for size in sizes:
        part = slice(start, start + size)
        start = part.stop
        loss = float(losses[part].mean())
        scores.append(
            Score(
                accuracy=float(right[part].mean()),
                loss=loss if not math.isnan(loss) else math.inf,
                auroc=_auroc(logits[part], y[part]) if task.ranked else None,
                samples=size,
            )
        )
    return scores


def predict(model: nn.Module, x: Tensor) -> Tensor:
    """Return the model's logits for `x`, shape (N, K), in batches that fit in memory.

    Some models write into `x`.
    """
    rows = min(max(_VALUES_AT_ONCE // max(x[0].numel(), 1), 1), _ROWS_AT_ONCE)
    few = small_rows(model)
    # Batches small enough for one thread, if they are still worth a call.
    small = x.device.type == "cpu" and few >= _FEWEST_ROWS
    model.eval()
    parts = torch.split(x, min(rows, few) if small else rows)
    # Not torch's inference mode: tensors that a model keeps for later couldn't be trained with.
    with torch_threads(1 if small else None), torch.no_grad():
        return torch.cat([model(part) for part in parts])


def mean_auroc(scores: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the mean over labels of the area under the ROC curve; both N×K, truth holding 0 and 1.

    Exact: the rank statistic with ties counted half. Labels that are all 0 or all 1 have no curve and are
    left out. The result is 0.5 if no label is left, and 0.0 if a score isn't a number.
    """
    if np.isnan(scores).any():
        return 0.0
    areas = []
    for column, true in zip(scores.T, truth.T, strict=True):
        positives = int(true.sum())
        negatives = len(true) - positives
        if positives == 0 or negatives == 0:
            continue
        _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        middle = last - (counts - 1) / 2.0  # the mean rank of equal scores
        above = float(middle[place][true > 0].sum()) - positives * (positives + 1) / 2.0
        areas.append(above / (positives * negatives))
    return float(np.mean(areas)) if areas else 0.5


def guess(data: Samples) -> float:
    """Return the accuracy of guessing without looking at samples: the largest class, the larger side of each
    label, or in a regression the mean by which targets are standardised."""
    y = data.y
    if data.task.kind == "classes":
        return float(torch.bincount(y).max()) / len(y)
    if data.task.kind == "labels":
        shares = y.double().mean(dim=0)
        return float(torch.maximum(shares, 1 - shares).mean())
    return float(_get_rights(torch.zeros_like(y), y, data.task).mean())


def _get_rights(logits: Tensor, y: Tensor, task: Task) -> Tensor:
    """Return how right each sample is, float64 of shape (N,): 0 to 1; in a regression -8 to 1.

    In a regression the mean of these is R² = 1 - Σ(y - ŷ)² / (n·σ²), with the σ that the federation agreed
    on. y is standardised by that σ, so σ is 1 here. The σ of the samples at hand won't do: a juror's few
    samples may have nearly the same target, and R² would divide by nearly zero. With a fixed σ it is also a
    mean over samples, as an accuracy is. An error counts as `FURTHEST` at most, so that one outlier doesn't
    decide a juror's vote.
    """
    numbers = ~logits.isnan().any(dim=1)
    if task.kind == "classes":
        return ((logits.argmax(dim=1) == y) & numbers).double()
    if task.kind == "labels":
        return ((logits > 0) == (y > 0)).double().mean(dim=1) * numbers
    errors = (logits.double() - y.double()).nan_to_num(nan=FURTHEST).clamp(-FURTHEST, FURTHEST)
    return 1.0 - errors.square().mean(dim=1)


def _auroc(logits: Tensor, y: Tensor) -> float:
    if y.dim() == 1:
        logits, y = (logits[:, 1] - logits[:, 0])[:, None], y[:, None]
    return mean_auroc(logits.double().cpu().numpy(), y.double().cpu().numpy())
