"""stdout and stderr that never fail: a command's work doesn't depend on whether its output can be written."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class Steady:
    """A text stream whose `write` and `flush` raise no OSError.

    At the first error the file descriptor is redirected to the null device, so that neither the interpreter's
    final flush nor a child process fails again. `tell` gets the error, once.
    """

    def __init__(self, stream: TextIO, tell: Callable[[OSError], None]) -> None:
        self._stream = stream
        self._tell = tell
        self._lost = False

    def write(self, text: str) -> int:
        """Write `text`, or drop it; return its length."""
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write `lines`, or drop them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush what was written, or drop it."""
        with self._dropping():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with suppress(OSError):  # a stream of no file has no descriptor
                _turn_to_null(self._stream.fileno())
            if not self._lost:
                self._lost = True
                self._tell(error)


@contextmanager
def steady_streams() -> Iterator[None]:
    """Let no printing in the `with` block fail, whatever stdout and stderr are, even if they are closed.

    A character that stdout's encoding lacks is replaced; for stderr Python does so itself. A line on stderr,
    if there is one, says that output is lost.
    """
    _open_missing()
    out, err = sys.stdout, sys.stderr
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")
    sys.stdout, sys.stderr = cast(TextIO, Steady(out, _tell_lost)), cast(TextIO, Steady(err, _say_nothing))
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = out, err


def _open_missing() -> None:
    """Open the null device in place of every standard stream that was closed before the start.

    Otherwise the next file to be opened would get its number, and child processes would print into that file.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _turn_to_null(number)
    # Not only for the `with` block: log handlers keep the streams that they were given.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout, sys.stderr = sys.stdout or _open_null(), sys.stderr or _open_null()


def _open_null() -> TextIO:
    """Return a stream that discards all text."""
    return open(os.devnull, "w", encoding="utf-8", errors="replace")


def _turn_to_null(number: int) -> None:
    """Redirect the file descriptor `number` to the null device; child processes inherit that."""
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(number, True)
        return
    os.dup2(null, number)
    os.close(null)


def _tell_lost(error: OSError) -> None:
    print(
        f"warning: stdout can't be written, so output is lost: {error.strerror or error}. "
        "The exit status is right all the same.",
        file=sys.stderr,
    )


def _say_nothing(error: OSError) -> None:
    """Drop the error: there is no stream left to report it."""
