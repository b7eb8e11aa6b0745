"""Data of one's own: what is wrong with a file is said by key, with what was found and what is expected."""

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.datasets import DATASETS, Dataset, load
from clients.types.errors import RequestError
from clients.types.learning import Task

GOOD = {
    "x_train": np.zeros((6, 4), np.float32),
    "y_train": np.array([0, 1, 2, 0, 1, 2]),
    "x_test": np.zeros((3, 4), np.float32),
    "y_test": np.array([0, 1, 2]),
}


def saved(folder: Path, **changes: object) -> str:
    path = folder / "own.npz"
    arrays = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"y_test": None}, "lacks y_test; expected the keys x_train, y_train, x_test, y_test and optionally"),
        ({"x_train": None, "images": GOOD["x_train"]}, "found y_train, x_test, y_test, images"),
        ({"x_train": np.zeros((5, 4), np.float32)}, "x_train has 5 samples, but y_train has 6 labels"),
        ({"x_test": np.zeros((3, 5), np.float32)}, r"x_train has shape \(4,\) but one of x_test \(5,\)"),
        ({"x_train": np.zeros(6, np.float32)}, "x_train is float32 of shape"),
        ({"x_train": np.zeros((6, 2, 2, 2, 2, 2), np.float32)}, "x_train is float32 of shape"),
        ({"x_train": np.array(["a"] * 6)}, "x_train is <U1; expected numbers"),
        ({"x_train": np.array([[None]] * 6)}, "numeric array under x_train.*allow_pickle"),
        ({"x_train": np.full((6, 4), np.nan)}, "x_train holds 24 values that are not finite, the first at"),
        ({"x_test": np.full((3, 4), np.inf)}, "x_test holds 12 values that are not finite"),
        ({"y_train": np.array([0, 1, 2, 0, 1, -2])}, "y_train holds labels from -2 to 2"),
        ({"y_train": np.array([0, 1, 2, 0, 1, 0.5])}, "y_train is float64 .* expected whole numbers"),
        ({"y_train": np.array([0, 1, 2, 0, 1, np.nan])}, "y_train is float64 .* expected whole numbers"),
        ({"y_train": np.full((6, 3), 2)}, "y_train holds values other than 0 and 1"),
        ({"y_train": np.zeros((6, 3)), "y_test": np.zeros((3, 2))}, "y_test is float32 of shape"),
        ({"y_train": np.zeros(6, int), "y_test": np.zeros(3, int)}, "all labels are the same"),
        ({"x_train": np.zeros((0, 4)), "y_train": np.zeros(0, int)}, "is empty"),
        ({"x_test": np.zeros((0, 4)), "y_test": np.zeros(0, int)}, r"x_test of shape \(0, 4\) is empty"),
        ({"y_train": np.array(3)}, r"y_train is int64 of shape \(\)"),
        ({"layout": np.array("NFT")}, "unknown layout in own.npz: 'NFT'"),
        ({"num_classes": np.array(2)}, "labels from 0 to 2; the task, binary, has 0 to 1"),
        ({"writer_train": np.zeros(5, int)}, r"writer_train is int64 of shape \(5,\)"),
        ({"writer_train": np.array(["a"] * 6)}, "writer_train is <U1"),
    ],
)
def test_a_bad_file_is_a_request_error_that_names_the_key(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        load(saved(tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"\x80\x04K\x01."])
def test_what_is_no_npz_is_a_request_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"expected an \.npz file"):
        load(str(path))


