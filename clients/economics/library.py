"""Strategies with names: those from the papers, from other protocols, and from looking for them by hand.

The search doesn't know them. What it finds is compared with them afterwards, by the choices that make each
what it is (`core`), whatever else is chosen.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clients.economics.strategy import Deviation, Strategy, build, strip


@dataclass(frozen=True, slots=True)
class Known:
    """A strategy with a name."""

    choices: frozenset[Deviation]
    core: frozenset[Deviation]
    """What it can be told by, as `strip` gives it."""

    @property
    def strategy(self) -> Strategy:
        """The strategy itself."""
        return build(self.choices)


def _known(*choices: Deviation, beside: int = 0) -> Known:
    """Return a strategy whose last `beside` choices don't belong to its core."""
    return Known(frozenset(choices), strip(frozenset(choices[: len(choices) - beside])))


SILENCE = ("act.quality", "NONE"), ("act.vote", "NONE"), ("act.model", "NONE")
FIRST, BAD, OURS = ("act.timing", "FIRST"), ("act.quality", "BAD"), ("act.vote", "OURS")
HALF, BLIND = ("act.served", "HALF"), ("act.vote", "BLIND")

LIBRARY: Mapping[str, Known] = MappingProxyType(
    {
        # updates
        "bad updates": _known(BAD),
        "one bad update": _known(BAD, ("times", "ONCE"), ("who", "ONE"), beside=1),
        "sabotage of one's own round": _known(BAD, ("drawn", "ONE"), ("times", "THRICE"), beside=1),
        "bad when few are drawn": _known(BAD, ("drawn", "FEW")),
        "still when the draw is bad": _known(
            ("rest.quality", "NONE"), ("rest.vote", "NONE"), ("drawn", "MANY")
        ),
        "still in every role when the draw is bad": _known(
            ("rest.quality", "NONE"), ("rest.vote", "NONE"), ("rest.model", "NONE"), ("drawn", "MANY")
        ),
        "first in the phase": _known(FIRST),
        "garbage first": _known(FIRST, BAD),
        "copies in front": _known(FIRST, ("act.quality", "COPY")),
        "copies afterwards": _known(("act.quality", "COPY"), ("act.timing", "LAST")),
        "pledged and not proposed": _known(("act.promise", "BROKEN")),
        "pledged, then decided": _known(("act.promise", "SEEN")),
        "the head again": _known(("act.quality", "HEAD")),
        "the most claimed": _known(("act.claimed", "MOST")),
        "served to just over half": _known(HALF),
        "served to nobody": _known(("act.served", "NONE")),
        "poison served to half, approved untested": _known(BAD, HALF, BLIND),
        "poison served to half, votes for their own": _known(BAD, HALF, OURS),
        # lots
        "decoys untrained": _known(("act.planted", "UNTRAINED")),
        "borderline decoys": _known(("act.planted", "DOUBTFUL")),
        "borderline updates": _known(("act.quality", "DOUBTFUL")),
        "borderline updates, approved untested": _known(("act.quality", "DOUBTFUL"), BLIND),
        "borderline updates, votes for their own": _known(("act.quality", "DOUBTFUL"), OURS),
        "decoys kept from some": _known(("act.served", "DECOYS")),
        "good decoys kept from some and voted down": _known(
            ("act.vote", "DOWN"), ("act.planted", "NONE"), ("act.served", "DECOYS")
        ),
        "no decoys": _known(("act.planted", "NONE")),
        "lots not shown": _known(("act.shown", "NONE")),
        "decoys not shown": _known(("act.shown", "INNOCENT")),
        # silence
        "no updates": _known(("act.quality", "NONE")),
        "no votes": _known(("act.vote", "NONE")),
        "no publications": _known(("act.model", "NONE")),
        "silence in every role": _known(*SILENCE),
        "silence, and fresh accounts for those put out": _known(*SILENCE, ("back", "REJOIN")),
        "there just often enough": _known(("presence", "SPARSE")),
        "no updates, no votes, but publications": _known(("act.quality", "NONE"), ("act.vote", "NONE")),
        "excused from every seat": _known(("act.vote", "EXCUSED")),
        "excused from every seat, and no updates": _known(("act.vote", "EXCUSED"), ("act.quality", "NONE")),
        "excused, and there just often enough": _known(("act.vote", "EXCUSED"), ("presence", "SPARSE")),
        "committed and not revealed": _known(("act.vote", "SEALED")),
        # votes
        "untested approval": _known(BLIND),
        "untested approval of half": _known(("act.vote", "PART")),
        "untested approval of the same half": _known(("act.vote", "EQUAL")),
        "untested approval of half, decoys untrained": _known(
            ("act.vote", "PART"), ("act.planted", "UNTRAINED")
        ),
        "one of its jurors looks": _known(("act.vote", "SHARED")),
        "untested rejection": _known(("act.vote", "REJECT")),
        "blaming the innocent": _known(("act.vote", "BLAME")),
        "lying votes": _known(("act.vote", "LIE")),
        "one lying vote": _known(("act.vote", "LIE"), ("who", "ONE")),
        "votes for their own": _known(OURS),
        "denial of what others proposed": _known(("act.vote", "DENY")),
        "another model published": _known(("act.model", "FORGED")),
        "first, and votes for their own": _known(FIRST, OURS),
        "poison once the jury is theirs": _known(
            FIRST, OURS, BAD, ("rest.timing", "FIRST"), ("rest.vote", "OURS"), ("seats", "MAJORITY"), beside=1
        ),
        # coming in
        "buying the block": _known(("capital", "MORE")),
        "flood and open at once": _known(("coming", "OPENING"), OURS),
        "the highest bids": _known(("offered", "MOST"), ("bidding", "LAST"), beside=1),
        "the cheapest bids": _known(("price", "LEAST"), ("bidding", "LAST"), beside=1),
        "highest bids, then garbage": _known(BAD, OURS, ("offered", "MOST"), ("bidding", "LAST"), beside=1),
    }
)


