"""Strategies with names: those from the papers, from other protocols, and from looking for them by hand.

The search doesn't know them. What it finds is compared with them afterwards, by the choices that make each
what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clients.economics.strategy import Choice, Strategy, build, strip


@dataclass(frozen=True, slots=True)
class Known:
    """A strategy with a name: what it chooses, and of that what it can't be recognised without."""

    choices: frozenset[Choice]
    core: frozenset[Choice]
    """Genes by their names alone, without saying in which rounds."""

    @property
    def strategy(self) -> Strategy:
        """The strategy itself."""
        return build(self.choices)


def _known(*choices: Choice, beside: int = 0) -> Known:
    """Return a strategy whose last `beside` choices don't belong to its core."""
    return Known(frozenset(choices), strip(frozenset(choices[: len(choices) - beside])))


LIBRARY: Mapping[str, Known] = MappingProxyType(
    {
        # updates
        "bad updates": _known(("act.update", "BAD")),
        "one bad update": _known(("act.update", "BAD"), ("times", "ONCE"), beside=1),
        "sabotage of one's own round": _known(
            ("act.update", "BAD"), ("drawn", "ONE"), ("times", "THRICE"), ("back", "REJOIN"), beside=3
        ),
        "bad only when few are drawn": _known(
            ("act.update", "BAD"), ("act.vote", "BLIND"), ("drawn", "FEW"), beside=2
        ),
        "active only when the draw is good": _known(
            ("rest.update", "NONE"), ("rest.vote", "NONE"), ("drawn", "MANY")
        ),
        "first in the phase": _known(("act.order", "FIRST")),
        "garbage first": _known(("act.order", "FIRST"), ("act.update", "BAD")),
        "copies in front": _known(("act.order", "FIRST"), ("act.update", "COPY")),
        "copies afterwards": _known(("act.update", "COPY"), ("act.order", "LAST")),
        "the head again": _known(("act.update", "HEAD")),
        "the most claimed": _known(("act.claim", "MOST")),
        "served to just over half": _known(("act.share", "HALF")),
        "served to nobody": _known(("act.share", "NONE")),
        # silence
        "no updates": _known(("act.update", "NONE")),
        "no votes": _known(("act.vote", "NONE")),
        "no publications": _known(("act.publish", "NONE")),
        "committed and not revealed": _known(("act.vote", "SEALED")),
        # votes
        "untested approval": _known(("act.vote", "BLIND")),
        "untested rejection": _known(("act.vote", "REJECT")),
        "votes for their own": _known(("act.vote", "OURS")),
        "lying votes": _known(("act.vote", "LIE")),
        "another model published": _known(("act.publish", "FORGED")),
        "first, and votes for their own": _known(("act.order", "FIRST"), ("act.vote", "OURS")),
        "poison once the jury is theirs": _known(
            ("act.order", "FIRST"),
            ("act.vote", "OURS"),
            ("act.update", "BAD"),
            ("rest.order", "FIRST"),
            ("rest.vote", "OURS"),
            ("jury", "MAJORITY"),
            beside=3,
        ),
        # coming in
        "buying the block": _known(("stake", "MORE")),
        "flood and open at once": _known(("entry", "OPENING"), ("act.vote", "OURS")),
        "the highest bids": _known(("bid", "MOST"), ("bidding", "LAST"), beside=1),
        "the cheapest bids": _known(("price", "LEAST"), ("bidding", "LAST"), beside=1),
        "highest bids, then garbage": _known(
            ("act.update", "BAD"), ("act.vote", "OURS"), ("bid", "MOST"), ("bidding", "LAST"), beside=1
        ),
    }
)


def name(choices: frozenset[Choice]) -> list[str]:
    """Return the names of the known strategies whose core is in `choices`, those with the largest core."""
    there = strip(choices)
    fitting = {title: known for title, known in LIBRARY.items() if known.core <= there}
    largest = max((len(known.core) for known in fitting.values()), default=0)
    return [title for title, known in fitting.items() if len(known.core) == largest]
