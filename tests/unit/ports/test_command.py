"""What a command does, and its exit status, don't hang on what becomes of its output."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any, TextIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import INTERRUPTED
from clients.ports.command import guard
from clients.ports.streams import Steady, steady_streams
from clients.types.errors import UnavailableError
from tests.unit.test_start import COMMANDS

ROOT = Path(__file__).parents[3]

LOST = "warning: stdout can't be written, so output is lost: "
# Prints much, has a child print, does its work, prints again and ends as it is asked to.
COMMAND = """
import logging, subprocess, sys
from pathlib import Path
from clients.ports.command import Parser, guard
from clients.types.errors import RequestError, UnavailableError

def run():
    parser = Parser(prog="it", description="A bänk. " * 2000)
    parser.add_argument("end", choices=["done", "found", "wrong", "missing", "memory", "system", "stopped"])
    parser.add_argument("work", type=Path)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    print("Zwölf Boxkämpfer – 12\\n" * 4000, end="", flush=True)
    print("on stderr, ein Bär", file=sys.stderr, flush=True)
    logging.info("logged, ein Bär")
    with given.work.open("x") as work:
        subprocess.run(["sh", "-c", "echo a child && echo its trouble >&2"], check=True)
        work.write("kept")
    print("…", "after")
    match given.end:
        case "wrong": raise RequestError("wrong – altogether")
        case "missing": raise UnavailableError("missing – altogether")
        case "memory": raise MemoryError
        case "system": raise OSError(2, "no such thing", "file")
        case "stopped": raise KeyboardInterrupt
    return 0 if given.end == "done" else 4

sys.exit(guard(run))
"""
STATUS = {
    "done": 0, "found": 4, "wrong": 2, "missing": 3, "memory": 3, "system": 3, "stopped": 130, "--help": 0,
    "unheard-of": 2,
}  # fmt: skip
NEVER_BEGUN = ("--help", "unheard-of")
OUTLETS = {
    "ascii": ("ascii", ">out 2>err"),
    "a full disk": ("utf-8", ">/dev/full 2>err"),
    "a full disk for both": ("utf-8", ">/dev/full 2>&1"),
    "a reader that is gone": ("utf-8", "2>err"),
    "a reader of both that is gone": ("utf-8", "2>&1"),
    "no stdout": ("utf-8", ">&- 2>err"),
    "no stderr": ("utf-8", ">out 2>&-"),
    "neither": ("ascii", ">&- 2>&-"),
    "nothing at all": ("utf-8", "<&- >&- 2>&-"),
}


def start(folder: Path, end: str, encoding: str, redirected: str, gone: int) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    (folder / "it.py").write_text(COMMAND, "utf-8")
    line = f'exec "$0" it.py "$1" work {redirected}'
    # A locale of C and no UTF-8 mode, so that nothing but the encoding named says what can be written.
    env = {
        **os.environ,
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": encoding,
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(["sh", "-c", line, sys.executable, end], cwd=folder, env=env, stdout=gone)


@pytest.mark.parametrize("outlet", OUTLETS)
def test_work_and_exit_status_are_the_same_whatever_becomes_of_the_output(
    outlet: str, tmp_path: Path
) -> None:
    encoding, redirected = OUTLETS[outlet]
    reader, gone = os.pipe()
    os.close(reader)
    with ExitStack() as stack:
        stack.callback(os.close, gone)
        running = {
            end: stack.enter_context(start(tmp_path / end, end, encoding, redirected, gone)) for end in STATUS
        }
        found = {end: one.wait() for end, one in running.items()}
    assert found == STATUS
    for end in STATUS:
        folder = tmp_path / end
        if end not in NEVER_BEGUN:
            assert (folder / "work").read_text() == "kept"
        said = {
            name: (folder / name).read_text(encoding) for name in ("out", "err") if f">{name}" in redirected
        }
        if "err" in said:
            assert "Traceback" not in said["err"]
            assert "Exception ignored" not in said["err"]
            wrote = end != "unheard-of"  # that is told on stderr
            assert said["err"].count(LOST) == (wrote and outlet in ("a full disk", "a reader that is gone"))
        if "out" in said and end not in NEVER_BEGUN:
            assert said["out"].count("Zw?lf Boxk?mpfer ? 12" if encoding == "ascii" else "Zwölf") == 4000
            assert said["out"].endswith("after\n")
        if "err" in said and end in ("wrong", "missing"):
            dash = "\\u2013" if encoding == "ascii" else "–"
            assert said["err"].endswith(f"error: {end} {dash} altogether\n")


class Failing(StringIO):
    """A stream whose operations fail from the `at`-th on."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def attempt(self, act: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")
        return act()

    def write(self, text: str, /) -> int:
        return int(self.attempt(lambda: super(Failing, self).write(text)))

    def flush(self) -> None:
        self.attempt(super().flush)


