"""A chain made of the specification alone: its own clock and blocks, no gas, no signatures."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Generic, cast

from clients.protocol.draw import compute_beacon_entropy
from clients.protocol.federation import Federation
from clients.protocol.hashing import UINT256_MAX, compute_hash, get_checksummed
from clients.protocol.ledger import TokenBook
from clients.protocol.policies import Mechanism
from clients.protocol.state import Env
from clients.protocol.views import T
from clients.types.chain import Call, Receipt
from clients.types.errors import ProtocolError, RequestError, unknown_name
from clients.types.federation import ZERO32, ZERO_ADDRESS, Address, Event, MemberView, Round, Status

CHAIN_ID = 31337
FEDERATION = get_checksummed("0xfed000000000000000000000000000000000fed0")
TOKEN = get_checksummed("0x70ce0000000000000000000000000000000070ce")
BEACON = get_checksummed("0xbeac00000000000000000000000000000000beac")
START = 1_700_000_000
"""The first block's time, in seconds since 1970."""

Entropy = Callable[[int, int], bytes]


def compute_block_hash(block: int) -> bytes:
    """Return what stands for a block's hash: keccak256(abi.encode("block", block))."""
    return compute_hash(64, block, 5, b"block".ljust(32, b"\0"))


def compute_entropy(beacon_value: bytes) -> Entropy:
    """Return (round, seal block) → entropy: a FixedBeacon's of this value, or block hashes where it is 0."""
    if beacon_value == ZERO32:
        return lambda round_number, seal_block: compute_block_hash(seal_block)
    return lambda round_number, seal_block: compute_beacon_entropy(beacon_value, round_number)


class SpecChain(Generic[T]):
    """A federation on the specification alone: a `Devnet`. Blocks come a second apart, one for each `send`.

    `funds` are each account's tokens at the start; each has approved the federation without limit.
    `terms.token` and `terms.beacon` are overwritten: this chain has its own. `time` and `block` are those of
    the latest block.
    """

    def __init__(
        self,
        mechanism: Mechanism[T],
        terms: T,
        funds: Mapping[Address, int],
        *,
        beacon_value: bytes = ZERO32,
        address: Address = FEDERATION,
        time: int = START,
        block: int = 0,
    ) -> None:
        token = TokenBook()
        for account, amount in funds.items():
            token.process_mint(get_checksummed(account), amount)
            token.process_approve(get_checksummed(account), address, UINT256_MAX)
        beacon = BEACON if beacon_value != ZERO32 else ZERO_ADDRESS
        own = cast(T, replace(cast(Any, terms), token=TOKEN, beacon=beacon))
        self.core = Federation(mechanism, own, address=address, chain_id=CHAIN_ID, token=token)
        self._entropy = compute_entropy(beacon_value)
        self._time = time
        self._block = block
        self._transactions = 0
        self._events: list[Event] = []

    @property
    def federation(self) -> Address:
        """The federation's address."""
        return self.core.address

    @property
    def chain_id(self) -> int:
        """The chain's id, which commitments bind."""
        return self.core.chain_id

    @property
    def terms(self) -> T:
        """The federation's terms, with this chain's token and beacon."""
        return self.core.terms

    def send(self, calls: Sequence[Call], *, wait: float | None = None) -> list[Receipt]:
        """Put `calls` into one new block, in this order; a receipt each. RequestError for no action."""
        if not calls:
            return []
        self.advance()
        return [self._send_one(call) for call in calls]

    def _send_one(self, call: Call) -> Receipt:
        self._transactions += 1
        env = self._env(f"0x{self._transactions:064x}")
        try:
            events = self.core.apply(env, self._with_checksums(call))
        except ProtocolError as error:
            return Receipt(call, 0, (), error, env.transaction)
        self._events += events
        return Receipt(call, 0, tuple(events), None, env.transaction)

    def _with_checksums(self, call: Call) -> Call:
        action = self.core.actions.get(call.method)
        if action is None or not action.has_addresses:
            sender = get_checksummed(call.sender)
            return Call(sender, call.method, call.args) if sender != call.sender else call
        return _with_checksums(call, action.types)

    def _env(self, transaction: str = "") -> Env:
        return Env(self._time, self._block, self._entropy, transaction)

    def status(self) -> Status:
        """Return the round in progress, as of the latest block."""
        return self.core.get_status(self._env())

    def members(self) -> list[MemberView]:
        """Return every member of the registry, in registry order."""
        return self.core.get_members()

    def member(self, account: Address) -> MemberView:
        """Return `account`'s view, whether or not it is in the registry."""
        return self.core.get_member(get_checksummed(account))

    def round(self, round_number: int) -> Round:
        """Return round `round_number`'s record; an empty one where it was never opened."""
        return self.core.get_round(round_number)

    def view(self, method: str, *args: object) -> tuple[Any, ...]:
        """Return the results of one of the mechanism's own views."""
        views = self.core.mechanism.views
        if method not in views:
            raise unknown_name("view", method, views)
        return (views[method](self.core.state, *args),)

    def tokens(self, account: Address) -> int:
        """Return the tokens, in base units, that `account` holds itself; the federation is an account too."""
        return self.core.state.token.get_balance(get_checksummed(account))

    def events(self, first_block: int = 0) -> list[Event]:
        """Return the federation's events from `first_block` on, in order."""
        return self._events[bisect_left(self._events, first_block, key=attrgetter("block")) :]

    def now(self) -> int:
        """Return the time that the next block would carry at the earliest, in seconds."""
        return self._time + 1

    def block(self) -> int:
        """Return the latest block's number."""
        return self._block

    def advance(self, seconds: int = 0, blocks: int = 1) -> None:
        """Mine `blocks` blocks, the first of them `seconds` (at least 1) later, the others a second apart."""
        if seconds < 0 or blocks < 1:
            raise RequestError(f"a chain goes forward: {seconds} seconds, {blocks} blocks")
        self._block += blocks
        self._time += max(seconds, 1) + blocks - 1

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _with_checksums(call: Call, types: tuple[str, ...]) -> Call:
    """Return the call with every address in its one spelling."""
    args = [
        get_checksummed(str(value))
        if kind == "address"
        else [get_checksummed(str(item)) for item in value]
        if kind == "address[]" and isinstance(value, list | tuple)
        else value
        for kind, value in zip(types, call.args, strict=False)
    ]
    return Call(get_checksummed(call.sender), call.method, (*args, *call.args[len(types) :]))
