"""The record of a run that is one file of JSON in the run's folder."""

import json
from collections.abc import Callable
from pathlib import Path

from clients.experiments.strict import Table
from clients.ports.files import write_whole


def keep(path: Path, record: Table) -> None:
    """Write a run's record."""
    write_whole(path, json.dumps(record) + "\n")


def read_from(name: str) -> Callable[[Table, Path], Table]:
    """Return what reads the record that a run left in its folder under `name`, whatever its settings."""

    def read(settings: Table, folder: Path) -> Table:
        record: Table = json.loads((folder / name).read_text())
        return record

    return read
