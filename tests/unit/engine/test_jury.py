"""How jurors decide, in each mechanism that has some: by evidence, by the paper's rule, or not at all."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.engine.config import build
from clients.engine.launch import get_terms
from clients.learning.deviation import measure_deviation
from clients.learning.schema import BadUpdate
from clients.mechanisms import jury, reviewing, stake_vote, vbfl
from clients.mechanisms.base import Candidate, Desk, Done
from clients.mechanisms.participant import Participant
from clients.ports.keys import SeededSalts, derive_keys
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.roles import evidence, judging
from clients.roles.round_log import Proposal
from clients.roles.view import Judge
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble
from clients.types.federation import ZERO32, Round
from clients.types.learning import Task

ACCOUNTS = [key.address for key in derive_keys(1, 12)]
HEAD, MODEL = b"\5" * 32, b"\7" * 32
STAKE_VOTE_CONFIG = build(
    {"rules": "paper", "clients": 9, "proposers": 3, "malicious": 0, "attribution": True}
)
TERMS: Any = get_terms(STAKE_VOTE_CONFIG, b"\1" * 32)
STATUS = SpecChain(STAKE_VOTE, TERMS, {}).status()
JUROR = Participant(4, ACCOUNTS[4], SeededSalts(1, 4), None)
SAMPLES = 20


class Log:
    """A round's log, of so many proposals."""

    def __init__(self, count: int) -> None:
        self._made = [Proposal(ACCOUNTS[n], n, bytes([n]) * 32, 10, 1) for n in range(count)]

    def proposals(self) -> list[Proposal]:
        return self._made


class Told:
    """A cohort of one juror that answers as told: about the head (or its own epoch), and about the aggregate,
    the aggregate without each update in turn, or each update that isn't faulty: the first few are."""

    task = Task("classes", 3)

    def __init__(
        self,
        head: Answers | OwnTrouble,
        candidate: Answers | OwnTrouble,
        each: Sequence[Answers | OwnTrouble],
        apart: tuple[list[float], list[float]] | None = None,
        faulty: int = 0,
        shared: bool = False,
    ) -> None:
        self.faulty, self.shared = faulty, shared
        self.head, self.candidate, self.each, self.apart = head, candidate, list(each), apart
        self.measured = 0

    def aggregate(self, proposals: Sequence[Proposal]) -> Candidate:
        return Candidate(MODEL)

    def answers(self, digest: bytes, indices: Sequence[int]) -> list[Answers | OwnTrouble]:
        return [self.head if digest == HEAD else self.candidate for _ in indices]

    def answers_without_each(
        self, proposals: Sequence[Proposal], head: bytes, indices: Sequence[int]
    ) -> list[list[Answers | OwnTrouble]]:
        return [self.each] if indices else []

    def answers_each(
        self, proposals: Sequence[Proposal], indices: Sequence[int]
    ) -> list[list[Answers | OwnTrouble]]:
        return [self.each]

    def answer_first_epochs(
        self, indices: Sequence[int], round_number: int, head: bytes
    ) -> list[Answers | OwnTrouble]:
        return [self.candidate]

    def find_faulty(self, proposals: Sequence[Proposal]) -> dict[int, Exception]:
        return {n: BadUpdate("w", "junk") for n in range(self.faulty)}

    def measure_deviation(
        self, proposals: Sequence[Proposal], head: bytes
    ) -> tuple[list[float], list[float]]:
        """As told, or what is measured of updates that are all alike."""
        self.measured += 1
        start, moved = {"w": np.zeros(2, np.float32)}, {"w": np.ones(2, np.float32)}
        return self.apart or measure_deviation(start, [moved] * len(proposals))

    def shares_tests(self, index: int) -> bool:
        return self.shared

    def test_samples(self, index: int) -> int:
        return len(self.head) if isinstance(self.head, Answers) else 0


def work(mechanism: Any, told: Told, voters: int = 3, memory: Any = None, **own: Any) -> Done:
    """Return the juror's work in a round with so many voters, from what it remembers."""
    count = told.faulty + len(told.each)
    status = replace(STATUS, head=HEAD, voters=voters, record=Round(proposals=count))
    given = mechanism.CONDUCT.settings(**own)
    given.check()
    log = Log(count)
    memories = {} if memory is None else {JUROR.account: {"jury": memory}}
    desk: Any = Desk(status, TERMS, given, told, lambda: log, {}, memories)  # type: ignore[arg-type, return-value]
    done = mechanism.CONDUCT.jobs[Judge](desk, [JUROR])
    assert isinstance(done, Done)
    return done


