"""Labels, and their task: given, clear from the labels, or asked for; never guessed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import IntArray, check_finite
from clients.types.errors import RequestError
from clients.types.learning import Task

_MANY_CLASSES = 100
_FEW_SAMPLES = 10
_TOO_LARGE = 2.0**63


def find_task(
    name: str, labels: Mapping[str, NDArray[Any]], said: Task | None, num_classes: int | None = None
) -> Task:
    """Return the labels' task: the one `said`, or that of `num_classes`, or the one that the labels show.

    Raises `RequestError` if these contradict one another, or if labels are, or may be, numbers to predict and
    the settings don't say so.
    """
    if num_classes is not None:
        kind: Any = "labels" if any(_flat(y).ndim == 2 for y in labels.values()) else "classes"
        counted = Task(kind, num_classes)
        if said is not None and counted != said:
            raise RequestError(f"{name}: num_classes is {num_classes}, but the task is {said}")
        return counted
    return said or _infer(name, labels)


def read_labels(name: str, key: str, y: NDArray[Any], task: Task) -> NDArray[Any]:
    """Return labels in the task's form; targets of a regression in float64.

    Raises `RequestError` if they can't be converted.
    """
    if y.dtype.kind not in "uifb":
        raise RequestError(f"{name}: {key} is {y.dtype}; expected numbers")
    y = _flat(y)
    if task.kind == "classes":
        return read_whole(name, key, y)
    if y.ndim == 1:
        y = y[:, None]
    if y.ndim != 2 or y.shape[1] == 0:
        raise RequestError(
            f"{name}: {key} has shape {y.shape}; the task, {task}, expects (N, {task.outputs})"
        )
    if task.kind == "labels":
        return y.astype(np.float32)
    targets = y.astype(np.float64)
    check_finite(name, key, targets)
    return targets


def read_whole(name: str, key: str, y: NDArray[Any]) -> IntArray:
    """Return whole numbers of shape (N,); raise `RequestError` for anything else."""
    if y.ndim == 1 and _is_whole(y):
        return y.astype(np.int64)
    more = ""
    if key != "writer_train":
        more = ", or 0 and 1 of shape (N, labels)"
        if y.dtype.kind == "f" and np.isfinite(y).all():
            more += ". To predict such numbers, say --task regression"
    raise RequestError(
        f"{name}: {key} is {y.dtype} of shape {y.shape}; expected whole numbers of shape (N,){more}"
    )


def _infer(name: str, labels: Mapping[str, NDArray[Any]]) -> Task:
    flat = {key: _flat(y) for key, y in labels.items()}
    if any(y.ndim == 2 and y.dtype.kind in "uifb" for y in flat.values()):
        for key, y in flat.items():
            if y.ndim == 2 and not np.isin(y, (0, 1)).all():
                raise RequestError(
                    f"{name}: {key} holds values other than 0 and 1, which multi-hot labels must not. "
                    f"To predict such numbers, say --task regression:{y.shape[1]}"
                )
        return Task("labels", next(y.shape[1] for y in flat.values() if y.ndim == 2))
    whole = np.concatenate([read_whole(name, key, y) for key, y in flat.items()])
    low, high, kinds = int(whole.min(initial=0)), int(whole.max(initial=0)), len(np.unique(whole))
    if low < 0:
        key = next(key for key, y in flat.items() if y.size and y.min() < 0)
        raise RequestError(
            f"{name}: {key} holds labels from {flat[key].min()} to {flat[key].max()}; classes are numbered "
            "from 0. To predict such numbers, say --task regression"
        )
    if high == 0:
        raise RequestError(
            f"{name}: all labels are the same, 0; say how many classes there are: --task classes:K, or "
            "num_classes in the data"
        )
    if _may_be_numbers(len(whole), high + 1, kinds):
        raise RequestError(
            f"{name}: the labels of {len(whole)} samples are {kinds} different whole numbers, up to {high}. "
            f"Are they classes, or numbers to predict? Say --task classes:{high + 1} or --task regression"
        )
    return Task("classes", high + 1)


def _may_be_numbers(samples: int, classes: int, kinds: int) -> bool:
    """Return whether labels look like numbers to predict rather than like classes.

    Up to 100 different labels count as classes: such sets are common, and a set with few samples lacks many
    of them. In a real set with more classes, nearly all occur, each in ten samples or so; amounts, years and
    counts don't. A set may still have that many classes; then the settings must say so.
    """
    return classes > _MANY_CLASSES and (2 * kinds < classes or samples < _FEW_SAMPLES * kinds)


def _flat(y: NDArray[Any]) -> NDArray[Any]:
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _is_whole(y: NDArray[Any]) -> bool:
    if y.dtype.kind != "f":
        return y.dtype.kind in "uib"
    return bool(np.all((np.abs(y) < _TOO_LARGE) & (y == np.floor(y))))
