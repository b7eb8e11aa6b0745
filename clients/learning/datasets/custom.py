"""Data of the user's own: an `.npz` file, or a function that returns a `Dataset`."""

import errno
import importlib
import numbers
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import Dataset, FloatArray, IntArray, Labels
from clients.types.errors import RequestError, UnavailableError

_KEYS = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, keys: Sequence[str], *, optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return the arrays under `keys`, and those of `optional` that are there. Never unpickles.

    Raises `RequestError` saying which key is missing or unreadable, and what the file holds instead.
    """
    with _unreadable(path, "an .npz file"):
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise RequestError(f"{path} is a single array; expected an .npz with the keys {', '.join(keys)}")
    with archive:
        missing = [key for key in keys if key not in archive.files]
        if missing:
            raise RequestError(
                f"{path} lacks {', '.join(missing)}; expected the keys {', '.join(keys)}"
                f"{' and optionally ' + ', '.join(optional) if optional else ''}, "
                f"found {', '.join(archive.files) or 'none'}"
            )
        arrays = {}
        for key in (*keys, *(key for key in optional if key in archive.files)):
            with _unreadable(path, f"a numeric array under {key}, as numpy.savez writes it"):
                arrays[key] = np.asarray(archive[key])
        return arrays


@contextmanager
def _unreadable(path: Path, expected: str) -> Iterator[None]:
    """Turn what reading a file can end in into our errors: a damaged zip raises nearly anything."""
    try:
        yield
    except RequestError:
        raise
    except FileNotFoundError as error:
        raise RequestError(f"there is no data file {path}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # EINVAL: the file leads to an absurd place in itself
            raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
        raise RequestError(f"{path}: expected {expected}: {error}") from error
    except Exception as error:
        raise RequestError(f"{path}: expected {expected}: {type(error).__name__}: {error}") from error


def from_npz(path: Path) -> Dataset:
    """Return the data set in an `.npz` with `x_train y_train x_test y_test` and optionally `writer_train`.

    Inputs: uint8 images (scaled to 0..1) or numbers (taken as they are), N×H×W, N×H×W×C, N×C×H×W or N×D.
    Labels: whole numbers from 0, or N×K of 0 and 1. Raises `RequestError` saying which key is wrong and how.
    """
    arrays = read_npz(path, _KEYS, optional=("writer_train",))
    return from_arrays(path.name, **arrays)


def from_arrays(
    name: str,
    x_train: NDArray[Any],
    y_train: NDArray[Any],
    x_test: NDArray[Any],
    y_test: NDArray[Any],
    writer_train: NDArray[Any] | None = None,
) -> Dataset:
    """Return a `Dataset` of plain arrays, with the conversions that `from_npz` describes."""
    labels = {key: _labels(name, key, y) for key, y in (("y_train", y_train), ("y_test", y_test))}
    multilabel = labels["y_train"].ndim == 2
    if multilabel:
        classes = labels["y_train"].shape[1]
    else:
        classes = int(max(y.max(initial=0) for y in labels.values())) + 1
    return Dataset(
        name,
        _inputs(name, "x_train", x_train),
        labels["y_train"],
        _inputs(name, "x_test", x_test),
        labels["y_test"],
        classes,
        "multilabel" if multilabel else "binary" if classes == 2 else "multiclass",
        None if writer_train is None else _whole(name, "writer_train", writer_train),
    )


def from_factory(spec: str) -> Dataset:
    """Return what `package.module:factory` returns: a `Dataset`, or a dict of `from_arrays`'s arguments.

    Raises `RequestError` where it cannot be imported, fails, or returns something else.
    """
    factory = import_object("data set", spec)
    try:
        made = factory()
    except Exception as error:
        raise RequestError(f"data set {spec}: the factory failed: {type(error).__name__}: {error}") from error
    if isinstance(made, Dataset):
        return made
    if isinstance(made, dict):
        arrays = {str(key): _as_array(spec, str(key), value) for key, value in made.items()}
        try:
            return from_arrays(spec, **arrays)
        except TypeError as error:
            raise RequestError(
                f"data set {spec}: found the keys {', '.join(map(str, made))}; expected {', '.join(_KEYS)} "
                "and optionally writer_train"
            ) from error
    raise RequestError(
        f"data set {spec}: the factory returned {type(made).__name__}; expected a Dataset or a dict of arrays"
    )


def _as_array(name: str, key: str, value: object) -> NDArray[Any]:
    """Return what a factory gives for `key` as an array; `RequestError` where it is none of numbers."""
    if np.ma.is_masked(value):
        raise RequestError(f"{name}: {key} has masked values; drop or fill them")
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists, tensors on another device, and what else there is
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{name}: {key} can't be made an array of numbers: {first[:200]}") from error
    if array.dtype == object and all(isinstance(one, numbers.Real) for one in array.flat):
        array = np.asarray(array.tolist())  # a table with several kinds of numbers comes as objects
    if array.dtype == object:
        # Of what isn't a number the kind is told; what is one here is too large for an array.
        kinds = {type(one).__name__ for one in array.flat if not isinstance(one, numbers.Real)}
        found = ", ".join(sorted(kinds)) or "numbers that are too large"
        raise RequestError(f"{name}: {key} holds {found}; expected an array of numbers")
    return array


def import_object(kind: str, spec: str) -> Any:
    """Return the callable that `package.module:name` names, or raise `RequestError`."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise RequestError(f"{kind} {spec!r}: expected package.module:factory")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise RequestError(
            f"{kind} {spec!r}: cannot import {module_name}: {type(error).__name__}: {error}. "
            "Run from the folder that holds it, or set PYTHONPATH."
        ) from error
    made = getattr(module, name, None)
    if not callable(made):
        raise RequestError(f"{kind} {spec!r}: {module_name} has no function {name}")
    return made


def _inputs(name: str, key: str, x: NDArray[Any]) -> FloatArray:
    if x.dtype.kind not in "uifb":
        raise RequestError(f"{name}: {key} is {x.dtype}; expected numbers")
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[3] in (1, 3) and x.shape[1] not in (1, 3):
        x = x.transpose(0, 3, 1, 2)
    with np.errstate(over="ignore"):  # what is too large for float32 is found and told with what isn't finite
        scaled = np.ascontiguousarray(x, np.float32)
    return scaled / np.float32(255) if x.dtype == np.uint8 else scaled


def _labels(name: str, key: str, y: NDArray[Any]) -> Labels:
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "uifb":
        return y.astype(np.float32)
    return _whole(name, key, y)


def _whole(name: str, key: str, y: NDArray[Any]) -> IntArray:
    whole = y.dtype.kind in "uib" or (y.dtype.kind == "f" and bool(np.all(y == np.floor(y))))
    if y.ndim != 1 or not whole:
        raise RequestError(
            f"{name}: {key} is {y.dtype} of shape {y.shape}; expected whole numbers of shape (N,)"
            + ("" if key == "writer_train" else ", or 0 and 1 of shape (N, labels)")
        )
    return y.astype(np.int64)