def judge(mechanism: Any, told: Told, voters: int = 3, **own: Any) -> bytes | OwnTrouble:
    """Return the juror's ballot."""
    return work(mechanism, told, voters, **own).ballots[JUROR.account]


@st.composite
def answers(draw: st.DrawFn, size: int = SAMPLES) -> Answers:
    shares = st.lists(st.sampled_from([0.0, 1.0, 1.0]), min_size=size, max_size=size)
    right, near = draw(shares), draw(shares)
    return Answers(sum(right) / size, right, near, right, draw(st.sampled_from([right, [0.0] * size])), near)


EACH = st.lists(answers(), min_size=1, max_size=4)
TOLERANCES = st.sampled_from([0.0, 0.02, 0.08, 0.2])
APART = st.sampled_from([None, ([1.0, 1.0, 1.0, 9.0], [1.0] * 4), ([1.0] * 4, [1.0, -0.5, 1.0, 1.0])])


@settings(max_examples=40)
@given(head=answers(), mine=answers(), each=EACH, tolerance=TOLERANCES)
def test_by_the_paper_a_voter_compares_scores_alone(
    head: Answers, mine: Answers, each: list[Answers], tolerance: float
) -> None:
    told = Told(head, mine, each)
    ballot = judge(stake_vote, told, judge=jury.PAPER, tolerance=tolerance)
    passes = mine.score >= head.score - tolerance  # eq. (2)
    blamed = {n for n, one in enumerate(each) if one.score - mine.score > tolerance}
    assert ballot == judging.get_ballot(MODEL if passes else ZERO32, blamed)
    assert told.measured == 0


@settings(max_examples=60)
@given(
    head=answers(),
    mine=answers(),
    each=EACH,
    tolerance=TOLERANCES,
    voters=st.integers(0, 40),
    far=APART,
    shared=st.booleans(),
    overruled=st.integers(0, jury.MOST_OVERRULED),
)
def test_by_evidence_a_voter_rejects_what_is_worse_at_the_jurys_level(
    head: Answers,
    mine: Answers,
    each: list[Answers],
    tolerance: float,
    voters: int,
    far: Any,
    shared: bool,
    overruled: int,
) -> None:
    apart = far if far and len(each) == 4 else None
    memory = [min(overruled + 1, jury.MOST_OVERRULED), "", ""] if overruled else None
    told = Told(head, mine, each, apart, shared=shared)
    done = work(stake_vote, told, voters, memory, tolerance=tolerance)
    error = evidence.ERROR_APART if apart else evidence.ERROR  # the aggregate holds the one that stands apart
    level = evidence.get_level(1 if shared else max(voters, 1), error)
    softer = min(overruled, jury.MOST_OVERRULED - 1)
    level /= 2**softer
    worse = evidence.find_worse(mine, head, tolerance, level).is_worse
    blamed = {n for n, one in enumerate(each) if evidence.find_worse(mine, one, tolerance, level).is_worse}
    assert done.ballots == {JUROR.account: judging.get_ballot(ZERO32 if worse else MODEL, blamed)}
    assert done.memory == {JUROR.account: {"jury": [softer, MODEL.hex() if worse else "", HEAD.hex()]}}


@settings(max_examples=40)
@given(
    head=answers(),
    own=answers(),
    each=EACH,
    threshold=TOLERANCES,
    voters=st.integers(1, 40),
    far=APART,
    shared=st.booleans(),
)
def test_by_evidence_a_validator_is_stricter_only_with_an_update_that_stands_apart(
    head: Answers,
    own: Answers,
    each: list[Answers],
    threshold: float,
    voters: int,
    far: Any,
    shared: bool,
) -> None:
    apart = far if far and len(each) == 4 else None
    ballot = judge(vbfl, Told(head, own, each, apart, shared=shared), voters, threshold=str(threshold))
    strange = evidence.find_apart(*apart) if apart else set()
    assert len(strange) == bool(apart)
    expected = set()
    for number, one in enumerate(each):
        error = max(vbfl.ERROR, evidence.ERROR_APART) if number in strange else vbfl.ERROR
        level = evidence.get_level(1 if shared else voters, error)
        if not evidence.find_harm(one, [own, head], threshold, level):
            expected.add(number)
    assert ballot == judging.get_bitmap(expected)


