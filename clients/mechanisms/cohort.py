"""What participants on this machine do with their private data: train, judge, aggregate.

A swarm holds every participant, a node only its own. Participants share work on the same weights by digest;
the results are those that each would compute alone.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from clients.learning.aggregate import MAX_SAMPLES, Contribution, fedavg
from clients.learning.attacks import Attack
from clients.learning.codec import decode, encode
from clients.learning.deviation import measure_deviation
from clients.learning.evaluate import Score
from clients.learning.meters import Meters
from clients.learning.schema import Schema, Weights
from clients.learning.workbench import Workbench
from clients.mechanisms.base import Candidate
from clients.ports.store.unixfs import compute_cid
from clients.roles.round_log import Proposal
from clients.types.answers import Answers
from clients.types.cid import Cid
from clients.types.errors import OwnTrouble, PeerError, RequestError, UnavailableError
from clients.types.learning import Task
from clients.types.store import ContentMissing, Store

TOGETHER = 4
"""Files to transfer in parallel."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained update as it goes to the store. Its `drift`, if measured, stays with the participant."""

    data: bytes
    digest: bytes
    samples: int
    epochs: int
    drift: float | None = None


class Cohort:
    """The learning of some participants, numbered as in the partition.

    Methods return a participant's own trouble in place of its result: `OwnTrouble`. `everybody`: all
    participants of the federation, if all are here.
    """

    def __init__(
        self,
        bench: Workbench,
        store: Store,
        meters: Meters,
        metric: str,
        seed: int,
        everybody: Sequence[int] = (),
    ) -> None:
        self._bench = bench
        self._store = store
        self._meters = meters
        self._metric = metric
        self._seed = seed
        self._everybody = everybody
        self._weights: dict[bytes, Weights] = {}
        self._answers: dict[tuple[bytes, int], Answers | OwnTrouble] = {}
        self._candidates: dict[tuple[Proposal, ...], Candidate] = {}

    @property
    def task(self) -> Task:
        """What models predict."""
        return self._bench.task

    @property
    def guess(self) -> float:
        """The score of always naming the largest class, on the public test set."""
        return self._bench.guess

    @property
    def schema(self) -> Schema:
        """The schema that every update must have."""
        return self._bench.schema

    def genesis(self) -> bytes:
        """Return the file of the model that round 1 starts from."""
        return encode(self._bench.initial_weights(), self.schema)

    def load(self, digest: bytes) -> Weights:
        """Return the weights named `digest` from the store, checked; `PeerError` if they can't be used."""
        self._load_all([digest])
        return self._weights[digest]

    def _load_all(self, digests: Sequence[bytes]) -> None:
        for fault in self._load_each(digests).values():
            raise fault

    def _load_each(self, digests: Sequence[bytes]) -> dict[bytes, PeerError]:
        """Load weights that aren't loaded yet; return the errors of unusable ones, in their order."""
        missing = [digest for digest in dict.fromkeys(digests) if digest not in self._weights]
        if not missing:
            return {}
        with self._meters.part("store"), ThreadPoolExecutor(TOGETHER) as pool:
            files = list(pool.map(self._fetch, missing))
        faults: dict[bytes, PeerError] = {}
        with self._meters.part("codec"):
            for digest, file in zip(missing, files, strict=True):
                try:
                    if isinstance(file, PeerError):
                        raise file
                    self._weights[digest] = decode(file, self.schema)
                except PeerError as error:
                    faults[digest] = error
        return faults

    def _fetch(self, digest: bytes) -> bytes | PeerError:
        try:
            return self._store.get(Cid.from_digest(digest), max_bytes=self.schema.encoded_size)
        except PeerError as error:
            return error

    def load_ours(self, digest: bytes) -> Weights:
        """Return the weights of an accepted model, or of one made here. If they are missing, that is our
        trouble."""
        try:
            return self.load(digest)
        except PeerError as error:
            raise UnavailableError(
                f"the accepted model can't be had from the store: {error}. Is it the right one?"
            ) from error

    def train(
        self,
        who: Sequence[tuple[int, Attack | None]],
        round_number: int,
        head: bytes,
        *,
        drifts: bool = False,
    ) -> list[Trained | OwnTrouble]:
        """Return an update for each participant and its attack in `who`, trained from the model `head`.

        With `drifts`, each also measures how training after the first epoch changes its score. `RequestError`
        if nobody at all can train in round 1.
        """
        start = self.load_ours(head)
        seeds = (self._seed, round_number)
        trained: Sequence[tuple[Weights, int] | tuple[Weights, int, float] | OwnTrouble]
        with self._meters.part("train"):
            if drifts:
                trained = self._bench.train_with_drifts(start, who, seeds, self._metric)
            else:
                trained = self._bench.train(start, who, seeds)
            if round_number == 1 and trained and all(isinstance(one, OwnTrouble) for one in trained):
                self._see_whether_anybody_trains(start, [index for index, _ in who], trained[0])
        with self._meters.part("codec"):
            return [one if isinstance(one, OwnTrouble) else self._encode(*one) for one in trained]

    def _encode(self, weights: Weights, samples: int, drift: float | None = None) -> Trained:
        data = encode(weights, self.schema)
        return Trained(data, compute_cid(data).digest, samples, self._bench.epochs, drift)

    def _see_whether_anybody_trains(self, start: Weights, failed: Sequence[int], why: object) -> None:
        """Raise `RequestError` if the others can't train either: then it is no participant's own trouble."""
        if not self._everybody:
            return
        others = [(index, None) for index in self._everybody if index not in failed]
        if all(isinstance(one, OwnTrouble) for one in self._bench.train(start, others, (self._seed, 1))):
            raise RequestError(f"none of the participants can train. Participant {failed[0]}: {why}")

    def answer_first_epochs(
        self, indices: Sequence[int], round_number: int, head: bytes
    ) -> list[Answers | OwnTrouble]:
        """Return each participant's answers of the model that one epoch of its own makes from `head`."""
        start = self.load_ours(head)
        with self._meters.part("judge"):
            return self._bench.answer_first_epochs(start, indices, (self._seed, round_number), self._metric)

    def shares_tests(self, index: int) -> bool:
        """Return whether a participant judges on samples that others judge on, too."""
        return self._bench.shares_tests(index)

    def test_samples(self, index: int) -> int:
        """Return how many samples a participant judges on."""
        return self._bench.test_samples(index)

    def aggregate(self, proposals: Sequence[Proposal]) -> Candidate:
        """Return the aggregate of the proposals: stake_vote's eq. (1), exact, in the order of their numbers.

        If a peer withholds, falsifies or malforms an update, there is no candidate. Trouble of our own store
        raises.
        """
        key = tuple(proposals)
        if key not in self._candidates:
            candidate = self._aggregate(key)
            if candidate.missing:
                return candidate
            self._candidates = {key: candidate}
        return self._candidates[key]

    def _aggregate(self, proposals: tuple[Proposal, ...]) -> Candidate:
        samples = sum(proposal.samples for proposal in proposals)
        if samples > MAX_SAMPLES:
            return Candidate(None, fault=f"{samples} samples are claimed, {MAX_SAMPLES} at most are possible")
        try:
            self._load_all([proposal.digest for proposal in proposals])
            contributions = [Contribution(self._weights[p.digest], p.samples) for p in proposals]
            with self._meters.part("aggregate"):
                weights = fedavg(contributions, self.schema)
        except MemoryError as error:
            raise UnavailableError("there is no memory left to average the updates. Free some.") from error
        except ContentMissing as error:
            return Candidate(None, fault=str(error), missing=True)
        except PeerError as error:
            return Candidate(None, fault=str(error))
        with self._meters.part("codec"):
            data = encode(weights, self.schema)
            digest = compute_cid(data).digest
        self._weights[digest] = weights
        return Candidate(digest, data)

    def answers(self, digest: bytes, indices: Sequence[int]) -> list[Answers | OwnTrouble]:
        """Return the answers of the model `digest` on each participant's private test data."""
        weights = self.load_ours(digest)
        missing = [index for index in indices if (digest, index) not in self._answers]
        if missing:
            with self._meters.part("judge"):
                found = self._bench.answers(weights, missing, self._metric)
            self._answers.update({(digest, index): one for index, one in zip(missing, found, strict=True)})
        return [self._answers[digest, index] for index in indices]

    def scores(self, digest: bytes, indices: Sequence[int]) -> list[float | OwnTrouble]:
        """Return the scores of `answers`."""
        return [get_score(one) for one in self.answers(digest, indices)]

    def answers_without_each(
        self, proposals: Sequence[Proposal], head: bytes, indices: Sequence[int]
    ) -> list[list[Answers | OwnTrouble]]:
        """Return, for each participant, the answers of the aggregate without each of the proposals in turn.

        Without the only proposal, that aggregate is the head. The proposals must make a candidate:
        `aggregate`.
        """
        if not indices:
            return []
        if len(proposals) == 1:
            return [[one] for one in self.answers(head, indices)]
        with self._meters.part("judge"):
            found = self._bench.answers_each(self._leave_out_each(proposals), indices, self._metric)
        return [list(answers) for answers in zip(*found, strict=True)]

    def _leave_out_each(self, proposals: Sequence[Proposal]) -> Iterator[Weights]:
        contributions = [Contribution(self._weights[p.digest], p.samples) for p in proposals]
        for place in range(len(contributions)):
            with self._meters.part("aggregate"):
                rest = fedavg(contributions[:place] + contributions[place + 1 :], self.schema)
            yield rest

    def measure_deviation(
        self, proposals: Sequence[Proposal], head: bytes
    ) -> tuple[list[float], list[float]]:
        """Return how far each update moves from the head, and the cosine to the usual direction.

        `PeerError` if one of them can't be used: `find_faulty` says which.
        """
        start = self.load_ours(head)
        self._load_all([proposal.digest for proposal in proposals])
        with self._meters.part("judge"):
            return measure_deviation(start, [self._weights[proposal.digest] for proposal in proposals])

    def find_faulty(self, proposals: Sequence[Proposal]) -> dict[int, PeerError]:
        """Return the errors of proposals that can't be used, by their numbers."""
        faults = self._load_each([proposal.digest for proposal in proposals])
        return {one.update_number: faults[one.digest] for one in proposals if one.digest in faults}

    def answers_each(
        self, proposals: Sequence[Proposal], indices: Sequence[int]
    ) -> list[list[Answers | OwnTrouble]]:
        """Return, for each participant, the answers of each of the proposals.

        `PeerError` if one of them can't be used: `find_faulty` says which.
        """
        self._load_all([proposal.digest for proposal in proposals])
        with self._meters.part("judge"):
            found = self._bench.answers_each(
                (self._weights[proposal.digest] for proposal in proposals), indices, self._metric
            )
        return [[answers[place] for answers in found] for place in range(len(indices))]

    def scores_each(
        self, proposals: Sequence[Proposal], indices: Sequence[int]
    ) -> list[list[float | OwnTrouble]]:
        """Return the scores of `answers_each`."""
        return [list(map(get_score, answers)) for answers in self.answers_each(proposals, indices)]

    def test(self, digest: bytes) -> Score:
        """Return the model's metrics on the public test set, for the results; no participant acts on them."""
        weights = self.load_ours(digest)
        with self._meters.part("judge"):
            return self._bench.test(weights)

    def encoded(self, digest: bytes) -> bytes:
        """Return the file of an accepted model."""
        weights = self.load_ours(digest)
        with self._meters.part("codec"):
            return encode(weights, self.schema)

    def forget(self, keep: Collection[bytes]) -> None:
        """Forget every model but the heads `keep`, and the answers of other models."""
        self._weights = {digest: weights for digest, weights in self._weights.items() if digest in keep}
        self._answers = {key: one for key, one in self._answers.items() if key[0] in keep}
        self._candidates = {}


def get_score(one: Answers | OwnTrouble) -> float | OwnTrouble:
    """Return the score of the answers, or the trouble."""
    return one if isinstance(one, OwnTrouble) else one.score
