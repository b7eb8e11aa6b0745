"""How jurors decide, in every mechanism that has some: by evidence, or by the rule of its paper."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from clients.mechanisms.base import Desk, Settings, Who
from clients.roles import evidence
from clients.roles.round_log import Proposal
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble
from clients.types.federation import Address
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

    `error`: how often the jury may reject a candidate that is worse by exactly the tolerance. `jurors`: how
    many are drawn. `apart`: the numbers of the updates that stand apart from the others. `shared`: the
    participants who judge on the data set's own test part; together they are one juror.
    """

    error: float
    jurors: int
    apart: frozenset[int]
    shared: frozenset[int]

    def get_level(self, index: int, updates: Collection[int]) -> float:
        """Return the level at which participant `index` judges a model made of these updates."""
        error = self.error if self.apart.isdisjoint(updates) else max(self.error, evidence.ERROR_APART)
        return evidence.get_level(1 if index in self.shared else max(self.jurors, 1), error)


def find_bar(desk: Desk[Any, Any], who: Who, proposals: Sequence[Proposal], error: float) -> Bar:
    """Return the bar for judging these proposals, which must be usable.

    `error`: how often the mechanism's jury may reject a candidate that is worse by exactly the tolerance. It
    is the mechanism's to say: the less a wrong rejection costs there, the more of them it can afford.
    """
    shared = frozenset(one.index for one in who if desk.cohort.shares_tests(one.index))
    apart: set[int] = set()
    if error < evidence.ERROR_APART and len(proposals) >= evidence.FEWEST_UPDATES:
        apart = evidence.find_apart(*desk.cohort.measure_deviation(proposals, desk.status.head))
    return Bar(
        error, desk.status.voters, frozenset(proposals[place].update_number for place in apart), shared
    )


def is_worse(candidate: Answers, reference: Answers, tolerance: float, level: float) -> bool:
    """Return whether there is evidence that `candidate` is worse than `reference` by more than `tolerance`.

    `OwnTrouble`: see `require_samples`.
    """
    require_samples(len(candidate), tolerance, level)
    return evidence.find_worse(candidate, reference, tolerance, level).is_worse


def require_samples(samples: int, tolerance: float, level: float) -> None:
    """Raise `OwnTrouble` for a juror with so few samples that they could never be evidence: it had better
    keep still. With a tolerance of 1 no number of samples could be, and it approves."""
    if tolerance < 1 and not evidence.can_tell(samples, tolerance, level):
        raise OwnTrouble(
            f"{samples} samples are too few to judge by, with {level:.0%} wrong rejections allowed. "
            "Keep more samples for judging (--validation)."
        )


# ------------------------------------------------------------------ jurors whose data are unlike the others'


MOST_OVERRULED = 3
_RECORD = "jury"


@dataclass(frozen=True, slots=True)
class JurorMemory:
    """How often a juror was overruled of late. It journals what it rejected last as well, and the head then.

    A juror whose data are unlike the others' sees harm where the majority sees none, and pays each time.
    Every time that what it rejected became the head, it asks for stronger evidence: it halves its level, up
    to `MOST_OVERRULED` times. Each later judgement that isn't overruled takes one back.
    """

    overruled: int = 0

    @classmethod
    def recall(cls, desk: Desk[Any, Any], account: Address) -> "JurorMemory":
        """Return a juror's record as of now, from what `remember` returned the last time."""
        overruled, rejected, before = desk.recall(account, _RECORD, (0, "", ""))
        head = desk.status.head.hex()
        if rejected and head not in (rejected, before):  # it sat rounds out: nobody knows any more
            return cls(overruled)
        more = 1 if rejected == head else -1
        return cls(min(max(overruled + more, 0), MOST_OVERRULED))

    def soften(self, level: float) -> float:
        """Return the level at which this juror judges."""
        return float(level / 2**self.overruled)

    def remember(self, rejected: bytes | None, head: bytes) -> dict[str, Any]:
        """Return what to remember, with the digest that the juror rejects now, if it does, and the head."""
        return {_RECORD: [self.overruled, "" if rejected is None else rejected.hex(), head.hex()]}
