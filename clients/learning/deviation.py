"""How the updates of a round differ from one another: how far each moves, and whether the same way."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clients.learning.schema import Weights

_BLOCK = 1 << 16  # weights at a time, which bounds the memory


def measure_deviation(start: Weights, updates: Sequence[Weights]) -> tuple[list[float], list[float]]:
    """Return each update's length |w - start|, and the cosine between its direction and the usual one.

    The usual direction is the median, weight by weight, of all updates' directions. A minority of updates
    can't turn it round. The cosine of an update that doesn't move is 0. Without updates both are empty: a
    round may have none that can be used.
    """
    if not updates:
        return [], []
    lengths = np.sqrt(sum(np.square(moves).sum(axis=1) for moves in _get_moves(start, updates)))
    dots, square = np.zeros(len(updates)), 0.0
    for moves in _get_moves(start, updates):
        units = moves / np.maximum(lengths, 1e-300)[:, None]
        usual = np.median(units, axis=0)
        dots += units @ usual
        square += float(usual @ usual)
    cosines = dots / max(np.sqrt(square), 1e-300)
    return lengths.tolist(), cosines.tolist()


def _get_moves(start: Weights, updates: Sequence[Weights]) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of w - start, shape (update, weight)."""
    for key, array in sorted(start.items()):
        first = array.reshape(-1)
        for begin in range(0, first.size, _BLOCK):
            part = slice(begin, begin + _BLOCK)
            yield np.stack([one[key].reshape(-1)[part].astype(np.float64) - first[part] for one in updates])
