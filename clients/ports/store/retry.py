"""Retries transient trouble: bounded, with growing pauses."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from clients.types.errors import UnavailableError

T = TypeVar("T")


class TransientError(UnavailableError):
    """Trouble that may pass by itself, such as a refused connection, and is worth another try."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and the pauses: first `first_s`, then each `factor` times the last, up to
    `longest_s`."""

    attempts: int = 4
    first_s: float = 0.1
    factor: float = 2.0
    longest_s: float = 2.0
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"a retry needs at least one attempt, not {self.attempts}")

    def call(self, work: Callable[[], T]) -> T:
        """Return the result of `work`, trying again while it raises TransientError; the last one is
        raised."""
        pause = self.first_s
        for left in range(self.attempts - 1, -1, -1):
            try:
                return work()
            except TransientError:
                if not left:
                    raise
            self.sleep(min(pause, self.longest_s))
            pause *= self.factor
        raise AssertionError("unreachable")  # the loop returns or raises