def name(choices: frozenset[Deviation]) -> str:
    """Return the name of the known strategy with the largest core in `choices`; empty if none has, or several
    alike."""
    there = strip(choices)
    fitting = [title for title, known in LIBRARY.items() if known.core <= there]
    largest = max((len(LIBRARY[title].core) for title in fitting), default=0)
    best = [title for title in fitting if len(LIBRARY[title].core) == largest]
    return best[0] if len(best) == 1 else ""


CASES: Mapping[str, tuple[str, tuple[frozenset[Deviation], ...]]] = MappingProxyType(
    {
        "who is first owns bflc": ("bflc", (LIBRARY["first in the phase"].core,)),
        "who is first halts bflc": ("bflc", (LIBRARY["garbage first"].core,)),
        "copies in front of their originals": ("bflc", (LIBRARY["copies in front"].core,)),
        "sabotage of one's own round": ("stake_vote", (LIBRARY["bad updates"].core,)),
        "an update served to some": ("stake_vote", (LIBRARY["served to just over half"].core,)),
        "a flood that opens at once": ("stake_vote", (LIBRARY["flood and open at once"].core,)),
        "one claim takes the pool": ("vbfl", (LIBRARY["the most claimed"].core,)),
        "a sniped auction": ("blade", (LIBRARY["the highest bids"].core, LIBRARY["the cheapest bids"].core)),
    }
)
"""Faults that were found by hand, each with its mechanism and the cores by one of which it is recognised."""


def get_cases(mechanism: str, found: Collection[frozenset[Deviation]]) -> set[str]:
    """Return the cases that strategies found against `mechanism` cover: by one of them that has a case's
    core, or by several that each are a part of it."""
    stripped = [strip(choices) for choices in found]

    def covers(core: frozenset[Deviation]) -> bool:
        parts = [one for one in stripped if one <= core]
        return any(core <= one for one in stripped) or core <= frozenset[Deviation]().union(*parts)

    return {
        title for title, (where, cores) in CASES.items() if where == mechanism and any(map(covers, cores))
    }
