"""What all stores share: byte counters and the check of content."""

import threading
from types import TracebackType
from typing import Self

from clients.ports.store.unixfs import verify
from clients.types.cid import Cid
from clients.types.store import ContentCorrupt, ContentTooLarge


class CountedStore:
    """Counts payload bytes, from any thread, and closes at the end of a `with` block."""

    kind = "?"

    def __init__(self, where: str) -> None:
        self.where = where
        self._counting = threading.Lock()
        self._up = 0
        self._down = 0

    @property
    def bytes_up(self) -> int:
        """Payload bytes put so far."""
        return self._up

    @property
    def bytes_down(self) -> int:
        """Payload bytes read so far."""
        return self._down

    def close(self) -> None:
        """Close what the store holds open; the content stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _count(self, *, up: int = 0, down: int = 0) -> None:
        with self._counting:
            self._up += up
            self._down += down


def checked_size(cid: Cid, size: int, max_bytes: int) -> None:
    """Raise ContentTooLarge when `size` bytes are more than `max_bytes`."""
    if size > max_bytes:
        raise ContentTooLarge(cid, f"larger than the {max_bytes} bytes that its reader allows")


def checked_content(cid: Cid, data: bytes, where: str) -> bytes:
    """Return `data` if it matches `cid`; raise ContentCorrupt otherwise."""
    if not verify(cid, data):
        raise wrong_bytes(cid, data, where)
    return data


def wrong_bytes(cid: Cid, data: bytes, where: str) -> ContentCorrupt:
    """Return the error for `data` that doesn't match `cid`."""
    return ContentCorrupt(cid, f"{where} returns {len(data)} bytes that don't match the CID")
