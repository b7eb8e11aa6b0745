"""Where learning runs: one seam between what participants want done and the place that does it.

What is to be done is plain data that can leave the process: an `Order` names a participant, a seed and an
attack, and a set of samples to test on is named by a number. Only the weights are large. So a `Place` may be
this process (`Here`), this one and others beside it (`clients.learning.processes`), or whichever of these is
faster (`clients.learning.fastest`), and a participant's bytes are the same in every place. Why they are:

- An order's seed fixes its training, whoever trains in the same call (`workbench.Workbench.train`).
- Model and settings alone choose how trainings run: stacked or apart. Timing and cores don't
  (`stacked.train_many`). Stacking rounds unlike `train`, but equally with any neighbours and in any place.
- The size of a computation alone chooses its torch threads (`threads`); a sibling may use as many as we.
- A sibling's digest of data and model must equal ours (`processes`).
- All sets of samples go through a model together; only models are shared out (`processes.Processes.score`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Protocol

import numpy as np
import torch
from torch import nn

from clients.learning import attacks
from clients.learning.datasets import Dataset
from clients.learning.evaluate import Failure, Score, evaluate, evaluate_each
from clients.learning.partition import Holding
from clients.learning.schema import Weights
from clients.learning.stacked import TrainedWeights, Training, train_many
from clients.learning.tensors import Samples, schema_of, tensors_of, weights_of
from clients.learning.train import TrainConfig
from clients.learning.trial import is_memory, refuses_one
from clients.types.errors import OwnTrouble, RequestError, UnavailableError, catch_trouble, raise_trouble

PUBLIC = -1
"""Names the data set's own test samples; a participant's number names its private ones."""


@dataclass(frozen=True, slots=True)
class Order:
    """One participant's training. `attack`: as `attacks.parse_all` reads it, or empty for an honest one."""

    participant: int
    seed: int
    attack: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What an order came to. `drift`, where it was asked for: how much worse than after its first epoch the
    trained model scores on the participant's own test samples."""

    weights: Weights
    drift: float | OwnTrouble | None = None


