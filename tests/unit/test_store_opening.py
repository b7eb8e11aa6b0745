"""From a user's word to a store."""

import logging
import socket
import stat
from pathlib import Path

import pytest

from clients.ports.store import DirStore, MemoryStore, kubo, open_store
from clients.types.errors import RequestError, UnavailableError


def no_kubo() -> None:
    return None


def test_memory(tmp_path: Path) -> None:
    with open_store("memory", root=tmp_path) as store:
        assert isinstance(store, MemoryStore)
    assert list(tmp_path.iterdir()) == []


def test_dir_goes_on_with_what_is_there(tmp_path: Path) -> None:
    cid = open_store("dir", root=tmp_path).put(b"model")
    again = open_store("dir", root=tmp_path)
    assert isinstance(again, DirStore)
    assert again.get(cid, max_bytes=5) == b"model"


def test_dir_anywhere(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path / 'shared'}", root=tmp_path / "run")
    assert store.where == f"folder {tmp_path / 'shared'}"


def test_auto_is_a_folder_without_kubo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubo, "find_kubo", no_kubo)
    assert open_store("auto", root=tmp_path).kind == "dir"


def test_kubo_without_kubo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubo, "find_kubo", no_kubo)
    with pytest.raises(UnavailableError, match="make ipfs"):
        open_store("kubo", root=tmp_path)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "broken-ipfs"
    program.write_text("#!/bin/sh\necho 'this ipfs is broken' >&2\nexit 7\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(kubo, "find_kubo", lambda: program)
    return program


@pytest.mark.usefixtures("broken")
def test_a_kubo_that_does_not_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnavailableError, match=r"(?s)ipfs init.*this ipfs is broken"):
        open_store("kubo", root=tmp_path)
    with caplog.at_level(logging.WARNING):
        assert open_store("auto", root=tmp_path).kind == "dir"
    assert "this ipfs is broken" in caplog.text


def test_a_kubo_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "not-a-program").write_text("")
    with pytest.raises(UnavailableError, match="cannot run Kubo"):
        kubo.KuboNode(tmp_path / "node", binary=tmp_path / "not-a-program").start()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("kubbo", "Did you mean 'kubo'"),
        ("memroy", "Did you mean 'memory'"),
        ("", "Known: "),
        ("dir:", "dir:PATH"),
        ("memory:1", "Known: "),
        ("ip4/127.0.0.1/tcp/5001", "Known: "),
        ("/ip4/127.0.0.1/udp/1", "not the address of an IPFS API"),
    ],
)
def test_wrong_words(spec: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=says):
        open_store(spec, root=tmp_path)


def test_a_node_that_is_down_is_noticed_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnavailableError, match="unreachable"):
        open_store(f"http://127.0.0.1:{port}", root=tmp_path)


def test_malformed_credentials(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="user:password") as refused:
        open_store("http://127.0.0.1:1", root=tmp_path, environ={"FEDJURY_IPFS_AUTH": "s3cret"})
    assert "s3cret" not in str(refused.value)
