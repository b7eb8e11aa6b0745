"""Everything that participants do with their private data: train, judge, test.

Besides codec, aggregation and loaders, callers of this layer need only this module.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial

import numpy as np
import torch
from torch import nn

from clients.learning.attacks import Attack
from clients.learning.datasets import Dataset
from clients.learning.evaluate import Failure, Score, evaluate, evaluate_each, guess
from clients.learning.fastest import Fastest
from clients.learning.here import PUBLIC, Here, Made, Order, Place
from clients.learning.partition import Holding
from clients.learning.processes import Processes
from clients.learning.schema import Schema, Weights
from clients.learning.tensors import Samples
from clients.learning.train import TrainConfig
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble, catch_trouble, raise_trouble
from clients.types.learning import Recipe

Sent = tuple[Weights, int]
"""An update, and the number of samples that it was trained on."""


class Workbench:
    """The data of the participants `holdings`, numbered as in the partition, and one model to work with.

    `model` supplies the architecture, and its first weights are the start of round 1. A participant without
    test data of its own judges on the data set's. `recipe`: the settings from which another process can build
    all of this; None if it can't.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: nn.Module,
        holdings: Mapping[int, Holding],
        config: TrainConfig,
        device: torch.device,
        recipe: Recipe | None = None,
    ) -> None:
        self._here = Here(dataset, model, holdings, config, device)
        self._place: Place = self._here
        self._recipe = recipe
        self.form = dataset.form
        self.task = dataset.task
        self._unfit: dict[int, bool] = {}

    @property
    def schema(self) -> Schema:
        """What every update must look like."""
        return self._here.schema

    def learn_in(self, place: str, rounds: int) -> None:
        """Choose where learning runs from now on, for so many rounds: `here`, `processes`, or in `auto`
        wherever it is measured to be faster. On another device than the CPU, it is here."""
        self._place.close()
        self._place = self._here
        recipe, several = self._recipe, len(self._here.participants) > 1
        if place == "here" or recipe is None or not several or self._here.device.type != "cpu":
            return
        self._place = Processes(self._here, recipe) if place == "processes" else Fastest(self._here, recipe)
        self._place.expect(rounds)

    def take_news(self) -> list[str]:
        """Return what there is to tell people about where learning runs, once."""
        return self._place.take_news()

    def close(self) -> None:
        """End what was started to learn in. Learning may go on, here."""
        self._place.close()

    def initial_weights(self) -> Weights:
        """Return the model's first weights."""
        return self._here.initial

    @property
    def epochs(self) -> int:
        """How many epochs every participant trains."""
        return self._here.config.epochs

    def samples(self, index: int) -> int:
        """Return how many samples participant `index` trains on: its N_k in eq. (1)."""
        return self._here.samples(index)

    def train(
        self, start: Weights, who: Sequence[tuple[int, Attack | None]], seeds: tuple[int, int]
    ) -> list[Sent | OwnTrouble]:
        """Return weights and number of samples for each participant in `who`, trained from `start`; or its
        trouble.

        `seeds` are the run's seed and the round. With the participant's number they fix its training, whoever
        trains in the same call. Raises as `train_many` does.
        """
        orders = [self._order(index, attack, seeds) for index, attack in who]
        return self._send(start, who, orders, self._place.train(start, orders))

    def train_each(
        self,
        starts: Mapping[int, Weights],
        who: Sequence[tuple[int, Attack | None]],
        seeds: tuple[int, int],
    ) -> list[Sent | OwnTrouble]:
        """Return the results of `train` for participants that have heads of their own: `starts`, by number.

        Participants that share a head, the same object, train in one call, and conspire among themselves.
        """
        alike: defaultdict[int, list[int]] = defaultdict(list)
        for place, (index, _) in enumerate(who):
            alike[id(starts[index])].append(place)
        sent: dict[int, Sent | OwnTrouble] = {}
        for places in alike.values():
            some = [who[place] for place in places]
            sent.update(zip(places, self.train(starts[some[0][0]], some, seeds), strict=True))
        return [sent[place] for place in range(len(who))]

    def train_with_drifts(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        seeds: tuple[int, int],
        metric: str,
    ) -> list[tuple[Weights, int, float] | OwnTrouble]:
        """Return the results of `train`, each with its drift: how much worse the trained model scores than
        after its first epoch, by `metric` on the participant's own test data (paper vbfl, A(L(1)) - A(L(n))).
        """
        orders = [self._order(index, attack, seeds) for index, attack in who]
        made = self._place.train(start, orders, metric)
        sent = self._send(start, who, orders, made)

        def measure(place: int) -> tuple[Weights, int, float]:
            weights, samples = raise_trouble(sent[place])
            drift = raise_trouble(made[place]).drift
            assert drift is not None
            return weights, samples, raise_trouble(drift)

        return [catch_trouble(partial(measure, place)) for place in range(len(who))]

    def _send(
        self,
        start: Weights,
        who: Sequence[tuple[int, Attack | None]],
        orders: Sequence[Order],
        made: Sequence[Made | OwnTrouble],
    ) -> list[Sent | OwnTrouble]:
        seen = [one.weights for one in made if not isinstance(one, OwnTrouble)]

        def send(place: int) -> Sent:
            (index, attack), update = who[place], raise_trouble(made[place]).weights
            if attack and attack.conspire:
                update = attack.conspire(start, seen)
            if attack:
                update = attack.after(update, start, orders[place].seed)
            return update, self.samples(index)

        return [catch_trouble(partial(send, place)) for place in range(len(who))]

    def answer_first_epochs(
        self, start: Weights, indices: Sequence[int], seeds: tuple[int, int], metric: str
    ) -> list[Answers | OwnTrouble]:
        """Return, for each of `indices`, the answers on its own test data of the model that it trains for one
        epoch from `start`: L_v(1) of paper vbfl. Seeds as for `train`.
        """
        orders = [self._order(index, None, seeds) for index in indices]
        found = self._place.score_first_epochs(start, orders)
        return [
            one if isinstance(one, OwnTrouble) else one.answers(metric, self._tests(index))
            for index, one in zip(indices, found, strict=True)
        ]

    def shares_tests(self, index: int) -> bool:
        """Return whether participant `index` has no test data of its own, and judges on the data set's."""
        return self._here.set_of(index) == PUBLIC

    def test_samples(self, index: int) -> int:
        """Return how many samples participant `index` judges on."""
        return len(self._tests(index))

    def _order(self, index: int, attack: Attack | None, seeds: tuple[int, int]) -> Order:
        seed = int(np.random.SeedSequence([*seeds, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        spec = attack.spec if attack else ""
        if spec is None:
            raise ValueError("an attack that was parsed of nothing can't be ordered")
        return Order(index, seed, spec)

    def answers(self, weights: Weights, indices: Sequence[int], metric: str) -> list[Answers | OwnTrouble]:
        """Return the answers of `weights` on the private test data of each of `indices`, or its trouble.

        They are scored by `metric`.
        """
        return self.answers_each([weights], indices, metric)[0]

    def answers_own(self, models: Mapping[int, Weights], metric: str) -> dict[int, Answers | OwnTrouble]:
        """Return each participant's answers with its own model (`models`, by number) on its own test data."""
        return {index: self.answers(weights, [index], metric)[0] for index, weights in models.items()}

    def answers_each(
        self, many: Iterable[Weights], indices: Sequence[int], metric: str
    ) -> list[list[Answers | OwnTrouble]]:
        """Return the results of `answers` for each of `many` weights; only one of them at a time is in
        memory."""
        # Participants that judge on the public test set share it, so it is evaluated once.
        numbers = [self._here.set_of(index) for index in indices]
        sets = list(dict.fromkeys(numbers))
        rows = []
        for found in self._place.score(many, sets):
            row: dict[int, Answers | OwnTrouble] = {}
            for number, one in zip(sets, found, strict=True):
                score = self._settle(one, number)
                data = self._here.tests(number)
                row[number] = score if isinstance(score, OwnTrouble) else score.answers(metric, data)
            rows.append([row[number] for number in numbers])
        return rows

    def _tests(self, index: int) -> Samples:
        return self._here.tests(self._here.set_of(index))

    def _settle(self, found: Score | Failure, number: int) -> Score | OwnTrouble:
        """Return the score, or decide whose fault it is that the model couldn't be run.

        If the model can't be run on these data with its first weights either, it is the trouble of the data's
        owner. If it can, the peer's weights are at fault, and get the worst score.
        """
        if isinstance(found, Score):
            return found
        data = self._here.tests(number)
        if number not in self._unfit:
            [[first]] = evaluate_each(self._here.model, [self._here.initial], [data])
            self._unfit[number] = isinstance(first, Failure)
        if found.memory or self._unfit[number]:
            return OwnTrouble(f"judging failed: {found.why}")
        return Score.worst(data)

    def probe(self, weights: Weights, attack: Attack) -> float:
        """Return the share of public test samples of other classes that a backdoor turns to its target."""
        if attack.trigger is None:
            return 0.0
        return evaluate(self._here.model, weights, attack.trigger(self._here.public)).accuracy

    def fingerprint(self) -> dict[str, str | int]:
        """Return an identification of the data: a digest, and how many samples train and test."""
        return self._here.fingerprint()

    @cached_property
    def guess(self) -> float:
        """The score of guessing on the data set's own test set; see `evaluate.guess`."""
        return guess(self._here.public)

    def test(self, weights: Weights) -> Score:
        """Return the score of `weights` on the data set's own test set; raise `OwnTrouble` if the model can't
        be run on it."""
        [[found]] = self._here.score([weights], [PUBLIC])
        score = self._settle(found, PUBLIC)
        if isinstance(score, OwnTrouble):
            raise OwnTrouble(f"the data set's test part can't be used: {score}")
        return score
