"""An IPFS node of our own: a Kubo process with its repository in a private folder."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from clients.ports import binaries
from clients.types.errors import UnavailableError

_STOP_S = 15.0
_POLL_S = 0.05
_LOG_TAIL_BYTES = 2_000
# Ends the node when this process ends, however that happens: our end of its pipe closes and `read` returns.
_REAPER = """
read -r _
kill "$0"
for _ in 1 2 3 4 5 6 7 8 9; do sleep 1; kill -0 "$0" || exit; done
kill -9 "$0"
"""


def find_kubo() -> Path | None:
    """Return the Kubo program, or None if it isn't installed."""
    return binaries.find("kubo")


class KuboNode:
    """A Kubo node that lives as long as its `with` block, and whose content outlives it.

    The folder holds the repository (`repo`), the node's log (`kubo.log`) and a lock against a second user. A
    folder from an earlier run, even a killed one, can be reused. The node listens on free ports of 127.0.0.1
    and, being `offline`, talks to no other node.
    """

    def __init__(
        self,
        folder: Path,
        *,
        binary: Path | None = None,
        offline: bool = True,
        start_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.folder = folder
        self.repo = folder / "repo"
        self.log = folder / "kubo.log"
        self._pid = folder / "pid"
        self._binary = binary
        self._offline = offline
        self._start_s = start_s
        self._clock = clock
        self._sleep = sleep
        self._log_start = 0
        self._address: str | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._stack = contextlib.ExitStack()

    @property
    def address(self) -> str:
        """The multiaddr of the running node's API."""
        if self._address is None:
            raise UnavailableError(f"the Kubo node in {self.folder} is not running")
        return self._address

    @property
    def gateway(self) -> str:
        """The URL of the running node's gateway, which it opens some time after its API."""
        deadline = self._clock() + self._start_s
        while self.running and self._clock() < deadline:
            with contextlib.suppress(OSError):
                if url := (self.repo / "gateway").read_text().strip():
                    return url
            self._sleep(_POLL_S)
        raise UnavailableError(f"the Kubo node in {self.folder} opened no gateway")

    @property
    def running(self) -> bool:
        """Return whether the node is running."""
        return self._node is not None and self._node.poll() is None

    def start(self) -> str:
        """Start the node and return its API's multiaddr once it answers.

        UnavailableError when there is no Kubo, the folder is in use, or the node does not come up.
        """
        binary = self._binary or find_kubo()
        if binary is None:
            raise UnavailableError(
                f"no Kubo (ipfs) on this machine: `{binaries.hint('kubo')}` builds it, or choose --store dir"
            )
        try:
            self._start(binary)
        except OSError as error:
            self.stop()
            raise UnavailableError(f"cannot run Kubo in {self.folder}: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self.address

    def stop(self) -> None:
        """End the node, by force if it takes too long. Stopping twice changes nothing."""
        self._address = self._node = None
        self._stack.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, binary: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock()
        log = self._stack.enter_context(self.log.open("ab"))
        self._log_start = log.tell()
        if not (self.repo / "config").exists():
            self._init(binary, log)
        self._end_orphan()
        command = [str(binary), "daemon", "--enable-gc", "--migrate=false"]
        if self._offline:
            command.append("--offline")
        # In its own session: we handle Ctrl-C, after storing what is in progress
        node = subprocess.Popen(
            command,
            env=self._environment(self.repo),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._node = node
        self._stack.callback(_end, node)
        self._pid.write_text(str(node.pid))
        reaper = subprocess.Popen(
            ["/bin/sh", "-c", _REAPER, str(node.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(_dismiss, reaper)
        self._address = self._await_api(node)

    def _lock(self) -> None:
        handle = self._stack.enter_context((self.folder / "lock").open("w"))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UnavailableError(
                f"the IPFS folder {self.folder} is in use by another running process: "
                "end that one, or choose another folder"
            ) from error

    def _init(self, binary: Path, log: IO[bytes]) -> None:
        fresh = self.folder / "repo.new"
        shutil.rmtree(fresh, ignore_errors=True)
        done = subprocess.run(
            [str(binary), "init", "--profile=test", "--empty-repo"],
            env=self._environment(fresh),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=self._start_s,
        )
        if done.returncode:
            raise UnavailableError(f"`ipfs init` failed in {self.folder}:\n{self._tail()}")
        fresh.replace(self.repo)  # under its name only when whole

    def _environment(self, repo: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | {"IPFS_PATH": str(repo), "IPFS_TELEMETRY": "off"}

    def _end_orphan(self) -> None:
        """End a node that outlived its killed owner. The lock shows that no living process owns it."""
        api = self.repo / "api"
        deadline = self._clock() + _STOP_S
        # By signal: if told by its API, a node that collects garbage closes everything but never ends.
        # Only while the node answers, the process id is certainly still its own.
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid.read_text())
            if _answers(api.read_text()):
                os.kill(pid, signal.SIGTERM)
                while (self.repo / "repo.lock").exists():
                    os.kill(pid, signal.SIGKILL if self._clock() > deadline else 0)  # OSError once it is gone
                    self._sleep(_POLL_S)
        # A stale address would be taken for the new node's
        api.unlink(missing_ok=True)
        (self.repo / "gateway").unlink(missing_ok=True)

    def _await_api(self, node: subprocess.Popen[bytes]) -> str:
        deadline = self._clock() + self._start_s
        while self._clock() < deadline:
            if node.poll() is not None:
                raise UnavailableError(
                    f"Kubo ended with status {node.returncode} in {self.folder}:\n{self._tail()}"
                )
            with contextlib.suppress(OSError, ValueError):
                address = (self.repo / "api").read_text().strip()
                if _answers(address):
                    return address
            self._sleep(_POLL_S)
        raise UnavailableError(
            f"Kubo in {self.folder} did not answer within {self._start_s:g} s:\n{self._tail()}"
        )

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            said = self.log.read_bytes()[self._log_start :]
            return said[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
        return "(no log)"


def _answers(address: str) -> bool:
    """Return whether the API at `/ip4/HOST/tcp/PORT` answers. OSError if it is not there."""
    _, _, host, _, port = address.strip().split("/")
    request = urllib.request.Request(f"http://{host}:{port}/api/v0/version", method="POST")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=_STOP_S) as answer:
        answer.read()
        return bool(answer.status == 200)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _dismiss(reaper: subprocess.Popen[bytes]) -> None:
    reaper.kill()
    if reaper.stdin:
        reaper.stdin.close()
    reaper.wait()
