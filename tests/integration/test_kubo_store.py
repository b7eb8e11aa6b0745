"""KuboStore on a real node: pins, hostile content, a node that dies or hangs."""

import contextlib
import io
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ipfshttpclient import multipart

from clients.ports.store import compute_cid, open_store
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode
from clients.ports.store.retry import Retry
from clients.types.cid import Cid
from clients.types.errors import PeerError, UnavailableError
from clients.types.store import ContentCorrupt, ContentMissing, ContentTooLarge, Pins

pytestmark = pytest.mark.needs("kubo")

MODEL = random.Random(0).randbytes(2_000_000)


@pytest.fixture(scope="module", params=["offline", "online"])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KuboNode]:
    # online too: it then looks for other nodes, of which there are none, as long as it may
    with KuboNode(tmp_path_factory.mktemp("kubo"), offline=request.param == "offline") as node:
        yield node


@pytest.fixture
def store(node: KuboNode) -> Iterator[KuboStore]:
    with KuboStore(node.address, timeout_s=2) as store:
        yield store
        store.collect()


def command(store: KuboStore, path: str, *args: str, body: bytes | None = None, **options: str) -> Any:
    """Ask the node for something that the store has no use for."""
    with store._connection() as client:
        data, headers = multipart.stream_files(io.BytesIO(body)) if body is not None else (None, None)
        return client._client.request(path, args, opts=options, decoder="json", data=data, headers=headers)


def dag_pb_block(store: KuboStore, block: bytes) -> Cid:
    options = {"cid-codec": "dag-pb", "mhtype": "sha2-256", "allow-big-block": "true"}
    return Cid.parse(command(store, "/block/put", body=block, **options)[0]["Key"])


def drop_a_leaf(store: KuboStore, cid: Cid) -> None:
    store.release(cid)
    leaves = command(store, "/dag/get", str(cid))[0]["Links"]
    command(store, "/block/rm", leaves[3]["Hash"]["/"])


def test_what_is_needed_stays_and_what_is_not_is_let_go(store: KuboStore) -> None:
    pins = Pins()
    models = [store.put(MODEL + bytes([i])) for i in range(3)]
    for cid in models:
        pins.note(cid)
    pins.apply(store, models[1:])
    store.collect()
    assert [store.has(cid) for cid in models] == [False, True, True]
    assert store.get(models[1], max_bytes=len(MODEL) + 1) == MODEL + b"\x01"
    store.pin(models[1])
    store.release(models[1])
    store.release(models[1])
    store.collect()
    assert not store.has(models[1])
    pins.apply(store, [])


def test_the_cap(store: KuboStore) -> None:
    cid = store.put(MODEL)
    before = store.bytes_down
    for cap in (0, 1, 300_000, len(MODEL) - 1):
        with pytest.raises(ContentTooLarge, match=f"{cap} bytes"):
            store.get(cid, max_bytes=cap)
        assert store.bytes_down - before <= cap + 65_536
        before = store.bytes_down
    assert store.get(cid, max_bytes=len(MODEL)) == MODEL
    store.release(cid)


def test_missing_content(store: KuboStore) -> None:
    absent = compute_cid(b"withheld")
    with pytest.raises(ContentMissing, match=str(absent)):
        store.get(absent, max_bytes=100)
    with pytest.raises(ContentMissing, match=str(absent)):
        store.pin(absent)
    assert not store.has(absent)
    store.release(absent)


def test_content_of_which_a_part_is_withheld(store: KuboStore) -> None:
    cid = store.put(MODEL)
    drop_a_leaf(store, cid)
    assert not store.has(cid)
    with pytest.raises(ContentMissing, match="786432 bytes of it and no more"):
        store.get(cid, max_bytes=len(MODEL))
    with pytest.raises(ContentMissing, match="does not hold all of it"):
        store.pin(cid)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x0a\x02\xff\xff",
        b"\x0a\x04\x08\x02\x18\x05",  # says 5 bytes, has none
        b"\x0a\x04\x08\x63\x18\x00",  # of no known type
        b"\x0a\x02\x08\x01",  # a folder
        b"\x0a\x0a\x08\x02\x12\x04abcd\x18\xff\xff\xff\xff\xff\x7f",
    ],
)
def test_a_block_that_is_no_file_of_ours_is_its_publishers_fault(store: KuboStore, block: bytes) -> None:
    cid = dag_pb_block(store, block)
    with pytest.raises(ContentCorrupt, match=str(cid)):
        store.get(cid, max_bytes=1000)


