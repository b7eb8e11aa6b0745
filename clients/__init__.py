"""FedJury's clients: the executable specification, the roles, the learning and the commands."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def await_interrupts() -> None:
    """Let Ctrl-C raise KeyboardInterrupt from now on: somebody is there to tell what became of the work."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


# `python -m clients.swarm` runs this first, with "-m" in the place of the command's name; imports that take
# seconds follow. Until the command awaits Ctrl-C (`clients.ports.command.guard`), there is nothing to save.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
