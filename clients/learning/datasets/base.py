"""What a data set is: four arrays, a task, and the checks that they belong together."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clients.types.errors import RequestError

Task = Literal["multiclass", "binary", "multilabel"]
FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Labels = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A train and a test set, ready for a model.

    `x_*`: float32, images as N×C×H×W, rows of a table as N×D, scaled. `y_*`: int64 of shape N with values
    below `num_classes`, or, for the task "multilabel", float32 of shape N×`num_classes` holding 0 and 1.
    `writer_train`: who wrote each training sample, for the partition by writer.

    Raises `RequestError` where the arrays don't fit each other, saying which and how.
    """

    name: str
    x_train: FloatArray
    y_train: Labels
    x_test: FloatArray
    y_test: Labels
    num_classes: int
    task: Task
    writer_train: IntArray | None = None

    def __post_init__(self) -> None:
        for split in ("train", "test"):
            x, y = getattr(self, f"x_{split}"), getattr(self, f"y_{split}")
            _check_inputs(self.name, f"x_{split}", x)
            _check_labels(self.name, f"y_{split}", y, self.task, self.num_classes)
            if len(x) != len(y):
                raise RequestError(
                    f"{self.name}: x_{split} has {len(x)} samples, but y_{split} has {len(y)} labels"
                )
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
        """Shape of one sample: (C, H, W) or (D,)."""
        return tuple(int(size) for size in self.x_train.shape[1:])

    @property
    def metric(self) -> str:
        """The paper's metric for the task: accuracy, or mean AUROC where a sample has several labels."""
        return "auroc" if self.task == "multilabel" else "accuracy"


def _check_inputs(name: str, key: str, x: NDArray[Any]) -> None:
    if x.dtype != np.float32 or x.ndim not in (2, 4):
        raise RequestError(
            f"{name}: {key} is {x.dtype} of shape {x.shape}; expected float32 of shape (N, features) or "
            "(N, channels, height, width)"
        )
    if x.size == 0:
        raise RequestError(f"{name}: {key} of shape {x.shape} is empty")
    finite = np.isfinite(x)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise RequestError(
            f"{name}: {key} holds {int(x.size - finite.sum())} values that are not finite, the first at "
            f"{first}; drop or fill them"
        )


def _check_labels(name: str, key: str, y: NDArray[Any], task: Task, num_classes: int) -> None:
    if task == "multilabel":
        if y.dtype != np.float32 or y.ndim != 2 or y.shape[1] != num_classes:
            raise RequestError(
                f"{name}: {key} is {y.dtype} of shape {y.shape}; expected float32 of shape "
                f"(N, {num_classes}) holding 0 and 1"
            )
        if not np.isin(y, (0.0, 1.0)).all():
            raise RequestError(
                f"{name}: {key} holds values other than 0 and 1, which multi-hot labels must not"
            )
        return
    if y.dtype != np.int64 or y.ndim != 1:
        raise RequestError(f"{name}: {key} is {y.dtype} of shape {y.shape}; expected int64 of shape (N,)")
    if num_classes < 2:
        raise RequestError(f"{name}: all labels are the same; expected at least 2 classes")
    if y.size and (y.min() < 0 or y.max() >= num_classes):
        raise RequestError(
            f"{name}: {key} holds labels from {y.min()} to {y.max()}; expected 0 to {num_classes - 1}"
        )
