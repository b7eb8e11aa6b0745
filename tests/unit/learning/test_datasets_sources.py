"""Where files come from: folder, cache, download; and what is said when they come from nowhere."""

import gzip
import hashlib
import http.server
import io
import json
import socket
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clients.learning.datasets import DATASETS, images, load, sources, tabular
from clients.learning.datasets.sources import RemoteFile, Sources
from clients.types.errors import RequestError, UnavailableError


@pytest.fixture(autouse=True)
def _no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEDJURY_DATA", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address where a real server hands it out."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *args: _Quiet(*args, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def nowhere() -> str:
    """An address that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_a_download_is_checked_cached_and_told_of(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    data = bytes(range(256)) * 1000
    (folder / "file.bin").write_bytes(data)
    told: list[tuple[str, int, int]] = []
    file = RemoteFile("file.bin", sha(data), (url + "file.bin",))
    home = Sources(cache=tmp_path / "cache", progress=lambda *news: told.append(news))
    (path,) = home.fetch("made", [file], "")
    assert path.read_bytes() == data
    assert path.parent == tmp_path / "cache"
    assert told[-1] == ("file.bin", len(data), len(data))
    (folder / "file.bin").unlink()
    assert home.fetch("made", [file], "") == [path]  # from the cache: the site has it no more


def test_the_next_mirror_is_tried(tmp_path: Path, site: tuple[Path, str], nowhere: str) -> None:
    folder, url = site
    (folder / "bad.bin").write_bytes(b"not it")
    (folder / "good.bin").write_bytes(b"it")
    urls = (nowhere + "x", url + "absent", url + "bad.bin", url + "good.bin")
    (path,) = Sources(cache=tmp_path / "c").fetch("made", [RemoteFile("f.bin", sha(b"it"), urls)], "")
    assert path.read_bytes() == b"it"


def test_a_wrong_checksum_is_not_kept(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    (folder / "f.bin").write_bytes(b"evil")
    file = RemoteFile("f.bin", sha(b"good"), (url + "f.bin",))
    with pytest.raises(UnavailableError, match=r"(?s)f\.bin is missing.*does not match"):
        Sources(cache=tmp_path / "c").fetch("made", [file], "")
    assert not (tmp_path / "c" / "f.bin").exists()


def test_without_network_the_error_says_which_file_and_where_to_put_it(
    tmp_path: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_MNIST_HOMES", (nowhere,))
    with pytest.raises(UnavailableError) as caught:
        load("mnist", cache=tmp_path)
    text = str(caught.value)
    for part in ("mnist-train-images-idx3-ubyte.gz", "mnist.npz", str(tmp_path), "FEDJURY_DATA", nowhere):
        assert part in text
    with pytest.raises(UnavailableError, match=r"femnist-105-writers\.npz.*train/\*\.json"):
        load("femnist", cache=tmp_path)


def test_a_cache_that_cannot_be_written_is_our_trouble(tmp_path: Path, site: tuple[Path, str]) -> None:
    folder, url = site
    (folder / "f.bin").write_bytes(b"it")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError, match=r"f\.bin"):
        Sources(cache=tmp_path / "file" / "cache").fetch(
            "made", [RemoteFile("f.bin", sha(b"it"), (url + "f.bin",))], ""
        )


def test_a_folder_that_is_none_is_a_request_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="does not exist"):
        load("mnist", folder=tmp_path / "absent", cache=tmp_path)
    monkeypatch.setenv("FEDJURY_DATA", str(tmp_path / "absent"))
    with pytest.raises(RequestError, match="does not exist"):
        load("mnist", cache=tmp_path)


def test_a_known_file_is_held_to_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "mnist.npz", **gray(60, 10))
    size = (tmp_path / "mnist.npz").stat().st_size
    assert load("mnist", folder=tmp_path).name == "mnist"  # of another size: the user's own
    monkeypatch.setitem(sources._KNOWN_BUNDLES, "mnist.npz", (size, "0" * 64))
    with pytest.raises(RequestError, match="is corrupt: its SHA-256"):
        load("mnist", folder=tmp_path)


def test_a_download_lying_in_the_folder_is_used_and_checked(tmp_path: Path) -> None:
    file = RemoteFile("f.bin", sha(b"it"), ())
    (tmp_path / "f.bin").write_bytes(b"it")
    assert Sources(folder=tmp_path, cache=tmp_path / "c").fetch("made", [file], "") == [tmp_path / "f.bin"]
    (tmp_path / "f.bin").write_bytes(b"broken")
    with pytest.raises(RequestError, match="corrupt"):
        Sources(folder=tmp_path, cache=tmp_path / "c").fetch("made", [file], "")


# Every loader, on small files of the real formats.


def gray(train: int, test: int, **more: object) -> dict[str, object]:
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": np.arange(train, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": np.arange(test, dtype=np.uint8) % 10,
        **more,
    }


def idx(array: np.ndarray) -> bytes:
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = bytes([0, 0, kind, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(head + array.astype(array.dtype.newbyteorder(">")).tobytes(), 1)


def test_mnist_from_the_mirrors(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = site
    arrays = gray(30, 10)
    writers = np.zeros((30, 8), np.int32)
    writers[:, 2] = np.arange(30) // 3
    sums = []
    for name, key in zip(images._IDX_NAMES, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        data = idx(arrays[key])  # type: ignore[arg-type]
        (folder / name).write_bytes(data)
        sums.append(sha(data))
    (folder / "q.gz").write_bytes(idx(writers))
    monkeypatch.setattr(images, "_MNIST_HOMES", (url,))
    monkeypatch.setattr(images, "_MNIST_SUMS", sums)
    monkeypatch.setattr(images, "_QMNIST_LABELS", RemoteFile("q.gz", sha(idx(writers)), (url + "q.gz",)))
    data = load("mnist", cache=tmp_path / "cache")
    assert data.shape == (1, 28, 28)
    assert np.array_equal(np.rint(data.x_train[:, 0] * 255), arrays["x_train"])
    assert np.array_equal(data.y_test, arrays["y_test"])
    assert data.writer_train is not None
    assert data.writer_train.tolist() == writers[:, 2].tolist()


def test_a_broken_idx_file_is_a_request_error(tmp_path: Path) -> None:
    for content in (
        b"",
        b"x",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"),
        idx(np.zeros(3, np.uint8))[:-5],
    ):
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(RequestError, match="IDX"):
            images.read_idx(tmp_path / "a.gz")


def test_cifar_from_its_binary_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
            rows = rng.integers(0, 256, (4, 3073), np.uint8)
            rows[:, 0] = np.arange(4)
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = rows.size
            archive.addfile(info, io.BytesIO(rows.tobytes()))
    data = buffer.getvalue()
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(data)
    monkeypatch.setattr(images, "_CIFAR10", RemoteFile("cifar-10-binary.tar.gz", sha(data), ()))
    loaded = load("cifar10", folder=tmp_path, cache=tmp_path / "c")
    assert loaded.x_train.shape == (20, 3, 32, 32)
    assert loaded.y_train.tolist() == [0, 1, 2, 3] * 5
    red = rows[0, 1:1025].reshape(32, 32) / 255.0  # the last file's first picture, red channel
    assert np.allclose(loaded.x_test[0, 0], (red - 0.4914) / 0.2470, atol=1e-5)
    monkeypatch.setattr(images, "_CIFAR10", RemoteFile("cifar-10-binary.tar.gz", sha(data[:900]), ()))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(data[:900])
    with pytest.raises(RequestError, match="binary archive"):
        load("cifar10", folder=tmp_path, cache=tmp_path / "c")


def test_femnist_has_ink_on_zero_from_either_file(tmp_path: Path) -> None:
    paper = np.full((4, 28, 28), 255, np.uint8)
    paper[:, 5, 5] = 0
    y = np.array([0, 1, 61, 3], np.uint8)
    np.savez(
        tmp_path / "femnist-105-writers.npz",
        x_train=paper,
        y_train=y,
        w_train=np.array([0, 0, 1, 2], np.int16),
        x_test=paper,
        y_test=y,
    )
    data = load("femnist", folder=tmp_path)
    assert data.x_train[0, 0, 5, 5] == 1.0
    assert data.x_train[0, 0, 0, 0] == 0.0
    assert data.task.outputs == 62
    for split in ("train", "test"):
        (tmp_path / "femnist" / split).mkdir(parents=True)
        users = {
            f"f{i:04}": {"x": (paper[:2].reshape(2, 784) / 255).tolist(), "y": [i, 61]} for i in range(3)
        }
        content = {"users": list(users), "num_samples": [2] * 3, "user_data": users}
        (tmp_path / "femnist" / split / "all_data_0.json").write_text(json.dumps(content))
    leaf = load("femnist", folder=tmp_path)
    assert leaf.x_train.shape == (6, 1, 28, 28)
    assert leaf.x_train[0, 0, 5, 5] == 1.0
    assert leaf.x_train[0, 0, 0, 0] == 0.0
    assert leaf.writer_train is not None
    assert leaf.writer_train.tolist() == [0, 0, 1, 1, 2, 2]
    (tmp_path / "femnist" / "test" / "all_data_0.json").write_text('{"user_data": {"a": {"x": [[1]]}}}')
    with pytest.raises(RequestError, match="not one of LEAF"):
        load("femnist", folder=tmp_path)


def kaggle_row(i: int, status: str) -> dict[str, object]:
    return {
        "id": i, "loan_status": status, "loan_amnt": 1000.0 + i, "int_rate": 9.5, "installment": 30 + i,
        "sub_grade": "B2", "emp_length": ["10+ years", "< 1 year", "3 years"][i % 3], "annual_inc": 5e4 + i,
        "dti": 10, "delinq_2yrs": 0, "fico_range_low": 675.0 + i, "inq_last_6mths": 0, "open_acc": 4,
        "pub_rec": 0, "revol_bal": 200, "revol_util": 18.1, "total_acc": 9, "mort_acc": 0,
        "pub_rec_bankruptcies": 0, "term": " 36 months", "home_ownership": "ANY" if i == 3 else "RENT",
        "purpose": "car", "verification_status": "Verified", "application_type": "Individual",
        "recoveries": 99.0 if status == "Charged Off" else 0.0, "total_pymnt": i, "last_fico_range_low": 500,
    }  # fmt: skip


def test_the_raw_lending_club_schema_keeps_only_what_was_known_before(tmp_path: Path) -> None:
    rows = [kaggle_row(i, "Charged Off" if i % 4 == 0 else "Fully Paid") for i in range(40)]
    rows += [kaggle_row(99, "Current"), {**kaggle_row(98, "Fully Paid"), "dti": ""}]
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    (tmp_path / "accepted_2007_to_2018Q4.csv").write_text("\n".join(lines) + "\n")
    data = load("lending_club", folder=tmp_path)
    assert len(data.x_train) + len(data.x_test) == 40  # the running loan and the incomplete row are gone
    columns = tabular._COLUMNS_KAGGLE
    assert data.shape == (len(columns.numbers) + sum(map(len, columns.categories.values())),)
    assert int(data.y_train.sum() + data.y_test.sum()) == 10
    used = {
        *columns.numbers,
        *columns.categories,
        *tabular._COLUMNS_45K.numbers,
        *tabular._COLUMNS_45K.categories,
    }
    leaks = (
        "recover",
        "pymnt",
        "total_rec",
        "last_",
        "out_prncp",
        "collection_r",
        "settle",
        "hardship",
        "outcome",
        "id",
    )
    assert not [name for name in used for leak in leaks if name.startswith(leak) or name in ("", "status")]
    (tmp_path / "accepted_2007_to_2018Q4.csv").write_text("loan_status,loan_amnt\nFully Paid,5\n")
    with pytest.raises(RequestError, match="lacks the columns int_rate"):
        load("lending_club", folder=tmp_path)
    (tmp_path / "accepted_2007_to_2018Q4.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(RequestError, match="not a readable CSV"):
        load("lending_club", folder=tmp_path)


def test_x_rays_are_split_by_patient_and_normalised_one_by_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(20), 3)
    y = (rng.random((60, 14)) < np.linspace(0.1, 0.9, 14)).astype(np.uint8)
    x = rng.integers(0, 256, (60, 64, 64), np.uint8)
    np.savez(tmp_path / "chestxray14-1000-64px.npz", x=x, y=y, patient=patients)
    data = load("chestxray14", folder=tmp_path)
    assert data.task.kind == "labels"
    assert data.task.outputs == 10
    assert data.writer_train is not None
    assert len(np.unique(data.writer_train)) == 16
    assert len(data.x_test) == 12
    assert np.allclose(data.x_train.mean((1, 2, 3)), 0, atol=1e-4)
    assert np.allclose(data.x_train.std((1, 2, 3)), 1, atol=1e-4)
    parts = {f"{part}_{kind}": (x[:20] if kind == "images" else y[:20])
             for part in ("train", "val", "test") for kind in ("images", "labels")}  # fmt: skip
    (tmp_path / "chestxray14-1000-64px.npz").unlink()
    np.savez(tmp_path / "chestmnist_64.npz", **parts)
    whole = load("chestxray14", folder=tmp_path)
    assert (len(whole.x_train), len(whole.x_test)) == (40, 20)


def test_digits_need_no_file(tmp_path: Path) -> None:
    data = load("digits", cache=tmp_path / "never-made")
    assert len(data.x_train) + len(data.x_test) == 1797
    assert not (tmp_path / "never-made").exists()
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    assert np.array_equal(data.x_test.reshape(-1, 64) * 16, images[4::5])
    assert np.array_equal(data.y_test, labels[4::5])


REAL = [Path(__file__).parents[3].parent / "shared" / "data"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_real_files(name: str, tmp_path: Path) -> None:
    folder = next((path for path in REAL if path.is_dir()), None)
    if folder is None and name != "digits":
        pytest.skip("no folder with the real files beside the checkout")
    data = load(name, folder=folder, cache=tmp_path)
    assert len(data.x_train) > 500
    assert (data.writer_train is not None) == (name in ("mnist", "femnist", "chestxray14"))
    if name in ("mnist", "femnist"):
        assert data.x_train.mean() < 0.2  # ink is the exception
