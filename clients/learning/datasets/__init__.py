"""Data sets by name, from an `.npz` file, or from your own `package.module:factory`."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from clients.learning.datasets.base import Dataset, FloatArray, IntArray
from clients.learning.datasets.chest import load_chestxray14
from clients.learning.datasets.custom import ANY, conform, from_factory, from_npz, import_object
from clients.learning.datasets.images import (
    load_cifar10,
    load_digits,
    load_fashion_mnist,
    load_femnist,
    load_mnist,
)
from clients.learning.datasets.sources import Progress, Sources
from clients.learning.datasets.tabular import load_lending_club
from clients.types.errors import unknown_name
from clients.types.learning import Form

__all__ = [
    "DATASETS",
    "Dataset",
    "FloatArray",
    "IntArray",
    "Progress",
    "import_object",
    "load",
]

DATASETS: Mapping[str, Callable[[Sources], Dataset]] = MappingProxyType(
    {
        "digits": load_digits,
        "mnist": load_mnist,
        "fashion_mnist": load_fashion_mnist,
        "cifar10": load_cifar10,
        "femnist": load_femnist,
        "lending_club": load_lending_club,
        "chestxray14": load_chestxray14,
    }
)


def load(
    name: str,
    form: Form = ANY,
    *,
    folder: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Return the data set called `name`: one of `DATASETS`, a path to an `.npz`, or `package.module:factory`.

    It has the given `form`, whatever labels its samples happen to have; the data decide what `form` leaves
    open.

    Files are looked for in `folder` (or else `$FEDJURY_DATA`), then in `cache` (or else the user's cache
    folder), then downloaded into the cache, with a check of their checksum. `progress(file, done, total)`
    gets numbers of bytes.

    Raises `RequestError` for an unknown name, bad content or another form, `UnavailableError` for a file that
    can't be found.
    """
    if name in DATASETS:
        return conform(DATASETS[name](Sources(folder=folder, cache=cache, progress=progress)), form)
    if name.endswith(".npz"):
        return from_npz(Path(name).expanduser(), form)
    if ":" in name:
        return from_factory(name, form)
    raise unknown_name("data set", name, DATASETS)
