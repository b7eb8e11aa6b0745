"""A real Kubo that wants credentials: what we do works with the right ones, and others are told of."""

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from clients import genesis
from clients.ports.store import open_store
from clients.ports.store.kubo import find_kubo
from clients.types.errors import UnavailableError

pytestmark = [pytest.mark.slow, pytest.mark.needs("kubo")]

TOKEN, PASSWORD = "s3cret-t0ken", "s3cret:w0rd"
NEEDED = ["/api/v0/add", "/api/v0/cat", "/api/v0/files/stat", "/api/v0/pin"]
"""What `docs/reference/store.md` says a participant needs."""
USERS = {
    "all": (f"bearer:{TOKEN}", ["/api/v0"]),
    "needed": ("bearer:needed", NEEDED),
    "password": (f"basic:jury:{PASSWORD}", ["/api/v0"]),
    **{
        f"without {path}": (f"bearer:lacks{at}", NEEDED[:at] + NEEDED[at + 1 :])
        for at, path in enumerate(NEEDED)
    },
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node whose API wants the credentials of one of `USERS`."""
    repo = tmp_path_factory.mktemp("kubo")
    environment = {"IPFS_PATH": str(repo), "HOME": str(repo), "IPFS_TELEMETRY": "off"}
    scopes = {name: {"AuthSecret": secret, "AllowedPaths": paths} for name, (secret, paths) in USERS.items()}
    ipfs = str(find_kubo())
    for words in (
        ["init", "--profile=test", "--empty-repo"],
        ["config", "--json", "API.Authorizations", json.dumps(scopes)],
    ):
        subprocess.run([ipfs, *words], env=environment, check=True, capture_output=True)
    with (repo / "log").open("wb") as log:
        node = subprocess.Popen([ipfs, "daemon", "--offline"], env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            with suppress(OSError, UnavailableError):
                address = (repo / "api").read_text().strip()
                open_with(address, f"bearer:{TOKEN}").close()
                break
            time.sleep(0.1)
        yield address
    finally:
        node.terminate()
        node.wait()


def open_with(address: str, secret: str):  # type: ignore[no-untyped-def]
    return open_store(address, root=Path(), timeout_s=5, environ={"FEDJURY_IPFS_AUTH": secret})


@pytest.mark.parametrize("user", ["all", "needed", "password"])
def test_with_the_right_credentials_all_that_we_do_works(
    api: str, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), open_with(api, USERS[user][0]) as store:
        cid = store.put(user.encode())
        store.pin(cid)
        assert store.has(cid)
        assert store.get(cid, max_bytes=100) == user.encode()
        store.release(cid)
        if user != "needed":
            assert store.collect() > 0
            assert not store.has(cid)
    assert TOKEN not in caplog.text
    assert "w0rd" not in caplog.text


@pytest.mark.parametrize("secret", ["bearer:wr0ng-token", "basic:jury:wr0ng", "jury:wr0ng", ""])
def test_with_others_it_is_said_what_to_set(
    api: str, secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("FEDJURY_IPFS_AUTH", secret)
    words = ["--dataset", "digits", "--model", "logistic", "--store", api, "--root", str(tmp_path)]
    assert genesis.main(words) == 3
    said = capsys.readouterr().err
    assert "HTTP status 403" in said
    assert "Set FEDJURY_IPFS_AUTH" in said
    assert "wr0ng" not in said
    assert said.count("\n") == 1


def test_a_path_that_is_not_allowed_is_named(api: str) -> None:
    with open_with(api, f"bearer:{TOKEN}") as store:
        cid = store.put(b"a model")
    for at, path in enumerate(NEEDED):
        with open_with(api, f"bearer:lacks{at}") as store:
            tries = {
                "/api/v0/add": lambda: store.put(b"another"),
                "/api/v0/cat": lambda: store.get(cid, max_bytes=100),
                "/api/v0/files/stat": lambda: store.has(cid),
                "/api/v0/pin": lambda: store.pin(cid),
            }
            for tried, work in tries.items():
                if tried == path:
                    with pytest.raises(UnavailableError, match=f"doesn't allow us {path}.*AllowedPaths"):
                        work()
                elif tried != "/api/v0/pin" or path != "/api/v0/files/stat":  # to pin, it asks what is there
                    work()
