"""Loaders of the picture sets, except the X-rays."""

import gzip
import importlib.util
import json
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import Dataset, FloatArray, IntArray
from clients.learning.datasets.custom import read_npz
from clients.learning.datasets.sources import RemoteFile, Sources
from clients.types.errors import RequestError
from clients.types.learning import Task

_FASHION_HOMES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
_MNIST_HOMES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_MNIST_SUMS = (
    "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "md5:9fb629c4189551a2d022fa330f9573f3",
    "md5:ec29112dd5afa0611ce80d1b7f02629c",
)
_FASHION_SUMS = (
    "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "md5:25c81989df183df01b3e8a0aad5dffbe",
    "md5:bef4ecab320f06d8554ea6380940ec79",
    "md5:bb300cfdad3c16e7a12a480ee83cd310",
)
# QMNIST gives, row for row with MNIST's training set, the writer of each digit (column 2 of 8).
_QMNIST_LABELS = RemoteFile(
    "qmnist-train-labels-idx2-int.gz",
    "sha256:2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
    ("https://raw.githubusercontent.com/facebookresearch/qmnist/master/qmnist-train-labels-idx2-int.gz",),
)
# The binary edition: the Python one consists of pickles, which are never read here.
_CIFAR10 = RemoteFile(
    "cifar-10-binary.tar.gz",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
)
_CIFAR10_MEAN = np.array([0.4914, 0.4822, 0.4465], np.float32).reshape(1, 3, 1, 1)
_CIFAR10_STD = np.array([0.2470, 0.2435, 0.2616], np.float32).reshape(1, 3, 1, 1)


def load_digits(sources: Sources) -> Dataset:
    """Return scikit-learn's 1,797 digits of 8×8, which need no file: 1,437 to train, every fifth to test."""
    rows = _read_digits()
    x = (rows[:, :64].reshape(-1, 1, 8, 8) / 16.0).astype(np.float32)
    y = rows[:, 64].astype(np.int64)
    # Rows are sorted by writer, so every fifth row samples all writers.
    test = np.arange(len(x)) % 5 == 4
    return Dataset("digits", x[~test], y[~test], x[test], y[test], Task("classes", 10))


def load_mnist(sources: Sources) -> Dataset:
    """Return MNIST, pixels in 0..1, with QMNIST's writers."""
    path = sources.bundle("mnist.npz")
    if path is not None:
        arrays = read_npz(path, ("x_train", "y_train", "x_test", "y_test"), optional=("writer_train",))
        writers = arrays.get("writer_train")
        return _gray("mnist", arrays, 10, None if writers is None else writers.astype(np.int64))
    paths = sources.fetch(
        "mnist", [*_idx_files("mnist", _MNIST_HOMES, _MNIST_SUMS), _QMNIST_LABELS], "mnist.npz"
    )
    writers = read_idx(paths[-1])[:, 2].astype(np.int64)
    return _gray("mnist", _idx_arrays(paths), 10, writers)


def load_fashion_mnist(sources: Sources) -> Dataset:
    """Return Fashion-MNIST, pixels in 0..1."""
    path = sources.bundle("fashion-mnist.npz")
    if path is not None:
        return _gray("fashion_mnist", read_npz(path, ("x_train", "y_train", "x_test", "y_test")), 10)
    files = _idx_files("fashion-mnist", _FASHION_HOMES, _FASHION_SUMS)
    return _gray("fashion_mnist", _idx_arrays(sources.fetch("fashion_mnist", files, "fashion-mnist.npz")), 10)


def load_cifar10(sources: Sources) -> Dataset:
    """Return CIFAR-10, each channel standardised by its mean and deviation over the training set."""
    path = sources.bundle("cifar10.npz", "cifar10-24k.npz")
    if path is not None:
        arrays = read_npz(path, ("x_train", "y_train", "x_test", "y_test"))
    else:
        (archive,) = sources.fetch("cifar10", [_CIFAR10], "cifar10-24k.npz")
        arrays = _read_cifar_archive(archive)
    x_train, x_test = (
        (scale_pixels(arrays[key].transpose(0, 3, 1, 2)) - _CIFAR10_MEAN) / _CIFAR10_STD
        for key in ("x_train", "x_test")
    )
    y_train, y_test = (arrays[key].astype(np.int64) for key in ("y_train", "y_test"))
    return Dataset("cifar10", x_train, y_train, x_test, y_test, Task("classes", 10))


def load_femnist(sources: Sources) -> Dataset:
    """Return LEAF's FEMNIST, 62 classes, with writers; ink is 1 and paper 0, as in MNIST.

    Read from `femnist-105-writers.npz`, or from a folder `femnist` holding the `train` and `test` folders of
    JSON files that LEAF's own `preprocess.sh` writes.
    """
    path = sources.bundle("femnist", "femnist-105-writers.npz")
    if path is None:
        raise sources.missing(
            "femnist",
            "femnist-105-writers.npz (or a folder femnist/ with LEAF's train/*.json and test/*.json)",
            "has no home that gives a checksum and needs no code run. Make it with LEAF "
            "(https://github.com/TalwalkarLab/leaf): data/femnist/preprocess.sh -s niid --sf 0.05 -t sample",
        )
    if path.is_dir():
        return _read_leaf(path)
    arrays = read_npz(path, ("x_train", "y_train", "w_train", "x_test", "y_test"))
    # Here ink is dark on a white (255) ground; MNIST has it the other way round.
    arrays["x_train"], arrays["x_test"] = 255 - arrays["x_train"], 255 - arrays["x_test"]
    return _gray("femnist", arrays, 62, arrays["w_train"].astype(np.int64))


