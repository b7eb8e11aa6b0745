"""The chain's head as a sender needs it: latest block, accounts' nonces, receipts, and who used a nonce."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from clients.ports.chain.abi import as_int
from clients.ports.chain.fees import GWEI, Market
from clients.ports.chain.flights import Mined
from clients.ports.chain.rpc import Request, Rpc, RpcError, reading
from clients.types.federation import Address

LATEST: Request = ("eth_getBlockByNumber", ("latest", False))
"""The request for the latest block."""


class Head:
    """The latest block that `rpc` has shown so far.

    Providers answer from several nodes, and some of them lag: here time never runs backward.
    """

    def __init__(self, rpc: Rpc, clock: Callable[[], float]) -> None:
        self._rpc = rpc
        self._clock = clock
        self._offset = -math.inf
        self.time = -1
        """The latest block's time, in seconds; -1 before any was seen."""
        self.number = 0
        self.base: int | None = None
        """The latest block's base fee, in wei; None where it has none."""

    def look(self) -> None:
        """Ask for the latest block."""
        self.read(self._rpc.batch([LATEST])[0])

    def read(self, block: Any) -> None:
        """Read the answer to `LATEST`. UnavailableError if it isn't a block."""
        with reading(self._rpc.where, LATEST[0]):
            if isinstance(block, RpcError):
                raise block
            base, time = block.get("baseFeePerGas"), as_int(block["timestamp"])
            self.base = None if base is None else as_int(base)
            self.number = as_int(block["number"])
        self.time = max(self.time, time)
        self._offset = max(self._offset, time - self._clock())

    def market(self) -> Market:
        """Return what gas costs, with the node's suggestion. UnavailableError if the node gives no price."""
        if self.base is None:
            with reading(self._rpc.where, "eth_gasPrice"):
                return Market(None, as_int(self._rpc.request("eth_gasPrice")))
        try:
            return Market(self.base, as_int(self._rpc.request("eth_maxPriorityFeePerGas")))
        except (RpcError, TypeError, ValueError):
            return Market(self.base, GWEI)

    def is_over(self, until: int | None) -> bool:
        """Return whether every future block is at or after `until`."""
        return until is not None and self.time + 1 >= until

    def get_left(self, until: int | None) -> float | None:
        """Return the seconds left until `until`, by the chain's clock; None if there is no end."""
        return None if until is None else until - self._offset - self._clock()

    # ------------------------------------------------------------------ accounts and transactions

    def count(self, accounts: Iterable[Address]) -> dict[Address, tuple[int, int]]:
        """Return each account's next nonce: as of the latest block, and including the node's pool."""
        accounts = list(accounts)
        asked = count_requests(accounts)
        return self.read_counts(accounts, self._rpc.batch(asked) if asked else [])

    def read_counts(
        self, accounts: Sequence[Address], answers: Sequence[Any]
    ) -> dict[Address, tuple[int, int]]:
        """Return the nonces in the answers to `count_requests`. UnavailableError if one has none."""
        with reading(self._rpc.where, "eth_getTransactionCount"):
            for answer in answers:
                if isinstance(answer, RpcError):
                    raise answer
            numbers = [as_int(answer) for answer in answers]
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return {one: (latest, max(latest, held)) for one, (latest, held) in zip(accounts, pairs, strict=True)}

    def balance(self, account: Address) -> int:
        """Return the account's ether, in wei."""
        with reading(self._rpc.where, "eth_getBalance"):
            return as_int(self._rpc.request("eth_getBalance", account, "latest"))

    def receipts(self, transactions: Sequence[str]) -> list[Mined | None]:
        """Return the transactions with these hashes, None for each that isn't mined."""
        asked = [("eth_getTransactionReceipt", (one,)) for one in transactions]
        with reading(self._rpc.where, "eth_getTransactionReceipt"):
            # Some nodes answer with an error while they index.
            return [
                None if isinstance(one, RpcError) else _mined(one) for one in self._rpc.batch(asked) if asked
            ]

    def find_taker(self, account: Address, nonce: int, since: int) -> str | None:
        """Return the hash of the transaction that used `nonce` after block `since`, as its block shows it.

        None if the node doesn't show it: the node lags, or has dropped the state of old blocks.
        """
        low, high = since - 1, self.number
        while high - low > 1:
            middle = (low + high) // 2
            count = None
            with suppress(RpcError, TypeError, ValueError):
                count = as_int(self._rpc.request("eth_getTransactionCount", account, hex(middle)))
            # Only old states are gone.
            low, high = (low, middle) if count is not None and count > nonce else (middle, high)
        with suppress(RpcError, LookupError, TypeError, ValueError, AttributeError):
            block = self._rpc.request("eth_getBlockByNumber", hex(high), True)
            for one in block["transactions"]:
                if str(one["from"]).lower() == account.lower() and as_int(one["nonce"]) == nonce:
                    return str(one["hash"]).lower()
        return None


def count_requests(accounts: Iterable[Address]) -> list[Request]:
    """Return the requests for the accounts' next nonces."""
    return [("eth_getTransactionCount", (one, tag)) for one in accounts for tag in ("latest", "pending")]


def _mined(raw: Any) -> Mined | None:
    """Return the transaction of a receipt, or None without a receipt, or if it names no block yet."""
    if raw is None or raw["blockNumber"] is None:
        return None
    return Mined(
        transaction=str(raw["transactionHash"]).lower(),
        block=as_int(raw["blockNumber"]),
        # Receipts from before Byzantium have no status; no chain that we run on is that old.
        ok=as_int(raw["status"]) == 1,
        gas=as_int(raw["gasUsed"]),
        created=raw.get("contractAddress"),
        logs=tuple(raw["logs"] or ()),
    )
