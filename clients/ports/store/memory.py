"""A store in this process's memory: for tests, and for runs that need to keep nothing."""

import threading

from clients.ports.store.base import CountedStore, checked_content, checked_size
from clients.ports.store.unixfs import compute_cid
from clients.types.cid import Cid
from clients.types.store import ContentMissing


class MemoryStore(CountedStore):
    """Holds every file until it is released or the process ends."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__("memory")
        self._files: dict[Cid, bytes] = {}
        self._lock = threading.Lock()

    def put(self, data: bytes) -> Cid:
        """Keep a copy of `data` and return its CID."""
        cid = compute_cid(data)
        with self._lock:
            self._files.setdefault(cid, bytes(data))
        self._count(up=len(data))
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """Return the content of `cid`, checked, of at most `max_bytes`."""
        data = self._files.get(cid)
        if data is None:
            raise ContentMissing(cid, "not in this memory store")
        checked_size(cid, len(data), max_bytes)
        self._count(down=len(data))
        return checked_content(cid, data, self.where)

    def pin(self, cid: Cid) -> None:
        """Check that the content is here; it stays until released."""
        if cid not in self._files:
            raise ContentMissing(cid, "not in this memory store, so it cannot be pinned")

    def release(self, cid: Cid) -> None:
        """Forget the content of `cid`."""
        with self._lock:
            self._files.pop(cid, None)

    def has(self, cid: Cid) -> bool:
        """Return whether the content is here."""
        return cid in self._files
