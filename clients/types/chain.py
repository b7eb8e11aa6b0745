"""The port to a federation's chain, which every implementation offers, including the specification."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event, MemberView, Round, Status


@dataclass(frozen=True, slots=True)
class Call:
    """One action of IFederation: `method` by its ABI name, `args` in ABI order (bytes32 as bytes).

    `until`: the time, in seconds of the chain's clock, from which on the call makes no sense; None: it always
    does. As that time comes nearer, the sender offers higher fees.
    """

    sender: Address
    method: str
    args: tuple[object, ...] = ()
    until: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of a call. `error` is the decoded custom error of a refused call, which changed nothing."""

    call: Call
    gas: int
    events: tuple[Event, ...] = ()
    error: ProtocolError | None = None
    transaction: str = ""


class Chain(Protocol):
    """A deployed federation as its clients see it.

    Errors: `UnavailableError` if the chain is down, slow, or not the deployment's. A call that the protocol
    refuses raises nothing: its receipt carries the error. `UnminedError` if a transaction isn't mined in
    time: sending the same call again continues it, and another call takes its place.
    """

    @property
    def federation(self) -> Address:
        """Return the federation's address."""
        ...

    @property
    def chain_id(self) -> int:
        """Return the chain's id, which commitments bind."""
        ...

    def send(self, calls: Sequence[Call], *, wait: float | None = None) -> list[Receipt]:
        """Send `calls` together and wait for all of them; return receipts in the order of the calls.

        `wait`: for how many seconds at most; None: the implementation's default.

        Calls of one sender are executed in the order given; calls of different senders in any order.
        """
        ...

    def status(self) -> Status:
        """Return the round in progress, as of the latest block."""
        ...

    def members(self) -> list[MemberView]:
        """Return every member of the registry, in registry order."""
        ...

    def member(self, account: Address) -> MemberView:
        """Return `account`'s view, whether or not it is in the registry."""
        ...

    def round(self, round_number: int) -> Round:
        """Return round `round_number`'s record."""
        ...

    def view(self, method: str, *args: object) -> tuple[Any, ...]:
        """Return the results of a view that the contract of one mechanism alone has."""
        ...

    def events(self, first_block: int = 0) -> list[Event]:
        """Return the federation's events from `first_block` on, in order."""
        ...

    def now(self) -> int:
        """Return the time that the next block would carry at the earliest, in seconds."""
        ...

    def block(self) -> int:
        """Return the latest block's number."""
        ...

    def close(self) -> None:
        """Close connections, and end nodes that were started for this chain."""
        ...


class Devnet(Chain, Protocol):
    """A chain of our own, whose clock we set: nobody waits for a deadline there."""

    def advance(self, seconds: int = 0, blocks: int = 1) -> None:
        """Mine `blocks` blocks, the first of them `seconds` later."""
        ...
