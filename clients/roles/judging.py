"""How to vote: an honest voter's ballot from its scores, by the papers, and a liar's ballot from that."""

import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import TypeVar

from clients.protocol.marks import WORD, compute_bitmap
from clients.types.federation import ZERO32

REJECT = ZERO32

T = TypeVar("T")


def is_below(score: float, reference: float, tolerance: float) -> bool:
    """Return whether a model fails eq. (2) of arXiv 2307.00543, and an honest voter votes against it.

    The paper's threshold lost its formula; §4.2 says that it "can be based on a validation score acquired in
    the previous round" less a tolerance ε, so a model passes if `score >= reference - tolerance`, with
    `reference` the score of the current head on the same data. A score that isn't a number fails.
    """
    return not score >= reference - tolerance


def get_blamed(gains: Callable[[T], bool], without: Sequence[T]) -> set[int]:
    """Return the numbers of the updates that make a rejected aggregate fail, by leaving one out at a time.

    This goes beyond arXiv 2307.00543, which slashes every proposer of a rejected round, honest ones too.
    `without[n]` is what the voter found of the aggregate of all updates but `n`. An update is blamed if the
    aggregate `gains` by leaving it out, by the rule by which the voter judges.
    """
    return {number for number, rest in enumerate(without) if gains(rest)}


def get_lie(vote: bytes, candidate: bytes | None) -> bytes:
    """Return the dishonest vote of §3.2: approve a poisoned candidate, reject a good one."""
    return (candidate or REJECT) if vote == REJECT else REJECT


def get_unnamed(named: Collection[int], updates: int) -> set[int]:
    """Return the numbers of the round's `updates` that aren't `named`: the lie about them."""
    return set(range(updates)) - set(named)


def get_ballot(vote: bytes, blamed: Collection[int] | None = None) -> bytes:
    """Return a ballot: the vote, followed with attribution (`blamed` not None) by a bitmap of the blamed
    updates.

    A ballot that approves blames nobody.
    """
    if blamed is None:
        return vote
    return vote + get_bitmap(blamed if vote == REJECT else ())


def get_bitmap(numbers: Collection[int]) -> bytes:
    """Return the bitmap of the updates with these numbers, 32 bytes: a ballot, or a part of one."""
    return compute_bitmap(numbers).to_bytes(WORD, "big")


def get_numbers(bitmap: bytes) -> set[int]:
    """Return the numbers of the updates in a bitmap: the inverse of `get_bitmap`."""
    bits = int.from_bytes(bitmap, "big")
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


def is_positive(own: float, theirs: float, threshold: float) -> bool:
    """Return whether an update gets a positive vote: algorithm 1 of arXiv 2101.03300.

    `own` is the validator's score of its own model after one epoch, A_v(L_v(1)); `theirs` is its score of the
    update, A_v(L_w(n)); both are on the validator's data. The vote is negative if vad = own - theirs is above
    the threshold vh, or if a score isn't a number.
    """
    return own - theirs <= threshold


FIXED_THRESHOLD = 0.08
"""vh by default, and until a validator knows better: figure 4 of arXiv 2101.03300."""
SPREADS = 2.5
"""How many standard deviations a legitimate update may be off."""
LEAST_UPDATES = 3
"""With fewer updates, none can stand apart."""
LEAST_DRIFTS = 3
LATEST_DRIFTS = 10


def get_threshold(drifts: Sequence[float], score: float, samples: int, *, share: bool = True) -> float:
    """Return the adaptive threshold of a validator, which arXiv 2101.03300 leaves as future work.

    `drifts` are A_v(L_v(1)) - A_v(L_v(n)) of the rounds in which the validator was a worker, the latest last.
    They show the validator what vad of a legitimate update looks like. The threshold is their mean plus
    `SPREADS` standard deviations. The variance is that of the drifts plus that of a difference of two scores
    near `score` (shares, or else R²) measured on `samples`. The last 10 drifts count; with fewer than 3 the
    threshold is the fixed one.
    """
    latest = list(drifts)[-LATEST_DRIFTS:]
    if len(latest) < LEAST_DRIFTS:
        return FIXED_THRESHOLD
    mean = sum(latest) / len(latest)
    varying = sum((drift - mean) ** 2 for drift in latest) / (len(latest) - 1)
    return mean + SPREADS * math.sqrt(varying + _get_chance(score, samples, share))


def get_gap_threshold(vads: Sequence[float], score: float, samples: int, *, share: bool = True) -> float:
    """Return a threshold at the widest gap between the round's updates.

    This rule is ours. `vads` are own - theirs of all the round's updates. The worse half of them, from the
    median up, is cut in the middle of its widest gap, if the gap is wider than chance explains: `SPREADS`
    standard deviations of a difference of two scores near `score` measured on `samples`. Otherwise the
    updates are all alike, and everything passes. The rule assumes that most updates are honest. It needs no
    history, and no knowledge of how far others' data differ. With fewer than 3 updates the threshold is the
    fixed one.
    """
    ordered = sorted(vad for vad in vads if math.isfinite(vad))
    if len(ordered) < LEAST_UPDATES:
        return FIXED_THRESHOLD
    worse = ordered[(len(ordered) - 1) // 2 :]
    width, low, high = max((high - low, low, high) for low, high in pairwise(worse))
    wide = width > SPREADS * math.sqrt(_get_chance(score, samples, share))
    return (low + high) / 2 if wide else max(1.0, worse[-1])


def _get_chance(score: float, samples: int, share: bool) -> float:
    """Return the variance of a difference of two scores near `score` that are measured on `samples`.

    A share p has the variance p·(1 - p) per sample. An R² is 1 less the mean of squared errors; if errors are
    normal, a squared error has a variance of twice the square of that mean.
    """
    return 2 * (score * (1 - score) if share else 2 * (1 - score) ** 2) / samples