def test_the_same_bytes_in_another_tree_are_refused(store: KuboStore) -> None:
    options = {"cid-version": "1", "raw-leaves": "true", "chunker": "size-1000", "pin": "false"}
    other = Cid.parse(store._call(lambda client: client.add_bytes(MODEL, opts=options)))
    assert other != compute_cid(MODEL)
    with pytest.raises(ContentCorrupt, match="2000000 bytes"):
        store.get(other, max_bytes=len(MODEL))


def test_a_tree_that_says_it_is_endless_is_cut_at_the_cap(store: KuboStore) -> None:
    # each level points 100 times at the one below: 5 blocks that unfold to 100**4 leaves of 1000 bytes
    def varint(value: int) -> bytes:
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    def field(key: int, value: bytes) -> bytes:
        return bytes([key]) + varint(len(value)) + value

    size = 1000
    cid = dag_pb_block(store, field(0x0A, b"\x08\x02" + field(0x12, b"b" * size) + b"\x18" + varint(size)))
    for _ in range(4):
        link = field(0x12, field(0x0A, bytes(cid)) + b"\x12\x00\x18" + varint(size))
        sizes = (b"\x20" + varint(size)) * 100
        size *= 100
        cid = dag_pb_block(store, link * 100 + field(0x0A, b"\x08\x02\x18" + varint(size) + sizes))
    with pytest.raises(ContentTooLarge):
        store.get(cid, max_bytes=5_000_000)


def test_many_clients_share_a_store(store: KuboStore) -> None:
    def work(client: int) -> Cid:
        cid = store.put(MODEL[: 800_000 + client % 10])
        assert len(store.get(cid, max_bytes=10**6)) == 800_000 + client % 10
        return cid

    with ThreadPoolExecutor(20) as pool:
        cids = set(pool.map(work, range(40)))
    assert len(cids) == 10
    assert store.bytes_up == store.bytes_down
    for cid in cids:
        store.release(cid)


def test_by_url(node: KuboNode, tmp_path: Path) -> None:
    _, _, host, _, port = node.address.split("/")
    with open_store(f"http://{host}:{port}", root=tmp_path) as store:
        assert store.kind == "kubo"
        assert store.get(store.put(b"by URL"), max_bytes=6) == b"by URL"


def daemon_pid(node: KuboNode) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environ = (process / "environ").read_bytes()
            if f"IPFS_PATH={node.repo}\0".encode() in environ + b"\0":
                return int(process.name)
    raise AssertionError("no such process")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for a process in /proc")
def test_a_node_that_dies_or_hangs_is_our_trouble_and_loses_nothing(tmp_path: Path) -> None:
    pauses: list[float] = []
    with KuboNode(tmp_path) as node:
        store = KuboStore(node.address, timeout_s=0.5, retry=Retry(attempts=3, sleep=pauses.append))
        cid = store.put(MODEL)
        pid = daemon_pid(node)
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(UnavailableError, match="did not answer") as hanging:
            store.get(cid, max_bytes=len(MODEL))
        os.kill(pid, signal.SIGCONT)
        assert store.get(cid, max_bytes=len(MODEL)) == MODEL
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(UnavailableError, match="unreachable") as dead:
            store.get(cid, max_bytes=len(MODEL))
        assert not isinstance(hanging.value, PeerError)
        assert not isinstance(dead.value, PeerError)
        assert pauses == [0.1, 0.2]
    with KuboNode(tmp_path) as node, KuboStore(node.address) as store:
        assert store.get(cid, max_bytes=len(MODEL)) == MODEL


@pytest.mark.slow  # without room for its last words, the node has to be killed
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a file system")
def test_a_node_whose_disk_is_full(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with KuboNode(tmp_path / "node") as node, KuboStore(node.address) as store:
            kept = store.put(MODEL)
            with pytest.raises(UnavailableError, match="no space left") as full:
                store.put(MODEL * 5)
            assert not isinstance(full.value, PeerError)
            assert store.get(kept, max_bytes=len(MODEL)) == MODEL
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
