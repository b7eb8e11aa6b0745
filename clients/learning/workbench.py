"""What some participants can do with their private data, in one place: train, judge, test.

The only module of this layer that callers need besides codec, aggregation and loaders.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import nn

from clients.learning.attacks import Attack
from clients.learning.datasets import Dataset
from clients.learning.evaluate import Score, evaluate, evaluate_each, guess
from clients.learning.partition import Holding
from clients.learning.schema import Schema, Weights
from clients.learning.stacked import Job, train_many
from clients.learning.tensors import Samples, schema_of, weights_of
from clients.learning.train import TrainConfig


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
        self._model = model.to(device)
        self._config = config
        self.form = dataset.form
        self.task = dataset.task
        whole = Samples.of(dataset.x_train, dataset.y_train, device, dataset.task)
        self._train = {index: whole.take(held.train) for index, held in holdings.items()}
        self._public = Samples.of(dataset.x_test, dataset.y_test, device, dataset.task)
        self._private = {
            index: whole.take(held.test) if len(held.test) else self._public
            for index, held in holdings.items()
        }
        self._poisoned: dict[int, Samples] = {}

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
    ) -> list[tuple[Weights, int]]:
        """Return weights and number of samples for each participant in `who`, trained from `start`.

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
    ) -> list[tuple[Weights, int, float]]:
        """Return what `train` returns and, for each, its drift: how much worse than after its first epoch the
        trained model scores by `metric` on the participant's own test data (paper vbfl, A(L(1)) - A(L(n))).
        """
        jobs = [self._job(start, index, attack, seeds) for index, attack in who]
        firsts: dict[Job, Weights] = {}
        trained = train_many(self._model, jobs, on_first=firsts.__setitem__)
        drifts = [
            self.scores(firsts[job], [index], metric)[0] - self.scores(last, [index], metric)[0]
            for (index, _), job, last in zip(who, jobs, trained, strict=True)
        ]
        return [
            (*sent, drift) for sent, drift in zip(self._send(start, who, jobs, trained), drifts, strict=True)
        ]

    def _send(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        jobs: Sequence[Job],
        seen: Sequence[Weights],
    ) -> list[tuple[Weights, int]]:
        results = []
        for (index, attack), job, trained in zip(who, jobs, seen, strict=True):
            sent = trained
            if attack and attack.conspire:
                sent = attack.conspire(start, seen)
            if attack:
                sent = attack.after(sent, start, job.seed)
            results.append((sent, self.samples(index)))
        return results

    def score_first_epochs(
        self, start: Weights, indices: Sequence[int], seeds: tuple[int, int], metric: str
    ) -> list[float]:
        """Return for each of `indices` the score of the model that it trains itself, one epoch from `start`,
        on its own test data: A_v(L_v(1)) of paper vbfl. Seeds as for `train`.
        """
        one = replace(self._config, epochs=1)
        jobs = [replace(self._job(start, index, None, seeds), config=one) for index in indices]
        trained = train_many(self._model, jobs)
        return [
            self.scores(weights, [index], metric)[0] for index, weights in zip(indices, trained, strict=True)
        ]

    def test_samples(self, index: int) -> int:
        """Return how many samples participant `index` judges on."""
        return len(self._private[index])

    def _job(self, start: Weights, index: int, attack: Attack | None, seeds: tuple[int, int]) -> Job:
        seed = int(np.random.SeedSequence([*seeds, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        if attack is None:
            return Job(start, self._train[index], self._config, seed)
        if index not in self._poisoned:
            self._poisoned[index] = attack.before(self._train[index])
        return Job(start, self._poisoned[index], attack.settle(self._config), seed)

    def scores(self, weights: Weights, indices: Sequence[int], metric: str) -> list[float]:
        """Return the score of `weights` by `metric` on the private test data of each of `indices`."""
        return self.scores_each([weights], indices, metric)[0]

    def scores_each(self, many: Iterable[Weights], indices: Sequence[int], metric: str) -> list[list[float]]:
        """Return what `scores` returns for each of `many` weights; one of them at a time is in memory."""
        # Who judges on the public test set shares it with others: it is gone through once.
        sets = list({id(self._private[index]): self._private[index] for index in indices}.values())
        place = {id(data): at for at, data in enumerate(sets)}
        at = [place[id(self._private[index])] for index in indices]
        return [[found[one].value(metric) for one in at] for found in evaluate_each(self._model, many, sets)]

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
        """Return the score of `weights` on the data set's own test set."""
        return evaluate(self._model, weights, self._public)