@given(st.lists(st.sampled_from(["write", "writelines", "flush"]), max_size=8), st.integers(0, 10))
def test_a_steady_stream_never_fails_and_tells_once(acts: list[str], at: int) -> None:
    told: list[OSError] = []
    stream = Failing(at)
    steady = Steady(cast(TextIO, stream), told.append)
    for act in acts:
        if act == "write":
            assert steady.write("ä–") == 2
        elif act == "writelines":
            steady.writelines(["ä", "–"])
        else:
            steady.flush()
    operations = sum(2 if act == "writelines" else 1 for act in acts)
    assert len(told) == (operations > at)


def test_streams_are_what_they_were_once_the_command_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with steady_streams():
        assert (sys.stdout, sys.stderr) != before
        assert not sys.stdout.isatty()
    assert (sys.stdout, sys.stderr) == before
    with pytest.raises(ZeroDivisionError):
        guard(lambda: 1 // 0)
    assert (sys.stdout, sys.stderr) == before

    def fail() -> int:
        print("some", end="")
        raise UnavailableError("nothing there")

    assert guard(fail) == 3
    assert capsys.readouterr() == ("some", "error: nothing there\n")


def test_an_error_of_the_system_without_a_number_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise OSError("odd things")

    assert guard(fail) == 3
    assert capsys.readouterr().err == "error: the system: odd things.\n"


def interrupt(words: list[str], path: str, folder: Path) -> tuple[bytes, bytes]:
    """Interrupt a command once it says "here"; return what it still says on stdout and stderr."""
    env = {**os.environ, "PYTHONPATH": path}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=folder, env=env, stdout=pipe, stderr=pipe) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        try:
            assert running.stdout.readline() == b"here\n"
            running.send_signal(signal.SIGINT)
            assert running.wait(30) == INTERRUPTED
            return running.stdout.read(), running.stderr.read()
        finally:
            running.kill()


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_ends_a_command_that_still_imports_in_silence(command: str, tmp_path: Path) -> None:
    """All of them import argparse: this one takes for ever."""
    (tmp_path / "argparse.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    words = [sys.executable, "-m", command, "--help"]
    assert interrupt(words, f"{tmp_path}:{ROOT}", ROOT) == (b"", b"")


def test_ctrl_c_is_told_once_the_command_has_begun(tmp_path: Path) -> None:
    """Also where its modules were imported by `python -m`."""
    (tmp_path / "it.py").write_text(
        "import sys, time\nfrom clients.ports.command import guard\n"
        "def run():\n    print('here', flush=True)\n    time.sleep(60)\n"
        "sys.exit(guard(run, lambda: 'Stopped here.'))\n"
    )
    start = "import sys; sys.argv[0] = '-m'; import clients; import runpy; runpy.run_path('it.py')"
    _, told = interrupt([sys.executable, "-c", start], str(ROOT), tmp_path)
    assert told == b"\nStopped here.\n"
