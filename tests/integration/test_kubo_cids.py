"""The same bytes have the same CID here and in the real node."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.store import DirStore, MemoryStore, compute_cid
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode
from clients.ports.store.unixfs import CHUNK_BYTES
from clients.types.store import Store

pytestmark = pytest.mark.needs("kubo")

# What the unit tests hold our own computation to where there is no node.
VECTORS: dict[str, str] = json.loads((Path(__file__).parent / "kubo_cids.json").read_text())


@pytest.fixture(scope="module")
def kubo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KuboStore]:
    with KuboNode(tmp_path_factory.mktemp("kubo")) as node, KuboStore(node.address) as store:
        yield store


def node_cid(kubo: KuboStore, data: bytes) -> str:
    """The node's own word: `put` would compare it with ours."""
    options = {"cid-version": 1, "raw-leaves": "false", "chunker": f"size-{CHUNK_BYTES}", "only-hash": "true"}
    return str(kubo._call(lambda client: client.add_bytes(data, opts=dict(options))))


@pytest.mark.parametrize(
    "size", [pytest.param(int(size), marks=[pytest.mark.slow] * (int(size) > 30_000_000)) for size in VECTORS]
)
def test_vectors_come_from_the_node(kubo: KuboStore, size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert node_cid(kubo, data) == VECTORS[str(size)] == str(compute_cid(data))


@settings(max_examples=40, deadline=None)
@given(seed=st.binary(min_size=1, max_size=40), size=st.integers(0, 8 * CHUNK_BYTES), near=st.booleans())
def test_any_content(kubo: KuboStore, seed: bytes, size: int, near: bool) -> None:
    if near:  # to a multiple of a chunk, where a block more or less begins
        size = max(0, round(size / CHUNK_BYTES) * CHUNK_BYTES + seed[0] % 5 - 2)
    data = (seed * (size // len(seed) + 1))[:size]
    assert node_cid(kubo, data) == str(compute_cid(data))


@settings(max_examples=25, deadline=None)
@given(data=st.one_of(st.binary(max_size=100), st.integers(0, 700_000).map(lambda size: b"w" * size)))
def test_three_homes_agree(kubo: KuboStore, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    homes: list[Store] = [MemoryStore(), DirStore(tmp_path_factory.mktemp("dir")), kubo]
    assert len({home.put(data) for home in homes}) == 1
    cid = compute_cid(data)
    for home in homes:
        assert home.get(cid, max_bytes=len(data)) == data
        home.pin(cid)
        assert home.has(cid)
        home.release(cid)
        home.release(cid)
    kubo.collect()
    assert not any(home.has(cid) for home in homes)
