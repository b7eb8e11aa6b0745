"""Small data sets, one of them without a file, and a small model: what smoke runs and laptops can afford."""

from typing import Any


def breast_cancer() -> dict[str, Any]:
    """Return 569 biopsies of 30 numbers each, standardised; every fifth to test; scikit-learn has them."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    x = ((found.data - found.data.mean(axis=0)) / found.data.std(axis=0)).astype(np.float32)
    test = np.arange(len(x)) % 5 == 4
    y = found.target
    return {"x_train": x[~test], "y_train": y[~test], "x_test": x[test], "y_test": y[test]}


def mnist_small() -> dict[str, Any]:
    """Return a tenth of MNIST at half its resolution: 6,000 pictures of 14×14 to train, 1,000 to test.

    Each pixel is the mean of four; of training and test set, the first ones.
    """
    from clients.learning import datasets

    whole = datasets.load("mnist")
    smaller = {}
    for part, count in (("train", 6_000), ("test", 1_000)):
        pictures = getattr(whole, f"x_{part}")[:count].reshape(count, 1, 14, 2, 14, 2)
        smaller[f"x_{part}"] = pictures.mean(axis=(3, 5))
        smaller[f"y_{part}"] = getattr(whole, f"y_{part}")[:count]
    return smaller


def narrow_2nn(shape: tuple[int, ...], num_classes: int) -> Any:
    """Return mnist_2nn with 50 nodes in each hidden layer for 200: a sixth of the weights."""
    from clients.learning.models import dense

    return dense(shape, (50, 50), num_classes)
