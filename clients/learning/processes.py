"""Learning in processes: this one and siblings beside it, each with the same data and model.

A sibling makes data and model from the recipe, and must get the same digest of them. Requests and answers are
messages over its pipes (`clients.learning.wire`). The weights that a round's trainings start from go to each
sibling once. This process does a share of the work itself.

No result depends on a sibling. If one dies, answers nonsense or doesn't answer, this process does its share,
and then all further work. A thread per sibling talks to it, so a stuck pipe doesn't block this process.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import chain, pairwise
from typing import Any, TypeVar

from clients.learning import wire
from clients.learning.codec import encode
from clients.learning.cores import count_cores
from clients.learning.evaluate import Failure, Score
from clients.learning.frames import Garbled, read_frame, write_frame
from clients.learning.here import Here, Made, Order
from clients.learning.schema import BadUpdate, Weights
from clients.learning.threads import get_threads
from clients.types.errors import OwnTrouble
from clients.types.learning import Recipe
from clients.types.settings import plain

_START_S = 600.0
"""How long a sibling may take to load its data."""
_PATIENCE_S = 60.0
_PATIENCE = 10.0
"""A sibling's share may take 60 s and ten times what our own share took."""
_COMMAND = (sys.executable, "-P", "-m", "clients.learning.sibling")

R = TypeVar("R")


class Lost(Exception):
    """A sibling is gone, or reports that it can't go on."""


class Sibling:
    """A process beside this one. It is asked one thing after another; each answer is a `Future`."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        # The sibling looks for modules where this process does, in the same order.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is ours to handle first
            )
        except OSError as error:
            raise Lost(f"no process can be started: {error.strerror}") from None
        self._requests: queue.SimpleQueue[tuple[Future[wire.Answer], dict[str, Any], bytes, int] | None]
        self._requests = queue.SimpleQueue()
        self.start: Weights | None = None
        """The weights that trainings start from, as last sent to the sibling."""
        threading.Thread(target=self._talk, daemon=True).start()

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def ask(self, request: Mapping[str, Any], body: bytes = b"", max_body: int = 0) -> "Future[wire.Answer]":
        """Send a request; the answer's future raises `Lost` or `Garbled`."""
        future: Future[wire.Answer] = Future()
        self._requests.put((future, {**request, "threads": get_threads()}, body, max_body))
        return future

    def end(self) -> None:
        """End the process, even in the middle of its work."""
        self._requests.put(None)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # it leads a session: its children end too
        self._process.wait()

    def _talk(self) -> None:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        while (one := self._requests.get()) is not None:
            future, request, body, max_body = one
            try:
                write_frame(pipe_in, request, body)
                header, files = read_frame(pipe_out, max_body)
                if "error" in header:
                    raise Lost(f"a process beside it says: {str(header['error'])[:300]}")
                future.set_result((header, files))
            except (OSError, EOFError):
                future.set_exception(Lost("a process beside it has ended"))
            except (Lost, Garbled, MemoryError) as error:
                future.set_exception(error)
        for pipe in (pipe_in, pipe_out):
            with suppress(OSError):  # closing writes what is left for a process that is gone
                pipe.close()


