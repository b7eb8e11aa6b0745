"""`python -m deploy.rules`: prints what differs between the two sets of rules, and why, as a table.

docs/reference/rules.md has it; a test compares them.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from clients.types.federation import Schedule
from clients.types.mechanisms import KINDS, get_published, kind_of, resolve
from clients.types.settings import get_owners, group_owners
from clients.types.terms import HARDENED, PAPER, RULES, Term, get_terms

_HEAD = ("term", "mechanisms", *RULES, "why")


def get_table() -> str:
    """Return the table in Markdown: a row for each term, and for mechanisms with other defaults."""
    rows = [_HEAD, ("---",) * len(_HEAD), *_get_rows()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _get_rows() -> Iterator[tuple[str, ...]]:
    asked = [mechanism for mechanism in KINDS if not get_published(mechanism)]
    differences = {mechanism: _get_differences(mechanism) for mechanism in asked}
    for name, owners in get_owners(differences).items():
        for told, mechanisms in group_owners(owners).items():
            yield (f"`{name}`", ", ".join(f"`{one}`" for one in mechanisms), *told)


def _get_differences(mechanism: str) -> Mapping[str, tuple[str, ...]]:
    """Return the contract, terms and phases that differ: name → what each set of rules has, and why.

    Of terms, those that both contracts have, and those that a leaf has otherwise for this mechanism.
    """
    leaves = {rules: resolve(mechanism, rules) for rules in RULES}
    kinds = {rules: kind_of(leaf.name) for rules, leaf in leaves.items()}
    told = {}
    if kinds[HARDENED] is not kinds[PAPER]:
        told["contract"] = (*(f"`{kinds[rules].contract}`" for rules in RULES), leaves[HARDENED].why)
    defaults = {rules: leaf.get_defaults(rules) for rules, leaf in leaves.items()}
    for name, term in get_terms(kinds[HARDENED].terms).items():
        if name in defaults[PAPER] or name in leaves[HARDENED].defaults:
            shown = [_show(defaults[rules].get(name, ())) for rules in RULES]
            if shown[0] != shown[1]:
                told[name] = (*shown, _tell_why(term))
    schedules = {rules: kind.get_schedule(rules) for rules, kind in kinds.items()}
    for item in fields(Schedule):
        shown = [_show(getattr(schedules[rules], item.name)) for rules in RULES]
        if shown[0] != shown[1]:
            told[f"schedule.{item.name}"] = (*shown, _tell_why(get_terms(Schedule).get(item.name)))
    return told


def _tell_why(term: Term | None) -> str:
    """Return why a term differs: its own reason, or else the contract's."""
    return term.paper.why if term is not None and term.paper is not None else "another contract"


def _show(default: Any) -> str:
    if default is None:
        return "to be given"
    return "none" if default == () else f"`{str(default).lower()}`"


if __name__ == "__main__":
    print(get_table())
    sys.exit()
