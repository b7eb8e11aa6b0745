"""Strategies: what a coalition does otherwise than honest members, a choice for each gene.

A gene is one thing that an account can do on any chain: what it proposes and when, how it votes, what it
publishes, how it gets in. The first choice of each is the honest one. `Moves` are those of a round; a
strategy has some for the rounds that suit it, `act`, and others for the rest, `rest`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeAlias


class Gene(Enum):
    """A choice; its value says in words what the coalition does. The first of each class is honest."""

    @property
    def is_honest(self) -> bool:
        """Whether honest members choose this."""
        return self is next(iter(type(self)))


# ------------------------------------------------------------------------- in a round


class Quality(Gene):
    """What a drawn proposer proposes."""

    GOOD = "trains and proposes what it learned"
    BAD = "proposes a bad update"
    COPY = "proposes a copy of an honest update"  # an earlier round's, where updates are pledged
    HEAD = "proposes the head again, untrained"
    DOUBTFUL = "proposes an update that half of the jurors find bad"
    NONE = "proposes nothing"


class Planted(Gene):
    """What a proposer that works proposes if its lot is a decoy."""

    TRAINED = "plants a decoy that it trained on wrong labels"
    UNTRAINED = "plants decoys that it didn't train"
    DOUBTFUL = "plants decoys that half of the jurors find bad, untrained"
    NONE = "plants no decoys, and proposes what it learned"


class Shown(Gene):
    """Whether it shows its lot when the ballots are committed."""

    ALL = "shows its lots"
    INNOCENT = "doesn't show a lot that is a decoy"
    NONE = "doesn't show its lots"


class Timing(Gene):
    """When it proposes."""

    TURN = "proposes when it is done"
    FIRST = "proposes before all others"
    LAST = "proposes after all others"


class Claimed(Gene):
    """How many samples and epochs it claims."""

    TRUE = "claims what it did"
    MOST = "claims the most samples and epochs that the terms allow"


class Promise(Gene):
    """What becomes of an update that it pledged."""

    KEPT = "proposes what it pledged"
    BROKEN = "doesn't propose what it pledged"
    SEEN = "looks at the others' updates before it proposes what it pledged"


class Served(Gene):
    """Who gets its update from the store."""

    ALL = "serves its update to all"
    HALF = "serves its update to just over half of the jury"
    DECOYS = "serves its decoys to just over half of the jury, and all else to all"
    NONE = "serves its update to the coalition alone"


class Vote(Gene):
    """How a drawn juror votes."""

    HONEST = "judges and votes"
    BLIND = "approves everything untested"  # but for decoys of the coalition, which knows its lots
    PART = "approves its own and a few others untested, and says that it couldn't have the rest"
    EQUAL = "approves its own and the same few others untested, and says that it couldn't have the rest"
    SHARED = "repeats the ballot of the one of its jurors that judges, and approves its own untested"
    DOWN = "judges, but finds the coalition's own decoys bad, whatever they are"
    REJECT = "rejects everything untested"
    BLAME = "rejects everything untested and blames the others"
    OURS = "votes for the coalition's own, and all else that has to pass gets as little as possible"
    DENY = "votes for the coalition's own, and says that it couldn't have what others proposed"
    EXCUSED = "commits, and says that it couldn't have anything"
    LIE = "judges, and votes the opposite"
    NONE = "doesn't vote"
    SEALED = "commits and doesn't reveal"


class Model(Gene):
    """What a drawn publisher publishes."""

    TRUE = "publishes the model that passed"
    FORGED = "publishes another model"
    NONE = "doesn't publish"


@dataclass(frozen=True, slots=True)
class Moves:
    """What the coalition's accounts do in a round; by default what is honest."""

    quality: Quality = Quality.GOOD
    planted: Planted = Planted.TRAINED
    shown: Shown = Shown.ALL
    timing: Timing = Timing.TURN
    claimed: Claimed = Claimed.TRUE
    promise: Promise = Promise.KEPT
    served: Served = Served.ALL
    vote: Vote = Vote.HONEST
    model: Model = Model.TRUE


FAIR = Moves()


# --------------------------------------------------------------------- over the rounds


class Drawn(Gene):
    """The rounds that suit, by the coalition's drawn proposers."""

    ANY = "whatever the draw"
    ONE = "if exactly one of its accounts is drawn to propose"
    FEW = "if fewer of its accounts are drawn to propose than its share"
    MANY = "if more of its accounts are drawn to propose than its share"


class Seats(Gene):
    """The rounds that suit, by the coalition's drawn jurors."""

    ANY = "whatever the jury"
    NONE = "if none of the jury are its own"
    MINORITY = "if at most half of the jury are its own"
    MAJORITY = "if more than half of the jury are its own"


class Times(Gene):
    """How often it acts."""

    ALWAYS = "in every such round"
    ONCE = "in one such round"
    THRICE = "in three such rounds"


