"""The meaning, unit and default of each of a federation's terms.

A record of terms (`clients.types.federation`) gives them once, at its fields. Settings of swarms and options
of deployments take them from there. `deploy.terms` reads and writes each unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any


class Unit(Enum):
    """The form in which people write a term."""

    COUNT = "a whole number"
    TOKENS = "in tokens"
    BPS = "in hundredths of a percent"
    SECONDS = "in seconds"
    TIME = "in seconds since 1970 or as a date and time"
    FLAG = "true or false"
    ADDRESS = "an address"
    ADDRESSES = "addresses"
    TEXT = "a text"
    ELECTION = "an election's name"


BPS = 10_000
"""Hundredths of a percent in a whole."""
_MEASURES = (Unit.TOKENS, Unit.BPS, Unit.SECONDS, Unit.TIME)


@dataclass(frozen=True, slots=True)
class Term:
    """A term: its meaning, and its default as people write it, or None if the term must be given."""

    help: str
    default: Any
    unit: Unit = Unit.COUNT
    spellings: tuple[str, ...] = ()
    """Other names by which files and command lines may call it."""

    @property
    def told(self) -> str:
        """Return the help, with the unit if there is one."""
        return f"{self.help}, {self.unit.value}" if self.unit in _MEASURES else self.help


def term(
    default: Any, text: str, unit: Unit = Unit.COUNT, spellings: tuple[str, ...] = ()
) -> Mapping[str, Term]:
    """Return the metadata of a term's field. The field itself has no default: terms are given whole."""
    return {"term": Term(text, default, unit, spellings)}


def get_terms(record: type[Any]) -> dict[str, Term]:
    """Return the terms in a record by their names: all but token, beacon, genesis and schedule."""
    return {item.name: item.metadata["term"] for item in fields(record) if "term" in item.metadata}
