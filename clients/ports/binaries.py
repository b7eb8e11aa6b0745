"""Finds external programs: nodes, compilers, browsers."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clients.types.errors import unknown_name

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class _Program:
    """A program's names on PATH, and how a user gets it."""

    names: tuple[str, ...]
    hint: str


_PROGRAMS = {
    "anvil": _Program(("anvil",), "make setup"),
    "cast": _Program(("cast",), "make setup"),
    "forge": _Program(("forge",), "make setup"),
    "hardhat": _Program(("hardhat",), "make setup"),
    "node": _Program(("node",), "make setup"),
    "solhint": _Program(("solhint",), "make setup"),
    "kubo": _Program(("ipfs",), "make ipfs"),
    "geth": _Program(("geth",), "make geth"),
    "echidna": _Program(("echidna",), "make setup"),
    "halmos": _Program(("halmos",), "make analysis"),
    "slither": _Program(("slither",), "make analysis"),
    "chromium": _Program(
        ("chromium", "chromium-browser", "google-chrome", "chrome"),
        "make chromium, or your system's packages",
    ),
}


def hint(name: str) -> str:
    """Return how a user gets this program: a command, or a sentence."""
    return _program(name).hint


def find(name: str) -> Path | None:
    """Return the program with this name, or None if it isn't installed.

    The project's own come first, since they are the tested versions: `node_modules`, then `.tools`, then
    PATH. If npm wraps a native program in a script, the native one is returned: it starts faster, and signals
    reach it.

    Raises:
        RequestError: an unknown name.
    """
    program = _program(name)
    for one in program.names:
        for path in _candidates(one):
            if path.is_file() and os.access(path, os.X_OK):
                return path
    return None


def _program(name: str) -> _Program:
    if name not in _PROGRAMS:
        raise unknown_name("program", name, _PROGRAMS)
    return _PROGRAMS[name]


def _candidates(name: str) -> Iterator[Path]:
    modules = ROOT / "node_modules"
    yield from sorted((modules / "@foundry-rs").glob(f"{name}-*/bin/{name}"))
    yield modules / ".bin" / name
    yield ROOT / ".tools" / "bin" / name
    yield ROOT / ".tools" / "analysis" / "bin" / name
    if found := shutil.which(name):
        yield Path(found)


def node_environment() -> dict[str, str]:
    """Return the environment for Node programs: this process's, with Hardhat's Node first on PATH."""
    environment = dict(os.environ)
    if node := find("node"):
        environment["PATH"] = f"{node.parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment
