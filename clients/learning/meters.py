"""Measures where a round's time goes, from outside the parts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PARTS = ("train", "judge", "aggregate", "codec", "chain", "store")


class Meters:
    """Seconds by part. Parts don't add up twice: an inner part stops the outer part's watch."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._stack: list[str] = []
        self._since = self._start = clock()
        self._seconds = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of the `with` block to `name`, one of `PARTS`."""
        self._book()
        self._stack.append(name)
        try:
            yield
        finally:
            self._book()
            self._stack.pop()

    def _book(self) -> None:
        now = self._clock()
        if self._stack:
            self._seconds[self._stack[-1]] += now - self._since
        self._since = now

    def take(self) -> dict[str, float]:
        """Return the seconds by part and in total since the last call, and reset them."""
        self._book()
        taken = {name: round(seconds, 6) for name, seconds in self._seconds.items()}
        taken["total"] = round(self._since - self._start, 6)
        self._seconds = dict.fromkeys(PARTS, 0.0)
        self._start = self._since
        return taken
