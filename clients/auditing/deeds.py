"""Turns events back into the calls that caused them.

Most events hold all arguments of their call. Where it makes no difference who called (open, draw, settle,
collect, evict, report, reclaim), the caller is `ANYBODY`. An eviction or a report of several accounts does
what one of each account would, so each is read as a call of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.protocol.managers import compute_selector
from clients.types.chain import Call
from clients.types.federation import ZERO_ADDRESS, Event

ANYBODY = ZERO_ADDRESS

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """One action with all its events; `call` is None if no action emits such events."""

    call: Call | None
    events: tuple[Event, ...]

    @property
    def main(self) -> Event:
        """The event that names the action: the first of a motion, else the last."""
        return self.events[0] if self.events[0].name == "Moved" else self.events[-1]


def _by(who: str, method: str, *names: str) -> tuple[str, Callable[[Args], Call]]:
    return who, lambda args: Call(args[who], method, tuple(args[name] for name in names))


_BOOKING: Mapping[str, tuple[str, Callable[[Args], Call]]] = MappingProxyType(
    {
        "Deposited": _by("account", "deposit", "amount"),
        "Left": _by("account", "exit"),
        "Claimed": _by("account", "claim"),
        "Pledged": _by("proposer", "pledge", "round", "pledge"),
        "Proposed": _by("proposer", "propose", "round", "digest", "samples", "epochs"),
        "Committed": _by("voter", "commit", "round", "commitment"),
        "Published": _by("publisher", "publish", "round", "digest", "selection", "nonce"),
        "Evicted": ("account", lambda args: Call(ANYBODY, "evict", ([args["account"]],))),
    }
)
"""Events of actions that first book what is due, so that a `Collected` may come before them."""

_PLAIN: Mapping[str, Callable[[Args], Call]] = MappingProxyType(
    {
        "Funded": _by("account", "fund", "amount")[1],
        "Withdrawn": _by("account", "withdraw")[1],
        "Opened": lambda args: Call(ANYBODY, "open"),
        "Postponed": lambda args: Call(ANYBODY, "open"),
        "Drawn": lambda args: Call(ANYBODY, "draw"),
        "Revealed": _by("voter", "reveal", "round", "ballot", "salt")[1],
        "Anchored": _by("account", "anchor", "anchor")[1],
        "Shown": _by("proposer", "show", "round", "secret")[1],
        "Missed": lambda args: Call(ANYBODY, "report", (args["round"], [args["account"]])),
        "Settled": lambda args: Call(ANYBODY, "settle"),
        "Accused": _by("accuser", "accuse", "round", "updateNumber", "seed", "correlation")[1],
        "Reclaimed": lambda args: Call(ANYBODY, "reclaim"),
    }
)

_MOTIONS = {"allow": "Allowed", "expel": "Expelled", "nameCommittee": "CommitteeNamed"}
"""The event that each motion emits once it is carried."""

_SELECTORS = {compute_selector(method): method for method in _MOTIONS}


def read_deeds(events: Sequence[Event], *, time: int, fee: bool = False) -> Iterator[Deed]:
    """Return the deeds behind the events of one transaction, in order.

    `time` is the block's; `fee`: whether joining costs a fee.
    """
    at = 0
    while at < len(events):
        deed = _read_one(events[at:], time, fee)
        yield deed
        at += len(deed.events)


def _read_one(events: Sequence[Event], time: int, fee: bool) -> Deed:
    first = events[0]
    if first.name == "Collected":
        return _read_booking(events)
    if first.name == "Banned":
        return _read_eviction(events)
    if first.name in ("Joined", "Left") and (deed := _read_bid(events, time)):
        return deed
    if first.name == "Joined":
        return _read_join(events, fee)
    if first.name == "BlockWon":
        won = _is(events, 1, "Settled")
        return Deed(Call(ANYBODY, "settle"), tuple(events[:2])) if won else Deed(None, (first,))
    if first.name == "Moved":
        return _read_motion(events)
    if first.name in _BOOKING:
        return Deed(_BOOKING[first.name][1](first.args), (first,))
    plain = _PLAIN.get(first.name)
    return Deed(plain(first.args) if plain else None, (first,))


def _is(events: Sequence[Event], place: int, name: str, account: object = None) -> bool:
    if place >= len(events) or events[place].name != name:
        return False
    return account is None or events[place].args.get("account") == account


def _read_booking(events: Sequence[Event]) -> Deed:
    """Return the action whose booking comes first in `events`, or else a `collect`."""
    account = events[0].args["account"]
    size = 2 if _is(events, 1, "Banned", account) else 1
    if size < len(events) and (entry := _BOOKING.get((main := events[size]).name)):
        who, read = entry
        if main.args.get(who) == account and (size == 1 or main.name == "Evicted"):
            return Deed(read(main.args), tuple(events[: size + 1]))
    return Deed(Call(ANYBODY, "collect", (account,)), tuple(events[:size]))


def _read_eviction(events: Sequence[Event]) -> Deed:
    """Return an eviction that bans its account; a ban alone is no action."""
    account = events[0].args["account"]
    if _is(events, 1, "Evicted", account):
        return Deed(Call(ANYBODY, "evict", ([account],)), tuple(events[:2]))
    return Deed(None, (events[0],))


def _read_bid(events: Sequence[Event], time: int) -> Deed | None:
    """Return a bid, with the `Left` of the account it outbid; None if `events` don't begin with a bid.

    An outbid account's stake is free at once.
    """
    outbid = int(events[0].name == "Left")
    if outbid and events[0].args["unbondsAt"] != time:
        return None
    if not _is(events, outbid, "Joined") or not _is(
        events, outbid + 1, "Bid", events[outbid].args["account"]
    ):
        return None
    args = events[outbid + 1].args
    call = Call(str(args["account"]), "bid", (args["capability"], args["cost"], args["anchor"]))
    return Deed(call, tuple(events[: outbid + 2]))


def _read_join(events: Sequence[Event], fee: bool) -> Deed:
    account = str(events[0].args["account"])
    paid = fee and _is(events, 1, "Funded", account)
    return Deed(Call(account, "join", (events[0].args["stake"],)), tuple(events[: 1 + paid]))


def _read_motion(events: Sequence[Event]) -> Deed:
    """Return a motion, with the events of its effect if it was carried."""
    moved: Args = events[0].args
    method = _SELECTORS.get(moved["method"])
    if method is None:
        return Deed(None, (events[0],))
    size = 1
    while _is(events, size, _MOTIONS[method]) and (size == 1 or method != "nameCommittee"):
        size += 1
    # The first aye opened the motion, with number 0.
    number = 0 if moved["ayes"] == 1 else moved["motionNumber"]
    call = Call(str(moved["manager"]), method, (number, list(moved["accounts"])))
    return Deed(call, tuple(events[:size]))
