"""Federated averaging, exact: the same bytes on any machine, with any number of threads, in any order.

Floating-point sums depend on their order; sums of integers don't. So weights are converted to fixed-point
integers, summed, divided by a written rule, and only then converted back to float32.

Rule. With n = Σ n_k, for every weight

    q_k = round(w_k · 2⁴⁰)        to the nearest integer, halves to even
    m   = round((Σ n_k·q_k) / n)   to the nearest integer, halves to even
    w   = m · 2⁻⁴⁰                 rounded to float64, then to float32 (both nearest, halves to even)

Error. Against the real-number average, |w - w*| ≤ 2⁻⁴⁰ + (2⁻²⁴ + 2⁻⁵³)·|w*|: one unit of fixed point and
float32's own rounding.

Bounds. |w_k| < 2⁶⁰, so w_k·2⁴⁰ is exact in float64 before it is rounded, and |q_k| ≤ 2¹⁰⁰. n < 2³¹. Each q is
split into four limbs of 25 bits, all with the sign of q, so that |Σ n_k·limb_k| < 2⁵⁶. The division goes from
the highest limb down. A remainder is below n, so the dividend, remainder·2²⁵ + Σ n_k·limb_k, is below 2⁵⁷,
and a quotient below 2²⁷. The two upper quotients together are exact in float64, as are the two lower ones, so
their sum rounds once: that is m, rounded to float64. If the weights are so small that |Σ n_k·q_k| < 2⁶² is
certain, as it nearly always is, one 64-bit sum is taken; it is the same integer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clients.learning.schema import BadUpdate, Schema, Weights
from clients.types.errors import RequestError

FRACTION_BITS = 40
MAX_SAMPLES = 2**31 - 1
_LIMB_BITS, _LIMBS = 25, 4
_BLOCK = 16_384  # weights at a time, so that the temporaries stay in the processor's cache

_Int = NDArray[np.int64]


@dataclass(frozen=True)
class Contribution:
    """One participant's weights and the number of samples they were trained on."""

    weights: Weights
    samples: int


def fedavg(contributions: Sequence[Contribution], schema: Schema | None = None) -> Weights:
    """Return Σ (n_k/n)·w_k (paper stake_vote, equation 1), exactly by this module's rule.

    Raises `BadUpdate`, naming the contribution by its place, if weights don't fit the schema (by default the
    first contribution's). Raises `RequestError` if there is nothing to average, a count of samples is below
    1, or all counts add up to 2³¹ or more.
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
        result[block] = mean * 2.0**-FRACTION_BITS
    return result


def _fixed(piece: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return q, whole numbers."""
    scaled = piece.astype(np.float64)
    scaled *= 2.0**FRACTION_BITS
    return np.rint(scaled, out=scaled)


def _average_narrow(
    pieces: Sequence[NDArray[np.float32]], counts: Sequence[int], total: int
) -> NDArray[np.float64]:
    acc = np.zeros(len(pieces[0]), np.int64)
    for piece, count in zip(pieces, counts, strict=True):
        fixed = _fixed(piece).astype(np.int64)
        fixed *= count
        acc += fixed
    mean = acc // total
    return _round_half_even(mean, acc - mean * total, total).astype(np.float64)


def _average_wide(
    pieces: Sequence[NDArray[np.float32]], counts: Sequence[int], total: int
) -> NDArray[np.float64]:
    sums = np.zeros((_LIMBS, len(pieces[0])), np.int64)  # the lowest limb first
    for piece, count in zip(pieces, counts, strict=True):
        rest = _fixed(piece)
        for place in reversed(range(_LIMBS)):
            unit = 2.0 ** (_LIMB_BITS * place)
            limb = np.trunc(rest / unit)  # towards 0: the rest is exact in float64 whatever the sign
            rest -= limb * unit
            sums[place] += limb.astype(np.int64) * count
    means = np.empty_like(sums)
    remainder = np.zeros_like(sums[0])
    for place in reversed(range(_LIMBS)):
        dividend = (remainder << _LIMB_BITS) + sums[place]
        means[place] = dividend // total
        remainder = dividend - means[place] * total
    lower = _round_half_even((means[1] << _LIMB_BITS) + means[0], remainder, total)
    upper = (means[3] << _LIMB_BITS) + means[2]
    mean: NDArray[np.float64] = upper.astype(np.float64) * 2.0 ** (2 * _LIMB_BITS) + lower
    return mean


def _round_half_even(floor: _Int, remainder: _Int, total: int) -> _Int:
    """Return floor + remainder/total, rounded halves to even; 0 ≤ remainder < total."""
    twice = 2 * remainder
    up: NDArray[np.bool_] = (twice > total) | ((twice == total) & ((floor & 1) == 1))
    rounded: _Int = floor + up
    return rounded
