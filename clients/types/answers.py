"""How a model did on a participant's samples: its score, and one number per sample."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from clients.types.errors import RequestError


@dataclass(frozen=True, slots=True)
class Answers:
    """A model's answers to one participant's samples, always in the same order. Larger is better everywhere.

    `score`: the run's metric, larger being better. The arrays hold one float64 per sample:

    - `right`: how right the answer is. Its mean is `score` (for AUROC, by DeLong's placements); but in a
      regression each is -1 at least.
    - `near`: the quadratic (Brier) score of the predicted probabilities, 1 at best.
    - `balanced`: `right`, weighted so that each class counts the same.
    - `guessed`: `right` of a guess without looking: the samples' largest class.
    - `fair`: `near` without the model's lean towards some classes; by AUROC, which no lean changes, `right`.

    `fair_scores`: whether `fair` is in the unit of `score`, and no quadratic score of probabilities.
    """

    score: float
    right: Sequence[float]
    near: Sequence[float]
    balanced: Sequence[float]
    guessed: Sequence[float]
    fair: Sequence[float]
    fair_scores: bool = False

    def __post_init__(self) -> None:
        """Raise `RequestError` unless every array has one number per sample, and there is a sample."""
        sizes = {len(one) for one in (self.right, self.near, self.balanced, self.guessed, self.fair)}
        if len(sizes) != 1 or 0 in sizes:
            raise RequestError(
                f"answers hold {sorted(sizes)} numbers; one per sample is needed in each array."
            )

    def __len__(self) -> int:
        return len(self.right)

    @classmethod
    def alike(cls, score: float, samples: int, guess: float) -> Self:
        """Return answers that are all as good as `score`, where a guess is right with probability `guess`."""
        same, guessed = array("d", [score]) * samples, array("d", [guess]) * samples
        return cls(score, same, same, same, guessed, same)
