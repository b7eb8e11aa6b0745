"""One mark per sample: by what two models are compared on the same samples, and of what scores are the means.

All marks are float64, and larger is better. A model whose output for a sample isn't a number is wrong there.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clients.types.learning import Task

Floats = NDArray[np.float64]
_STEP, _STEPS, _REST = 5.0, 30, 1e-6
FURTHEST = 3.0
"""In a regression's score, larger errors count as this many of the targets' standard deviations."""


class Marks(NamedTuple):
    """A model's marks on N samples, each of shape (N,)."""

    right: Floats
    """See `find_rights`."""
    near: Floats
    """The quadratic (Brier) score of the probabilities, 0 to 1; in a regression, `right`."""
    balanced: Floats
    """`right`, weighted so that each class counts the same; with several labels, each label's two sides."""
    fair: Floats
    """`near` without the model's lean; see `_find_fair`."""
    placed: Floats | None
    """Whose mean is the AUROC; None if the task isn't ranked. See `place`."""


def mark(logits: Tensor, y: Tensor, task: Task) -> Marks:
    """Return the marks of outputs `logits`, (N, K), for targets `y`."""
    right = find_rights(logits, y, task).cpu().numpy()
    placed = place(*get_ranked(logits, y)) if task.ranked else None
    if task.kind == "regression":
        return Marks(right, right, right, _find_fair(logits, y, task), placed)
    near, balanced = _find_near(logits, y, task), _balance(logits, y, task)
    return Marks(right, near, balanced, _find_fair(logits, y, task), placed)


def find_rights(logits: Tensor, y: Tensor, task: Task) -> Tensor:
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


def _find_near(logits: Tensor, y: Tensor, task: Task) -> Floats:
    """Return 1 - |p - y|²/2 for the probabilities p of classes, or the mean of 1 - (p - y)² over labels."""
    finite = logits.double().nan_to_num(posinf=1e30, neginf=-1e30)
    if task.kind == "classes":
        true = torch.nn.functional.one_hot(y, logits.shape[1])
        near = 1.0 - (finite.softmax(dim=1) - true).square().sum(dim=1) / 2
    else:
        near = 1.0 - (finite.sigmoid() - (y > 0).double()).square().mean(dim=1)
    return (near * ~logits.isnan().any(dim=1)).cpu().numpy()


def _find_fair(logits: Tensor, y: Tensor, task: Task) -> Floats:
    """Return `near` of the outputs without their lean; in a regression, `right` of them.

    Who learns on a part of the classes names these too often, and who learns on low targets says too little:
    that is the data, not a fault, and averages out among participants. So every class's output is moved by
    the same amount on all samples: such that the mean probability of each class is its share here, as far as
    `_STEPS` get. Outputs of a regression are moved by their median error, which no outlier decides.
    """
    if task.kind == "regression":
        finite = logits.double().nan_to_num(nan=0.0, posinf=1e30, neginf=-1e30)
        moved = logits.double() - (finite - y.double()).median(dim=0).values
        return find_rights(moved, y, task).cpu().numpy()
    finite = logits.double().nan_to_num(posinf=1e30, neginf=-1e30)
    if task.kind == "classes":
        moved = logits.double() + _find_shift(finite, torch.bincount(y, minlength=logits.shape[1]))
        return _find_near(moved, y, task)
    true = (y > 0).double().sum(dim=0)
    sides = torch.stack([torch.zeros_like(finite), finite], dim=-1)
    counts = torch.stack([len(y) - true, true], dim=-1)
    leans = torch.stack([_find_shift(sides[:, place], counts[place]) for place in range(finite.shape[1])])
    return _find_near(logits.double() + leans[:, 1] - leans[:, 0], y, task)


