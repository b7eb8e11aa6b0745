"""A tally: the distinct entries of a round, numbered from 1 as they first appear, and their counts."""

from dataclasses import dataclass

from clients.types.federation import ZERO32


@dataclass(frozen=True, slots=True)
class Tally:
    """`entries[i]` is option i + 1, chosen `counts[i]` times; `leader` first reached the highest count."""

    entries: tuple[bytes, ...] = ()
    counts: tuple[int, ...] = ()
    leader: int = 0

    @property
    def lead(self) -> int:
        """Entries for the leading option."""
        return self.counts[self.leader - 1] if self.leader else 0

    @property
    def candidate(self) -> bytes:
        """The leading entry; 0 where that is what it says, or where there is none."""
        return self.entries[self.leader - 1] if self.leader else ZERO32

    @property
    def against(self) -> int:
        """How many entries are 0."""
        return self.counts[self.entries.index(ZERO32)] if ZERO32 in self.entries else 0


EMPTY = Tally()


def compute_tally(tally: Tally, entry: bytes) -> tuple[Tally, int]:
    """Return the tally with `entry` counted, and the option that it counts for."""
    if entry in tally.entries:
        at = tally.entries.index(entry)
        entries = tally.entries
        counts = (*tally.counts[:at], tally.counts[at] + 1, *tally.counts[at + 1 :])
    else:
        at = len(tally.entries)
        entries = (*tally.entries, entry)
        counts = (*tally.counts, 1)
    leader = at + 1 if counts[at] > tally.lead else tally.leader
    return Tally(entries, counts, leader), at + 1
