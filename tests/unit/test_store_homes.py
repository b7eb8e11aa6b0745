"""What holds for every home, with a folder and memory; tests/integration adds the real node."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.ports.store import DirStore, MemoryStore, compute_cid
from clients.types.cid import Cid
from clients.types.store import ContentMissing, ContentTooLarge, Store

files = st.one_of(st.binary(max_size=50), st.integers(0, 600_000).map(lambda size: b"w" * size))


@pytest.fixture(params=["memory", "dir"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    homes: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "dir": lambda: DirStore(tmp_path / "store"),
    }
    home = homes[request.param]()
    yield home
    home.close()


def test_is_a_store(store: Store) -> None:
    assert isinstance(store, Store)
    assert store.kind in ("memory", "dir")
    assert store.where


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=files)
def test_gives_back_what_was_put(store: Store, data: bytes) -> None:
    cid = store.put(data)
    assert cid == compute_cid(data) == store.put(data)
    assert store.has(cid)
    store.pin(cid)
    assert store.get(cid, max_bytes=len(data)) == data
    if data:
        with pytest.raises(ContentTooLarge):
            store.get(cid, max_bytes=len(data) - 1)
    store.release(cid)
    store.release(cid)
    assert not store.has(cid)
    with pytest.raises(ContentMissing, match=str(cid)):
        store.get(cid, max_bytes=len(data))
    with pytest.raises(ContentMissing, match="pinned"):
        store.pin(cid)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "get", "pin", "release", "has"]), st.integers(0, 4)), max_size=30
    )
)
def test_homes_agree_on_any_history(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int]]
) -> None:
    contents = [b"", b"one", b"2" * 262_144, b"3" * 262_145, b"4" * 600_000]

    def outcome(home: Store, action: str, data: bytes) -> object:
        cid = compute_cid(data)
        try:
            if action == "put":
                return home.put(data)
            if action == "get":
                return home.get(cid, max_bytes=300_000)
            return getattr(home, action)(cid)
        except (ContentMissing, ContentTooLarge) as error:
            return type(error)

    memory, folder = MemoryStore(), DirStore(tmp_path_factory.mktemp("store"))
    for action, which in history:
        seen = [outcome(home, action, contents[which]) for home in (memory, folder)]
        assert seen[0] == seen[1]
    assert (memory.bytes_up, memory.bytes_down) == (folder.bytes_up, folder.bytes_down)


def test_counts_payload_bytes(store: Store) -> None:
    cid = store.put(b"x" * 1000)
    store.put(b"")
    assert (store.bytes_up, store.bytes_down) == (1000, 0)
    store.get(cid, max_bytes=2000)
    assert store.bytes_down == 1000


def test_many_threads(store: Store) -> None:
    contents = [bytes([i]) * (i * 1000) for i in range(24)]
    start = threading.Barrier(8)

    def work(worker: int) -> list[Cid]:
        start.wait()
        cids = [store.put(data) for data in contents[worker % 3 :: 3]]
        for cid, data in zip(cids, contents[worker % 3 :: 3], strict=True):
            assert store.get(cid, max_bytes=30_000) == data
        return cids

    with ThreadPoolExecutor(8) as pool:
        cids = {cid for found in pool.map(work, range(8)) for cid in found}
    assert cids == {compute_cid(data) for data in contents}
    assert all(store.has(cid) for cid in cids)
    up = sum(len(data) for worker in range(8) for data in contents[worker % 3 :: 3])
    assert store.bytes_up == up
