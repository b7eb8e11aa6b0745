"""ChestX-ray14 (Wang et al., CVPR 2017), as paper stake_vote §6.1 uses it."""

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import Dataset, FloatArray
from clients.learning.datasets.custom import read_npz
from clients.learning.datasets.images import scale_pixels
from clients.learning.datasets.sources import RemoteFile, Sources
from clients.types.learning import Task

# The whole set at 64 pixels, in NIH's own split, which is by patient.
_CHESTMNIST = RemoteFile(
    "chestmnist_64.npz",
    "md5:9de6cd0b934ebb5b7426cfba5efbae16",
    ("https://zenodo.org/records/10519652/files/chestmnist_64.npz?download=1",),
)
_FINDINGS = 10
_TEST_SHARE = 0.2


def load_chestxray14(sources: Sources) -> Dataset:
    """Return 64×64 X-rays with the 10 most common findings as labels, each image normalised by itself.

    From `chestxray14-1000-64px.npz`: a fifth of the *patients* is the test set, so no patient is in both.
    Else from ChestMNIST's file of all 112,120 images, train and validation together against test. The patient
    is the "writer" of an image, if the file names it.
    """
    path = sources.bundle("chestxray14-1000-64px.npz", "chestmnist_64.npz")
    if path is None:
        (path,) = sources.fetch("chestxray14", [_CHESTMNIST], "chestxray14-1000-64px.npz")
    patients: NDArray[np.int64] | None
    if path.name == _CHESTMNIST.name:
        keys = tuple(f"{part}_{kind}" for part in ("train", "val", "test") for kind in ("images", "labels"))
        arrays = read_npz(path, keys)
        pixels = np.concatenate([arrays[f"{part}_images"] for part in ("train", "val", "test")])
        labels = np.concatenate([arrays[f"{part}_labels"] for part in ("train", "val", "test")])
        test = np.arange(len(pixels)) >= len(pixels) - len(arrays["test_images"])
        patients = None
    else:
        arrays = read_npz(path, ("x", "y", "patient"))
        pixels, labels = arrays["x"], arrays["y"]
        patients = arrays["patient"].astype(np.int64)
        test = _test_patients(patients)
    common = np.sort(np.argsort(-labels[~test].sum(axis=0, dtype=np.int64), kind="stable")[:_FINDINGS])
    x, y = _normalise(scale_pixels(pixels[:, None])), labels[:, common].astype(np.float32)
    return Dataset(
        "chestxray14",
        x[~test],
        y[~test],
        x[test],
        y[test],
        Task("labels", _FINDINGS),
        None if patients is None else patients[~test],
    )


def _test_patients(patients: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the rows of the fifth of the patients that is kept for testing (a fixed draw)."""
    everyone = np.unique(patients)
    chosen = np.random.default_rng(14).permutation(everyone)[: round(_TEST_SHARE * len(everyone))]
    return np.isin(patients, chosen)


def _normalise(x: FloatArray) -> FloatArray:
    """Return each image with mean 0 and deviation 1 (§6.1.2: instance normalisation)."""
    mean = x.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    deviation = x.std(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    normal: FloatArray = ((x - mean) / np.maximum(deviation, 1e-6)).astype(np.float32)
    return normal