def _find_shift(logits: Tensor, counts: Tensor) -> Tensor:
    """Return what to add to each class's logits, of shape (N, K), for its mean probability to be its share.

    `counts`: how many of the samples are of each class. A class has half a sample more than that, so that
    none is ruled out. Each step moves a class by how far its mean probability is off (the correction for
    other shares of classes of Saerens et al. 2002, to where it comes to rest), by `_STEP` at most. It ends
    after `_STEPS`, or at rest.
    """
    counts = counts.double()
    shares = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts))).log().cpu().numpy()
    odds = (logits - logits.max(dim=1, keepdim=True).values).exp().cpu().numpy()
    shift = np.zeros_like(shares)
    for _ in range(_STEPS):
        weighted = odds * np.exp(shift)
        means = (weighted / weighted.sum(axis=1, keepdims=True)).mean(axis=0)
        step = np.clip(shares - np.log(np.maximum(means, 1e-12)), -_STEP, _STEP)
        shift = shift + step
        if np.abs(step).max() < _REST:
            break
    return torch.from_numpy(shift).to(logits.device)


def _balance(logits: Tensor, y: Tensor, task: Task) -> Floats:
    """Return marks whose mean is the balanced accuracy: over the classes that occur, the mean of their shares
    right; with several labels, that of each label's two sides, averaged over labels."""
    numbers = ~logits.isnan().any(dim=1)
    if task.kind == "classes":
        kinds, right = y[:, None], ((logits.argmax(dim=1) == y) & numbers)[:, None]
    else:
        kinds, right = (y > 0).long(), ((logits > 0) == (y > 0)) & numbers[:, None]
    marks = np.zeros(len(y))
    for column, good in zip(kinds.T.cpu().numpy(), right.T.cpu().numpy(), strict=True):
        _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
        marks += good * (len(y) / (len(counts) * counts))[where]
    return marks / kinds.shape[1]


def guess_rights(y: Tensor, task: Task) -> Floats:
    """Return how right a guess is that doesn't look: the largest class of `y`, the larger side of each label,
    or in a regression the mean by which targets are standardised."""
    if task.kind == "classes":
        return (y == torch.bincount(y).argmax()).double().cpu().numpy()
    if task.kind == "labels":
        larger = (y > 0).double().mean(dim=0) > 0.5
        return ((y > 0) == larger).double().mean(dim=1).cpu().numpy()
    return find_rights(torch.zeros_like(y), y, task).cpu().numpy()


# ------------------------------------------------------------------ the area under the ROC curve


def get_ranked(logits: Tensor, y: Tensor) -> tuple[Floats, Floats]:
    """Return scores and truth, both N×K, of a ranked task: of two classes, one column."""
    if y.dim() == 1:
        logits, y = (logits[:, 1] - logits[:, 0])[:, None], y[:, None]
    return logits.double().cpu().numpy(), y.double().cpu().numpy()


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
        above = float(_rank(column)[true > 0].sum()) - positives * (positives + 1) / 2.0
        areas.append(above / (positives * negatives))
    return float(np.mean(areas)) if areas else 0.5


def place(scores: NDArray[np.floating], truth: NDArray[np.floating]) -> Floats:
    """Return marks whose mean is `mean_auroc`, and whose paired differences have DeLong's variance.

    A sample's placement V is the share of the other side's samples that it stands on the right side of, ties
    counted half (DeLong et al. 1988). With the area A of a label and `n` samples on the sample's own side of
    N, its mark is A + (V - A)·N/n; with several labels, the mean over those that have a curve.
    """
    samples = len(truth)
    if np.isnan(scores).any():
        return np.zeros(samples)
    marks = []
    for column, true in zip(scores.T, truth.T, strict=True):
        side = true > 0
        positives, negatives = int(side.sum()), int((~side).sum())
        if positives == 0 or negatives == 0:
            continue
        ranks, own = _rank(column), np.empty(samples)
        own[side], own[~side] = _rank(column[side]), _rank(column[~side])
        share = (ranks - own) / np.where(side, negatives, positives)
        placement = np.where(side, share, 1.0 - share)
        area = float(placement[side].mean())
        marks.append(area + (placement - area) * samples / np.where(side, positives, negatives))
    return np.mean(marks, axis=0) if marks else np.full(samples, 0.5)


def _rank(column: NDArray[np.floating]) -> Floats:
    """Return the ranks from 1 on; equal scores share the mean of their ranks."""
    _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[where]
    return ranks


def pack(marks: Floats) -> Sequence[float]:
    """Return the marks as plain data."""
    packed = array("d")
    packed.frombytes(np.ascontiguousarray(marks, dtype=np.float64).tobytes())
    return packed
