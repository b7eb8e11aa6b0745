"""Refuses terms under which known strategies of cheating pay, unless somebody says that they are wanted.

`python -m deploy.refusing` prints all of them as a table. docs/reference/rules.md has it; a test compares
them. Terms by which decoys leave many rounds without a model are only warned of: nobody gains by that.
"""

import argparse
import re
import sys

from clients.economics.weaknesses import NO_REMEDY, WEAKNESSES, WORTH, Weakness, find_weaknesses
from clients.types.errors import RequestError
from clients.types.federation import StakeJuryTerms
from clients.types.mechanisms import KINDS, Terms, mechanism_of
from clients.types.terms import PAPER, RuleSet

FLAG = "--unsafe-terms"
PAGE = "docs/reference/rules.md"
SELDOM = 1000
"""Rounds of which one may end without a model because all its updates are decoys: nobody is told of fewer."""


def add_unsafe(parser: argparse._ActionsContainer) -> None:
    """Add the option that deploys terms under which cheating is known to pay."""
    parser.add_argument(
        FLAG,
        action="store_true",
        help="deploy terms under which known strategies of cheating pay, and only warn of them",
    )


def check_weaknesses(terms: Terms, rules: RuleSet, *, unsafe: bool) -> str:
    """Return a warning of the strategies that pay under these terms; empty if none is known.

    `rules`: the set that the terms' defaults are from. Raises RequestError unless `unsafe`.
    """
    found = find_weaknesses(terms)
    if not found:
        return ""
    said = "\n".join(
        [
            f"known strategies of cheating pay under these terms of {mechanism_of(terms)} ({WORTH}):",
            *(f"  {weakness.told}" for weakness in found),
        ]
    )
    if unsafe:
        return said
    if rules == PAPER:
        said += f"\nThe papers' rules are for repeating the papers; leave out --rules {PAPER} for others."
    raise RequestError(f"{said}\n{PAGE} says more. To deploy these terms all the same, add {FLAG}.")


def tell_shortly(terms: Terms) -> str:
    """Return the warning in a line; empty if nothing is known to pay."""
    names = [weakness.strategy for weakness in find_weaknesses(terms)]
    return (
        f"under these terms cheating is known to pay ({', '.join(names)}): they are for trying things out."
        if names
        else ""
    )


def tell_idle_rounds(terms: Terms) -> str:
    """Return a warning if all updates of a round are decoys in more than one of `SELDOM` rounds; else
    nothing."""
    if not isinstance(terms, StakeJuryTerms) or terms.decoy_odds == 0:
        return ""
    # no odds need more proposers than that, and their number may be any
    idle = terms.decoy_odds ** min(terms.proposers, SELDOM.bit_length())
    if idle >= SELDOM:
        return ""
    return (
        f"one round in {idle} has no model by these terms, because all its updates are decoys: proposers is "
        f"{terms.proposers}, and one update in {terms.decoy_odds} is a decoy. Raise --proposers for fewer "
        "such rounds."
    )


def get_table() -> str:
    """Return the table of all such terms in Markdown: a row for each strategy and mechanism."""
    head = ("mechanism", "strategy", "under which terms", "worth", "what mends it")
    rows: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    for mechanism, kind in KINDS.items():
        rows += [_get_row(mechanism, weakness) for weakness in WEAKNESSES[kind.terms]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _get_row(mechanism: str, weakness: Weakness) -> tuple[str, ...]:
    mended = re.sub(r"(--[a-z-]+( \d[\d.]*| [a-z]+_[a-z]+)?)", r"`\1`", weakness.remedy or NO_REMEDY)
    return (f"`{mechanism}`", weakness.strategy, weakness.when.told, weakness.effect, mended)


if __name__ == "__main__":
    print(get_table())
    sys.exit()
