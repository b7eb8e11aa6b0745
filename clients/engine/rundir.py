"""A run's folder: never overwrites another run's results, and finds an interrupted run again."""

import json
import platform
import shutil
import subprocess
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from clients.engine.config import VERSIONS, SwarmConfig, build, read_toml
from clients.engine.results import RoundLine, from_json, to_json
from clients.mechanisms import SETTINGS
from clients.ports.files import LineFile, write_whole
from clients.ports.urls import beside, holds_secret
from clients.types.errors import RequestError, UnavailableError
from clients.types.mechanisms import DEFAULT
from clients.types.parsing import parse_json
from clients.types.terms import PAPER

CONFIG, ROUNDS, SUMMARY, DEPLOYMENT = "config.toml", "rounds.jsonl", "summary.json", "deployment.json"
URLS = {"chain": "journal/chain-url", "store": "journal/store-url"}
VERSIONED = ("torch", "numpy", "web3", "safetensors")


class RunFolder:
    """The files of one run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / "journal"
        self.figures = root / "figures"
        self._lines = LineFile(root / ROUNDS)

    @classmethod
    def create(cls, config: SwarmConfig) -> "RunFolder":
        """Make the folder `config.out` names, or a new one under `runs/`; never one with a run in it."""
        if "\0" in config.out:
            raise RequestError("out: a folder's name can't contain NUL.")
        root = Path(config.out) if config.out else _next_free(config)
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            unstarted = root.is_dir() and not (root / CONFIG).exists()
            other = (
                "or empty it: it holds no run that could be resumed"
                if unstarted
                else f"or resume the run in it with --resume {root}"
            )
            raise RequestError(f"{root} is not an empty folder: choose another --out, {other}.")
        folder = cls(root)
        try:
            folder.journal.mkdir(parents=True)
        except OSError as error:
            raise UnavailableError(f"{root} can't be made: {error.strerror}.") from error
        return folder

    @classmethod
    def reopen(cls, root: Path) -> tuple["RunFolder", SwarmConfig]:
        """Return the interrupted run in `root` and its settings; `RequestError` if there is none."""
        path = root / CONFIG
        if not path.exists():
            raise RequestError(
                f"{root} holds no run to resume: there is no {CONFIG} in it, which a run writes before its "
                "first round. Start the run anew."
            )
        settings = read_toml(path)
        mechanism = settings.get("mechanism", DEFAULT)
        if not isinstance(mechanism, str) or mechanism not in SETTINGS:
            raise RequestError(
                f"the run in {root} is of the mechanism {mechanism!r}, which isn't known here. Go on with it "
                f"by the program that registers it: python MY_MECHANISM.py --resume {root}"
            )
        # A run that doesn't say began when there were no rules but the papers'.
        return cls(root), build({"rules": PAPER, VERSIONS: {}, **settings})

    def discard_unstarted(self) -> None:
        """Remove the folder of a run that ended before it wrote its settings: nothing in it is useful."""
        if not (self.root / CONFIG).exists():
            shutil.rmtree(self.root, ignore_errors=True)

    def save_config(self, config: SwarmConfig) -> None:
        """Write the resolved settings and the versions that the run uses; a resumed run keeps its own.

        Others may read the results, and the URL of a chain or a store may hold a key. So a URL with more than
        host and port goes into a file that only its owner can read, and the settings name that file.
        """
        if (self.root / CONFIG).exists():
            return
        chain, store = (self._tuck_away(getattr(config, name), where) for name, where in URLS.items())
        replace(config, chain=chain, store=store).dump(self.root / CONFIG, versions())

    def _tuck_away(self, given: str, where: str) -> str:
        """Return what the settings file may say about the chain or store that was `given`."""
        given = beside(given, Path.cwd())
        if not holds_secret(given):
            return given
        write_whole(self.root / where, given + "\n", mode=0o600)
        return f"file:{where}"

    def save_deployment(self, deployment: dict[str, Any]) -> None:
        """Write where the federation is deployed."""
        write_whole(self.root / DEPLOYMENT, json.dumps(deployment, indent=2) + "\n")

    def deployment(self) -> dict[str, Any] | None:
        """Return what `save_deployment` wrote, if anything."""
        path = self.root / DEPLOYMENT
        if not path.exists():
            return None
        try:
            found: dict[str, Any] = parse_json(path.read_bytes())
        except ValueError as error:
            raise RequestError(f"{path} is damaged: {error}.") from error
        return found

    def append(self, line: RoundLine) -> None:
        """Write a settled round's line, durably."""
        self._lines.append(to_json(line))

    def lines(self) -> list[RoundLine]:
        """Return the lines written so far."""
        return [from_json(record, self._lines.path) for record in self._lines.read()]

    def save_summary(self, summary: dict[str, Any]) -> None:
        """Write the summary."""
        write_whole(self.root / SUMMARY, json.dumps(summary, indent=2) + "\n")


def versions() -> dict[str, str]:
    """Return the versions that the results depend on besides the settings."""
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    found["commit"] = _commit()
    return found


def _commit() -> str:
    here = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def _next_free(config: SwarmConfig) -> Path:
    stem = f"{config.mechanism}-{Path(config.dataset).stem.replace(':', '.')}-seed{config.seed}"
    for number in range(1, 1_000_000):
        root = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        if not root.exists():
            return root
    raise RequestError("runs/ is full: name a folder with --out.")
