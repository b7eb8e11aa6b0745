"""A store in a folder, one file per CID. Several processes may share it, on one disk or a network one."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clients.ports.files import TEMPORARY, replace_file
from clients.ports.store.base import CountedStore, checked_content, checked_size
from clients.ports.store.unixfs import compute_cid
from clients.types.cid import Cid
from clients.types.errors import UnavailableError
from clients.types.store import ContentMissing

_ABANDONED_S = 3600.0


class DirStore(CountedStore):
    """Holds every file until some process releases it.

    A file appears under its CID only when all of it is on the disk: it is written under another name, synced,
    and renamed. A killed process leaves at most a temporary file; the next process to open the folder an hour
    or more later removes it.
    """

    kind = "dir"

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(f"folder {folder}")
        self.folder = folder
        with self._trouble("make"):
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep(clock() - _ABANDONED_S)

    def put(self, data: bytes) -> Cid:
        """Keep `data` and return its CID. UnavailableError when the disk is full or can't be written."""
        cid = compute_cid(data)
        with self._trouble("write to"):
            # Compare bytes, not only the name, so that a corrupted file is written again
            if not self._holds(cid, data):
                replace_file(self._path(cid), data)
        self._count(up=len(data))
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """Return the content of `cid`, checked, of at most `max_bytes`."""
        with self._trouble("read from"):
            try:
                with self._path(cid).open("rb") as file:
                    checked_size(cid, os.fstat(file.fileno()).st_size, max_bytes)
                    data = file.read(max_bytes + 1)
            except FileNotFoundError:
                raise ContentMissing(cid, f"not in {self.where}") from None
        checked_size(cid, len(data), max_bytes)
        self._count(down=len(data))
        return checked_content(cid, data, f"{self._path(cid)}")

    def pin(self, cid: Cid) -> None:
        """Check that the content is here; it stays until released."""
        if not self.has(cid):
            raise ContentMissing(cid, f"not in {self.where}, so it cannot be pinned")

    def release(self, cid: Cid) -> None:
        """Delete the file of `cid`, for every process that shares the folder."""
        with self._trouble("delete from"):
            self._path(cid).unlink(missing_ok=True)

    def has(self, cid: Cid) -> bool:
        """Return whether the content is here."""
        with self._trouble("read from"):
            return self._path(cid).is_file()

    def _path(self, cid: Cid) -> Path:
        return self.folder / str(cid)

    def _holds(self, cid: Cid, data: bytes) -> bool:
        try:
            with self._path(cid).open("rb") as file:
                return os.fstat(file.fileno()).st_size == len(data) and file.read() == data
        except FileNotFoundError:
            return False

    def _sweep(self, before: float) -> None:
        for path in self.folder.glob(f"{TEMPORARY}*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    @contextlib.contextmanager
    def _trouble(self, doing: str) -> Iterator[None]:
        """Turn the system's errors into ours, naming the folder and what to do."""
        try:
            yield
        except OSError as error:
            raise UnavailableError(
                f"cannot {doing} the store in {self.folder}: {error.strerror or error}. "
                "Free space, fix its permissions, or choose another folder; nothing stored before is lost."
            ) from error
