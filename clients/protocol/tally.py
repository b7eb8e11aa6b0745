"""The tally of a round: its distinct ballots, numbered from 1 as they are first revealed."""

from dataclasses import dataclass

from clients.types.federation import ZERO32


@dataclass(frozen=True, slots=True)
class Tally:
    """`ballots[i]` is option i + 1, chosen `counts[i]` times; `leader` first reached the highest count."""

    ballots: tuple[bytes, ...] = ()
    counts: tuple[int, ...] = ()
    leader: int = 0

    @property
    def lead(self) -> int:
        """Ballots for the leading option."""
        return self.counts[self.leader - 1] if self.leader else 0

    @property
    def candidate(self) -> bytes:
        """The leading ballot; 0 where it rejects or none was revealed."""
        return self.ballots[self.leader - 1] if self.leader else ZERO32

    @property
    def against(self) -> int:
        """Ballots that reject."""
        return sum(count for ballot, count in zip(self.ballots, self.counts, strict=True) if ballot == ZERO32)


EMPTY = Tally()


def compute_tally(tally: Tally, ballot: bytes) -> tuple[Tally, int]:
    """Return the tally with `ballot` counted, and the option that it counts for."""
    if ballot in tally.ballots:
        at = tally.ballots.index(ballot)
        ballots = tally.ballots
        counts = (*tally.counts[:at], tally.counts[at] + 1, *tally.counts[at + 1 :])
    else:
        at = len(tally.ballots)
        ballots = (*tally.ballots, ballot)
        counts = (*tally.counts, 1)
    leader = at + 1 if counts[at] > tally.lead else tally.leader
    return Tally(ballots, counts, leader), at + 1
