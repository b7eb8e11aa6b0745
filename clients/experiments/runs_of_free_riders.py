"""Runs of free riders before real juries: a federation learns, and some of its proposers don't train.

No chain is played. In each round proposers are drawn, and all others are jurors, who judge as those of
`stake_jury` do (`clients.mechanisms.reviewing.review`): an update passes if more than half of them find it
good, and costs its proposer's stake if three quarters of them don't. The average of what passes is the next
head. In round 1 all proposers train. From then on the first `free_riders` of a round's proposers, who are
others in each round, send what one of `WAYS` makes of the round before.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.engine.config import SwarmConfig
from clients.engine.launch import get_terms
from clients.experiments import runs_of_swarms
from clients.experiments.records import keep, read_from
from clients.experiments.strict import Table
from clients.mechanisms import stake_jury
from clients.mechanisms.base import Desk
from clients.mechanisms.reviewing import review
from clients.protocol.docket import Ballot, Docket, Selection
from clients.protocol.jury import get_seats, select
from clients.protocol.marks import compute_bitmap, is_marked
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles.round_log import Proposal
from clients.types.errors import RequestError, raise_trouble
from clients.types.federation import Round, StakeJuryTerms
from clients.types.settings import check_name, check_range

RECORD = "free_riders.json"
TRAINED = "trained"
"""The way in which nobody rides free: what the others are compared with."""
SHORT = 0.15
"""The length of short noise, as a share of the usual: a little above what counts as idle."""
_OWN: Table = {"way": TRAINED, "free_riders": 2}
_DRAWS, _NOISE = 0xD4A3, 0x4015E

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FreeRider:
    """What a free rider knows when it proposes, without training; all weights in one vector.

    `head`: where the round begins. `before`: where the last one began. `update`: one that passed there. Then
    the median length of those, and the rider's source of noise.
    """

    head: Vector
    before: Vector
    update: Vector
    usual: float
    rng: np.random.Generator

    def make_noise(self, length: float) -> Vector:
        """Return a step in a random direction, of this length."""
        noise = self.rng.standard_normal(self.head.size)
        return noise * (length / np.linalg.norm(noise))

    def blur(self, step: Vector, times: float) -> Vector:
        """Return `step` with noise that is `times` as long, shortened to the length of `step`."""
        length = float(np.linalg.norm(step))
        if length == 0:
            return step
        noisy = step + self.make_noise(times * length)
        return noisy * (length / np.linalg.norm(noisy))


def _again(known: FreeRider, times: float) -> Vector:
    return known.head + known.blur(known.update - known.before, times)


def _average(known: FreeRider, times: float) -> Vector:
    return known.head + known.blur(known.head - known.before, times)


WAYS: Mapping[str, Callable[[FreeRider], Vector]] = MappingProxyType(
    {
        "old": lambda known: known.update,
        "again": lambda known: _again(known, 0.0),
        "again_blurred": lambda known: _again(known, 1.0),
        "again_very_blurred": lambda known: _again(known, 3.0),
        "average": lambda known: _average(known, 0.0),
        "average_blurred": lambda known: _average(known, 1.0),
        "noise": lambda known: known.head + known.make_noise(known.usual),
        "short_noise": lambda known: known.head + known.make_noise(SHORT * known.usual),
    }
)
"""Ways not to train, by name: what each sends.