class Place(Protocol):
    """Where learning runs. `OwnTrouble` stands in the place of a participant's result, as everywhere."""

    def train(self, start: Weights, orders: Sequence[Order], drift_by: str = "") -> list[Made | OwnTrouble]:
        """Return what becomes of `start` by each order; with drifts if a metric is named for them."""
        ...

    def score_first_epochs(
        self, start: Weights, orders: Sequence[Order], metric: str
    ) -> list[float | OwnTrouble]:
        """Return the scores on participants' own test samples of what one epoch each makes of `start`."""
        ...

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Return the score of each of `many` weights, taken as they are needed, on each set of samples."""
        ...

    def expect(self, rounds: int) -> None:
        """Be told for how many rounds there will be work."""
        ...

    def take_news(self) -> list[str]:
        """Return what there is to tell people about where learning runs, once."""
        ...

    def close(self) -> None:
        """Let go of what was started; learning may go on, here."""
        ...


class Here:
    """The data of the participants `holdings`, one model to work with, and this process to do the work."""

    def __init__(
        self,
        dataset: Dataset,
        model: nn.Module,
        holdings: Mapping[int, Holding],
        config: TrainConfig,
        device: torch.device,
    ) -> None:
        self.schema = schema_of(model)
        self.initial = weights_of(model)
        self.config = config
        self.device = device
        try:
            self.model = model.to(device)
            whole = Samples.of(dataset.x_train, dataset.y_train, device, dataset.task)
            self._train = {index: whole.take(held.train) for index, held in holdings.items()}
            self.public = Samples.of(dataset.x_test, dataset.y_test, device, dataset.task)
            self._private = {
                index: whole.take(held.test) for index, held in holdings.items() if len(held.test)
            }
        except Exception as error:
            if not is_memory(error):
                raise
            raise UnavailableError(
                f"device {device} has no room for model and data: use --device cpu, or less data."
            ) from error
        if config.batch_size == 1 and refuses_one(self.model, whole.x[:1]):
            raise RequestError(
                "batch_size = 1: the model, as with BatchNorm, can't be trained on one sample at a time. "
                "2 is the least."
            )
        self._attacks: dict[str, attacks.Attack] = {}
        self._poisoned: dict[tuple[int, str], Samples] = {}

    @property
    def participants(self) -> list[int]:
        """Return the numbers of the participants whose data are here."""
        return list(self._train)

    def samples(self, index: int) -> int:
        """Return how many samples participant `index` trains on."""
        return len(self._train[index])

    def set_of(self, index: int) -> int:
        """Return which samples participant `index` judges on: its own, or the public ones."""
        return index if index in self._private else PUBLIC

    def tests(self, number: int) -> Samples:
        """Return the test samples of that number."""
        return self.public if number == PUBLIC else self._private[number]

    def train(
        self, start: Weights, orders: Sequence[Order], drift_by: str = "", *, cores: int | None = None
    ) -> list[Made | OwnTrouble]:
        """Do what a `Place` does, on `cores` at most, by default on all there are. Raises as `train_many`."""
        trainings = [self._training(start, order) for order in orders]
        if not drift_by:
            trained = train_many(self.model, trainings, cores=cores)
            return [one if isinstance(one, OwnTrouble) else Made(one) for one in trained]
        firsts: dict[Training, Weights] = {}
        trained = train_many(self.model, trainings, firsts.__setitem__, cores=cores)

        def measure(place: int) -> Made:
            last, index = raise_trouble(trained[place]), orders[place].participant

            def drift() -> float:
                first, end = (
                    self._score_own(one, index, drift_by) for one in (firsts[trainings[place]], last)
                )
                return first - end

            return Made(last, catch_trouble(drift))

        return [catch_trouble(partial(measure, place)) for place in range(len(orders))]

    def score_first_epochs(
        self, start: Weights, orders: Sequence[Order], metric: str, *, cores: int | None = None
    ) -> list[float | OwnTrouble]:
        """Do what a `Place` does."""
        trainings = [self._training(start, order) for order in orders]
        trainings = [replace(one, config=replace(one.config, epochs=1)) for one in trainings]
        return [
            catch_trouble(partial(self._score_own, own, order.participant, metric))
            for order, own in zip(orders, train_many(self.model, trainings, cores=cores), strict=True)
        ]

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Do what a `Place` does; one of the weights at a time is in memory. Raises as `evaluate_each`."""
        return evaluate_each(self.model, many, [self.tests(number) for number in sets])

    def expect(self, rounds: int) -> None:
        """Nothing depends on it here."""

    def take_news(self) -> list[str]:
        """There are none from here."""
        return []

    def close(self) -> None:
        """Nothing was started."""

    def fingerprint(self) -> dict[str, str | int]:
        """Return which data these are: a digest of all, and how many samples train and test."""
        digest = sha256()
        private = [self.tests(self.set_of(index)) for index in self._train]
        for samples in (self.public, *self._train.values(), *private):
            for tensor in (samples.x, samples.y):
                digest.update(np.ascontiguousarray(tensor.cpu().numpy()).tobytes())
        train = sum(map(len, self._train.values()))
        return {"sha256": digest.hexdigest(), "train": train, "test": len(self.public)}

    def identity(self) -> str:
        """Return a digest of data and model: where it is the same, so are the results of orders."""
        digest = sha256(str(self.fingerprint()).encode())
        digest.update(f"{self.model}{self.config}{self.schema.header!r}".encode())
        digest.update(self.schema.join(self.initial).tobytes())
        sent = tensors_of(self.model)
        for name, buffer in self.model.named_buffers():
            if name not in sent:  # it stays at home, and training leaves it as it was
                digest.update(buffer.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def _training(self, start: Weights, order: Order) -> Training:
        index, spec = order.participant, order.attack
        if not spec:
            return Training(start, self._train[index], self.config, order.seed)
        if spec not in self._attacks:
            self._attacks[spec] = attacks.parse_all(spec)
        attack = self._attacks[spec]
        if (index, spec) not in self._poisoned:
            self._poisoned[index, spec] = attack.before(self._train[index])
        return Training(start, self._poisoned[index, spec], attack.settle(self.config), order.seed)

    def _score_own(self, own: TrainedWeights, index: int, metric: str) -> float:
        """Return the score of what a participant trained on its own test data, or raise its trouble."""
        return evaluate(self.model, raise_trouble(own), self.tests(self.set_of(index))).value(metric)
