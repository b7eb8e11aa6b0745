"""How long to wait for a node that doesn't answer as it should, and how many requests it takes at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before giving up on a node. Times are in seconds.

    A request without an answer is tried `tries` times, and for another `outage` seconds if the node has
    answered before. A node that puts off too many requests has `refused` seconds to take one. Pauses begin
    with `first` and double up to `longest`. `jitter` returns a number from 0 to 1, which makes each pause up
    to half shorter or longer.
    """

    tries: int = 4
    refused: float = 60.0
    outage: float = 0.0
    first: float = 0.1
    longest: float = 10.0
    jitter: Callable[[], float] = lambda: 0.5
    sleep: Callable[[float], None] = time.sleep

    def spell(self, most: float) -> "Spell":
        """Return a spell of trouble that may last for `most` seconds."""
        return Spell(self, most)


@dataclass(slots=True)
class Spell:
    """A spell of trouble: how often it occurred, and the seconds waited for its end."""

    patience: Patience
    most: float
    times: int = 0
    waited: float = field(default=0.0)

    def wait(self, *, at_least: float = 0.0, tries: int = 1) -> bool:
        """Wait before the next try, for `at_least` this many seconds; return False, without waiting, if there
        is none.

        There are at least `tries`. If the node asks for a longer wait than is left, there is no next try.
        """
        self.times += 1
        usual = min(self.patience.first * 2 ** min(self.times - 1, 30), self.patience.longest)
        pause = max(usual * (0.5 + self.patience.jitter()), at_least)
        left = self.most - self.waited
        if self.times >= tries:
            if left <= 0 or at_least > left:
                return False
            pause = min(pause, left)
        self.waited += pause
        self.patience.sleep(pause)
        return True


class Batches:
    """How many requests a node takes at once, as far as known; at least one."""

    def __init__(self, most: int) -> None:
        self.most = most  # the most that it may take
        self.size = most  # of the next batch
        self.proven = 1  # the most that it has taken

    def taken(self, count: int) -> None:
        """Record that the node took a batch of `count`."""
        self.proven = max(self.proven, count)
        self.size = min(self.most, self.size * 2)

    def refused(self, most: int) -> None:
        """Record that a batch was too long for the node, and that one of `most` may do."""
        self.most = self.size = max(1, min(most, self.most))

    def slowed(self, count: int) -> None:
        """Record that the node put off a batch of `count`: it may have room for fewer."""
        self.size = max(1, count // 2)
