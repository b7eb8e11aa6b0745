"""Learning where it is faster, for this model on this machine: measured while the work goes on.

Learning begins in this process. After two rounds, or a long one, `Fastest` estimates the remaining time. It
starts processes if they could save well more than their time to start; learning goes on in this process until
they are ready. Then both places take turns for a few calls. From then on each kind of work runs in the faster
place, and processes that are faster at nothing are ended. The results are the same in every case.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from clients.learning.cores import count_affordable, count_cores
from clients.learning.evaluate import Failure, Score
from clients.learning.here import Here, Made, Order, Place
from clients.learning.processes import Processes
from clients.learning.schema import Weights
from clients.types.errors import OwnTrouble
from clients.types.learning import Recipe

_TRIALS = 2
_WORTH = 2.0
"""Processes are started if they could save this many times their time to start."""
_FASTER = 0.9
"""Processes are kept if they take less than this share of the time."""

R = TypeVar("R")


@dataclass
class _Pace:
    """The speed of one kind of work: seconds per sample in the calls so far."""

    work: float = 0.0
    calls: int = 0
    alone: list[float] = field(default_factory=list)
    """In this process, before there were others."""
    here: list[float] = field(default_factory=list)
    there: list[float] = field(default_factory=list)
    chosen: Place | None = None

    @property
    def tried(self) -> bool:
        """Return whether both places have had their turns."""
        return min(len(self.here), len(self.there)) >= _TRIALS

    def seconds(self, paces: Sequence[float]) -> float:
        """Return the seconds that a call of average size takes at the best of these paces."""
        return min(paces, default=0.0) * self.work / max(self.calls, 1)


class Fastest:
    """`here`, or processes beside it: a `Place` to learn in.

    `cost`: an estimate of the seconds that a process takes to start: this one's time until it had its data.
    """

    def __init__(
        self,
        here: Here,
        recipe: Recipe,
        *,
        cost: float | None = None,
        cores: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        begin: Callable[[Here, Recipe, int], Processes] = Processes,
    ) -> None:
        self._here = here
        self._recipe = recipe
        self._cost = time.process_time() if cost is None else cost
        self._cores = count_cores() if cores is None else cores
        self._clock = clock
        self._begin = begin
        self._paces = {kind: _Pace() for kind in ("train", "first epochs", "score")}
        self._beside: Processes | None = None
        self._settled = self._cores < 2
        self._rounds = 0
        self._widest = 1
        self._news: list[str] = []

    def train(self, start: Weights, orders: Sequence[Order], drift_by: str = "") -> list[Made | OwnTrouble]:
        """Do what a `Place` does."""
        self._consider()
        return self._order("train", orders, lambda place: place.train(start, orders, drift_by))

    def score_first_epochs(self, start: Weights, orders: Sequence[Order]) -> list[Score | OwnTrouble]:
        """Do what a `Place` does."""
        return self._order("first epochs", orders, lambda place: place.score_first_epochs(start, orders))

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Do what a `Place` does."""
        pace = self._paces["score"]
        place, counted = self._pick(pace), 0

        def count() -> Iterator[Weights]:
            nonlocal counted
            for weights in many:
                counted += 1
                yield weights

        began = self._clock()
        rows = place.score(count(), sets)
        if counted > 1:
            samples = sum(len(self._here.tests(number)) for number in sets)
            self._note(pace, place, counted * samples, self._clock() - began)
        return rows

    def expect(self, rounds: int) -> None:
        """Note that there is work for `rounds` more rounds."""
        self._rounds = rounds

    def take_news(self) -> list[str]:
        """Return the lines for people, each once."""
        if self._beside is not None:
            self._news += self._beside.take_news()
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """End the processes. Learning may go on in this one."""
        self._settled = True
        if self._beside is not None:
            self._beside.close()

    def _order(self, kind: str, orders: Sequence[Order], do: Callable[[Place], R]) -> R:
        pace = self._paces[kind]
        place = self._pick(pace) if len(orders) > 1 else self._here
        began = self._clock()
        done = do(place)
        if len(orders) > 1:
            self._widest = max(self._widest, len(orders))
            samples = sum(self._here.samples(order.participant) for order in orders)
            self._note(pace, place, samples, self._clock() - began)
        return done

    def _pick(self, pace: _Pace) -> Place:
        beside = self._beside
        if beside is None or beside.over or not beside.is_ready():
            return self._here
        if pace.chosen is not None:
            return pace.chosen
        return beside if len(pace.there) <= len(pace.here) else self._here

    def _note(self, pace: _Pace, place: Place, work: float, seconds: float) -> None:
        """Note how long a call took, and choose a place once both were tried."""
        beside = self._beside
        pace.work, pace.calls = pace.work + work, pace.calls + 1
        if not work or pace.chosen is not None or (beside is not None and beside.over):
            return
        if beside is None or beside.started_in is None:
            pace.alone.append(seconds / work)
            return
        (pace.here if place is self._here else pace.there).append(seconds / work)
        if pace.tried:
            pace.chosen = beside if min(pace.there) < _FASTER * min(pace.here) else self._here
            if pace is self._paces["train"]:
                self._tell(pace, beside)
            used = [one for one in self._paces.values() if one.calls]
            if all(one.chosen is self._here for one in used):
                beside.close()

    def _consider(self) -> None:
        """Start processes if that is worthwhile, once the time of a round is known."""
        done = self._paces["train"].calls
        if self._settled or not done:
            return
        a_round = sum(pace.calls * pace.seconds(pace.alone) for pace in self._paces.values()) / done
        if done < 2 and a_round < self._cost:
            return  # a first round takes longer than the others
        self._settled = True
        to_come, count = a_round * (self._rounds - done), min(self._cores, self._widest)
        if (room := count_affordable()) is not None and room + 1 < count:
            count = room + 1
            if count < 2:
                self._news.append("Learning stays in this process: there is no memory for another one.")
                return
        if to_come * (1 - 1 / count) > _WORTH * self._cost:
            self._beside = self._begin(self._here, self._recipe, count)
            self._beside.begin()
        else:
            self._news.append(
                f"Learning stays in this process: it takes {to_come:.1f} s more, and another process "
                f"{self._cost:.1f} s to start."
            )

    def _tell(self, pace: _Pace, beside: Processes) -> None:
        here, there = pace.seconds(pace.here), pace.seconds(pace.there)
        if pace.chosen is beside:
            self._news.append(
                f"Learning runs in {beside.count} processes: a round's training takes {there:.2f} s there, "
                f"{here:.2f} s in this one alone. They started in {beside.started_in or 0:.1f} s."
            )
        else:
            self._news.append(
                f"Learning stays in this process: a round's training takes {here:.2f} s here, {there:.2f} s "
                f"in {beside.count} processes."
            )
