"""How long a node is given that doesn't answer as it should, and how many requests it takes at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patience:
    """What is sat out before a node is given up. Times are in seconds.

    A request that gets no answer is made `tries` times, and again for `outage` where the node has answered
    before. A node that puts requests off, because they are too many, is given `refused` before it takes one.
    Pauses begin with `first` and double up to `longest`; `jitter`, a number from 0 to 1, makes each a half
    shorter to a half longer.
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
    """Trouble in a row: how often, and the seconds that were waited for its end."""

    patience: Patience
    most: float
    times: int = 0
    waited: float = field(default=0.0)

    def wait(self, *, at_least: float = 0.0, tries: int = 1) -> bool:
        """Wait before the next try, `at_least` so many seconds; False, and no waiting, where there is none.

        There are `tries` in any case. A wait that is asked for and doesn't fit isn't begun.
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
    """How many requests a node takes at once, as far as that is known. It never takes fewer than one."""

    def __init__(self, most: int) -> None:
        self.most = most  # that it may take
        self.size = most  # of the next batch
        self.proven = 1  # that it took

    def taken(self, count: int) -> None:
        """Note that it took a batch of `count`."""
        self.proven = max(self.proven, count)
        self.size = min(self.most, self.size * 2)

    def refused(self, most: int) -> None:
        """Note that a batch was too long for it, and that one of `most` may do."""
        self.most = self.size = max(1, min(most, self.most))

    def slowed(self, count: int) -> None:
        """Note that it put off a batch of `count`, which may have room for fewer."""
        self.size = max(1, count // 2)
