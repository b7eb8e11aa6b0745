"""A Kubo of our own: started, ended, gone on with, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from clients.ports.store import open_store
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode, find_kubo
from clients.types.errors import UnavailableError

pytestmark = pytest.mark.needs("kubo")

ROOT = Path(__file__).parents[2]


def answers(address: str) -> bool:
    _, _, host, _, port = address.split("/")
    request = urllib.request.Request(f"http://{host}:{port}/api/v0/version", method="POST")
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10):
        return True
    return False


def gone(address: str, within_s: float = 30) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not answers(address):
            return True
        time.sleep(0.05)
    return False


def test_lives_as_long_as_its_block(tmp_path: Path) -> None:
    with KuboNode(tmp_path / "deep" / "node") as node:
        address = node.address
        assert address.startswith("/ip4/127.0.0.1/tcp/")
        assert answers(address)
        assert "Daemon is ready" in node.log.read_text()
    assert gone(address)
    node.stop()
    with pytest.raises(UnavailableError, match="not running"):
        _ = node.address


def test_is_private(tmp_path: Path) -> None:
    with KuboNode(tmp_path / "node") as node:
        assert node.folder.stat().st_mode & 0o077 == 0
        config = (node.repo / "config").read_text()
        assert '"Bootstrap": []' in config or '"Bootstrap": null' in config


def test_its_gateway_serves_what_is_stored(tmp_path: Path) -> None:
    with KuboNode(tmp_path / "node") as node:
        with contextlib.closing(KuboStore(node.address)) as store:
            cid = store.put(b"seen from afar")
        with urllib.request.urlopen(f"{node.gateway}/ipfs/{cid}", timeout=60) as answer:
            assert answer.read() == b"seen from afar"
    with pytest.raises(UnavailableError, match="gateway"):
        _ = node.gateway


def test_content_outlives_it(tmp_path: Path) -> None:
    with open_store("kubo", root=tmp_path) as store:
        cid = store.put(b"model" * 100_000)
        assert store.kind == "kubo"
    with open_store("auto", root=tmp_path) as store:
        assert store.kind == "kubo"
        assert store.get(cid, max_bytes=500_000) == b"model" * 100_000


def test_two_nodes_side_by_side(tmp_path: Path) -> None:
    with KuboNode(tmp_path / "a") as a, KuboNode(tmp_path / "b") as b:
        assert a.address != b.address
        cid = KuboStore(a.address).put(b"only in a")
        assert not KuboStore(b.address).has(cid)


def test_one_folder_has_one_user(tmp_path: Path) -> None:
    with KuboNode(tmp_path) as node:
        with pytest.raises(UnavailableError, match="in use by another running process"):
            KuboNode(tmp_path).start()
        assert answers(node.address)


def test_a_half_made_repository_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "repo.new"
    half.mkdir()
    (half / "config").write_text("{")
    with KuboNode(tmp_path) as node:
        assert answers(node.address)


def test_a_broken_repository_is_reported_with_the_nodes_words(tmp_path: Path) -> None:
    with KuboNode(tmp_path) as node:
        pass
    (node.repo / "config").write_text("{ not JSON")
    with pytest.raises(
        UnavailableError, match=r"(?s)Kubo ended with status.*error loading plugins"
    ) as failed:
        KuboNode(tmp_path).start()
    assert "Daemon is ready" not in str(failed.value)  # that was the time before
    # and the folder is free again
    with pytest.raises(UnavailableError, match="Kubo ended"):
        KuboNode(tmp_path).start()


OWNER = """
import sys, time
from pathlib import Path
from clients.ports.store.kubo import KuboNode
node = KuboNode(Path(sys.argv[1]), binary=Path(sys.argv[2]))
print(node.start(), flush=True)
time.sleep(600)
"""


def owner(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder), str(find_kubo())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ends_with_its_owner_however_that_ends(tmp_path: Path, how: signal.Signals) -> None:
    process, address = owner(tmp_path)
    assert answers(address)
    process.send_signal(how)
    process.communicate()
    assert gone(address)
    with KuboNode(tmp_path) as node:
        assert answers(node.address)


def test_an_orphan_is_ended_before_the_folder_is_used_again(tmp_path: Path) -> None:
    process, address = owner(tmp_path)
    # the shell that watches over the node goes first, so that nothing ends the node
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")
            if fields[0].endswith("(sh") and int(fields[2].split()[1]) == process.pid:
                os.kill(int(entry.parent.name), signal.SIGKILL)
    process.kill()
    process.communicate()
    assert answers(address)
    with KuboNode(tmp_path) as node:
        assert answers(node.address)
        assert node.address == address or not answers(address)
