"""A bounded memory of content already read and checked, in front of any store."""

import threading
from collections import OrderedDict

from clients.ports.store.base import checked_size
from clients.types.cid import Cid
from clients.types.store import Store


class CachedStore:
    """A store that keeps up to `keep_bytes` of the content last used, for many readers of the same files.

    A CID names its bytes, so nothing here can be stale. `bytes_up` and `bytes_down` count what really moved.
    """

    def __init__(self, inner: Store, *, keep_bytes: int) -> None:
        self.inner = inner
        self._keep_bytes = keep_bytes
        self._kept: OrderedDict[Cid, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._reading: dict[Cid, threading.Lock] = {}

    @property
    def kind(self) -> str:
        """The inner store's."""
        return self.inner.kind

    @property
    def where(self) -> str:
        """The inner store's."""
        return self.inner.where

    @property
    def bytes_up(self) -> int:
        """The inner store's."""
        return self.inner.bytes_up

    @property
    def bytes_down(self) -> int:
        """The inner store's."""
        return self.inner.bytes_down

    def put(self, data: bytes) -> Cid:
        """Keep `data` in the inner store, and here for who reads it next."""
        cid = self.inner.put(data)
        self._remember(cid, bytes(data))
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """Return the content, from here if it was read before; readers of one CID wait for the first."""
        with self._lock:
            gate = self._reading.setdefault(cid, threading.Lock())
        try:
            with gate:
                data = self._recall(cid)
                if data is None:
                    data = self.inner.get(cid, max_bytes=max_bytes)
                    self._remember(cid, data)
        finally:
            with self._lock:
                self._reading.pop(cid, None)
        checked_size(cid, len(data), max_bytes)
        return data

    def pin(self, cid: Cid) -> None:
        """Pin in the inner store."""
        self.inner.pin(cid)

    def release(self, cid: Cid) -> None:
        """Let go in the inner store, and forget here."""
        with self._lock:
            self._size -= len(self._kept.pop(cid, b""))
        self.inner.release(cid)

    def has(self, cid: Cid) -> bool:
        """Return whether the inner store has it."""
        return self.inner.has(cid)

    def close(self) -> None:
        """Close the inner store and forget everything."""
        with self._lock:
            self._kept.clear()
            self._size = 0
        self.inner.close()

    def _recall(self, cid: Cid) -> bytes | None:
        with self._lock:
            data = self._kept.get(cid)
            if data is not None:
                self._kept.move_to_end(cid)
            return data

    def _remember(self, cid: Cid, data: bytes) -> None:
        with self._lock:
            self._size += len(data) - len(self._kept.pop(cid, b""))
            self._kept[cid] = data
            while self._size > self._keep_bytes:
                self._size -= len(self._kept.popitem(last=False)[1])
