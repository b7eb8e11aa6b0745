"""Which axis of an array is which: given, clear from the shape, or asked for; never guessed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.types.errors import RequestError
from clients.types.learning import LAYOUTS

_CHANNELS = (1, 3)
"""Usual numbers of channels: if only one axis has such a length, it is the channels."""


def find_layout(where: str, x: NDArray[Any], said: str, shape: tuple[int, ...]) -> str:
    """Return the layout of an array of samples: `said`, or the only one that gives samples of `shape`, or the
    only one that makes sense. An empty `said` or `shape` leaves it open.

    Raises `RequestError` if the array doesn't fit, or the layout isn't clear; then the message lists the
    candidates.
    """
    if said:
        if x.ndim != len(said):
            raise RequestError(
                f"{where} is {x.dtype} of shape {x.shape}; the layout {said} has {len(said)} axes"
            )
        found = [said]
    else:
        found = [name for name in LAYOUTS if len(name) == x.ndim]
    if not found:
        raise RequestError(f"{where} is {x.dtype} of shape {x.shape}; expected 2 to 5 axes, samples first")
    if shape:
        fitting = [name for name in found if arrange(x[:0], name).shape[1:] == shape]
        if not fitting:
            raise RequestError(
                f"{where}: a sample is {_told(x.shape[1:])}; the federation's samples are {_told(shape)}"
            )
        found = fitting
    if len(found) > 1:
        found = _get_clear(x, found)
    if len(found) > 1:
        could = " or ".join(f"{name} ({LAYOUTS[name]})" for name in found)
        raise RequestError(
            f"{where} of shape {_told(x.shape)} could be {could}. "
            "Say which: --layout, or `layout` in the data"
        )
    return found[0]


def arrange(x: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return the samples with their axes in the order in which models get them: channels come first."""
    if layout.endswith("C"):
        return np.moveaxis(x, -1, 1)
    return x if "C" in layout or "F" in layout else x[:, None]


def get_column_axis(x: NDArray[Any]) -> int:
    """Return the axis of columns in arranged samples: channels of pictures and volumes, else features."""
    return 1 if x.ndim > 3 else x.ndim - 1


def name_column(x: NDArray[Any], place: int) -> str:
    """Return the name of a column in arranged samples, for people."""
    return f"{'channel' if x.ndim > 3 else 'column'} {place}"


def _get_clear(x: NDArray[Any], found: list[str]) -> list[str]:
    """Return the only layout that makes sense, or all layouts in `found`."""
    if x.dtype == np.uint8 and "NHW" in found:
        return ["NHW"]  # bytes are pixels
    first, last = x.shape[1] in _CHANNELS, x.shape[-1] in _CHANNELS
    if x.ndim > 3 and first != last:
        return [name for name in found if "C" in name and name.endswith("C") == last] or found
    return found


def _told(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
