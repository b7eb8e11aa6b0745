"""Keeps runs: each in a folder named by the digest of its settings; never mixes versions."""

import ast
import hashlib
import importlib
import json
import platform
import shutil
from functools import cache
from importlib import metadata
from pathlib import Path

from clients.experiments.plan import Request
from clients.experiments.runners import RUNNERS
from clients.experiments.strict import Table
from clients.ports.files import write_whole
from clients.types.errors import RequestError

STAMP, DONE = "experiment.json", "record.json"
MATTERS = ("types", "protocol", "roles", "learning", "mechanisms", "engine", "economics")
"""The packages whose code decides a run's lines.

`ports` is not among them: chains and stores only carry what the others decide. Lines are the same over any of
them, which tests check, except for gas and bytes.
"""
NUMBERS = ("runners.py", "runs_of_*.py", "records_of_*.py", "samples.py")
"""The modules of the experiments that make a run's numbers. Plans are in a run's settings; tables, claims and
pictures follow from its record.
"""
BUNDLED = (
    "digits",
    "clients.experiments.samples:breast_cancer",
    "clients.experiments.samples:wine",
    "clients.experiments.samples:digits_below_7",
    "clients.experiments.samples:digits_above_1",
)
"""Data sets that come with scikit-learn."""
LOOKS = ("display.py", "figures.py")
"""Modules of the packages in `MATTERS` that only show results."""


@cache
def versions() -> dict[str, str]:
    """Return the versions that lines depend on besides the settings: Python, torch, numpy, and a digest of
    the code."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "python": python,
        "torch": metadata.version("torch"),
        "numpy": metadata.version("numpy"),
        "code": fingerprint(Path(importlib.import_module("clients").__path__[0])),
    }


def versions_for(settings: Table) -> dict[str, str]:
    """Return `versions`, with scikit-learn's if a run of these settings uses its data."""
    if settings.get("dataset") not in BUNDLED:
        return versions()
    return {**versions(), "scikit-learn": metadata.version("scikit-learn")}


def fingerprint(root: Path) -> str:
    """Return a digest of the code that matters under `root`, ignoring comments, docstrings and formatting."""
    digest = hashlib.sha256()
    paths = [path for package in MATTERS for path in sorted((root / package).rglob("*.py"))]
    paths += sorted(path for name in NUMBERS for path in (root / "experiments").glob(name))
    for path in paths:
        if path.name in LOOKS:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            _drop_docstring(node)
        digest.update(f"{path.relative_to(root).as_posix()}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:12]


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    node.body = [
        part
        for part in node.body
        if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
    ]


def compare(here: Table, there: Table) -> str:
    """Return in words what differs, such as `torch 2.14.0 there, 2.15.0 here`; empty if nothing does."""
    names = [name for name in here | there if here.get(name) != there.get(name)]
    return "; ".join(
        f"{name} {there.get(name, 'unknown')} there, {here.get(name, 'unknown')} here" for name in names
    )


class Archive:
    """The runs under `root`, which may be shared by all experiments."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, request: Request) -> Path:
        """Return where the run is kept."""
        return self.root / request.digest

    def is_done(self, request: Request) -> bool:
        """Return whether the run is complete, made by these versions; `RequestError` if others made it."""
        self.check(request)
        return (self.folder(request) / DONE).exists()

    def check(self, request: Request) -> None:
        """Raise `RequestError` if other versions or settings left something where this run belongs."""
        path = self.folder(request) / STAMP
        if not path.exists():
            return
        stamp = _load(path)
        differs = compare(versions_for(request.settings), stamp.get("versions", {}))
        if stamp.get("settings") != request.settings or stamp.get("runner") != request.runner:
            differs = "its settings, which its name doesn't belong to"
        if differs:
            raise RequestError(
                f"{path.parent} holds a run of another version ({differs}). Results of both aren't mixed: "
                "run with --replace to repeat such runs, or with --runs elsewhere to keep them."
            )

    def begin(self, request: Request) -> Path:
        """Return the run's folder, stamped with versions and settings; an unfinished run in it is resumed."""
        self.check(request)
        folder = self.folder(request)
        if not (folder / STAMP).exists():
            stamp = {
                "runner": request.runner,
                "settings": request.settings,
                "versions": versions_for(request.settings),
            }
            write_whole(folder / STAMP, json.dumps(stamp, indent=1) + "\n")
        return folder

    def end(self, request: Request) -> None:
        """Mark the run as complete, with its record; delete what only resuming needs."""
        folder = self.folder(request)
        record = RUNNERS[request.runner].read(request.settings, folder)
        write_whole(folder / DONE, json.dumps(record, separators=(",", ":")) + "\n")
        for journal in folder.glob("*/journal"):
            shutil.rmtree(journal, ignore_errors=True)

    def record(self, request: Request) -> Table:
        """Return the record of a complete run, with the versions that made it."""
        self.check(request)
        folder = self.folder(request)
        stamp = _load(folder / STAMP)
        return {**_load(folder / DONE), "versions": stamp["versions"]}

    def forget_others(self, request: Request) -> None:
        """Remove what other versions left where this run belongs."""
        try:
            self.check(request)
        except RequestError:
            shutil.rmtree(self.folder(request))


def _load(path: Path) -> Table:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path} is damaged ({error}): remove {path.parent} and run again.") from error
    if not isinstance(found, dict):
        raise RequestError(f"{path} is damaged: remove {path.parent} and run again.")
    return found
