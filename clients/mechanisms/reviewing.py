"""Reviews, for every mechanism whose jurors judge updates one by one: each juror compares every update with
one epoch of its own and with the head, by evidence; or with its epoch alone, by algorithm 1 of vbfl."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from clients.mechanisms.base import Desk, Done, Who
from clients.mechanisms.jury import PAPER, JurySettings, find_bar, require_samples
from clients.mechanisms.training import propose, train_from_head
from clients.roles import evidence, judging
from clients.roles.judging import FIXED_THRESHOLD, LATEST_DRIFTS
from clients.roles.round_log import Proposal
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble, PeerError, RequestError, catch_trouble, raise_trouble
from clients.types.federation import Address
from clients.types.settings import option
from clients.types.store import ContentMissing

ADAPTIVE, GAP = "adaptive", "gap"
DRIFTS = "drifts"
"""The name under which jurors remember theirs."""
_MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ReviewSettings(JurySettings):
    """The options of a mechanism whose jurors judge updates one by one."""

    threshold: str = option(
        str(FIXED_THRESHOLD),
        "how far an update may fall behind a juror's own first epoch and the head; or adaptive, gap",
        personal=True,
    )

    def check(self) -> None:
        """See `Settings`."""
        JurySettings.check(self)
        self.get_fixed_threshold()

    @property
    def weighs_evidence(self) -> bool:
        """Whether jurors judge by evidence; `adaptive` and `gap` allow for chance by themselves."""
        return self.judge != PAPER and self.get_fixed_threshold() is not None

    def get_fixed_threshold(self) -> float | None:
        """Return vh, or None if each juror finds its own."""
        if self.threshold in (ADAPTIVE, GAP):
            return None
        try:
            threshold = float(self.threshold)
        except ValueError:
            threshold = float("nan")
        if not -1.0 <= threshold <= 1.0:
            raise RequestError(
                f"threshold = {self.threshold!r}: a number between -1 and 1, {ADAPTIVE!r} or {GAP!r} is "
                "needed."
            )
        return threshold


R = TypeVar("R", bound=ReviewSettings)


def train(desk: Desk[R, Any], who: Who) -> Done:
    """Return proposals. Participants with an adaptive threshold remember how their training moved their
    score."""
    adaptive = desk.settings.threshold == ADAPTIVE
    trained = train_from_head(desk, who, drifts=adaptive)
    done = propose(desk, who, trained)
    if not adaptive:
        return done
    memory = {
        one.account: {DRIFTS: [*desk.recall(one.account, DRIFTS, ()), update.drift][-LATEST_DRIFTS:]}
        for one, update in zip(who, trained, strict=True)
        if not isinstance(update, OwnTrouble) and update.drift is not None
    }
    return replace(done, memory=memory)


@dataclass(frozen=True, slots=True)
class Review:
    """What a juror finds of the updates, by their numbers.

    `good`: those that it finds good. `vad`: how far each falls behind its own first epoch; None for an update
    that can't be used. `threshold`: how far it may.
    """

    good: Collection[int]
    vad: Sequence[float | None]
    threshold: float


@dataclass(frozen=True, slots=True)
class Reviews:
    """The reviews of the local participants, or their troubles.

    `had`: the numbers of the updates that could be had in time. `usable`: those of their proposals that could
    be judged; the others are malformed.
    """

    had: Collection[int]
    usable: Sequence[Proposal]
    found: Mapping[Address, Review | OwnTrouble]

    def to_done(self, fill: Callable[[Review], bytes]) -> Done:
        """Return the job's result: the ballots that `fill` makes of the reviews, and the findings."""

        def vote(one: Review | OwnTrouble) -> bytes:
            return fill(raise_trouble(one))

        return Done(
            ballots={account: catch_trouble(partial(vote, one)) for account, one in self.found.items()},
            findings={
                account: {"vad": one.vad, "threshold": round(one.threshold, 6)}
                for account, one in self.found.items()
                if isinstance(one, Review)
            },
        )


