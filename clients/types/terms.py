"""The meaning, unit and defaults of each of a federation's terms.

A record of terms (`clients.types.federation`) gives them once, at its fields. Settings of swarms and options
of deployments take them from there. `deploy.terms` reads and writes each unit.

Every mechanism has two sets of rules: `paper`, as published, which the papers' figures use, and `hardened`,
the default, under which known ways to cheat lose. Where terms can make the difference, they are the same
contract with other terms: a term whose default differs says so at its field, with the reason, and so does a
phase that the papers lack (`Schedule`). Elsewhere they are two contracts
(`clients.types.mechanisms.resolve`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, TypeAlias

RuleSet: TypeAlias = str
"""The name of a set of rules, one of `RULES`."""
HARDENED: RuleSet = "hardened"
PAPER: RuleSet = "paper"
RULES = (HARDENED, PAPER)
DEFAULT_RULES = HARDENED


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
class Paper:
    """A term's default under the papers' rules, as people write it, or None if it must be given there; and
    why the hardened rules have another."""

    default: Any
    why: str


@dataclass(frozen=True, slots=True)
class Term:
    """A term: its meaning, and its default as people write it, or None if the term must be given.

    `paper`: its default under the papers' rules if that is another.
    """

    help: str
    default: Any
    unit: Unit = Unit.COUNT
    spellings: tuple[str, ...] = ()
    """Other names by which files and command lines may call it."""
    paper: Paper | None = None

    @property
    def told(self) -> str:
        """Return the help, with the unit if there is one."""
        return f"{self.help}, {self.unit.value}" if self.unit in _MEASURES else self.help

    def get_default(self, rules: RuleSet) -> Any:
        """Return the default under a set of rules, as people write it; None if the term must be given."""
        return self.paper.default if self.paper is not None and rules == PAPER else self.default


def term(
    default: Any,
    text: str,
    unit: Unit = Unit.COUNT,
    spellings: tuple[str, ...] = (),
    *,
    paper: Paper | None = None,
) -> Mapping[str, Term]:
    """Return the metadata of a term's field. The field itself has no default: terms are given whole."""
    return {"term": Term(text, default, unit, spellings, paper)}


def get_terms(record: type[Any]) -> dict[str, Term]:
    """Return the terms in a record by their names: all but token, beacon, genesis and schedule."""
    return {item.name: item.metadata["term"] for item in fields(record) if "term" in item.metadata}


def get_defaults(record: type[Any], rules: RuleSet) -> dict[str, Any]:
    """Return the terms' defaults under a set of rules, as people write them; None for those to be given."""
    return {name: term.get_default(rules) for name, term in get_terms(record).items()}


def get_differing(record: type[Any]) -> dict[str, Term]:
    """Return the terms in a record whose default isn't the same under both sets of rules."""
    return {name: term for name, term in get_terms(record).items() if term.paper is not None}
