"""The cache in front of a store."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.ports.store import CachedStore, MemoryStore, compute_cid
from clients.types.cid import Cid
from clients.types.store import ContentMissing, ContentTooLarge


class Gated(MemoryStore):
    """Counts readings, and holds them until the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.readings = 0

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        self.gate.wait(30)
        self.readings += 1
        return super().get(cid, max_bytes=max_bytes)


def test_reads_each_file_once() -> None:
    inner = Gated()
    cids = [inner.put(bytes([i]) * 100) for i in range(3)]
    store = CachedStore(inner, keep_bytes=250)
    for cid in [cids[0], cids[0], cids[1], cids[1], cids[0]]:
        store.get(cid, max_bytes=100)
    assert inner.readings == 2
    store.get(cids[2], max_bytes=100)  # pushes out the second, used longest ago
    store.get(cids[0], max_bytes=100)
    assert inner.readings == 3
    store.get(cids[1], max_bytes=100)
    assert inner.readings == 4
    assert store.bytes_down == 400


def test_readers_of_one_file_wait_for_the_first() -> None:
    inner = Gated()
    cid = inner.put(b"model" * 1000)
    store = CachedStore(inner, keep_bytes=10_000)
    inner.gate.clear()
    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(store.get, cid, max_bytes=5000) for _ in range(6)]
        inner.gate.set()
        assert {reader.result() for reader in readers} == {b"model" * 1000}
    assert inner.readings == 1


def test_the_cap_holds_for_what_is_kept_too() -> None:
    store = CachedStore(MemoryStore(), keep_bytes=1000)
    cid = store.put(b"x" * 100)
    with pytest.raises(ContentTooLarge):
        store.get(cid, max_bytes=99)


def test_keeps_nothing_it_cannot_hold() -> None:
    inner = Gated()
    store = CachedStore(inner, keep_bytes=10)
    cid = store.put(b"x" * 11)
    store.get(cid, max_bytes=11)
    store.get(cid, max_bytes=11)
    assert inner.readings == 2


def test_errors_come_through_each_time() -> None:
    store = CachedStore(MemoryStore(), keep_bytes=10)
    for _ in range(2):
        with pytest.raises(ContentMissing):
            store.get(compute_cid(b"nowhere"), max_bytes=10)
