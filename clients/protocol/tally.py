"""A tally: the distinct entries of a round, numbered from 1 as they first appear, and their counts."""

from dataclasses import dataclass

from clients.types.federation import ZERO32


@dataclass(frozen=True, slots=True)
class Tally:
    """`entries[i]` is option i + 1, chosen `counts[i]` times.

    `leading_option` is the first option to have reached the highest count; 0 where there is no entry.
    """

    entries: tuple[bytes, ...] = ()
    counts: tuple[int, ...] = ()
    leading_option: int = 0

    @property
    def leading_count(self) -> int:
        """Entries for the leading option."""
        return self.counts[self.leading_option - 1] if self.leading_option else 0

    @property
    def candidate(self) -> bytes:
        """The leading entry; 0 if that entry is 0 or the tally is empty."""
        return self.entries[self.leading_option - 1] if self.leading_option else ZERO32

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
    leading_option = at + 1 if counts[at] > tally.leading_count else tally.leading_option
    return Tally(entries, counts, leading_option), at + 1
