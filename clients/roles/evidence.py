"""A juror's decision by evidence: what it takes, on few samples, to call one model worse than another.

Both models answer the *same* samples, so a juror looks at the difference on each of them. To its m
differences it adds two, of +`PRIOR` and -`PRIOR`, so that the deviation of a handful of samples doesn't
vanish (as Bonett and Price do for paired proportions, 2012). With the mean d of all m + 2, their deviation s,
and the tolerance ε, the candidate is worse if

    (d + ε) / (s / √(m + 2)) < -z

*The level.* The majority supplies the confidence, not the juror. Of n jurors who each reject a harmless
candidate with probability p, more than half do so with probability P(Bin(n, p) > n/2). `get_level` chooses p
such that this is what the mechanism allows (`ERROR` by default), but no larger than `LEVEL_MAX`: jurors with
similar data err together, and whoever is outvoted pays. z is the normal quantile of 1 - p.

*A reference that knows nothing*, one that isn't better than naming the largest class by the same evidence,
says nothing about accuracy: an honest first model names that class less often, and so may be right less
often. Then the quadratic score counts as well, by which random weights are worse than knowing nothing: the
worse of the two is the evidence against the candidate. A balanced accuracy above the reference's is evidence
for it, and is added: z of the one and z of the other. It makes up for as much as a juror needs to reject, and
no more: noise, too, moves some answers to rare classes. A bar that is lowered for rejecting isn't lowered for
calling a reference informed (`LEVEL_MAX`): that would take away what only the quadratic score shows.

*An update from other data.* Who learns on a part of the classes sends an update that names these too often.
On a juror's samples it is behind, and yet does no harm once it is averaged. So an update is compared with two
references, a juror's own first epoch and the head, and is bad if it is worse than both, by either of two
tests (`find_harm`). The one forgives that lean, and little else (`FAIR`); the other forgives nothing, and
tolerates more (`WHOLE`).

*An update that stands apart* from the others may be rejected on less evidence (`ERROR_APART`), but never for
that alone. If one half of the updates stands apart from the other, all do.

docs/explanation/evidence.md explains all of this at length.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist, median

from clients.types.answers import Answers

ERROR = 0.05
"""How often the jury may reject a candidate that is worse by exactly the tolerance, unless its
mechanism says otherwise."""
ERROR_APART = 0.25
"""The same, if an update stands apart from the others, and the mechanism doesn't allow more anyway."""
LEVEL_MAX = 0.25
"""How often a single juror may reject such a candidate, however many jurors there are, if the jury's error is
`ERROR`. A reference is never called informed at a larger level."""
PRIOR = 0.5
"""By how much the models differ on each of the two samples that are added."""
FEWEST_UPDATES = 3
"""With fewer updates, none can stand apart."""
APART = 3.0
"""How many times longer or shorter than usual an update stands apart; or how many deviations off, if more."""

FAIR = 1 / 16
"""How much of the tolerance counts where an update's lean is forgiven, in quadratic scores of probabilities:
there even flipped labels often cost no more than a few hundredths. What is in the score's unit has all."""
WHOLE = 3.0
"""How many times the tolerance counts where it isn't."""

IDLE = 0.1
"""An update shorter than this share of the usual length doesn't move."""


@dataclass(frozen=True, slots=True)
class Test:
    """The evidence that one model is worse than another: mean difference per sample, and how sure it is.

    `z` is that difference, tolerance added, in standard deviations; evidence if below `critical`.
    """

    difference: float
    z: float
    critical: float

    @property
    def is_worse(self) -> bool:
        """Whether the evidence is enough."""
        return self.z < self.critical


@lru_cache
def get_level(jurors: int, error: float = ERROR) -> float:
    """Return p: how often one of `jurors` may reject wrongly, so that more than half do so with probability
    `error`. At most `LEVEL_MAX`, or 1/2 if `error` is above `ERROR`: at 1/2 the sign alone decides."""
    low, high = 0.0, LEVEL_MAX if error <= ERROR else 0.5
    if _get_majority(jurors, high) <= error:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _get_majority(jurors, middle) <= error else (low, middle)
    return low


