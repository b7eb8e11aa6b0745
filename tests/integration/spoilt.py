"""Data of which one writer's can't be used, and the model that can't: by name, for commands to load."""

import numpy as np
import torch
from torch import Tensor, nn

ROWS, WRITERS, EACH = 5, 6, 30


def one_writer() -> dict[str, np.ndarray]:
    """Categories for `table`; the last writer's have one that it lacks a row for."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, ROWS, (WRITERS * EACH + 40, 2)).astype(np.float32)
    y = (x.sum(1) % 2).astype(np.int64)
    train = slice(0, WRITERS * EACH)
    writers = np.repeat(np.arange(WRITERS), EACH)
    x[train][writers == WRITERS - 1] = ROWS
    return {
        "x_train": x[train], "y_train": y[train], "writer_train": writers,
        "x_test": x[WRITERS * EACH :], "y_test": y[WRITERS * EACH :],
    }  # fmt: skip


def few() -> dict[str, np.ndarray]:
    """The same categories without the one; the last writer has ten samples, of which it judges on two."""
    data = one_writer()
    kept = np.arange(WRITERS * EACH) < (WRITERS - 1) * EACH + 10
    data["x_train"] = data["x_train"] % ROWS
    return {**data, **{name: data[name][kept] for name in ("x_train", "y_train", "writer_train")}}


def amounts(size: float = 50_000) -> dict[str, np.ndarray]:
    """Two blobs, told apart by two columns: of small numbers one, of amounts the other."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 2
    x = (rng.normal(size=(240, 2)) + 3 * y[:, None]) * np.array([1, size])
    return {"x_train": x[:200], "y_train": y[:200], "x_test": x[200:], "y_test": y[200:]}


def absurd() -> dict[str, np.ndarray]:
    """The same, with amounts whose variance no average takes."""
    return amounts(1e12)


def normalised(shape: tuple[int, ...], classes: int) -> nn.Module:
    """BatchNorm straight on the columns."""
    return nn.Sequential(nn.BatchNorm1d(shape[0]), nn.Linear(shape[0], classes))


class Table(nn.Module):
    """An embedding of each category."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(ROWS, 4)
        self.head = nn.Linear(4, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.rows(x.long()).sum(1)))


def table(shape: tuple[int, ...], classes: int) -> nn.Module:
    return Table(classes)
