"""Shell commands of documentation pages, run as a reader does: in order, in one shell, in a fresh clone."""

import argparse
import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from clients.ports.binaries import ROOT
from clients.ports.chain.process import free_port
from deploy import compiler

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PYTHON = ".venv/bin/python"
READY = "Ctrl-C ends it."
"""The last line of what runs until Ctrl-C, once others can use it."""

_COPIED = ("clients", "deploy", "contracts", "tools", "docs/examples")
_SHARED = (".venv", "node_modules", ".tools")
_SETTLED = 10**9  # before any set-up, so that make has none to do
_SAVED = re.compile(r"(?:# |Save this as `)([\w-]+\.(?:toml|py))\b")
_SERVES = re.compile(r"make devnet\b|-m deploy\.explorer\b")
_TYPED = {"CAST_PASSWORD": "secret", "FEDJURY_PASSPHRASE": "secret"}
"""What a reader types where a passphrase is asked for."""

_TOLD = re.compile(r"^(chain|store|gateway|genesis|federation|token|record) +(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """How a page's commands are run. `swaps` and `left` go by text that stands in a command or a file.

    swaps: what a test says instead; `{port}` and what `make devnet` tells, as `{store}`, are filled in.
    left: commands that aren't run, by how they begin, with the reason. Ours are parsed all the same.
    before: what the page takes for granted, as commands.
    """

    swaps: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()


@dataclass(frozen=True)
class Step:
    """A command of a page, or with a `name` the file that the reader saves."""

    text: str
    name: str = ""


def read_steps(page: str) -> list[Step]:
    """Return the commands and files of a page in order: each line of a `sh` block, continued ones as one.

    A file is a block whose first line, or the paragraph before it, names it.
    """
    steps = []
    for found in FENCE.finditer(page):
        kind, text = found[2], textwrap.dedent(found[3])
        said = page[: found.start()].rstrip().split("\n\n")
        saved = _SAVED.match(text) or _SAVED.search("\n\n".join(said[-2:]))
        if kind in ("toml", "py", "python") and saved:
            steps.append(Step(text, saved[1]))
        elif kind == "sh":
            lines = re.sub(r"\\\n\s*", "", text).splitlines()
            steps += [Step(line) for line in lines if shlex.split(line, comments=True)]
    return steps


def find_stale(page: Page, steps: Sequence[Step]) -> list[str]:
    """Return the entries of the table that fit nothing on the page any more."""
    commands = [step.text for step in steps if not step.name]
    return [text for text in page.left if not any(one.startswith(text) for one in commands)] + [
        text for text in page.swaps if not any(text in one.text for one in steps)
    ]


class _Parsed(Exception):
    """The command line was taken."""


def check(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our own program parse `command`, and go no further; other programs' are passed over."""
    words = shlex.split(command, comments=True)
    if words[0] != PYTHON:
        return
    assert words[1] == "-m", command
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self: argparse.ArgumentParser, *given: Sequence[str] | None) -> None:
        parse(self, *given)
        raise _Parsed

    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        patch.setattr("sys.argv", words[2:])
        with pytest.raises(_Parsed):
            runpy.run_module(words[2], run_name="__main__")


class Reader:
    """A reader in a fresh clone after `make setup`: one terminal for commands, another for what stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = {"port": str(free_port())}
        self._served: subprocess.Popen[str] | None = None
        self._stack = ExitStack()
        _clone(folder)

    def __enter__(self) -> Self:
        self._shell = self._start(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # The shell, and what it runs in the background, ignore Ctrl-C.
        self._stack.callback(self._end, self._shell, signal.SIGTERM)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._stop_serving()
        self._stack.close()

    def fill_in(self, text: str, swaps: Mapping[str, str]) -> str:
        """Return `text` as the test says it: swapped, and on a port of its own."""
        for old, new in swaps.items():
            text = text.replace(old, re.sub(r"\{(\w+)\}", lambda name: self._told.get(name[1], name[0]), new))
        text = text.replace("127.0.0.1:8545", f"127.0.0.1:{self._told['port']}")
        ported = f'make devnet ARGS="--port {self._told["port"]} '
        return re.sub(r'make devnet( ARGS="|(?=$))', lambda args: ported + ("" if args[1] else '"'), text)

    def save(self, name: str, text: str) -> None:
        """Save a file into the clone."""
        (self._folder / name).write_text(text)

    def run(self, command: str) -> None:
        """Run a command as the reader would; one that stays is left running once it is ready."""
        if _SERVES.search(command):
            self._serve(command)
            return
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        end = "-- that was it:"
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null 2>&1; printf '\\n%s %s\\n' '{end}' $?\n")
        self._shell.stdin.flush()
        said: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(end):
                # npm's wrapper of `cast` ends with status 0 whatever happens.
                failed = int(line.removeprefix(end)) or any(one.lower().startswith("error:") for one in said)
                assert not failed, f"{command}\n{''.join(said)}"
                return
            said.append(line)
        pytest.fail(f"the shell ended in {command}\n{''.join(said)}")

    def _serve(self, command: str) -> None:
        """Start what runs until Ctrl-C instead of what ran so, and note what it tells."""
        self._stop_serving()
        log = self._folder / "served.log"
        with log.open("w") as output:
            self._served = self._start(["bash", "-c", command], stdout=output, stderr=subprocess.STDOUT)
        while READY not in (said := log.read_text()):
            assert self._served.poll() is None, f"{command}\n{said}"
            time.sleep(0.1)
        self._told |= dict(_TOLD.findall(said))

    def _stop_serving(self) -> None:
        if self._served is not None:
            self._end(self._served, signal.SIGINT)
            self._served = None

    def _start(self, words: list[str], **streams: object) -> "subprocess.Popen[str]":
        # In a session of its own, all of which can be ended; and away from this test's own Python path.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | _TYPED
        started: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            words, cwd=self._folder, env=environment, text=True, start_new_session=True, **streams
        )
        return started

    @staticmethod
    def _end(process: "subprocess.Popen[str]", how: signal.Signals) -> None:
        """End a terminal with all that runs in it."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        process.wait()


def _clone(folder: Path) -> None:
    compiler.build()
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name)
    for one in ROOT.iterdir():
        if one.is_file() and one.name != ".git":
            shutil.copy2(one, folder)
    for name in _SHARED:
        (folder / name).symlink_to((ROOT / name).resolve())
    for one in _prerequisites(folder):
        os.utime(one, (_SETTLED, _SETTLED))
    shutil.copytree(ROOT / "build" / "solc", folder / "build" / "solc")


def _prerequisites(folder: Path) -> Iterator[Path]:
    yield from (one for one in folder.iterdir() if one.is_file())
    yield from (folder / "tools").iterdir()
