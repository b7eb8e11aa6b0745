"""A server process of our own: started, watched, and ended when this process ends, however that happens."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clients.types.errors import UnavailableError

_STOP_S = 5.0
_POLL_S = 0.05
_LOG_TAIL = 2_000
# `read` returns when our end of its pipe closes, even when we are killed outright.
_REAPER = 'read -r _; kill -TERM "-$0" 2>/dev/null; sleep 2; kill -KILL "-$0" 2>/dev/null'


class Server:
    """A command that runs in a process group of its own, its output in `log`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        with contextlib.ExitStack() as undo:
            try:
                log.parent.mkdir(parents=True, exist_ok=True)
                output = undo.enter_context(log.open("wb"))
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is ours to handle first
                )
            except OSError as error:
                raise UnavailableError(f"can't start {name}: {error}.") from None
            undo.callback(self._kill)
            self._reaper = subprocess.Popen(
                ["/bin/sh", "-c", _REAPER, str(self._process.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            undo.pop_all()
            output.close()

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until `ready`. UnavailableError, with the end of its log, if it ends or takes too long."""
        deadline = time.monotonic() + timeout
        while not ready():
            status = self._process.poll()
            if status is not None:
                raise UnavailableError(f"{self.name} ended at once, with status {status}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise UnavailableError(f"{self.name} did not answer within {timeout:g} s:\n{self.tail()}")
            time.sleep(_POLL_S)

    @property
    def running(self) -> bool:
        """Return whether the process is running."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def tail(self) -> str:
        """Return the end of the log."""
        with contextlib.suppress(OSError):
            return self._log.read_bytes()[-_LOG_TAIL:].decode(errors="replace").strip()
        return "(no log)"

    def stop(self) -> None:
        """End the process and wait for it, by force if it takes too long. Stopping twice changes nothing."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self._kill()
        if self._reaper.poll() is None:
            self._reaper.kill()
        if self._reaper.stdin:
            self._reaper.stdin.close()
        self._reaper.wait()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)  # the group, so that none of its children survives
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