@settings(max_examples=40)
@given(
    own=answers(),
    each=st.lists(answers(), min_size=4, max_size=4),
    threshold=TOLERANCES,
    voters=st.integers(1, 40),
    far=APART,
    error=st.sampled_from([0.05, 0.1, 0.25, 0.4]),
)
def test_a_mechanism_says_what_error_its_jury_may_make_and_never_less_where_an_update_stands_apart(
    own: Answers, each: list[Answers], threshold: float, voters: int, far: Any, error: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vbfl, "ERROR", error)
        told = Told(own, own, each, far)
        ballot = judge(vbfl, told, voters, threshold=str(threshold))
    strange = evidence.find_apart(*far) if far else set()
    expected = set()
    for number, one in enumerate(each):
        level = evidence.get_level(voters, max(error, 0.25) if number in strange else error)
        if not evidence.find_harm(one, [own, own], threshold, level):
            expected.add(number)
    assert ballot == judging.get_bitmap(expected)
    lowers = error < evidence.ERROR_APART
    assert told.measured == 1 + lowers, (
        "who moves is always measured, who stands apart where it lowers the bar"
    )


@given(jurors=st.integers(0, 40), error=st.floats(0.01, 0.5), shared=st.booleans())
def test_an_update_that_stands_apart_never_raises_the_bar(jurors: int, error: float, shared: bool) -> None:
    bar = jury.Bar(error, jurors, frozenset({1}), frozenset({JUROR.index} if shared else ()))
    usual, strange = bar.get_level(JUROR.index, [0, 2]), bar.get_level(JUROR.index, [0, 1])
    assert usual == evidence.get_level(1 if shared else max(jurors, 1), error)
    assert strange == max(usual, evidence.get_level(1 if shared else max(jurors, 1), evidence.ERROR_APART))


@pytest.mark.parametrize("strange", range(4))
@pytest.mark.parametrize("faulty", [0, 2])
def test_two_lost_answers_of_twenty_convict_an_update_that_stands_apart_and_no_other(
    strange: int, faulty: int
) -> None:
    good, worse = ([1.0] * 20, [1.0] * 18 + [0.0] * 2)
    own, one = (Answers(sum(marks) / 20, marks, marks, marks, [0.0] * 20, marks) for marks in (good, worse))
    lengths = [9.0 if number == strange else 1.0 for number in range(4)]
    told = [
        Told(own, mine, [one] * 4, (far, [1.0] * 4), faulty)
        for mine in (own, one)
        for far in ([1.0] * 4, lengths)
    ]
    everybody = set(range(faulty, faulty + 4))
    assert judge(vbfl, told[0], threshold="0.3") == judging.get_bitmap(everybody)
    assert judge(vbfl, told[1], threshold="0.3") == judging.get_bitmap(everybody - {faulty + strange})
    if not faulty:
        assert judge(stake_vote, told[2]) == judging.get_ballot(MODEL, ())
        assert judge(stake_vote, told[3]) == judging.get_ballot(ZERO32, ())


@settings(max_examples=40)
@given(own=answers(), each=EACH, threshold=TOLERANCES, judged=st.sampled_from(jury.JUDGES))
def test_by_the_paper_and_by_thresholds_of_its_own_a_validator_compares_scores_alone(
    own: Answers, each: list[Answers], threshold: float, judged: str
) -> None:
    vads = [own.score - one.score for one in each]
    cases: list[tuple[str, float, dict[str, str]]] = [
        (str(threshold), threshold, {"judge": jury.PAPER}),
        (reviewing.GAP, judging.get_gap_threshold(vads, own.score, SAMPLES), {"judge": judged}),
        (reviewing.ADAPTIVE, judging.get_threshold((), own.score, SAMPLES), {"judge": judged}),
    ]
    for named, limit, more in cases:
        told = Told(own, own, each)
        positive = {n for n, vad in enumerate(vads) if vad <= limit}
        assert judge(vbfl, told, threshold=named, **more) == judging.get_bitmap(positive)