def test_a_truncated_file_and_a_single_array_are_request_errors(tmp_path: Path) -> None:
    whole = Path(saved(tmp_path)).read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "cut.npz").write_bytes(whole[:size])
        with pytest.raises(RequestError):
            load(str(tmp_path / "cut.npz"))
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(RequestError, match="single array"):
        load(str(tmp_path / "one.npz"))
    with pytest.raises(RequestError, match="no data file"):
        load(str(tmp_path / "nowhere.npz"))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_file_never_fails_otherwise(at: int, flip: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(saved(Path(folder)))
        data = bytearray(path.read_bytes())
        data[at % len(data)] ^= flip
        path.write_bytes(data)
        with contextlib.suppress(RequestError):
            assert isinstance(load(str(path)), Dataset)


def test_conversions(tmp_path: Path) -> None:
    gray = load(
        saved(tmp_path, x_train=np.full((6, 5, 5), 255, np.uint8), x_test=np.zeros((3, 5, 5), np.uint8))
    )
    assert gray.shape == (1, 5, 5)
    assert gray.x_train.max() == 1.0
    assert gray.task == Task("classes", 3)
    assert gray.y_train.dtype == np.int64
    colour = load(saved(tmp_path, x_train=np.zeros((6, 8, 9, 3)), x_test=np.zeros((3, 8, 9, 3))))
    assert colour.shape == (3, 8, 9)
    assert load(saved(tmp_path, x_train=np.zeros((6, 3, 8, 9)), x_test=np.zeros((3, 3, 8, 9)))).shape == (
        3,
        8,
        9,
    )
    two = load(
        saved(tmp_path, y_train=np.array([[0.0], [1], [1], [0], [0], [1]]), y_test=np.array([True] * 3))
    )
    assert str(two.task) == "binary"
    several = load(saved(tmp_path, y_train=np.eye(6, 3, dtype=bool), y_test=np.zeros((3, 3), int)))
    assert several.task == Task("labels", 3)
    assert several.metric == "auroc"
    written = load(saved(tmp_path, writer_train=np.arange(6, dtype=np.int32)))
    assert written.writer_train is not None


OWN_MODULE = """
import numpy as np, torch
from clients.learning.datasets.custom import from_arrays
def arrays():
    return dict(x_train=np.zeros((4, 2)), y_train=[0, 1, 0, 1], x_test=np.zeros((2, 2)), y_test=[0, 1])
def whole():
    return from_arrays("mine", **{k: np.asarray(v) for k, v in arrays().items()})
def wrong():
    return 5
def other_keys():
    return dict(x=[1])
def breaks():
    raise ZeroDivisionError("oh")
def ragged():
    return arrays() | {"x_train": [[1, 2], [3, 4], [5, 6], [7]]}
def text():
    return arrays() | {"x_train": [["a", "b"]] * 4}
def mixed():
    return arrays() | {"x_train": np.array([[1, 2.5], [3, True]] * 2, dtype=object)}
def gaps():
    return arrays() | {"x_train": np.array([[1, None]] * 4, dtype=object)}
def nothing():
    return arrays() | {"x_train": None}
def one_by_one():
    return arrays() | {"x_train": (row for row in [[1, 2]] * 4)}
def masked():
    return arrays() | {"x_train": np.ma.masked_greater(np.arange(8.0).reshape(4, 2), 6)}
def unmasked():
    return arrays() | {"x_train": np.ma.masked_greater(np.arange(8.0).reshape(4, 2), 9)}
def tensors():
    return arrays() | {"x_train": torch.zeros(4, 2)}
def learned():
    return arrays() | {"x_train": torch.zeros(4, 2, requires_grad=True)}
def half():
    return arrays() | {"x_train": torch.zeros(4, 2, dtype=torch.bfloat16)}
def huge():
    return arrays() | {"x_train": np.full((4, 2), 1e300)}
def too_large():
    return arrays() | {"y_train": np.array([2**70, 0, 1, 0], dtype=object)}
def keyed():
    return arrays() | {3: 1}
"""


def test_factories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_data_module.py").write_text(OWN_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert str(load("own_data_module:arrays").task) == "binary"
        assert load("own_data_module:whole").name == "mine"
        for name in ("mixed", "unmasked", "tensors"):
            assert load(f"own_data_module:{name}").shape == (2,)
        for name, says in (
            ("wrong", "returned int"),
            ("other_keys", "found the keys x"),
            ("breaks", "ZeroDivisionError: oh"),
            ("absent", "has no function absent"),
            ("ragged", "x_train can't be made an array of numbers: .* inhomogeneous"),
            ("text", "x_train is <U1; expected numbers"),
            ("gaps", "x_train holds NoneType; expected an array of numbers"),
            ("nothing", "x_train holds NoneType"),
            ("one_by_one", "x_train holds generator"),
            ("masked", "x_train has masked values; drop or fill them"),
            ("learned", "x_train can't be made an array of numbers: .*detach"),
            ("half", "x_train can't be made an array of numbers: .*BFloat16"),
            ("huge", "x_train holds 8 values that are not finite"),
            ("too_large", "y_train holds numbers that are too large"),
            ("keyed", "found the keys x_train, .*, 3; expected"),
        ):
            with pytest.raises(RequestError, match=says):
                load(f"own_data_module:{name}")
        with pytest.raises(RequestError, match="cannot import no_such_module_here"):
            load("no_such_module_here:f")
        with pytest.raises(RequestError, match=r"package\.module:factory"):
            load("own_data_module:")
    finally:
        sys.modules.pop("own_data_module", None)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"unknown data set 'minst'\. Did you mean 'mnist'"):
        load("minst")
    assert len(DATASETS) == 7
