"""Reads the settings that members agreed on besides the terms from their shared file, for the record."""

import argparse
from pathlib import Path
from typing import Any

from clients.engine.config import get_personal
from clients.ports.files import load_toml
from clients.types.errors import RequestError
from clients.types.learning import Learning
from clients.types.settings import make


def add_learning(parser: argparse.ArgumentParser) -> None:
    """Add the option that puts the settings into the record."""
    parser.add_argument(
        "--learning",
        type=Path,
        metavar="FILE",
        help="what members agreed on, for the record: a file that `python -m clients.genesis` wrote",
    )


def read_learning(given: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that members agreed on, or none if no file is given.

    Raises `RequestError` if the file lacks a setting, or holds one that is no setting of a participant.
    """
    if given.learning is None:
        return {}
    table = load_toml("learning file", given.learning)
    personal = get_personal()  # a member's own file is accepted too: it also holds these settings
    try:
        agreed = make(Learning, {name: value for name, value in table.items() if name not in personal})
    except RequestError as error:
        raise RequestError(f"{given.learning}: {error}") from None
    agreed.require_whole(str(given.learning))
    return agreed.agreement()