`old`: the weights of another's update of the last round. `again`: that update's step, from the new head.
`average`: the step of the last round's average, from the new head. `blurred`: with noise of the same length,
`very_blurred`: of three times that, and then shortened to the old length. `noise`: a random step as long as
the usual one; `short_noise`: a short one.
"""


def resolve(settings: Table) -> Table:
    """Return every setting of the run; `RequestError` for an impossible one.

    They are those of a swarm of `stake_jury` without attackers, and `way` and `free_riders` besides.
    """
    own: Table = {name: settings.get(name, default) for name, default in _OWN.items()}
    check_name("way", own["way"], (TRAINED, *WAYS))
    others = {name: value for name, value in settings.items() if name not in own}
    if others.get("malicious"):
        raise RequestError("malicious participants aren't played with free riders: leave malicious out.")
    whole = runs_of_swarms.resolve({**others, "mechanism": STAKE_JURY.name, "malicious": 0})
    check_range("free_riders", own["free_riders"], 1, whole["proposers"] - 1)
    return {**whole, **own}


def run(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Play the rounds, and write down what became of free riders' updates, and of the others'.

    It is a matter of minutes, so a run that was stopped begins anew.
    """
    began = time.monotonic()
    config = runs_of_swarms.read_config({name: value for name, value in settings.items() if name not in _OWN})
    federation = _Federation(config, settings["way"], settings["free_riders"])
    rounds = []
    for number in range(1, config.rounds + 1):
        rounds.append(federation.play(number))
        tick(1)
    riding = settings["free_riders"]
    record: Table = {
        "rounds": config.rounds,
        "accuracy": [one.accuracy for one in rounds],
        "data": federation.bench.fingerprint()["sha256"],
    }
    for name in ("passed", "slashed", "alike", "pull", "gained"):
        found = [getattr(one, name) for one in rounds[1:]]  # in round 1 nobody can ride free yet
        record[f"riders_{name}"] = [one[:riding] for one in found]
        record[f"others_{name}"] = [one[riding:] for one in found]
    record["wall_seconds"] = round(time.monotonic() - began, 3)
    keep(folder / RECORD, record)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What became of a round's updates, in order, free riders' first; and the accuracy of the next head.

    `passed` and `slashed`: 1 or 0. `alike`: the largest cosine between the update's step and that of any
    update of the rounds that are kept; 0 in round 1. `pull`: the median cosine to jurors' own first epochs.
    `gained`: its accuracy on the test set, less the head's.
    """

    passed: list[int]
    slashed: list[int]
    alike: list[float]
    pull: list[float]
    gained: list[float]
    accuracy: float


@dataclass(frozen=True, slots=True)
class _Past:
    """A round's head, the steps of all its updates, and the trained ones that passed, or all trained ones."""

    head: Vector
    steps: Sequence[Vector]
    good: Sequence[Vector]


class _Log:
    """A round's log, as far as jurors read it."""

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        self._proposals = list(proposals)

    def proposals(self) -> list[Proposal]:
        return self._proposals


