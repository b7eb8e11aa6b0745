"""How every command handles errors and Ctrl-C: one sentence, no secret, and the documented exit status.

Neither the work nor the status depends on whether output can be written (`clients.ports.streams`).
"""

import argparse
import re
import sys
from collections.abc import Callable
from typing import NoReturn

import clients
from clients.ports.hiding import SHOWN, hidden
from clients.ports.streams import steady_streams
from clients.types.errors import FedJuryError, ProtocolError

_URL = re.compile(r"(?<=://)\S+")


class Once(argparse.Action):
    """An option that is refused if it is given twice, so that nobody takes its first value for the one that
    counts."""

    _given = ""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Take the value; end with status 2 if there is one already."""
        if self._given:
            parser.error(f"{option_string} is given twice, {self._given} and {values}: leave one out")
        self._given = str(values)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A command-line parser whose errors quote no URL, since a URL may hold a key."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with status 2."""
        super().error(_URL.sub(SHOWN, message))


def guard(run: Callable[[], int], on_interrupt: Callable[[], str] = lambda: "Stopped.") -> int:
    """Return `run()`'s exit status, or that of the error that ended it, after printing the error on stderr.

    `run` parses the command line too, so the parser's output is handled like any other.
    """
    with steady_streams():
        try:
            clients.await_interrupts()
            return run()
        except KeyboardInterrupt:
            print(f"\n{on_interrupt()}", file=sys.stderr)
            return clients.INTERRUPTED
        except ProtocolError as error:
            _tell(f"the protocol refused an action: {error}")
            return error.exit_code
        except FedJuryError as error:
            _tell(str(error))
            return error.exit_code
        except MemoryError:
            print("error: there is no memory left. Free some, or ask for less.", file=sys.stderr)
            return 3
        except OSError as error:
            _tell(f"{error.filename or 'the system'}: {error.strerror or error}.")
            return 3


def _tell(error: str) -> None:
    print(f"error: {hidden(error)}", file=sys.stderr)