def _get_majority(jurors: int, level: float) -> float:
    """Return P(Bin(jurors, level) > jurors/2)."""
    return sum(
        math.comb(jurors, count) * level**count * (1 - level) ** (jurors - count)
        for count in range(jurors // 2 + 1, jurors + 1)
    )


def compare(
    candidate: Sequence[float],
    reference: Sequence[float],
    tolerance: float,
    level: float,
    *,
    scaled: bool = False,
) -> Test:
    """Return the test of whether the candidate's marks are worse than the reference's on the same samples by
    more than `tolerance`. A mark that isn't a number is the worst evidence there is.

    With `scaled`, the models differ by half of the largest difference on the two samples that are added: the
    same as `PRIOR` for marks of 0 and 1, and no more than there is to see where all differences are small.
    """
    differences = [mine - theirs for mine, theirs in zip(candidate, reference, strict=True)]
    critical, samples = NormalDist().inv_cdf(level), len(differences)
    if not all(map(math.isfinite, differences)):
        return Test(-math.inf, -math.inf, critical)
    total, more = math.fsum(differences), samples + 2
    prior = max(map(abs, differences)) / 2 if scaled else PRIOR
    squares = math.fsum(one * one for one in differences) + 2 * prior**2
    mean = total / more
    deviation = math.sqrt(max(squares / more - mean * mean, 0.0) / more)
    if not deviation:  # with `scaled` alone: no model differs from itself
        return Test(total / samples, math.copysign(math.inf, tolerance) if tolerance else 0.0, critical)
    return Test(total / samples, (mean + tolerance) / deviation, critical)


def is_informed(answers: Answers, level: float) -> bool:
    """Return whether a model is better than a guess, by the evidence by which candidates are rejected."""
    return compare(answers.guessed, answers.right, 0.0, level).is_worse


def find_worse(candidate: Answers, reference: Answers, tolerance: float, level: float) -> Test:
    """Return the test of whether `candidate` is worse than `reference`, both on the juror's samples."""
    right = compare(candidate.right, reference.right, tolerance, level)
    if is_informed(reference, min(level, LEVEL_MAX)):
        return right
    near = compare(candidate.near, reference.near, tolerance, level)
    balanced = compare(candidate.balanced, reference.balanced, 0.0, level)
    against = min(right, near, key=lambda test: test.z)
    return replace(against, z=against.z + min(max(balanced.z, 0.0), -against.critical))


def find_harm(candidate: Answers, references: Sequence[Answers], tolerance: float, level: float) -> bool:
    """Return whether an update is worse than each of the references, all on the juror's samples.

    It is if it knows less, by `fair`, where its lean towards some classes is forgiven, and `FAIR` of the
    tolerance counts (all of it in a regression, and by AUROC); or if it is worse with its lean, by `near` and
    `WHOLE` times the tolerance. With a tolerance of 1 nothing is.
    """
    if tolerance >= 1:
        return False
    tolerated = tolerance if candidate.fair_scores else FAIR * tolerance
    whole = max(tolerance, WHOLE * tolerance)  # a threshold below 0 asks to be better
    fair = all(
        compare(candidate.fair, one.fair, tolerated, level, scaled=True).is_worse for one in references
    )
    return fair or all(compare(candidate.near, one.near, whole, level).is_worse for one in references)


@lru_cache
def can_tell(samples: int, tolerance: float, level: float) -> bool:
    """Return whether so many samples could be evidence at all: if every one of them were lost."""
    return compare([0.0] * samples, [1.0] * samples, tolerance, level).is_worse


def find_apart(lengths: Sequence[float], cosines: Sequence[float]) -> set[int]:
    """Return the numbers of the updates that stand apart from the others of their round.

    `lengths`: how far each update moves from the head. `cosines`: between each update's direction and the
    usual one, the median direction. An update stands apart if it is `APART` times longer or shorter than the
    median, and by more than `APART` median deviations; or if it points backwards. Fewer than half stand
    apart, or none does: except that if one half of the updates is that much longer than the other, nobody can
    say which is strange, and all do.
    """
    if len(lengths) < FEWEST_UPDATES:
        return set()
    logs = [math.log(max(length, 1e-30)) if math.isfinite(length) else math.inf for length in lengths]
    if _are_halves(sorted(logs)):
        return set(range(len(logs)))
    middle = median(logs)
    far = _get_far([abs(log - middle) for log in logs])
    apart = {number for number, cosine in enumerate(cosines) if cosine < 0}
    apart |= {number for number, log in enumerate(logs) if abs(log - middle) > far}
    return apart if 2 * len(apart) < len(lengths) else set()  # most can't stand apart


def find_idle(lengths: Mapping[int, float], good: Collection[int]) -> set[int]:
    """Return the numbers of the updates that don't move: that are the head, or nearly.

    `lengths`: how far each update moves from the head, by its number. `good`: those that are good otherwise.
    An update is idle if its length is 0, or below `IDLE` of the median length of the good ones. By its
    answers alone it would pass, as it does no harm; but then a proposer would be paid that hasn't trained.
    The median is that of good updates, so that long bad ones don't make honest ones look idle.
    """
    usual = median(lengths[number] for number in good) if good else 0.0
    return {number for number, length in lengths.items() if length == 0 or length < IDLE * usual}


def _get_far(offs: Sequence[float]) -> float:
    """Return how far off an update stands apart, where others are so far off: distances of logarithms."""
    spread = 1.4826 * median(offs)
    return max(math.log(APART), APART * spread)


def _are_halves(logs: Sequence[float]) -> bool:
    """Return whether sorted logarithms are two halves, as far apart as makes an update stand apart."""
    half = len(logs) // 2
    if len(logs) % 2:
        return False
    middles = [(part, median(part)) for part in (logs[:half], logs[half:])]
    offs = [0.0 if log == middle else abs(log - middle) for part, middle in middles for log in part]
    return logs[half] - logs[half - 1] > _get_far(offs)
