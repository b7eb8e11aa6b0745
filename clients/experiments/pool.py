"""Runs in parallel processes, with a progress bar, stoppable and resumable at any instant."""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue as ProcessQueue
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft

from clients.experiments.archive import Archive
from clients.experiments.plan import Request
from clients.experiments.runners import RUNNERS
from clients.types.errors import FedJuryError, UnavailableError

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 30
_ticks: "ProcessQueue[int] | None" = None
_stopped = False


Done = Callable[[Request], None]


def run_all(
    requests: Sequence[Request], archive: Archive, jobs: int, console: Console, on_done: Done
) -> None:
    """Do every run of `requests` that isn't whole yet, in this order, `jobs` at a time.

    `on_done` is told of each that has become whole.

    On Ctrl-C the processes are ended and every settled round is kept; so it is when a run fails, and then its
    error is raised.
    """
    wanted = [one for one in requests if not archive.is_done(one)]
    if not wanted:
        return
    context = multiprocessing.get_context("spawn")  # torch's threads don't survive a fork
    ticks: ProcessQueue[int] = context.Queue()
    pool = ProcessPoolExecutor(min(jobs, len(wanted)), context, _begin, (ticks,))
    try:
        with _progress(console, sum(one.rounds for one in wanted), len(wanted)) as tell:
            with _deaf():
                futures = {pool.submit(_work, one, archive.root): one for one in wanted}
            _await(futures, ticks, tell, on_done)
        pool.shutdown()
    except BrokenProcessPool as error:
        raise UnavailableError(
            "a process that did a run was killed, for want of memory perhaps: try fewer --jobs. "
            "What is done is kept; the same command goes on."
        ) from error
    except BaseException:
        _end(pool)
        raise


def weigh(request: Request) -> int:
    """Return a rough measure of how long a run takes: the longest are begun first, lest one is left alone."""
    settings = request.settings
    trained = int(settings.get("proposers", 1)) * int(settings.get("local_epochs", 1))
    return request.rounds * (trained + int(settings["clients"]) // 4)


def _await(
    futures: dict[Future[None], Request],
    ticks: "ProcessQueue[int]",
    tell: Callable[[int, int], None],
    on_done: Done,
) -> None:
    left: set[Future[None]] = set(futures)
    while left:
        done, left = wait(left, _POLL_SECONDS, FIRST_COMPLETED)
        rounds = 0
        with contextlib.suppress(queue.Empty):
            while True:
                rounds += ticks.get_nowait()
        tell(rounds, len(done))
        for future in done:
            request = futures[future]
            try:
                future.result()
            except FedJuryError as error:
                shown = {k: v for k, v in request.settings.items() if k in ("mechanism", "dataset", "seed")}
                error.add_note(f"in the run {request.digest} ({shown})")
                raise
            on_done(request)


@contextlib.contextmanager
def _progress(console: Console, rounds: int, runs: int):  # type: ignore[no-untyped-def]
    """Yield what is told of rounds and runs done: a bar on a terminal, now and then a line elsewhere."""
    if console.is_terminal:
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("rounds,"),
            TimeElapsedColumn(), TextColumn("gone,"), TimeLeft(elapsed_when_finished=False),
            TextColumn("left"), console=console,
        )  # fmt: skip
        with bar:
            task, over = bar.add_task(f"0 of {runs} runs", total=rounds), 0

            def show(settled: int, ended: int) -> None:
                nonlocal over
                over += ended
                bar.update(task, advance=settled, description=f"{over} of {runs} runs")

            yield show
        return
    began, told, counts = time.monotonic(), time.monotonic(), [0, 0]

    def say(settled: int, ended: int) -> None:
        nonlocal told
        counts[0] += settled
        counts[1] += ended
        now = time.monotonic()
        if now - told >= 30:
            told = now
            left = (now - began) * (rounds - counts[0]) / counts[0] if counts[0] else 0.0
            console.print(
                f"{counts[1]} of {runs} runs, {counts[0]} of {rounds} rounds"
                + (f"; {left / 60:.0f} min left" if left else ""),
                highlight=False,
            )

    yield say


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Let Ctrl-C wait while processes are started: they are born deaf to it, and say nothing as they load."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the pool at once; processes still at work are told to stop, and close the nodes they started."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(_PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()


# ------------------------------------------------------------------ in the processes


def _begin(ticks: "ProcessQueue[int]") -> None:
    """Set a process up: one thread for torch, and Ctrl-C left to the parent.

    Told to end before its first run, it just ends: there is nothing to keep.
    """
    global _ticks
    _ticks = ticks
    ticks.cancel_join_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # for what this process starts
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from clients.learning.threads import use_threads

    use_threads(1)


def _stop(*_: object) -> None:
    global _stopped
    _stopped = True  # what waits in this process's queue is not begun any more
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


def _end_with_parent() -> None:
    """End this process in an orderly way where its parent is killed, and at any price a while later."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE_SECONDS)
        os._exit(1)


def _work(request: Request, root: Path) -> None:
    """Do one run, or what is left of it, with an orderly end when told to."""
    if _stopped:
        return
    signal.signal(signal.SIGTERM, _stop)
    archive = Archive(root)
    if archive.is_done(request):
        return
    folder = archive.begin(request)
    RUNNERS[request.runner].run(request.settings, folder, _tick)
    archive.end(request)


def _tick(rounds: int) -> None:
    if _ticks is not None:
        _ticks.put(rounds)
