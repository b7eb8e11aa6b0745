"""What can go wrong, and whose fault it is.

Three kinds of trouble stay apart. A peer's misbehaviour is a `PeerError`, and only that is voted against. Our
lack of reach is an `UnavailableError`. One participant's own trouble is an `OwnTrouble`, and costs it its
turn.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")


class FedJuryError(Exception):
    """Base of every error that the project raises on purpose. Exit status 3, except for wrong requests."""

    exit_code: int = 3


class RequestError(FedJuryError):
    """The request is wrong: an unknown name, an impossible count, a bad file. Exit status 2."""

    exit_code = 2


class UnavailableError(FedJuryError):
    """Something needed is missing, unreachable or full: trouble on our side, and nobody's fault. Exit status
    3."""


class OutOfPatience(UnavailableError):
    """Trouble that lasted for as long as this client waits: callers give up."""


class UnminedError(UnavailableError):
    """A transaction isn't mined yet, or its time is over. Nothing else is wrong: look again, and decide
    again."""


class OwnTrouble(FedJuryError):
    """One participant can't train or judge: its data, its settings or its memory are in the way.

    The participant sits out its turn and the others continue, so functions for several participants return it
    in place of that participant's result. If raised, nobody can continue. Exit status 2.
    """

    exit_code = 2


class PeerError(FedJuryError):
    """A peer misbehaved: withheld, corrupt or ill-formed content. Voters vote against it; nothing crashes."""


class ProtocolError(FedJuryError):
    """The protocol's rules refuse an action: the twin of a Solidity custom error.

    `name` is the custom error's name and `values` its arguments in declaration order.
    """

    def __init__(self, name: str, *values: object) -> None:
        self.name = name
        self.values = values
        super().__init__(f"{name}({', '.join(map(str, values))})")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProtocolError) and (self.name, self.values) == (other.name, other.values)

    def __hash__(self) -> int:
        return hash((self.name, self.values))


def catch_trouble(work: Callable[[], T]) -> T | OwnTrouble:
    """Return the result of a participant's `work`, or its `OwnTrouble`."""
    try:
        return work()
    except OwnTrouble as trouble:
        return trouble.with_traceback(None)


def raise_trouble(result: T | OwnTrouble) -> T:
    """Return a participant's result, or raise the trouble in its place."""
    if isinstance(result, OwnTrouble):
        raise result
    return result


def split_troubles(results: Mapping[K, T | OwnTrouble]) -> tuple[dict[K, T], dict[K, OwnTrouble]]:
    """Split `results` into participants' results and troubles."""
    troubles = {who: result for who, result in results.items() if isinstance(result, OwnTrouble)}
    return {who: raise_trouble(result) for who, result in results.items() if who not in troubles}, troubles


def unknown_name(kind: str, got: str, known: Iterable[str]) -> RequestError:
    """Return the error for an unknown name, with the nearest known one and the whole list."""
    names = sorted(known)
    near = difflib.get_close_matches(got, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return RequestError(f"unknown {kind} {got!r}.{hint} Known: {', '.join(names)}.")