class Who(Gene):
    """Which of its drawn accounts act when it does."""

    ALL = "all of its drawn accounts"
    ONE = "one of its drawn accounts in each role, while the others work"
    ALONE = "one of its drawn accounts in each role, while the others keep still"


class Presence(Gene):
    """Whether it is there when it is drawn."""

    ALWAYS = "is there whenever it is drawn"
    SPARSE = "keeps still as long as that doesn't put it out"


class Coming(Gene):
    """How accounts of the coalition that weren't there from the beginning come in."""

    QUEUE = "newcomers join a few at a time"
    CROWD = "newcomers join all at once"
    OPENING = "newcomers join all at once and open the round in the same block"


class Return(Gene):
    """Whether somebody comes in the place of an account that was put out."""

    STAY = "who is banned stays out"  # who was only absent comes back once its stake is free
    REJOIN = "a fresh account joins for each that is put out"


class Capital(Gene):
    """What it stakes."""

    SAME = "stakes what others do"
    MORE = "stakes ten times as much"


class Offered(Gene):
    """What it bids, where members are chosen by bids."""

    TRUE = "bids what it can do"
    MOST = "bids the most samples that the terms allow"


class Price(Gene):
    """At which cost it bids."""

    TRUE = "bids at cost"
    LEAST = "bids at next to nothing"


class Bidding(Gene):
    """When it bids."""

    TURN = "bids when the task is published"
    LAST = "bids last"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A choice for each gene. In rounds that suit it the coalition does `act`, in the others `rest`."""

    act: Moves = FAIR
    rest: Moves = FAIR
    times: Times = Times.ALWAYS
    drawn: Drawn = Drawn.ANY
    seats: Seats = Seats.ANY
    who: Who = Who.ALL
    presence: Presence = Presence.ALWAYS
    coming: Coming = Coming.QUEUE
    back: Return = Return.STAY
    capital: Capital = Capital.SAME
    offered: Offered = Offered.TRUE
    price: Price = Price.TRUE
    bidding: Bidding = Bidding.TURN


HONEST = Strategy()

Deviation: TypeAlias = tuple[str, str]
"""A gene's place, as `act.quality`, and the name of what is chosen, as `BAD`."""
ACT, REST = "act", "rest"
ROUNDS = ("times", "drawn", "seats")
"""The genes that say in which rounds the coalition acts."""

GENES: Mapping[str, type[Gene]] = MappingProxyType(
    {
        **{f"{ACT}.{item.name}": type(getattr(FAIR, item.name)) for item in fields(Moves)},
        **{f"{REST}.{item.name}": type(getattr(FAIR, item.name)) for item in fields(Moves)},
        **{
            item.name: type(getattr(HONEST, item.name))
            for item in fields(Strategy)
            if item.name not in (ACT, REST)
        },
    }
)
"""Each gene's place and class."""


def get_deviations(strategy: Strategy) -> frozenset[Deviation]:
    """Return what isn't honest in a strategy."""
    return frozenset((place, gene.name) for place, gene in _walk(strategy) if not gene.is_honest)


def build(deviations: frozenset[Deviation]) -> Strategy:
    """Return the strategy with these choices, honest otherwise; the inverse of `get_deviations`."""
    strategy = HONEST
    for place, name in deviations:
        strategy = choose(strategy, place, GENES[place][name])
    return strategy


def choose(strategy: Strategy, place: str, gene: Gene) -> Strategy:
    """Return `strategy` with another choice at `place`."""
    part, dot, name = place.partition(".")
    change: dict[str, Any] = {name if dot else part: gene}
    if dot:
        change = {part: replace(getattr(strategy, part), **change)}
    return replace(strategy, **change)


def _walk(strategy: Strategy) -> Iterator[tuple[str, Gene]]:
    for place in GENES:
        part, dot, name = place.partition(".")
        value = getattr(strategy, part)
        yield place, getattr(value, name) if dot else value


def strip(deviations: frozenset[Deviation]) -> frozenset[Deviation]:
    """Return the choices without saying which are made in rounds that suit, and which in the others."""
    return frozenset((place.rpartition(".")[2], name) for place, name in deviations)


def describe(deviations: frozenset[Deviation]) -> str:
    """Return a strategy in words: when, what it does then, and what else it does."""
    said = {place: str(GENES[place][name].value) for place, name in deviations}
    acts = [said[place] for place in GENES if place.startswith(f"{ACT}.") and place in said]
    rests = [said[place] for place in GENES if place.startswith(f"{REST}.") and place in said]
    when = [said[place] for place in (*ROUNDS, "who") if place in said]
    others = [
        said[place] for place in GENES if place in said and "." not in place and said[place] not in when
    ]
    parts = [", ".join(when + acts)] if when or acts else []
    parts += [f"in other rounds: {', '.join(rests)}"] if rests else []
    parts += [", ".join(others)] if others else []
    return "; ".join(parts) or "honest"
