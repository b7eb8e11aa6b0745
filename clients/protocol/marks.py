"""Marks: the bitmaps of updates that ballots carry, and how many ballots name each update."""

from collections.abc import Iterable

from clients.types.errors import ProtocolError
from clients.types.federation import Round

WORD = 32
UPDATES_MAX = 256
"""The most updates that a bitmap has bits for."""


def is_marked(bitmap: int, update_number: int) -> bool:
    """Return whether `bitmap` has update `update_number`'s bit."""
    return bitmap >> update_number & 1 == 1


def get_marked(bitmap: int, updates: int) -> list[int]:
    """Return the numbers of those of so many updates whose bits `bitmap` has, ascending."""
    return [number for number in range(updates) if is_marked(bitmap, number)]


def compute_bitmap(numbers: Iterable[int]) -> int:
    """Return the bitmap of the updates with these numbers."""
    return sum(1 << number for number in numbers)


def read_words(ballot: bytes, count: int) -> list[bytes]:
    """Split a ballot into `count` words of 32 bytes. InvalidBallot for any other length."""
    if len(ballot) != WORD * count:
        raise ProtocolError("InvalidBallot", ballot)
    return [ballot[at : at + WORD] for at in range(0, len(ballot), WORD)]


def read_bitmap(record: Round, ballot: bytes, word: bytes) -> int:
    """Return what a word of `ballot` marks. InvalidBallot where that wasn't all proposed."""
    bitmap = int.from_bytes(word, "big")
    if bitmap >> record.proposals:
        raise ProtocolError("InvalidBallot", ballot)
    return bitmap


def compute_marks(marks: tuple[int, ...], bitmap: int, updates: int) -> tuple[int, ...]:
    """Return the count of marks, one an update, with `bitmap` counted too."""
    counted = marks or (0,) * updates
    return tuple(count + (bitmap >> number & 1) for number, count in enumerate(counted))


def count_marks(bitmaps: Iterable[int], updates: int) -> tuple[int, ...]:
    """Return how many of `bitmaps` mark each of so many updates."""
    marks = (0,) * updates
    for bitmap in bitmaps:
        marks = compute_marks(marks, bitmap, updates)
    return marks


def get_majority(marks: tuple[int, ...], whole: int) -> int:
    """Return the bitmap of the updates that more than half of `whole` mark."""
    return compute_bitmap(number for number, count in enumerate(marks) if count * 2 > whole)
