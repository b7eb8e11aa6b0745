"""What some participants can do with their private data, in one place: train, judge, test.

The only module of this layer that callers need besides codec, aggregation and loaders.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from clients.learning.attacks import Attack
from clients.learning.datasets import Dataset
from clients.learning.evaluate import Score, evaluate, evaluate_each
from clients.learning.partition import Holding
from clients.learning.schema import Schema, Weights
from clients.learning.stacked import Job, train_many
from clients.learning.tensors import Samples, schema_of, weights_of
from clients.learning.train import TrainConfig


class Workbench:
    """The data of the participants `holdings`, numbered as in the partition, and one model to work with.

    `model` lends its form; its first weights are what round 1 starts from.
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
        self._classes = dataset.num_classes
        whole = Samples.of(dataset.x_train, dataset.y_train, device)
        self._train = {index: whole.take(held.train) for index, held in holdings.items()}
        self._private = {index: whole.take(held.test) for index, held in holdings.items()}
        self._public = Samples.of(dataset.x_test, dataset.y_test, device)
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
        results = []
        for (index, attack), job, trained in zip(who, jobs, train_many(self._model, jobs), strict=True):
            sent = attack.after(trained, start, job.seed) if attack else trained
            results.append((sent, self.samples(index)))
        return results

    def _job(self, start: Weights, index: int, attack: Attack | None, seeds: tuple[int, int]) -> Job:
        seed = int(np.random.SeedSequence([*seeds, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        if attack is None:
            return Job(start, self._train[index], self._config, seed)
        if index not in self._poisoned:
            self._poisoned[index] = attack.before(self._train[index], self._classes)
        return Job(start, self._poisoned[index], attack.settle(self._config), seed)

    def scores(self, weights: Weights, indices: Sequence[int], metric: str) -> list[float]:
        """Return the score of `weights` by `metric` on the private test data of each of `indices`."""
        return self.scores_each([weights], indices, metric)[0]

    def scores_each(self, many: Iterable[Weights], indices: Sequence[int], metric: str) -> list[list[float]]:
        """Return what `scores` returns for each of `many` weights; one of them at a time is in memory."""
        sets = [self._private[index] for index in indices]
        return [[score.value(metric) for score in found] for found in evaluate_each(self._model, many, sets)]

    def test(self, weights: Weights) -> Score:
        """Return the score of `weights` on the data set's own test set."""
        return evaluate(self._model, weights, self._public)
