"""Data sets: four arrays, a task, and the checks that they belong together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.types.errors import RequestError
from clients.types.learning import CANONICAL, Constants, Form, Task

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Labels = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A train and a test set, ready for a model.

    `x_*`: float32, scaled: pictures as N×C×H×W, rows of a table as N×F, sequences as N×T×F, volumes as
    N×C×D×H×W. `y_*` follows from the `task`, which is the federation's: not every class needs to be there.
    For classes it is int64 of shape N, from 0; for labels float32 of shape N×K holding 0 and 1; for a
    regression float32 of shape N×K. `writer_train`: who wrote each training sample, for the partition by
    writer. `layout`: the axes of the original arrays, if they were different. `constants`: those by which it
    was standardised.

    Raises `RequestError` if the arrays don't fit each other or the task, saying which and how.
    """

    name: str
    x_train: FloatArray
    y_train: Labels
    x_test: FloatArray
    y_test: Labels
    task: Task
    writer_train: IntArray | None = None
    layout: str = ""
    constants: Constants | None = None

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            x, y = getattr(self, f"x_{split}"), getattr(self, f"y_{split}")
            _check_inputs(self.name, f"x_{split}", x)
            check_labels(self.name, f"y_{split}", y, self.task)
            check_counts(self.name, split, x, y)
        if self.x_train.shape[1:] != self.x_test.shape[1:]:
            raise RequestError(
                f"{self.name}: a sample of x_train has shape {self.x_train.shape[1:]} but one of x_test "
                f"{self.x_test.shape[1:]}; they must be the same"
            )
        writers = self.writer_train
        if writers is not None and (writers.shape != (len(self.x_train),) or writers.dtype != np.int64):
            raise RequestError(
                f"{self.name}: writer_train is {writers.dtype} of shape {writers.shape}; expected int64 of "
                f"shape ({len(self.x_train)},), one writer a training sample"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: (C, H, W), (F,), (T, F) or (C, D, H, W)."""
        return tuple(int(size) for size in self.x_train.shape[1:])

    @property
    def form(self) -> Form:
        """The data's form."""
        layout = self.layout or CANONICAL[len(self.shape)]
        return Form(self.task, self.shape, layout, self.constants or False)

    @property
    def metric(self) -> str:
        """The paper's metric for the task: accuracy, or mean AUROC if a sample has several labels."""
        return "auroc" if self.task.kind == "labels" else "accuracy"


def check_counts(name: str, split: str, x: NDArray[Any], y: NDArray[Any]) -> None:
    """Raise `RequestError` if there are no samples, or not one label for each."""
    if x.size == 0:
        raise RequestError(f"{name}: x_{split} of shape {x.shape} is empty")
    if len(x) != len(y):
        raise RequestError(f"{name}: x_{split} has {len(x)} samples, but y_{split} has {len(y)} labels")


def check_finite(name: str, key: str, array: NDArray[Any]) -> None:
    """Raise `RequestError` if a value isn't finite."""
    finite = np.isfinite(array)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise RequestError(
            f"{name}: {key} holds {int(array.size - finite.sum())} values that are not finite, the first at "
            f"{first}; drop or fill them"
        )


def check_labels(name: str, key: str, y: NDArray[Any], task: Task) -> None:
    """Raise `RequestError` if labels don't fit the task."""
    if task.kind != "classes":
        if y.dtype != np.float32 or y.ndim != 2 or y.shape[1] != task.outputs:
            held = " holding 0 and 1" if task.kind == "labels" else ""
            raise RequestError(
                f"{name}: {key} is {y.dtype} of shape {y.shape}; the task, {task}, expects float32 of shape "
                f"(N, {task.outputs}){held}"
            )
        if task.kind == "regression":
            check_finite(name, key, y)
        elif not np.isin(y, (0.0, 1.0)).all():
            raise RequestError(
                f"{name}: {key} holds values other than 0 and 1, which multi-hot labels must not"
            )
        return
    if y.dtype != np.int64 or y.ndim != 1:
        raise RequestError(
            f"{name}: {key} is {y.dtype} of shape {y.shape}; the task, {task}, expects int64 of shape (N,)"
        )
    if y.size and (y.min() < 0 or y.max() >= task.outputs):
        raise RequestError(
            f"{name}: {key} holds labels from {y.min()} to {y.max()}; the task, {task}, has 0 to "
            f"{task.outputs - 1}"
        )


def _check_inputs(name: str, key: str, x: NDArray[Any]) -> None:
    if x.dtype != np.float32 or x.ndim - 1 not in CANONICAL:
        raise RequestError(
            f"{name}: {key} is {x.dtype} of shape {x.shape}; expected float32 of 2 to 5 axes, samples first"
        )
    check_finite(name, key, x)
