"""Layouts: what is said is taken at its word; what isn't, and isn't clear, is asked about."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.datasets.axes import arrange, find_layout
from clients.learning.datasets.custom import from_arrays
from clients.learning.models import MODELS, build
from clients.types.errors import RequestError
from clients.types.learning import CANONICAL, LAYOUTS, Form

SIZES = st.lists(st.integers(1, 4), min_size=5, max_size=5)


@given(st.sampled_from(sorted(LAYOUTS)), SIZES)
def test_a_layout_that_is_said_names_each_axis(layout: str, sizes: list[int]) -> None:
    size = dict(zip(layout, sizes, strict=False))
    x = np.random.default_rng(0).random([size[axis] for axis in layout])
    assert find_layout("x", x, layout, ()) == layout
    made = arrange(x, layout)
    order = CANONICAL[made.ndim - 1]
    assert made.shape == tuple(size.get(axis, 1) for axis in order)
    # Each number is where its axes say.
    for place in np.ndindex(*x.shape):
        at = dict(zip(layout, place, strict=True))
        assert made[tuple(at.get(axis, 0) for axis in order)] == x[place]
    # The federation's shape is as good as the name, unless another layout makes the same of it.
    with contextlib.suppress(RequestError):
        assert arrange(x, find_layout("x", x, "", made.shape[1:])).shape == made.shape


@pytest.mark.parametrize(
    ("shape", "dtype", "layout"),
    [
        ((9, 7), np.float64, "NF"),
        ((9, 28, 28), np.uint8, "NHW"),
        ((9, 8, 9, 3), np.float64, "NHWC"),
        ((9, 8, 9, 1), np.uint8, "NHWC"),
        ((9, 3, 8, 9), np.float32, "NCHW"),
        ((9, 1, 8, 9), np.float32, "NCHW"),
        ((9, 1, 5, 8, 9), np.float32, "NCDHW"),
        ((9, 5, 8, 9, 3), np.float32, "NDHWC"),
    ],
)
def test_what_is_clear_isnt_asked_about(shape: tuple[int, ...], dtype: type, layout: str) -> None:
    assert find_layout("x", np.zeros(shape, dtype), "", ()) == layout


@pytest.mark.parametrize(
    ("shape", "could"),
    [
        ((9, 28, 28), "NTF (sequences) or NHW (pictures of one channel)"),
        ((9, 32, 32, 4), "NCHW (pictures, channels first) or NHWC (pictures, channels last) or NDHW"),
        ((9, 3, 8, 3), "NCHW (pictures, channels first) or NHWC"),
        ((9, 16, 16, 16), "NDHW (volumes of one channel)"),
        ((9, 2, 8, 8, 8), "NCDHW (volumes, channels first) or NDHWC (volumes, channels last)"),
    ],
)
def test_what_isnt_clear_is_asked_about(shape: tuple[int, ...], could: str) -> None:
    with pytest.raises(RequestError) as caught:
        find_layout("own.npz: x_train", np.zeros(shape), "", ())
    assert could in str(caught.value)
    assert "Say which: --layout" in str(caught.value)


def test_the_federations_shape_settles_what_isnt_clear() -> None:
    x = np.zeros((2, 32, 32, 4))
    assert find_layout("x", x, "", (4, 32, 32)) == "NHWC"
    assert find_layout("x", x, "", (32, 32, 4)) == "NCHW"
    assert find_layout("x", x, "", (1, 32, 32, 4)) == "NDHW"
    assert find_layout("x", np.zeros((2, 28, 28)), "", (28, 28)) == "NTF"
    with pytest.raises(RequestError, match="a sample is 28×28; the federation's samples are 3×28×28"):
        find_layout("x", np.zeros((2, 28, 28)), "", (3, 28, 28))
    with pytest.raises(RequestError, match="the layout NHWC has 4 axes"):
        find_layout("x", np.zeros((2, 28, 28)), "NHWC", ())


def test_data_and_settings_say_the_layout_and_dont_contradict() -> None:
    x, y = np.zeros((4, 5, 6), np.float32), np.arange(4) % 2
    assert from_arrays("own", x, y, x, y, layout="NTF").shape == (5, 6)
    assert from_arrays("own", x, y, x, y, form=Form(layout="NHW")).shape == (1, 5, 6)
    assert from_arrays("own", x, y, x, y, layout=np.array("NHW")).form.layout == "NHW"
    with pytest.raises(RequestError, match="says that its layout is NTF, but the settings say NHW"):
        from_arrays("own", x, y, x, y, layout="NTF", form=Form(layout="NHW"))
    with pytest.raises(RequestError, match=r"unknown layout in own: 'NTH'\. Did you mean"):
        from_arrays("own", x, y, x, y, layout="NTH")


@pytest.mark.parametrize("shape", [(5, 6), (1, 4, 5, 6)])
def test_models_of_pictures_say_so(shape: tuple[int, ...]) -> None:
    for name in sorted(set(MODELS) - {"logistic", "mlp", "mnist_2nn"}):
        with pytest.raises(RequestError, match=r"takes pictures; samples of shape .* are none"):
            build(name, shape, 3, 0)
    assert build("mlp", shape, 3, 0) is not None
