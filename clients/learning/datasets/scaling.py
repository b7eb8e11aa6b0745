"""Prepares numbers for a model: scales bytes, standardises columns by agreed constants, converts to float32.

Constants are computed in float64 and rounded to the significant places, so that every file and every machine
has the same numbers.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.axes import get_column_axis, name_column
from clients.learning.datasets.base import FloatArray
from clients.types.errors import RequestError
from clients.types.learning import Constants, Task

_DIGITS = 6
_EXACT = 2.0**24
"""Up to here float32 holds every whole number."""
_SHARE_LOST = 1e-3
_FAR = 10.0
_ROWS = 4096
_Numbers = NDArray[np.float64]


def scale_bytes(x: NDArray[Any]) -> NDArray[Any]:
    """Return bytes, such as pixels, as float32 from 0 to 1, and other numbers unchanged."""
    return np.ascontiguousarray(x, np.float32) / np.float32(255) if x.dtype == np.uint8 else x


def find_constants(
    name: str, said: bool | Constants, task: Task, x: NDArray[Any], y: NDArray[Any]
) -> Constants | None:
    """Return the constants `said`, or those of the samples `x` (canonical axes) and their labels `y`.

    Columns are standardised only if `said` asks for it. A regression's targets always are, since a model that
    learns amounts of 20,000 in steps of 0.001 gets nowhere. None if nothing is standardised.
    """
    if isinstance(said, Constants):
        return said
    mean, scale = measure(f"{name}: x_train", x, get_column_axis(x)) if said else ((), ())
    target_mean, target_scale = measure(f"{name}: y_train", y, 1) if task.kind == "regression" else ((), ())
    return Constants(mean, scale, target_mean, target_scale) if mean or target_mean else None


def measure(where: str, x: NDArray[Any], axis: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation along `axis`, rounded; the deviation of a constant column is 1.

    Raises `RequestError` for numbers whose deviation float64 can't hold.
    """
    others = tuple(place for place in range(x.ndim) if place != axis)
    count = x.size // x.shape[axis]
    low, high = x.min(axis=others), x.max(axis=others)
    shape = [-1 if place == axis else 1 for place in range(x.ndim)]
    with np.errstate(over="ignore", invalid="ignore"):
        means = sum(block.sum(axis=others) for block in _blocks(x)) / count
        squares = sum(((block - means.reshape(shape)) ** 2).sum(axis=others) for block in _blocks(x)) / count
    deviations = np.where(low == high, 1.0, np.sqrt(squares))
    unfit = ~np.isfinite(deviations) | (deviations == 0)
    if unfit.any():
        column = name_column(x, int(unfit.argmax()))
        raise RequestError(
            f"{where}: the numbers of {column} are too large or too close together: scale them"
        )
    scales = tuple(float(f"{one:.{_DIGITS}g}") for one in deviations.tolist())
    pairs = zip(means.tolist(), scales, strict=True)
    return tuple(_round(mean, scale) for mean, scale in pairs), scales


def standardize(x: NDArray[Any], mean: tuple[float, ...], scale: tuple[float, ...], axis: int) -> FloatArray:
    """Return (x - mean) / scale along `axis`, computed in float64."""
    shape = [-1 if place == axis else 1 for place in range(x.ndim)]
    means, scales = (np.asarray(one, np.float64).reshape(shape) for one in (mean, scale))
    with np.errstate(over="ignore"):  # too large numbers become infinite, and are reported later
        return np.concatenate([((block - means) / scales).astype(np.float32) for block in _blocks(x)])


def to_inputs(name: str, key: str, x: NDArray[Any], constants: Constants | None) -> FloatArray:
    """Return samples as models take them; raise `RequestError` if float32 couldn't tell them apart."""
    if constants is not None and constants.mean:
        columns = x.shape[get_column_axis(x)]
        if len(constants.mean) != columns:
            raise RequestError(
                f"{name}: {key} has {columns} columns, but standardize has {len(constants.mean)} constants"
            )
        return standardize(x, constants.mean, constants.scale, get_column_axis(x))
    if x.dtype.itemsize > 2 and x.dtype != np.float32:
        _check_exact(name, key, x)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(x, np.float32)


def to_targets(name: str, key: str, y: NDArray[Any], constants: Constants) -> FloatArray:
    """Return a regression's targets, standardised."""
    if len(constants.target_mean) != y.shape[1]:
        raise RequestError(
            f"{name}: {key} has {y.shape[1]} numbers a sample, but target_mean in standardize has "
            f"{len(constants.target_mean)}"
        )
    return standardize(y, constants.target_mean, constants.target_scale, 1)


def check_unit(name: str, targets: Sequence[FloatArray]) -> None:
    """Raise `RequestError` if standardised targets are so far off that they must be in another unit."""
    away = float(np.median(np.abs(np.concatenate(targets))))
    if away > _FAR:
        raise RequestError(
            f"{name}: the targets are some {away:.3g} of the federation's standard deviations away from its "
            "mean. Are they in the unit that was agreed on? See target_mean and target_scale"
        )


def _blocks(x: NDArray[Any]) -> Iterator[_Numbers]:
    """Yield the samples in float64, some at a time: all of them together would take much memory."""
    for start in range(0, max(len(x), 1), _ROWS):
        yield x[start : start + _ROWS].astype(np.float64)


def _round(mean: float, scale: float) -> float:
    """Return the mean, rounded to the decimals that matter relative to the scale."""
    return round(mean, _DIGITS - 1 - math.floor(math.log10(scale)))


def _check_exact(name: str, key: str, x: NDArray[Any]) -> None:
    """Raise `RequestError` if a column has large numbers that float32 can't tell apart.

    Whole numbers may be names, and must stay exact. Other numbers may lose a little, compared with how much
    they vary.
    """
    axis = get_column_axis(x)
    others = tuple(place for place in range(x.ndim) if place != axis)
    low, high = x.min(axis=others), x.max(axis=others)
    for place in np.flatnonzero((high > _EXACT) | (low < -_EXACT)):
        column = x.take(place, axis=axis)
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = column.astype(np.float32)
            if x.dtype.kind in "ui":
                lost = bool((rounded.astype(x.dtype) != column).any())
            else:
                away = np.abs(rounded - column.astype(np.float64))
                whole = bool((column == np.floor(column)).all())
                lost = bool(away.max() > (0 if whole else _SHARE_LOST * column.std(dtype=np.float64)))
        if lost and low[place] != high[place]:
            raise RequestError(
                f"{name}: {name_column(x, int(place))} of {key} has numbers from {low[place]} to "
                f"{high[place]}, and float32, in which models work, doesn't tell these apart. Leave out what "
                "only names things; scale the rest, or say --standardize"
            )
