"""How jurors decide, in every mechanism that has some: by evidence, or by the rule of its paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.mechanisms.base import Desk, Settings
from clients.roles import evidence
from clients.roles.round_log import Proposal
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble
from clients.types.settings import check_name, option

EVIDENCE, PAPER = "evidence", "paper"
JUDGES = (EVIDENCE, PAPER)


@dataclass(frozen=True, slots=True)
class JurySettings(Settings):
    """The options of a mechanism with jurors."""

    judge: str = option(
        EVIDENCE,
        "how a juror decides: evidence (what its samples can tell), or paper (the paper's rule)",
        personal=True,
    )

    def check(self) -> None:
        """See `Settings`."""
        check_name("judge", self.judge, JUDGES)


@dataclass(frozen=True, slots=True)
class Bar:
    """How sure a juror of this round must be before it rejects.

    `jurors`: how many are drawn. `apart`: the numbers of the updates that stand apart from the others.
    """

    jurors: int
    apart: frozenset[int]

    def get_level(self, updates: Sequence[int]) -> float:
        """Return the level at which a model made of these updates is judged."""
        error = evidence.ERROR if self.apart.isdisjoint(updates) else evidence.ERROR_APART
        return evidence.get_level(max(self.jurors, 1), error)


def find_bar(desk: Desk[Any, Any], proposals: Sequence[Proposal]) -> Bar:
    """Return the bar for judging these proposals, which must be usable."""
    lengths, cosines = desk.cohort.measure_deviation(proposals, desk.status.head)
    apart = evidence.find_apart(lengths, cosines)
    return Bar(desk.status.voters, frozenset(proposals[place].update_number for place in apart))


def is_worse(candidate: Answers, reference: Answers, tolerance: float, level: float) -> bool:
    """Return whether there is evidence that `candidate` is worse than `reference` by more than `tolerance`.

    A juror with so few samples that they could never be evidence has `OwnTrouble`: it had better keep still.
    """
    if not evidence.can_tell(len(candidate), tolerance, level):
        raise OwnTrouble(
            f"{len(candidate)} samples are too few to judge by, with {level:.0%} wrong rejections allowed. "
            "Keep more samples for judging (--validation)."
        )
    return evidence.find_worse(candidate, reference, tolerance, level).is_worse
