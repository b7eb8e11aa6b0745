"""What some participants can do with their private data, in one place: train, judge, test.

The only module of this layer that callers need besides codec, aggregation and loaders.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import torch
from torch import nn

from clients.learning.attacks import Attack
from clients.learning.datasets import Dataset
from clients.learning.evaluate import Failure, Score, evaluate, evaluate_each, guess
from clients.learning.partition import Holding
from clients.learning.schema import Schema, Weights
from clients.learning.stacked import TrainedWeights, Training, train_many
from clients.learning.tensors import Samples, schema_of, weights_of
from clients.learning.train import TrainConfig
from clients.learning.trial import is_memory, refuses_one
from clients.types.errors import OwnTrouble, RequestError, UnavailableError, attempt, sound

Sent = tuple[Weights, int]
"""An update and the number of samples that it is of."""


class Workbench:
    """The data of the participants `holdings`, numbered as in the partition, and one model to work with.

    `model` lends its form; its first weights are what round 1 starts from. Whoever holds no test data of its
    own judges on the data set's.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: nn.Module,
        holdings: Mapping[int, Holding],
        config: TrainConfig,
        device: torch.device,
    ) -> None:
        self.schema: Schema = schema_of(model)
        self._initial = weights_of(model)
        self._config = config
        self.form = dataset.form
        self.task = dataset.task
        try:
            self._model = model.to(device)
            whole = Samples.of(dataset.x_train, dataset.y_train, device, dataset.task)
            self._train = {index: whole.take(held.train) for index, held in holdings.items()}
            self._public = Samples.of(dataset.x_test, dataset.y_test, device, dataset.task)
            self._private = {
                index: whole.take(held.test) if len(held.test) else self._public
                for index, held in holdings.items()
            }
        except Exception as error:
            if not is_memory(error):
                raise
            raise UnavailableError(
                f"device {device} has no room for model and data: use --device cpu, or less data."
            ) from error
        self._poisoned: dict[int, Samples] = {}
        self._unfit: dict[int, bool] = {}
        if config.batch_size == 1 and refuses_one(self._model, whole.x[:1]):
            raise RequestError(
                "batch_size = 1: the model, as with BatchNorm, can't be trained on one sample at a time. "
                "2 is the least."
            )

    def initial_weights(self) -> Weights:
        """Return the model's first weights."""
        return self._initial

    @property
    def epochs(self) -> int:
        """How many epochs every participant trains."""
        return self._config.epochs

    def samples(self, index: int) -> int:
        """Return how many samples participant `index` trains on: its N_k in eq. (1)."""
        return len(self._train[index])

    def train(
        self, start: Weights, who: Sequence[tuple[int, Attack | None]], seeds: tuple[int, int]
    ) -> list[Sent | OwnTrouble]:
        """Return weights and number of samples for each participant in `who`, trained from `start`; or why it
        can't.

        `seeds` are the run's seed and the round; with the participant's number they fix its training, but for
        rounding that depends on who trains in the same call. Raises as `train_many` does.
        """
        jobs = [self._job(start, index, attack, seeds) for index, attack in who]
        return self._send(start, who, jobs, train_many(self._model, jobs))

    def train_with_drifts(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        seeds: tuple[int, int],
        metric: str,
    ) -> list[tuple[Weights, int, float] | OwnTrouble]:
        """Return what `train` returns and, for each, its drift: how much worse than after its first epoch the
        trained model scores by `metric` on the participant's own test data (paper vbfl, A(L(1)) - A(L(n))).
        """
        jobs = [self._job(start, index, attack, seeds) for index, attack in who]
        firsts: dict[Training, Weights] = {}
        trained = train_many(self._model, jobs, on_first=firsts.__setitem__)
        sent = self._send(start, who, jobs, trained)

        def measure(place: int) -> tuple[Weights, int, float]:
            weights, samples = sound(sent[place])
            ends = firsts[jobs[place]], sound(trained[place])
            first, last = (self._score_own(one, who[place][0], metric) for one in ends)
            return weights, samples, first - last

        return [attempt(partial(measure, place)) for place in range(len(who))]

    def _send(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        jobs: Sequence[Training],
        trained: Sequence[TrainedWeights],
    ) -> list[Sent | OwnTrouble]:
        seen = [one for one in trained if not isinstance(one, OwnTrouble)]

        def send(place: int) -> Sent:
            (index, attack), update = who[place], sound(trained[place])
            if attack and attack.conspire:
                update = attack.conspire(start, seen)
            if attack:
                update = attack.after(update, start, jobs[place].seed)
            return update, self.samples(index)

        return [attempt(partial(send, place)) for place in range(len(who))]

    def score_first_epochs(
        self, start: Weights, indices: Sequence[int], seeds: tuple[int, int], metric: str
    ) -> list[float | OwnTrouble]:
        """Return for each of `indices` the score of the model that it trains itself, one epoch from `start`,
        on its own test data: A_v(L_v(1)) of paper vbfl. Seeds as for `train`.
        """
        one = replace(self._config, epochs=1)
        jobs = [replace(self._job(start, index, None, seeds), config=one) for index in indices]
        return [
            attempt(partial(self._score_own, own, index, metric))
            for index, own in zip(indices, train_many(self._model, jobs), strict=True)
        ]

    def _score_own(self, own: TrainedWeights, index: int, metric: str) -> float:
        """Return the score of what a participant trained on its own test data, or raise its trouble."""
        return evaluate(self._model, sound(own), self._private[index]).value(metric)

    def test_samples(self, index: int) -> int:
        """Return how many samples participant `index` judges on."""
        return len(self._private[index])

    def _job(self, start: Weights, index: int, attack: Attack | None, seeds: tuple[int, int]) -> Training:
        seed = int(np.random.SeedSequence([*seeds, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        if attack is None:
            return Training(start, self._train[index], self._config, seed)
        if index not in self._poisoned:
            self._poisoned[index] = attack.before(self._train[index])
        return Training(start, self._poisoned[index], attack.settle(self._config), seed)

    def scores(self, weights: Weights, indices: Sequence[int], metric: str) -> list[float | OwnTrouble]:
        """Return the score of `weights` by `metric` on the private test data of each of `indices`, or why it
        can't judge."""
        return self.scores_each([weights], indices, metric)[0]

    def scores_each(
        self, many: Iterable[Weights], indices: Sequence[int], metric: str
    ) -> list[list[float | OwnTrouble]]:
        """Return what `scores` returns for each of `many` weights; one of them at a time is in memory."""
        # Who judges on the public test set shares it with others: it is gone through once.
        sets = list({id(self._private[index]): self._private[index] for index in indices}.values())
        place = {id(data): at for at, data in enumerate(sets)}
        at = [place[id(self._private[index])] for index in indices]
        scores = [
            [self._settle(found, data) for found, data in zip(row, sets, strict=True)]
            for row in evaluate_each(self._model, many, sets)
        ]
        return [
            [found if isinstance(found := row[one], OwnTrouble) else found.value(metric) for one in at]
            for row in scores
        ]

    def _settle(self, found: Score | Failure, data: Samples) -> Score | OwnTrouble:
        """Return the score, where a model couldn't be run too: whose fault is it?

        If the model with its first weights can't be run on these data either, it is their owner's trouble. If
        it can, it is the weights', which are a peer's: they score as badly as can be.
        """
        if isinstance(found, Score):
            return found
        if id(data) not in self._unfit:
            [[first]] = evaluate_each(self._model, [self._initial], [data])
            self._unfit[id(data)] = isinstance(first, Failure)
        if found.memory or self._unfit[id(data)]:
            return OwnTrouble(f"judging failed: {found.why}")
        return Score.worst(data)

    def probe(self, weights: Weights, attack: Attack) -> float:
        """Return which share of the public test samples of other classes a backdoor turns to its target."""
        if attack.trigger is None:
            return 0.0
        return evaluate(self._model, weights, attack.trigger(self._public)).accuracy

    def fingerprint(self) -> dict[str, str | int]:
        """Return which data these are: a digest of all, and how many samples train and test."""
        digest = hashlib.sha256()
        for samples in (self._public, *self._train.values(), *self._private.values()):
            for tensor in (samples.x, samples.y):
                digest.update(np.ascontiguousarray(tensor.cpu().numpy()).tobytes())
        train = sum(map(len, self._train.values()))
        return {"sha256": digest.hexdigest(), "train": train, "test": len(self._public)}

    @cached_property
    def guess(self) -> float:
        """What the largest class alone would score on the data set's own test set; see `evaluate.guess`."""
        return guess(self._public)

    def test(self, weights: Weights) -> Score:
        """Return the score of `weights` on the data set's own test set; raise `OwnTrouble` where the model
        can't be run on it."""
        [[found]] = evaluate_each(self._model, [weights], [self._public])
        score = self._settle(found, self._public)
        if isinstance(score, OwnTrouble):
            raise OwnTrouble(f"the data set's test part can't be used: {score}")
        return score
