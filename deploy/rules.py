"""`python -m deploy.rules`: prints the terms in which the two sets of rules differ, and why, as a table.

docs/reference/rules.md has it; a test compares them.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from clients.types.federation import Schedule
from clients.types.mechanisms import KINDS, Kind
from clients.types.settings import get_owners, group_owners
from clients.types.terms import HARDENED, PAPER, RULES, Term, get_differing

_HEAD = ("term", "mechanisms", *RULES, "why")


def get_table() -> str:
    """Return the table in Markdown: a row for each term, and for mechanisms with other defaults."""
    rows = [_HEAD, ("---",) * len(_HEAD), *_get_rows()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _get_rows() -> Iterator[tuple[str, ...]]:
    differences = {mechanism: _get_differences(kind) for mechanism, kind in KINDS.items()}
    for name, owners in get_owners(differences).items():
        for told, mechanisms in group_owners(owners).items():
            yield (f"`{name}`", ", ".join(f"`{one}`" for one in mechanisms), *told)


def _get_differences(kind: Kind) -> Mapping[str, tuple[str, ...]]:
    """Return the differing terms and phases: name → default under each set of rules, and why."""
    told = {
        name: _tell(term, {one: term.get_default(one) for one in RULES})
        for name, term in get_differing(kind.terms).items()
    }
    schedules = {one: kind.get_schedule(one) for one in RULES}
    for name, phase in get_differing(Schedule).items():
        seconds = {one: getattr(schedule, name) for one, schedule in schedules.items()}
        if seconds[HARDENED] != seconds[PAPER]:
            told[f"schedule.{name}"] = _tell(phase, seconds)
    return told


def _tell(term: Term, defaults: Mapping[str, Any]) -> tuple[str, ...]:
    assert term.paper is not None, "only terms that differ are told"
    return (*(_show(defaults[one]) for one in RULES), term.paper.why)


def _show(default: Any) -> str:
    if default is None:
        return "to be given"
    return "none" if default == () else f"`{str(default).lower()}`"


if __name__ == "__main__":
    print(get_table())
    sys.exit()
