"""Small data sets, one of them without a file, and a small model: what smoke runs and laptops can afford."""

from typing import Any


def breast_cancer() -> dict[str, Any]:
    """Return 569 biopsies of 30 numbers each, standardised; every fifth to test; scikit-learn has them."""
    from sklearn.datasets import load_breast_cancer

    return _standardise(load_breast_cancer())


def wine() -> dict[str, Any]:
    """Return 178 wines of 13 numbers each, standardised; every fifth to test; scikit-learn has them."""
    from sklearn.datasets import load_wine

    # Sorted by class, as they come, every fifth is of each class in proportion.
    return _standardise(load_wine())


def _standardise(found: Any) -> dict[str, Any]:
    x = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    return _split(x.astype("float32"), found.target)


def _split(x: Any, y: Any) -> dict[str, Any]:
    test = [place % 5 == 4 for place in range(len(x))]
    train = [not one for one in test]
    return {"x_train": x[train], "y_train": y[train], "x_test": x[test], "y_test": y[test]}


def digits_below_7() -> dict[str, Any]:
    """Return scikit-learn's digits, of which a model says whether they are below 7, as 70 % are."""
    return _digits(lambda digit: digit < 7)


def digits_above_1() -> dict[str, Any]:
    """Return scikit-learn's digits, of which a model says whether they are above 1, as 80 % are."""
    return _digits(lambda digit: digit > 1)


def _digits(holds: Any) -> dict[str, Any]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return _split((found.images[:, None] / 16).astype("float32"), holds(found.target).astype("int64"))


def mnist_small() -> dict[str, Any]:
    """Return a tenth of MNIST at half its resolution: 6,000 pictures of 14×14 to train, 1,000 to test.

    Each pixel is the mean of four; of training and test set, the first ones.
    """
    first = _first_of_mnist(6_000, 1_000)
    for part in ("x_train", "x_test"):
        first[part] = first[part].reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5))
    return first


def mnist_tenth() -> dict[str, Any]:
    """Return the first 6,000 pictures of MNIST to train and 500 to test, for what the paper's CNN does."""
    return _first_of_mnist(6_000, 500)


def _first_of_mnist(train: int, test: int) -> dict[str, Any]:
    from clients.learning import datasets

    whole = datasets.load("mnist")
    return {
        "x_train": whole.x_train[:train],
        "y_train": whole.y_train[:train],
        "x_test": whole.x_test[:test],
        "y_test": whole.y_test[:test],
    }


def narrow_2nn(shape: tuple[int, ...], num_classes: int) -> Any:
    """Return mnist_2nn with 50 nodes in each hidden layer for 200: a sixth of the weights."""
    from clients.learning.models import dense

    return dense(shape, (50, 50), num_classes)


def norm_cnn(shape: tuple[int, ...], num_classes: int) -> Any:
    """Return two convolutions with BatchNorm and pooling, dropout, and a dense layer."""
    from clients.learning.models import convolving

    return convolving(shape, (8, 16), num_classes)
