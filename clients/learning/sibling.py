"""`python -m clients.learning.sibling`: a process that trains and tests for its parent process.

It reads requests on stdin and writes one answer each to stdout (`clients.learning.frames`). The first request
is the recipe of data and model. The process ends when stdin does: the parent closed it, or was killed.
"""

import os
import queue
import signal
import threading
from typing import Any, BinaryIO, NoReturn

from clients.learning.frames import Garbled, read_frame, write_frame

Requests = queue.SimpleQueue[tuple[dict[str, Any], bytes]]


def main() -> NoReturn:
    """Answer requests; `_listen` ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    requests, answers = _take_pipes()
    waiting: Requests = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    bench = None
    while True:
        request, body = waiting.get()
        try:
            # Torch takes seconds to load. `_listen` runs by now, and notices if the parent ends meanwhile.
            from clients.learning.threads import use_threads
            from clients.learning.wire import Bench

            use_threads(request["threads"])
            if bench is None:
                here = _build(request["recipe"])
                bench = Bench(here)
                answer: tuple[dict[str, Any], bytes] = {"identity": here.identity()}, b""
            else:
                answer = bench.do(request, body)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}, b""
        write_frame(answers, *answer)


def _build(recipe: dict[str, Any]) -> Any:
    import torch

    from clients.learning import datasets
    from clients.learning.here import Here
    from clients.learning.recipe import prepare
    from clients.types.learning import Recipe
    from clients.types.settings import make

    read = make(Recipe, recipe)
    dataset = datasets.load(read.dataset, read.form)
    return Here(dataset, *prepare(read, dataset), torch.device("cpu"))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return stdin and stdout for messages alone: output of a data set's or model's own code is dropped."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    return pipes


def _listen(stream: BinaryIO, waiting: Requests) -> None:
    """Pass requests on; when no more can come, end the process, even in the middle of its work."""
    try:
        while True:
            waiting.put(read_frame(stream))
    except (EOFError, Garbled, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