def scale_pixels(pixels: NDArray[Any]) -> FloatArray:
    """Return 8-bit pixels as contiguous float32 in 0..1."""
    return np.ascontiguousarray(pixels, np.float32) / np.float32(255)


def read_idx(path: Path) -> NDArray[Any]:
    """Return the array in a gzipped IDX file, the format of MNIST's home page.

    Raises `RequestError` if the file is not one.
    """
    kinds = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    try:
        data = gzip.decompress(path.read_bytes())
        kind, rank = data[2], data[3]
        shape = tuple(int(size) for size in np.frombuffer(data, ">u4", rank, 4))
        return np.frombuffer(data, kinds[kind], offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, IndexError, KeyError, ValueError, zlib.error) as error:
        raise RequestError(f"{path} is not a gzipped IDX file: {error}") from error


def _read_digits() -> NDArray[np.float64]:
    """Return the digits, 64 pixels and a label per row, from the file in scikit-learn's package.

    Importing scikit-learn takes seconds, reading the file doesn't. If the file has moved, import after all.
    """
    spec = importlib.util.find_spec("sklearn")
    for home in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(home, "datasets", "data", "digits.csv.gz")
        if path.is_file():
            return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits as bundled

    images, labels = bundled(return_X_y=True)
    return np.column_stack([images, labels])


def _idx_files(prefix: str, homes: Sequence[str], sums: Sequence[str]) -> list[RemoteFile]:
    # The two sets use the same four names, so in the cache each gets its own prefix.
    return [
        RemoteFile(f"{prefix}-{name}", checksum, tuple(home + name for home in homes))
        for name, checksum in zip(_IDX_NAMES, sums, strict=True)
    ]


def _idx_arrays(paths: Sequence[Path]) -> dict[str, NDArray[Any]]:
    return dict(zip(("x_train", "y_train", "x_test", "y_test"), map(read_idx, paths[:4]), strict=True))


def _gray(
    name: str, arrays: dict[str, NDArray[Any]], classes: int, writers: IntArray | None = None
) -> Dataset:
    x_train, x_test = (scale_pixels(arrays[key][:, None]) for key in ("x_train", "x_test"))
    y_train, y_test = (arrays[key].astype(np.int64) for key in ("y_train", "y_test"))
    return Dataset(name, x_train, y_train, x_test, y_test, Task("classes", classes), writers)


def _read_cifar_archive(path: Path) -> dict[str, NDArray[Any]]:
    record = 1 + 3 * 32 * 32  # a label, then the three channels
    rows: dict[str, NDArray[np.uint8]] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = Path(member.name).name
                stream = archive.extractfile(member) if name.endswith(".bin") else None
                if stream is not None:
                    rows[name] = np.frombuffer(stream.read(), np.uint8).reshape(-1, record)
        train = np.concatenate([rows[f"data_batch_{i}.bin"] for i in range(1, 6)])
        test = rows["test_batch.bin"]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError) as error:
        raise RequestError(f"{path} is not CIFAR-10's binary archive: {error}") from error
    arrays: dict[str, NDArray[Any]] = {}
    for split, part in (("train", train), ("test", test)):
        arrays[f"x_{split}"] = part[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{split}"] = part[:, 0]
    return arrays


def _read_leaf(folder: Path) -> Dataset:
    parts: dict[str, tuple[FloatArray, IntArray, list[str]]] = {}
    for split in ("train", "test"):
        paths = sorted((folder / split).glob("*.json"))
        if not paths:
            raise RequestError(
                f"{folder / split} holds no JSON files; expected what LEAF's preprocess.sh writes"
            )
        x: list[FloatArray] = []
        y: list[IntArray] = []
        owners: list[str] = []
        for path in paths:
            try:
                for user, data in json.loads(path.read_bytes())["user_data"].items():
                    x.append(np.asarray(data["x"], np.float32).reshape(-1, 1, 28, 28))
                    y.append(np.asarray(data["y"], np.int64).reshape(-1))
                    owners += [user] * len(y[-1])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise RequestError(f"{path} is not one of LEAF's FEMNIST files: {error!r}") from error
        # LEAF's pixels are 0..1 with white paper, like the scans.
        parts[split] = np.float32(1) - np.concatenate(x), np.concatenate(y), owners
    (x_train, y_train, owners), (x_test, y_test, _) = parts["train"], parts["test"]
    writers = np.unique(owners, return_inverse=True)[1].astype(np.int64)
    return Dataset("femnist", x_train, y_train, x_test, y_test, Task("classes", 62), writers)
