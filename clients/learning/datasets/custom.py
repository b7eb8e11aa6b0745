"""Data of the user's own: an `.npz` file, or a function that returns a `Dataset`."""

import errno
import importlib
import numbers
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.axes import arrange, find_layout
from clients.learning.datasets.base import Dataset, check_counts, check_finite
from clients.learning.datasets.labels import find_task, read_labels, read_whole
from clients.learning.datasets.scaling import (
    check_unit,
    find_constants,
    scale_bytes,
    to_inputs,
    to_targets,
)
from clients.types.errors import RequestError, UnavailableError, unknown_name
from clients.types.learning import CANONICAL, LAYOUTS, Constants, Form, Task

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_OPTIONAL = ("writer_train", "num_classes", "layout")
ANY = Form()
"""The form that leaves everything open."""


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
    """Turn errors of reading a file into ours: a damaged zip raises nearly anything."""
    try:
        yield
    except RequestError:
        raise
    except FileNotFoundError as error:
        raise RequestError(f"there is no data file {path}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # EINVAL: the file refers to an absurd offset in itself
            raise UnavailableError(f"cannot read {path}: {error.strerror}") from error
        raise RequestError(f"{path}: expected {expected}: {error}") from error
    except Exception as error:
        raise RequestError(f"{path}: expected {expected}: {type(error).__name__}: {error}") from error


def from_npz(path: Path, form: Form = ANY) -> Dataset:
    """Return the data set in an `.npz` with `x_train y_train x_test y_test` and optionally `writer_train`,
    `num_classes` and `layout`.

    Raises as `from_arrays` does, and `RequestError` if the file lacks a key or can't be read.
    """
    arrays = read_npz(path, _KEYS, optional=_OPTIONAL)
    return from_arrays(path.name, **arrays, form=form)


def from_arrays(
    name: str,
    x_train: NDArray[Any],
    y_train: NDArray[Any],
    x_test: NDArray[Any],
    y_test: NDArray[Any],
    writer_train: NDArray[Any] | None = None,
    num_classes: Any = None,
    layout: Any = None,
    form: Form = ANY,
) -> Dataset:
    """Return a `Dataset` of plain arrays, in the given `form`.

    Inputs: bytes (scaled to 0..1) or numbers, with axes in one of `LAYOUTS`. Labels: for classes whole
    numbers from 0; for several labels N×K of 0 and 1; for a regression numbers, N or N×K.

    Raises `RequestError` saying which array is wrong and how, or what isn't clear and how to state it.
    """
    for key, x in (("x_train", x_train), ("x_test", x_test)):
        if x.dtype.kind not in "uifb":
            raise RequestError(f"{name}: {key} is {x.dtype}; expected numbers")
    axes = find_layout(f"{name}: x_train", x_train, _get_layout(name, layout, form), form.shape)
    inputs = {
        key: scale_bytes(arrange(x, find_layout(f"{name}: {key}", x, axes, form.shape)))
        for key, x in (("x_train", x_train), ("x_test", x_test))
    }
    labels = {"y_train": y_train, "y_test": y_test}
    task = find_task(name, labels, form.task, _get_count(name, num_classes))
    labels = {key: read_labels(name, key, y, task) for key, y in labels.items()}
    for split in ("train", "test"):
        check_counts(name, split, inputs[f"x_{split}"], labels[f"y_{split}"])
    constants = _standardise(name, task, inputs, labels, form.standardize)
    writers = None if writer_train is None else read_whole(name, "writer_train", writer_train)
    return Dataset(
        name,
        inputs["x_train"],
        labels["y_train"],
        inputs["x_test"],
        labels["y_test"],
        task,
        writers,
        axes,
        constants,
    )


def _standardise(
    name: str,
    task: Task,
    inputs: dict[str, NDArray[Any]],
    labels: dict[str, NDArray[Any]],
    said: bool | Constants,
) -> Constants | None:
    """Convert inputs and labels to the form that models take, in place; return the constants used."""
    if said is True:
        check_finite(name, "x_train", inputs["x_train"])
    constants = find_constants(name, said, task, inputs["x_train"], labels["y_train"])
    for key, x in inputs.items():
        inputs[key] = to_inputs(name, key, x, constants)
    if task.kind == "regression":
        assert constants is not None
        for key, y in labels.items():
            labels[key] = to_targets(name, key, y, constants)
        check_unit(name, list(labels.values()))
    return constants


def _get_layout(name: str, told: Any, form: Form) -> str:
    """Return the layout given by data or settings; `RequestError` if they contradict each other."""
    if told is None:
        return form.layout
    layout = str(np.asarray(told)[()])
    if layout not in LAYOUTS:
        raise unknown_name(f"layout in {name}:", layout, LAYOUTS)
    if form.layout and form.layout != layout:
        raise RequestError(
            f"{name} says that its layout is {layout}, but the settings say {form.layout}; mend one of them"
        )
    return layout


def _get_count(name: str, told: Any) -> int | None:
    """Return `num_classes`, a whole number; `RequestError` if it is something else."""
    if told is None:
        return None
    count = np.asarray(told)
    if count.size != 1 or count.dtype.kind not in "ui":
        raise RequestError(
            f"{name}: num_classes is {count.dtype} of shape {count.shape}; expected one whole number"
        )
    return int(count.reshape(-1)[0])


def from_factory(spec: str, form: Form = ANY) -> Dataset:
    """Return the data set of `package.module:factory`, which returns a `Dataset` or `from_arrays`'s arguments
    as a dict.

    Raises `RequestError` if it can't be imported, fails, or returns something else.
    """
    factory = import_object("data set", spec)
    try:
        made = factory()
    except Exception as error:
        raise RequestError(f"data set {spec}: the factory failed: {type(error).__name__}: {error}") from error
    if isinstance(made, Dataset):
        return conform(made, form)
    if isinstance(made, dict):
        arrays = {str(key): _as_array(spec, str(key), value) for key, value in made.items()}
        try:
            return from_arrays(spec, **arrays, form=form)
        except TypeError as error:
            raise RequestError(
                f"data set {spec}: found the keys {', '.join(map(str, made))}; expected {', '.join(_KEYS)} "
                f"and optionally {', '.join(_OPTIONAL)}"
            ) from error
    raise RequestError(
        f"data set {spec}: the factory returned {type(made).__name__}; expected a Dataset or a dict of arrays"
    )


def conform(dataset: Dataset, form: Form) -> Dataset:
    """Return the data set in the given `form`; `RequestError` if it can't have that form."""
    name, own, constants = dataset.name, dataset.form, dataset.constants
    if form.layout not in ("", own.layout):
        raise RequestError(f"{name}: its layout is {own.layout}, not {form.layout}")
    find_layout(f"{name}: x_train", dataset.x_train, CANONICAL[len(own.shape)], form.shape)
    if constants is not None and form.standardize not in (False, True, constants):
        raise RequestError(f"{name} is standardised by other constants than those agreed on")
    task = form.task or dataset.task
    inputs: dict[str, NDArray[Any]] = {"x_train": dataset.x_train, "x_test": dataset.x_test}
    labels: dict[str, NDArray[Any]] = {"y_train": dataset.y_train, "y_test": dataset.y_test}
    if task != dataset.task:
        labels = {key: read_labels(name, key, y, task) for key, y in labels.items()}
    if constants is None and (form.standardize or task.kind == "regression"):
        constants = _standardise(name, task, inputs, labels, form.standardize)
    if task == dataset.task and constants is dataset.constants:
        return dataset
    changed: dict[str, Any] = inputs | labels
    return replace(dataset, task=task, constants=constants, **changed)


def _as_array(name: str, key: str, value: object) -> NDArray[Any]:
    """Return a factory's value for `key` as an array; `RequestError` if it isn't an array of numbers."""
    if np.ma.is_masked(value):
        raise RequestError(f"{name}: {key} has masked values; drop or fill them")
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists, tensors on another device, and others
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{name}: {key} can't be made an array of numbers: {first[:200]}") from error
    if array.dtype == object and all(isinstance(one, numbers.Real) for one in array.flat):
        array = np.asarray(array.tolist())  # a table with several kinds of numbers comes as objects
    if array.dtype == object:
        # Name the kinds of values that aren't numbers; numbers in an object array are too large.
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