def review(desk: Desk[R, Any], who: Who, error: float, *, waits: bool) -> Reviews | None:
    """Return each juror's review of all updates. What can't be used isn't good; nor, unless jurors judge by
    their paper's rule, is an update that doesn't move.

    None: a peer hasn't handed out one of them yet, and the mechanism `waits`, as its ballots ask for.

    `error`: how often the mechanism's jury may reject an update that is behind by exactly the threshold.
    """
    proposals = desk.read_log().proposals()
    # What was missing a moment ago isn't tried again when the wait is over: a try may take a minute a file.
    faults: dict[int, PeerError] = {} if waits else {**desk.scratch.get(_MISSING, {})}
    faults |= desk.cohort.find_faulty([one for one in proposals if one.update_number not in faults])
    missing = {number: fault for number, fault in faults.items() if isinstance(fault, ContentMissing)}
    desk.scratch[_MISSING] = missing
    if waits and missing:
        return None
    usable = [proposal for proposal in proposals if proposal.update_number not in faults]
    indices = [one.index for one in who]
    answers = desk.cohort.answers_each(usable, indices)
    owns = desk.cohort.answer_first_epochs(indices, desk.status.round, desk.status.head)
    bar = find_bar(desk, who, usable, error) if desk.settings.weighs_evidence else None
    heads: Sequence[Answers | OwnTrouble | None] = [None] * len(who)
    if bar is not None:
        heads = desk.cohort.answers(desk.status.head, indices)
    lengths = None if desk.settings.judge == PAPER else _measure_lengths(desk, usable)

    def check(
        account: Address,
        index: int,
        own: Answers | OwnTrouble,
        head: Answers | OwnTrouble | None,
        found: Sequence[Answers | OwnTrouble],
    ) -> Review:
        own, theirs = raise_trouble(own), list(map(raise_trouble, found))
        references = [own] if head is None else [own, raise_trouble(head)]
        vads = [own.score - one.score for one in theirs]
        threshold = _get_threshold(desk, account, index, own.score, vads)

        def passes(number: int, one: Answers) -> bool:
            if bar is None:
                return judging.is_positive(own.score, one.score, threshold)
            level = bar.get_level(index, [number])
            require_samples(len(one), threshold, level)
            return not evidence.find_harm(one, references, threshold, level)

        vad: list[float | None] = [None] * len(proposals)
        good = set()
        for proposal, one, behind in zip(usable, theirs, vads, strict=True):
            vad[proposal.update_number] = round(behind, 6)
            if passes(proposal.update_number, one):
                good.add(proposal.update_number)
        idle = set() if lengths is None else evidence.find_idle(lengths, good)
        return Review(good - idle, vad, threshold)

    found = {
        one.account: catch_trouble(partial(check, one.account, one.index, own, head, theirs))
        for one, own, head, theirs in zip(who, owns, heads, answers, strict=True)
    }
    had = {proposal.update_number for proposal in proposals} - missing.keys()
    return Reviews(had, usable, found)


def _measure_lengths(desk: Desk[R, Any], usable: Sequence[Proposal]) -> dict[int, float]:
    lengths, _ = desk.cohort.measure_deviation(usable, desk.status.head)
    return {one.update_number: length for one, length in zip(usable, lengths, strict=True)}


def _get_threshold(
    desk: Desk[R, Any], account: Address, index: int, own: float, vads: Sequence[float]
) -> float:
    fixed = desk.settings.get_fixed_threshold()
    if fixed is not None:
        return fixed
    samples, share = desk.cohort.test_samples(index), desk.cohort.task.scores_shares
    if desk.settings.threshold == GAP:
        return judging.get_gap_threshold(vads, own, samples, share=share)
    return judging.get_threshold(desk.recall(account, DRIFTS, ()), own, samples, share=share)


def tell_reviews(findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what each juror found, for a round's line."""
    return {
        "vad": {who: found["vad"] for who, found in findings.items()},
        "thresholds": {who: found["threshold"] for who, found in findings.items()},
    }