class Processes:
    """`here` and, beside this process, `count - 1` siblings: a `Place` to learn in.

    `begin` starts the siblings. If it wasn't called, the first work starts them and waits for them.
    """

    def __init__(
        self,
        here: Here,
        recipe: Recipe,
        count: int | None = None,
        *,
        start: Callable[[], Sibling] = Sibling,
    ) -> None:
        self._here = here
        self._recipe = recipe
        self._start = start
        # A user who asks for processes gets at least two, however few cores there are.
        self.count = count or max(2, min(count_cores(), len(here.participants)))
        self._told = count is None
        self._siblings: list[Sibling] = []
        self._builds: list[Future[wire.Answer]] = []
        self._identity = ""
        self._began = self._ready = 0.0
        self._news: list[str] = []
        self.over = False
        """Whether this process does all work from now on."""
        self.started_in: float | None = None
        """Seconds that siblings took to start, once they did."""

    @property
    def pids(self) -> list[int]:
        """Return the siblings' process ids."""
        return [sibling.pid for sibling in self._siblings]

    def begin(self) -> None:
        """Start the siblings; work may go on meanwhile."""
        self._began = time.monotonic()
        request = {"recipe": plain(self._recipe, Recipe)}
        try:
            for _ in range(self.count - 1):
                self._siblings.append(self._start())
                self._builds.append(self._siblings[-1].ask(request))
                self._builds[-1].add_done_callback(self._note_ready)
        except Lost as error:
            self._give_up(error)
        self._identity = self._here.identity()

    def is_ready(self) -> bool:
        """Return whether siblings have started or were given up; don't wait for them."""
        return self.over or self.started_in is not None or all(one.done() for one in self._builds)

    def train(self, start: Weights, orders: Sequence[Order], drift_by: str = "") -> list[Made | OwnTrouble]:
        """Do what a `Place` does."""
        return self._share(
            "train",
            start,
            orders,
            drift_by,
            lambda some, cores: self._here.train(start, some, drift_by, cores=cores),
            lambda answer, count: wire.read_made(answer, count, self._here.schema, drifts=bool(drift_by)),
        )

    def score_first_epochs(self, start: Weights, orders: Sequence[Order]) -> list[Score | OwnTrouble]:
        """Do what a `Place` does."""
        return self._share(
            "first epochs",
            start,
            orders,
            "",
            lambda some, cores: self._here.score_first_epochs(start, some, cores=cores),
            wire.read_scores,
        )

    def score(self, many: Iterable[Weights], sets: Sequence[int]) -> list[list[Score | Failure]]:
        """Do what a `Place` does: idle siblings get the next weights; if none is idle, this process does.

        All sets go through a model together, as in `Here`: processes divide only the weights among them.
        """
        if not sets or not self._attend():
            return self._here.score(many, sets)
        rows: dict[int, list[Score | Failure]] = {}
        ours: list[int] = []
        again: dict[int, Weights] = {}
        out: dict[Sibling, tuple[int, Weights, Future[wire.Answer]]] = {}
        began = time.monotonic()

        def collect(*, all_of_them: bool) -> None:
            for sibling, (place, weights, future) in list(out.items()):
                if not (all_of_them or future.done()):
                    continue
                del out[sibling]
                row = self._await(future, began, lambda answer: wire.read_row(answer, len(sets)))
                if row is None:
                    again[place] = weights
                else:
                    rows[place] = row

        def share() -> Iterator[Weights]:
            for place, (weights, following) in enumerate(pairwise(chain(many, [None]))):
                assert weights is not None
                collect(all_of_them=False)
                idle = next((one for one in self._siblings if one not in out), None)
                file = self._encode(weights) if idle and following is not None else b""
                if idle and file:
                    out[idle] = place, weights, idle.ask(wire.ask_score(sets), file, self._size_marks(sets))
                else:
                    ours.append(place)
                    yield weights

        found = self._here.score(share(), sets)
        rows.update(zip(ours, found, strict=True))
        collect(all_of_them=True)
        rows.update(zip(again, self._here.score(again.values(), sets), strict=True))
        return [rows[place] for place in range(len(rows))]

    def expect(self, rounds: int) -> None:
        """Do nothing: the user asked for processes."""

    def take_news(self) -> list[str]:
        """Return the lines for people, each once."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """End the siblings. This process does all later work."""
        self.over = True
        siblings, self._siblings = self._siblings, []
        for sibling in siblings:
            sibling.end()

    def _note_ready(self, _: object) -> None:
        self._ready = time.monotonic()

    def _share(
        self,
        do: str,
        start: Weights,
        orders: Sequence[Order],
        metric: str,
        work: Callable[[Sequence[Order], int | None], list[R]],
        read: Callable[..., list[R]],
    ) -> list[R]:
        """Return the results of the orders: siblings do some, and `work` does the others in this process."""
        if len(orders) < 2 or not self._attend():
            return work(orders, None)
        file = self._encode(start)
        if not file:
            return work(orders, None)
        ours, *others = self._deal(orders)
        cores = max(1, count_cores() // (1 + len(self._siblings)))
        asked = []
        for sibling, share in zip(self._siblings, others, strict=True):
            if share:
                request = wire.ask_training(do, [orders[place] for place in share], metric, cores)
                body = b"" if sibling.start is start else file
                most = len(share) * len(file) + self._size_marks(orders[place].participant for place in share)
                asked.append((share, sibling.ask(request, body, most)))
                sibling.start = start
        began = time.monotonic()
        results = dict(zip(ours, work([orders[place] for place in ours], cores), strict=True))
        again: list[int] = []
        for share, future in asked:
            found = self._await(future, began, partial(read, count=len(share)))
            if found is None:
                again += share
            else:
                results.update(zip(share, found, strict=True))
        if again:
            results.update(zip(again, work([orders[place] for place in again], None), strict=True))
        return [results[place] for place in range(len(orders))]

    def _size_marks(self, sets: Iterable[int]) -> int:
        """Return the most bytes that the marks on these sets of samples take."""
        return sum(wire.MARKS_SIZE * len(self._here.tests(self._here.set_of(number))) for number in sets)

    def _deal(self, orders: Sequence[Order]) -> list[list[int]]:
        """Return each process's orders, this process first: the longest next order goes to the least load."""
        samples = [self._here.samples(order.participant) for order in orders]
        shares: list[list[int]] = [[] for _ in range(1 + len(self._siblings))]
        loads = [0] * len(shares)
        for place in sorted(range(len(orders)), key=lambda place: -samples[place]):
            least = loads.index(min(loads))
            shares[least].append(place)
            loads[least] += samples[place] + 1
        return [sorted(share) for share in shares]

    def _await(
        self, future: "Future[wire.Answer]", began: float, read: Callable[[wire.Answer], R]
    ) -> R | None:
        """Return a sibling's answer, or None if this process has to do the work.

        `began`: when this process began its own share, which is done by now.
        """
        try:
            return read(future.result(_PATIENCE_S + _PATIENCE * (time.monotonic() - began)))
        except wire.Unsure:
            return None
        except TimeoutError:
            self._give_up(Lost("a process beside it doesn't answer"))
        except (Lost, Garbled, MemoryError) as error:
            self._give_up(error)
        return None

    def _attend(self) -> bool:
        """Wait for siblings to start; return whether there are any, with the same data and model."""
        if self.over:
            return False
        if self.started_in is not None:
            return True
        if not self._builds:
            self.begin()
        try:
            for future in self._builds:
                header, _ = future.result(max(0.0, self._began + _START_S - time.monotonic()))
                if header.get("identity") != self._identity:
                    raise Lost("data or model came out different in a process beside it")
        except TimeoutError:
            self._give_up(Lost("a process beside it didn't start"))
        except (Lost, Garbled, MemoryError) as error:
            self._give_up(error)
        if not self._siblings:
            return False
        self.started_in = self._ready - self._began
        if self._told:
            self._news.append(f"Learning runs in {self.count} processes, as asked.")
        return True

    def _give_up(self, why: Exception) -> None:
        if not self.over:
            self._news.append(f"Learning goes on in this process alone: {why}.")
            self.close()

    def _encode(self, weights: Weights) -> bytes:
        """Return the weights as a file, or no bytes if they can't be encoded."""
        try:
            return encode(weights, self._here.schema)
        except BadUpdate:
            return b""
