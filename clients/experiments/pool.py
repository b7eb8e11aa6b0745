"""Does runs in parallel processes, with a progress bar; can be stopped and resumed at any instant."""

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
    """Do every run of `requests` that isn't complete yet, in this order, `jobs` at a time.

    `on_done` is called with each completed run.

    On Ctrl-C, or when a run fails, the processes end and every settled round is kept. A failed run's error is
    raised.
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
            "a process that did a run was killed, perhaps for lack of memory: try fewer --jobs. "
            "What is done is kept; the same command goes on."
        ) from error
    except BaseException:
        _end(pool)
        raise


def weigh(request: Request) -> int:
    """Return a rough measure of a run's duration: the longest start first, so that none is left running
    alone."""
    settings = request.settings
    trained = int(settings.get("proposers", 1)) * int(settings.get("local_epochs", 1))
    members = int(settings.get("clients") or settings.get("members") or 1)
    return request.rounds * (trained + members // 4)


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
    """Yield a callback for rounds and runs done: it draws a bar on a terminal, or prints a line now and
    then."""
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
    """Block Ctrl-C while processes start: they inherit that, and print nothing while they load."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the pool at once: tell working processes to stop, and to close the nodes that they started."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    manager = getattr(pool, "_executor_manager_thread", None)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(_PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
    if manager is not None:
        # Python wakes this thread when it exits, through a pipe that the thread may be closing just then
        manager.join(_PATIENCE_SECONDS)


# ------------------------------------------------------------------ in the processes


def _begin(ticks: "ProcessQueue[int]") -> None:
    """Set up a process: one thread for torch, and Ctrl-C left to the parent.

    If it is told to end before its first run, it simply ends: there is nothing to keep.
    """
    global _ticks
    _ticks = ticks
    ticks.cancel_join_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # for processes that this one starts
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from clients.learning.threads import use_threads

    use_threads(1)


def _stop(*_: object) -> None:
    global _stopped
    _stopped = True  # runs waiting in this process's queue don't start any more
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(143)


def _end_with_parent() -> None:
    """If the parent is killed, end this process in an orderly way, and by force a while later."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE_SECONDS)
        os._exit(1)


def _work(request: Request, root: Path) -> None:
    """Do one run, or the rest of it; end in an orderly way when told to."""
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
