"""What can happen to a folder: rot, a full disk, other processes, a crash."""

import errno
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clients.ports.store import DirStore, compute_cid
from clients.types.errors import PeerError, UnavailableError
from clients.types.store import ContentCorrupt, ContentTooLarge

DATA = b"weights" * 100_000


@pytest.fixture
def store(tmp_path: Path) -> DirStore:
    return DirStore(tmp_path / "deep" / "store")


def names(store: DirStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_a_file_per_cid(store: DirStore) -> None:
    cid = store.put(DATA)
    assert names(store) == [str(cid)]
    assert (store.folder / str(cid)).read_bytes() == DATA
    assert DirStore(store.folder).get(cid, max_bytes=len(DATA)) == DATA


@pytest.mark.parametrize("rot", [b"", DATA[:-1], DATA + b"x", b"W" + DATA[1:]])
def test_corrupt_file_is_reported_and_healed_by_putting_it_again(store: DirStore, rot: bytes) -> None:
    cid = store.put(DATA)
    path = store.folder / str(cid)
    path.write_bytes(rot)
    with pytest.raises(ContentCorrupt, match=str(path)):
        store.get(cid, max_bytes=len(DATA) + 1)
    assert store.put(DATA) == cid
    assert store.get(cid, max_bytes=len(DATA)) == DATA


def test_a_huge_file_is_not_read(store: DirStore, monkeypatch: pytest.MonkeyPatch) -> None:
    cid = store.put(DATA)
    os.truncate(store.folder / str(cid), 1 << 40)  # sparse: a terabyte that takes no room
    with pytest.raises(ContentTooLarge, match="700000 bytes"):
        store.get(cid, max_bytes=len(DATA))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_full_disk_leaves_nothing_half_done(
    store: DirStore, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    kept = store.put(b"kept")
    real = os.write
    written = 0

    def failing(*args: object) -> int:
        nonlocal written
        if step == "write" and not written:
            written = real(args[0], bytes(args[1])[:1000])  # type: ignore[call-overload]
            return written
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, failing)
    with pytest.raises(UnavailableError, match=os.strerror(code)) as failed:
        store.put(DATA)
    monkeypatch.undo()
    assert str(store.folder) in str(failed.value)
    assert not isinstance(failed.value, PeerError)
    assert names(store) == [str(kept)]
    assert store.bytes_up == 4
    assert store.get(store.put(DATA), max_bytes=len(DATA)) == DATA


def test_ctrl_c_leaves_nothing_half_done(store: DirStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put(DATA)
    assert names(store) == []


@pytest.mark.skipif(
    not Path("/dev/full").exists() or os.geteuid() != 0, reason="needs root to mount a file system"
)
def test_a_really_full_disk(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        store = DirStore(tmp_path)
        kept = store.put(DATA)
        with pytest.raises(UnavailableError, match="No space left on device"):
            store.put(DATA + DATA)
        assert names(store) == [str(kept)]
        assert store.get(kept, max_bytes=len(DATA)) == DATA
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_path_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match=r"in the way|File exists|Not a directory"):
        DirStore(tmp_path / "file")
    with pytest.raises(UnavailableError, match="Not a directory"):
        DirStore(tmp_path / "file" / "store")


def test_what_a_killed_process_left_is_removed_in_time(store: DirStore) -> None:
    fresh, old = store.folder / ".writing-1-a", store.folder / ".writing-2-b"
    fresh.write_bytes(b"another process is at it")
    old.write_bytes(b"abandoned")
    os.utime(old, (1, 1))
    again = DirStore(store.folder)
    assert names(again) == [fresh.name]
    far = DirStore(store.folder, clock=lambda: fresh.stat().st_mtime + 3601)
    assert names(far) == []


def _hammer(folder: str, count: int) -> None:
    store = DirStore(Path(folder))
    for i in range(count):
        data = bytes([i]) * 300_000
        cid = store.put(data)
        assert store.get(cid, max_bytes=len(data)) == data


def test_several_processes_share_a_folder(store: DirStore) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_hammer, args=(str(store.folder), 20)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert names(store) == sorted(str(compute_cid(bytes([i]) * 300_000)) for i in range(20))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_killed_at_any_moment_never_leaves_a_wrong_file(store: DirStore) -> None:
    program = (
        "import sys; from pathlib import Path; from clients.ports.store import DirStore\n"
        "store = DirStore(Path(sys.argv[1])); print('up', flush=True)\n"
        "for i in range(10**6): store.put(i.to_bytes(4, 'big') * 75_000)\n"
    )
    for _ in range(3):
        victim = subprocess.Popen([sys.executable, "-c", program, str(store.folder)], stdout=subprocess.PIPE)
        assert victim.stdout is not None
        victim.stdout.readline()
        deadline = 20 + len(names(store))
        while len(names(store)) < deadline:
            pass
        victim.kill()
        victim.communicate()
    whole = [name for name in names(store) if not name.startswith(".")]
    assert whole
    for name in whole:
        assert str(compute_cid((store.folder / name).read_bytes())) == name