@settings(max_examples=40)
@given(own=answers(), each=st.lists(answers(), max_size=3), faulty=st.integers(1, 3))
def test_updates_that_are_none_get_negative_votes_and_the_others_are_judged(
    own: Answers, each: list[Answers], faulty: int
) -> None:
    """Even if they are all there are."""
    alone = judge(vbfl, Told(own, own, each))
    beside = judge(vbfl, Told(own, own, each, faulty=faulty))
    assert isinstance(alone, bytes)
    assert beside == judging.get_bitmap({number + faulty for number in judging.get_numbers(alone)})


@given(samples=st.integers(1, 6), voters=st.integers(1, 9), tolerance=st.sampled_from([0.02, 0.3, 0.5, 1]))
def test_a_juror_keeps_still_exactly_if_nothing_could_be_evidence(
    samples: int, voters: int, tolerance: float
) -> None:
    """Whatever it finds, the best or the worst. With a tolerance of 1 more samples wouldn't help it."""
    good, bad = Answers.alike(1.0, samples, 0.0), Answers.alike(0.0, samples, 0.0)
    for mine, head in ((good, bad), (bad, good), (good, good)):
        told = Told(head, mine, [mine])
        for ballot, approval, error in (
            (judge(stake_vote, told, voters, tolerance=tolerance), MODEL + ZERO32, evidence.ERROR),
            (judge(vbfl, told, voters, threshold=str(tolerance)), judging.get_bitmap({0}), vbfl.ERROR),
        ):
            level = evidence.get_level(voters, error)
            tells = tolerance == 1 or evidence.can_tell(samples, tolerance, level)
            assert isinstance(ballot, bytes) == tells
            assert tells or f"{samples} samples are too few to judge by" in str(ballot)
            assert tolerance < 1 or ballot == approval
        paper = judge(stake_vote, told, voters, tolerance=tolerance, judge=jury.PAPER)
        assert isinstance(paper, bytes), "the paper's rule asks for no evidence"


def test_three_lost_answers_of_twenty_no_longer_convince_a_voter_that_was_overruled() -> None:
    good, worse = ([1.0] * 20, [1.0] * 17 + [0.0] * 3)
    head, one = (Answers(sum(marks) / 20, marks, marks, marks, [0.0] * 20, marks) for marks in (good, worse))
    for memory, vote in (
        (None, ZERO32),
        ([0, HEAD.hex(), ""], MODEL),  # what it rejected is the head
        ([1, MODEL.hex(), HEAD.hex()], ZERO32),  # the head is what it was
        ([1, MODEL.hex(), MODEL.hex()], MODEL),  # there were rounds since then that it doesn't know of
        ([2, "", ""], MODEL),
    ):
        ballot = work(stake_vote, Told(head, one, [one]), memory=memory).ballots[JUROR.account]
        assert ballot == judging.get_ballot(vote, ())


@given(rejections=st.lists(st.none() | st.sampled_from([HEAD, MODEL]), max_size=12))
def test_a_juror_that_is_overruled_asks_for_more_and_then_for_less_again(
    rejections: list[bytes | None],
) -> None:
    """Its memory goes through a journal of JSON."""
    expected = 0

    def recall(memory: Any) -> jury.JurorMemory:
        desk = Desk(replace(STATUS, head=HEAD), TERMS, None, None, None, {}, memory)  # type: ignore[arg-type, type-var]
        return jury.JurorMemory.recall(desk, JUROR.account)

    for rejected in rejections:
        memory = json.loads(json.dumps(jury.JurorMemory(expected).remember(rejected, HEAD)))
        record = recall({JUROR.account: memory})
        step = 1 if rejected == HEAD else -1  # what it rejected is the head now
        expected = min(max(expected + step, 0), jury.MOST_OVERRULED)
        assert record.overruled == expected
        assert record.soften(0.2) == 0.2 / 2**expected
    assert recall({}) == jury.JurorMemory()


@pytest.mark.parametrize("mechanism", [stake_vote, vbfl])
@pytest.mark.parametrize("judged", jury.JUDGES)
def test_whoever_cannot_answer_keeps_still(mechanism: Any, judged: str) -> None:
    good = Answers.alike(1.0, SAMPLES, 0.0)
    trouble = OwnTrouble("no memory")
    assert judge(mechanism, Told(good, trouble, [trouble]), judge=judged) is trouble
    if mechanism is stake_vote or judged != jury.PAPER:  # vbfl's paper has no use for the head
        assert judge(mechanism, Told(trouble, good, [good]), judge=judged) is trouble