class _Federation:
    """A federation between two rounds."""

    def __init__(self, config: SwarmConfig, way: str, free_riders: int) -> None:
        # Here: torch takes seconds to come, and planning has no need of it.
        from clients.engine.learners import build_bench
        from clients.learning.meters import Meters
        from clients.mechanisms.cohort import Cohort
        from clients.ports.store.memory import MemoryStore

        self.config, self.free_riders = config, free_riders
        self.way = WAYS.get(way)
        self.bench = build_bench(config)
        # A shorter training from the same seed is the beginning of a longer one.
        self.first_epochs = build_bench(replace(config, local_epochs=1))
        self.store = MemoryStore()
        self.cohort = Cohort(self.bench, self.store, Meters(), config.metric, config.seed)
        self.head = self._put(self.cohort.genesis())
        terms = get_terms(config, self.head)
        assert isinstance(terms, StakeJuryTerms)  # as `resolve` says
        self.terms, self.status = terms, SpecChain(STAKE_JURY, terms, {}).status()
        self.past: deque[_Past] = deque(maxlen=max(config.history, 1))

    def play(self, number: int) -> _Judged:
        """Play round `number`; return what became of its updates."""
        rng = np.random.default_rng([self.config.seed, number, _DRAWS])
        drawn = [int(one) for one in rng.permutation(self.config.clients)]
        places = self.terms.proposers
        seats = get_seats(self.terms, self.config.clients)
        proposers, jurors = drawn[:places], sorted(drawn[places : places + seats])
        head = self._load(self.head)
        proposals = self._propose(number, proposers, head)
        found = self._judge(number, proposals, jurors)
        passed, slashed = (
            [int(is_marked(bitmap, place)) for place in range(places)]
            for bitmap in (found.passed, found.rejected)
        )
        updates = [self._load(one.digest) for one in proposals]
        steps = [one - head for one in updates]
        earlier = [step for past in self.past for step in past.steps]
        pulls = self._train_first_epochs(number, jurors, head)
        accuracy = self.cohort.test(self.head).accuracy
        gained = [self.cohort.test(one.digest).accuracy - accuracy for one in proposals]
        trained = range(self.free_riders if self.past and self.way else 0, len(updates))
        good = [updates[place] for place in trained if passed[place]]
        self.past.append(_Past(head, steps, good or [updates[place] for place in trained]))
        chosen = [one for one, passes in zip(proposals, passed, strict=True) if passes]
        if chosen:
            data = self.cohort.aggregate(chosen).data
            assert data is not None  # nothing is missing here
            self.head = self._put(data)
        judged = _Judged(
            passed,
            slashed,
            [round(max((_cosine(step, one) for one in earlier), default=0.0), 4) for step in steps],
            [round(median(_cosine(step, one) for one in pulls), 4) for step in steps],
            [round(one, 5) for one in gained],
            round(self.cohort.test(self.head).accuracy, 5),
        )
        self.cohort.forget({self.head})
        return judged

    def _propose(self, number: int, proposers: Sequence[int], head: Vector) -> list[Proposal]:
        """Return the round's proposals, free riders' first."""
        from clients.learning.codec import encode

        made = self.cohort.train([(one, None) for one in proposers], number, self.head)
        files = [raise_trouble(one).data for one in made]
        if self.way and self.past:
            last, schema = self.past[-1], self.bench.schema
            rng = np.random.default_rng([self.config.seed, number, _NOISE])
            usual = median(float(np.linalg.norm(one - last.head)) for one in last.good)
            for place in range(self.free_riders):
                copied = last.good[int(rng.integers(len(last.good)))]
                sent = self.way(FreeRider(head, last.head, copied, usual, rng))
                files[place] = encode(schema.split(sent.astype(np.float32)), schema)
        return [
            Proposal(self.config.accounts[one], place, self._put(data), 1, 1)
            for place, (one, data) in enumerate(zip(proposers, files, strict=True))
        ]

    def _judge(self, number: int, proposals: Sequence[Proposal], jurors: Sequence[int]) -> Selection:
        """Return what the jury makes of the proposals, by the contract's rules."""
        from clients.mechanisms.participant import Participant
        from clients.ports.keys import SeededSalts

        status = replace(
            self.status,
            round=number,
            head=self.head,
            voters=len(jurors),
            record=Round(members=self.config.clients, proposals=len(proposals)),
        )
        log: Any = _Log(proposals)
        desk: Desk[Any, Any] = Desk(status, self.terms, self.config.own, self.cohort, lambda: log, {})
        who = [
            Participant(one, self.config.accounts[one], SeededSalts(self.config.seed, one), None)
            for one in jurors
        ]
        reviews = review(desk, who, stake_jury.ERROR, waits=False)
        assert reviews is not None  # nobody waits for files here
        every = compute_bitmap(range(len(proposals)))
        ballots = {
            account: Ballot(compute_bitmap(raise_trouble(one).good), every)
            for account, one in reviews.found.items()
        }
        return select(self.terms, status.record, Docket(ballots=ballots))

    def _train_first_epochs(self, number: int, jurors: Sequence[int], head: Vector) -> list[Vector]:
        """Return the steps of the epochs that jurors train to judge by."""
        seeds = (self.config.seed, number)
        start = self.cohort.load(self.head)
        made = self.first_epochs.train(start, [(one, None) for one in jurors], seeds)
        return [self._flatten(raise_trouble(one)[0]) - head for one in made]

    def _put(self, data: bytes) -> bytes:
        return self.store.put(data).digest

    def _load(self, digest: bytes) -> Vector:
        return self._flatten(self.cohort.load(digest))

    def _flatten(self, weights: Any) -> Vector:
        return self.bench.schema.join(weights).astype(np.float64)


def _cosine(one: Vector, other: Vector) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0


read = read_from(RECORD)
"""Return the run's record."""
