"""URLs, where they may stand, and what may be shown of them."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.engine.config import build, read_toml
from clients.engine.rundir import CONFIG, RunFolder
from clients.ports.files import write_whole
from clients.ports.store.opening import open_store
from clients.ports.urls import beside, holds_secret, is_url, read_url, redacted, shown
from clients.types.errors import FedJuryError, RequestError, UnavailableError

KEYED = "https://host.example/v2/xqzxqzxqz"


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://127.0.0.1:8545", False),
        ("http://[::1]:8545/", False),
        ("HTTPS://Host.example", False),
        ("https://host/rpc", True),  # a key looks no other
        ("https://host?key=1", True),
        ("https://me@host", True),
        ("https://host/#key", True),
        ("env:NAME", False),
        ("spec", False),
    ],
)
def test_what_holds_a_secret(url: str, secret: bool) -> None:
    assert holds_secret(url) is secret


@given(st.text(max_size=30))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for one in (text, f"http://{text}", f"env:{text}", f"file:/nowhere/{text}"):
        with suppress(FedJuryError):
            assert shown(one) == (redacted(one) if "://" in one else one)
            read_url(one, {"A": "http://host"})


def test_a_url_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    assert read_url("env:NODE", {"NODE": f" {KEYED}\n"}) == KEYED
    assert all(map(is_url, ("env:NODE", "file:url", KEYED)))
    with pytest.raises(RequestError, match="environment variable NODE should hold a URL, and is not set"):
        read_url("env:NODE", {})
    with pytest.raises(UnavailableError, match="can't be read: No such file"):
        read_url(f"file:{tmp_path}/url")
    write_whole(tmp_path / "url", KEYED)
    with pytest.raises(RequestError, match="open to others than its owner"):
        read_url(f"file:{tmp_path}/url")
    write_whole(tmp_path / "url", "xqzxqzxqz\n", mode=0o600)
    with pytest.raises(RequestError, match=r"first line of .*url is not a URL") as refused:
        read_url(f"file:{tmp_path}/url")
    assert "xqzxqzxqz" not in str(refused.value)
    (tmp_path / "url").write_bytes(b"\xff\xfe")
    with pytest.raises(RequestError, match="is not UTF-8 text"):
        read_url(f"file:{tmp_path}/url")


def test_a_file_is_understood_from_where_it_is_named(tmp_path: Path) -> None:
    assert beside("file:url", tmp_path) == f"file:{tmp_path}/url"
    assert beside("file:/etc/url", tmp_path) == "file:/etc/url"
    assert beside("env:URL", tmp_path) == "env:URL"
    (tmp_path / "some.toml").write_text('chain = "file:url"\nstore = "dir"\n')
    assert build(read_toml(tmp_path / "some.toml")).chain == f"file:{tmp_path}/url"


@pytest.mark.parametrize("name", ["chain", "store"])
def test_a_runs_settings_name_the_node_and_keep_its_key_to_its_owner(name: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    config = build({"chain": "spec", "store": "dir", name: KEYED, "out": str(run)})
    folder = RunFolder.create(config)
    folder.save_config(config)
    open_to_others = [path for path in run.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert [path.name for path in open_to_others] == [CONFIG]
    assert "xqzxqzxqz" not in (run / CONFIG).read_text()
    moved = tmp_path / "moved"
    os.rename(run, moved)
    # Gone on with, or run again from its settings: the URL is found, wherever the folder is now.
    for config in (RunFolder.reopen(moved)[1], build(read_toml(moved / CONFIG))):
        assert read_url(getattr(config, name)) == KEYED
        assert config.on_node == (name == "chain")
    (moved / "journal" / f"{name}-url").unlink()
    with pytest.raises(UnavailableError, match=rf"URL file .*{name}-url can't be read"):
        read_url(getattr(config, name))


def test_a_store_may_be_named_by_where_its_url_stands(tmp_path: Path) -> None:
    """It is out of reach here, and that is said without its key."""
    with pytest.raises(UnavailableError) as error:
        open_store("env:STORE", root=tmp_path, environ={"STORE": "http://127.0.0.1:9/xqzxqzxqz"})
    assert "127.0.0.1" in str(error.value)
    assert "xqzxqzxqz" not in str(error.value)
    with pytest.raises(RequestError, match="the environment variable STORE"):
        open_store("env:STORE", root=tmp_path, environ={})


@pytest.mark.parametrize("chain", ["http://127.0.0.1:8545", "spec", "env:NODE"])
def test_settings_without_a_key_stay_as_they_are(chain: str, tmp_path: Path) -> None:
    config = build({"chain": chain, "store": "dir", "out": str(tmp_path / "run")})
    folder = RunFolder.create(config)
    folder.save_config(config)
    assert read_toml(folder.root / CONFIG)["chain"] == chain
    assert list(folder.journal.iterdir()) == []
