"""Where learning runs: one seam between the work that participants order and the place that does it.

Orders are plain data that can leave the process: an `Order` names a participant, a seed and an attack, and a
number names a set of samples to test on. Only the weights are large. So a `Place` may be this process
(`Here`), this process with siblings (`clients.learning.processes`), or the faster of the two
(`clients.learning.fastest`). A participant's bytes are the same in every place, because:

- An order's seed fixes its training, whichever others train in the same call (`workbench.Workbench.train`).
- Model and settings alone choose how trainings run: stacked or apart. Timing and cores don't
  (`stacked.train_many`). Stacking rounds unlike `train`, but equally with any neighbours and in any place.
- The size of a computation alone chooses its torch threads (`threads`); a sibling may use as many as we do.
- A sibling's digest of data and model must equal ours (`processes`).
- All sets of samples go through a model together; processes divide only the models among them
  (`processes.Processes.score`).
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
    """An order's result. `drift`, if requested: how far the trained model's score on the participant's own
    test samples is below its score after the first epoch."""

    weights: Weights
    drift: float | OwnTrouble | None = None


class Place(Protocol):
    """Where learning runs. A participant's `OwnTrouble` takes the place of its result, as everywhere."""

    def train(self, start: Weights, orders: Sequence[Order], drift_by: str = "") -> list[Made | OwnTrouble]:
        """Return what each order makes of `start`; with drifts by the metric `drift_by` if it is named."""
        ...

    def score_first_epochs(self, start: Weights, orders: Sequence[Order]) -> list[Score | OwnTrouble]:
        """Train `start` for one epoch by each order; return the scores on participants' own test samples."""
        ...

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Return the score of each of `many` weights on each set of samples; take weights when needed."""
        ...

    def expect(self, rounds: int) -> None:
        """Note that there is work for `rounds` more rounds."""
        ...

    def take_news(self) -> list[str]:
        """Return the lines for people about where learning runs, each once."""
        ...

    def close(self) -> None:
        """End the processes that the place started; learning may go on in this one."""
        ...


class Here:
    """A `Place` in this process: the data of the participants in `holdings`, and one model to work with."""

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
        """Return the number of the samples that participant `index` judges on: its own, or `PUBLIC`."""
        return index if index in self._private else PUBLIC

    def tests(self, number: int) -> Samples:
        """Return the test samples of that number."""
        return self.public if number == PUBLIC else self._private[number]

    def train(
        self, start: Weights, orders: Sequence[Order], drift_by: str = "", *, cores: int | None = None
    ) -> list[Made | OwnTrouble]:
        """Do what a `Place` does, on at most `cores` cores, by default on all. Raises as `train_many`."""
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
                    self._score_own(one, index).value(drift_by) for one in (firsts[trainings[place]], last)
                )
                return first - end

            return Made(last, catch_trouble(drift))

        return [catch_trouble(partial(measure, place)) for place in range(len(orders))]

    def score_first_epochs(
        self, start: Weights, orders: Sequence[Order], *, cores: int | None = None
    ) -> list[Score | OwnTrouble]:
        """Do what a `Place` does."""
        trainings = [self._training(start, order) for order in orders]
        trainings = [replace(one, config=replace(one.config, epochs=1)) for one in trainings]
        return [
            catch_trouble(partial(self._score_own, own, order.participant))
            for order, own in zip(orders, train_many(self.model, trainings, cores=cores), strict=True)
        ]

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Do what a `Place` does; one of the weights at a time is in memory. Raises as `evaluate_each`."""
        return evaluate_each(self.model, many, [self.tests(number) for number in sets])

    def expect(self, rounds: int) -> None:
        """Do nothing: this place doesn't change."""

    def take_news(self) -> list[str]:
        """Return no lines."""
        return []

    def close(self) -> None:
        """Do nothing: no process was started."""

    def fingerprint(self) -> dict[str, str | int]:
        """Return a digest of all data, and how many samples there are to train and to test on."""
        digest = sha256()
        private = [self.tests(self.set_of(index)) for index in self._train]
        for samples in (self.public, *self._train.values(), *private):
            for tensor in (samples.x, samples.y):
                digest.update(np.ascontiguousarray(tensor.cpu().numpy()).tobytes())
        train = sum(map(len, self._train.values()))
        return {"sha256": digest.hexdigest(), "train": train, "test": len(self.public)}

    def identity(self) -> str:
        """Return a digest of data and model. Places with the same digest get the same results."""
        digest = sha256(str(self.fingerprint()).encode())
        digest.update(f"{self.model}{self.config}{self.schema.header!r}".encode())
        digest.update(self.schema.join(self.initial).tobytes())
        sent = tensors_of(self.model)
        for name, buffer in self.model.named_buffers():
            if name not in sent:  # the buffer stays at home, and training doesn't change it
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

    def _score_own(self, own: TrainedWeights, index: int) -> Score:
        """Return the score of a participant's trained weights on its own test data, or raise its trouble."""
        return evaluate(self.model, raise_trouble(own), self.tests(self.set_of(index)))
