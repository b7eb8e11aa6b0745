"""Federated averaging, exact: the same bytes on any machine, with any number of threads, in any order.

Floating-point sums depend on their order; sums of integers don't. So weights become fixed-point integers, are
summed as integers, divided by a written rule, and only then become float32 again.

Rule. With n = Σ n_k, for every weight

    q_k = round(w_k · 2⁴⁰)        to the nearest integer, halves to even
    m   = round((Σ n_k·q_k) / n)   to the nearest integer, halves to even
    w   = m · 2⁻⁴⁰                 rounded to float64, then to float32 (both nearest, halves to even)

Error. Against the real-number average, |w - w*| ≤ 2⁻⁴⁰ + (2⁻²⁴ + 2⁻⁵³)·|w*|: one unit of fixed point and
float32's own rounding.

Bounds. |w_k| < 2²⁰, so w_k·2⁴⁰ is exact in float64 before it is rounded, and |q_k| ≤ 2⁶⁰ fits an int64. n <
2³¹. Each q is cut into q = high·2³⁰ + low with 0 ≤ low < 2³⁰ and |high| ≤ 2³⁰. Then |Σ n_k·high_k| < 2⁶¹, 0 ≤
Σ n_k·low_k < 2⁶¹, and in the division remainder·2³⁰ + Σ n_k·low_k < 2⁶² (a remainder is below n < 2³¹): all
within int64. Where the weights are so small that |Σ n_k·q_k| < 2⁶² is certain, the sum is taken in one piece;
it is the same integer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clients.learning.schema import BadUpdate, Schema, Weights
from clients.types.errors import RequestError

FRACTION_BITS = 40
MAX_SAMPLES = 2**31 - 1
_LIMB_BITS = 30
_BLOCK = 16_384  # weights at a time, so that the temporaries stay in the processor's cache

_Int = NDArray[np.int64]


@dataclass(frozen=True)
class Contribution:
    """One participant's weights and the number of samples they were trained on."""

    weights: Weights
    samples: int


def fedavg(contributions: Sequence[Contribution], schema: Schema | None = None) -> Weights:
    """Return Σ (n_k/n)·w_k (paper stake_vote, equation 1), exactly as this module's rule says.

    Raises `BadUpdate`, naming the contribution by its place, where weights don't fit the schema (the first
    one's by default); `RequestError` where there is nothing to average or a count of samples is not from 1 to
    2³¹ - 1 in all.
    """
    if not contributions:
        raise RequestError("there is nothing to average: no contributions")
    counts = [contribution.samples for contribution in contributions]
    if min(counts) < 1 or sum(counts) > MAX_SAMPLES:
        raise RequestError(
            f"sample counts are {counts[:12]}; expected at least 1 each and {MAX_SAMPLES} in all"
        )
    fitting = schema if schema is not None else Schema.of(contributions[0].weights)
    flats = []
    for place, contribution in enumerate(contributions):
        try:
            flats.append(fitting.check(contribution.weights))
        except BadUpdate as error:
            raise BadUpdate(f"contribution {place}, {error.where}", error.why) from error
    return fitting.split(_average(flats, counts))


def _average(flats: Sequence[NDArray[np.float32]], counts: Sequence[int]) -> NDArray[np.float32]:
    result = np.empty_like(flats[0])
    total = sum(counts)
    for start in range(0, len(result), _BLOCK):
        block = slice(start, start + _BLOCK)
        pieces = [flat[block] for flat in flats]
        largest = max(max(float(piece.max()), -float(piece.min())) for piece in pieces)
        # |q| ≤ largest·2⁴⁰ + ½, so this bounds the whole sum.
        if (int(largest * 2**FRACTION_BITS) + 1) * total < 2**62:
            mean = _average_narrow(pieces, counts, total)
        else:
            mean = _average_wide(pieces, counts, total)
        result[block] = mean.astype(np.float64) * 2.0**-FRACTION_BITS
    return result


def _fixed(piece: NDArray[np.float32]) -> _Int:
    scaled = piece.astype(np.float64)
    scaled *= 2.0**FRACTION_BITS
    return np.rint(scaled, out=scaled).astype(np.int64)


def _average_narrow(pieces: Sequence[NDArray[np.float32]], counts: Sequence[int], total: int) -> _Int:
    acc = np.zeros(len(pieces[0]), np.int64)
    for piece, count in zip(pieces, counts, strict=True):
        fixed = _fixed(piece)
        fixed *= count
        acc += fixed
    mean = acc // total
    return _round_half_even(mean, acc - mean * total, total)


def _average_wide(pieces: Sequence[NDArray[np.float32]], counts: Sequence[int], total: int) -> _Int:
    high = np.zeros(len(pieces[0]), np.int64)
    low = np.zeros(len(pieces[0]), np.int64)
    for piece, count in zip(pieces, counts, strict=True):
        fixed = _fixed(piece)
        high += (fixed >> _LIMB_BITS) * count
        low += (fixed & ((1 << _LIMB_BITS) - 1)) * count
    mean_high = high // total
    rest = ((high - mean_high * total) << _LIMB_BITS) + low
    mean_low = rest // total
    return _round_half_even((mean_high << _LIMB_BITS) + mean_low, rest - mean_low * total, total)


def _round_half_even(floor: _Int, remainder: _Int, total: int) -> _Int:
    """Return floor + remainder/total, rounded halves to even; 0 ≤ remainder < total."""
    twice = 2 * remainder
    up: NDArray[np.bool_] = (twice > total) | ((twice == total) & ((floor & 1) == 1))
    rounded: _Int = floor + up
    return rounded
