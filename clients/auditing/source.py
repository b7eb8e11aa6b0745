"""The audit's view of a chain, for chains of any kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from clients.types.federation import Address, Event, MemberView, Round, Status

STRANGE = "?"
"""The name given to a federation's log that its ABI doesn't know."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its number, hash (0x and 64 digits) and time in seconds."""

    number: int
    hash: str
    time: int


@dataclass(frozen=True, slots=True)
class Creation:
    """The creation of a federation in a block: transaction, its sender and its data.

    These three are empty if a contract created the federation.
    """

    block: int
    transaction: str = ""
    sender: Address = ""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the federation, and its block's hash; the hash is empty if the node doesn't give one."""

    event: Event
    block_hash: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Tokens that went to or from the federation, in base units."""

    sender: Address
    to: Address
    amount: int
    block: int
    transaction: str


@dataclass(frozen=True, slots=True)
class Logs:
    """The events and transfers of some blocks, in order."""

    entries: Sequence[LoggedEvent]
    transfers: Sequence[Transfer] = ()


class Source(Protocol):
    """A federation's chain. A view is read as of the end of block `at`.

    Raises UnavailableError if the chain is down, or its answers make no sense.
    """

    @property
    def where(self) -> str:
        """Return where the chain is, for people to read."""
        ...

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        ...

    @property
    def federation(self) -> Address:
        """Return the federation's address."""
        ...

    @property
    def mechanism(self) -> str:
        """Return the federation's mechanism."""
        ...

    @property
    def terms(self) -> Any:
        """Return the federation's terms, as its views show them."""
        ...

    def tip(self) -> Block:
        """Return the latest block."""
        ...

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        """Return the blocks with these numbers; UnavailableError if one isn't there (any more)."""
        ...

    def logs(self, first: int, last: int) -> Logs:
        """Return the logs from block `first` to `last`, both included."""
        ...

    def entropy(self, round_number: int, seal_block: int, at: int) -> bytes:
        """Return the beacon's entropy, or the hash of the block `seal_block` if there is no beacon."""
        ...

    def code(self, account: Address, at: int) -> bytes:
        """Return the code of `account`."""
        ...

    def find_creation(self) -> Creation | None:
        """Return how the federation was created, or None if the node doesn't tell."""
        ...

    def build(self, creation: bytes, at: int) -> bytes | None:
        """Return the code that `creation` would deploy, or None if the node doesn't say."""
        ...

    def status(self, at: int) -> Status:
        """Return the round in progress."""
        ...

    def registry(self, at: int) -> list[MemberView]:
        """Return the members of the registry, in its order."""
        ...

    def members(self, accounts: Sequence[Address], at: int) -> list[MemberView]:
        """Return the views of `accounts`."""
        ...

    def rounds(self, numbers: Sequence[int], at: int) -> list[Round]:
        """Return the records of rounds."""
        ...

    def tokens(self, at: int) -> int:
        """Return the tokens that the federation holds, in base units."""
        ...

    def views(self, asked: Sequence[tuple[str, tuple[object, ...]]], at: int) -> list[Any]:
        """Return the results of other views, given by method and arguments; a single result comes
        unpacked."""
        ...
