"""Judging weights on samples: accuracy, R², loss and AUROC, for one test set or many at once."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from clients.learning.marks import (
    FURTHEST,
    Marks,
    get_ranked,
    guess_rights,
    mark,
    mean_auroc,
    pack,
)
from clients.learning.schema import Weights
from clients.learning.tensors import Samples, load_weights
from clients.learning.threads import small_rows, torch_threads
from clients.learning.train import sample_losses
from clients.learning.trial import is_memory, tell
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble, RequestError, unknown_name
from clients.types.learning import Task

log = logging.getLogger(__name__)

Metric = Literal["accuracy", "loss", "auroc"]
METRICS = ("accuracy", "loss", "auroc")
_VALUES_AT_ONCE = 1 << 20
_ROWS_AT_ONCE = 512
_FEWEST_ROWS = 50
WORST_MARK = -1.0
"""The least mark of a sample in a regression, where models are compared."""


@dataclass(frozen=True)
class Score:
    """How good weights are on a set of samples.

    `accuracy`: share of samples right; with several labels at once, share of labels right; in a regression
    R², see `marks.find_rights`. `loss`: mean, infinite if an output isn't a number. `auroc`: mean area under
    the ROC curve; None if the task isn't ranked. `marks`: those of each sample; None if the model can't be
    run.
    """

    accuracy: float
    loss: float
    auroc: float | None
    samples: int
    marks: Marks | None = field(default=None, compare=False, repr=False)

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

    def answers(self, metric: str, data: Samples) -> Answers:
        """Return the marks on `data` by `metric`, accuracy or auroc, as jurors compare them."""
        score, guessed, marks = self.value(metric), guess_rights(data.y, data.task), self.marks
        if marks is None:  # wrong everywhere
            wrong = np.full(len(data), score)
            near = wrong if data.task.kind == "regression" else 0 * wrong
            marks = Marks(wrong, near, near, near, wrong)
        right, near, balanced, fair = marks.right, marks.near, marks.balanced, marks.fair
        if data.task.kind == "regression":  # bounded, or one outlier could hide how much worse all others are
            right = near = balanced = np.maximum(right, WORST_MARK)
            fair = np.maximum(fair, WORST_MARK)
            guessed = np.maximum(guessed, WORST_MARK)
        if metric == "auroc":
            assert marks.placed is not None  # or `value` had raised
            right = fair = marks.placed
            guessed = np.full(len(data), 0.5)
        scores = metric == "auroc" or data.task.kind == "regression"
        return Answers(score, pack(right), pack(near), pack(balanced), pack(guessed), pack(fair), scores)

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
    scores = []
    start = 0
    for size in sizes:
        part = slice(start, start + size)
        start = part.stop
        loss = float(losses[part].mean())
        marks = mark(logits[part], y[part], task)
        scores.append(
            Score(
                accuracy=float(torch.from_numpy(marks.right).mean()),
                loss=loss if not math.isnan(loss) else math.inf,
                auroc=mean_auroc(*get_ranked(logits[part], y[part])) if task.ranked else None,
                samples=size,
                marks=marks,
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


def guess(data: Samples) -> float:
    """Return the accuracy of guessing without looking at samples; see `marks.guess_rights`."""
    return float(guess_rights(data.y, data.task).mean())
