"""Transactions: local nonces, fees, signatures, many in flight, and none sent twice.

A transaction's hash is known before it leaves; whoever wants to survive a crash journals it (`journal`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clients.ports.chain.abi import as_int
from clients.ports.chain.rpc import Rpc, RpcError, reading
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Address
from clients.types.keys import Signed, Signer

GWEI = 10**9
_KNOWN = ("already known", "already imported", "known transaction", "already exists")
_POLL_FIRST, _POLL_LAST = 0.01, 0.5
_DELIVERIES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A transaction to be: `data` to `to` (None: a new contract). `label` is for messages and the journal."""

    sender: Address
    to: Address | None
    data: bytes
    label: str
    gas_limit: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What a journal needs to know before a transaction is sent."""

    sender: Address
    nonce: int
    transaction: str
    label: str


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction on the chain, its logs as the node gives them."""

    transaction: str
    block: int
    ok: bool
    gas: int
    created: Address | None
    logs: tuple[Any, ...]


@dataclass(slots=True)
class _Flight:
    step: Step
    nonce: int
    signed: Signed
    mined: Mined | None = None
    renewed: bool = False
    doubtful: bool = False  # whether it may have arrived although no answer came


@dataclass(frozen=True, slots=True)
class Fees:
    """What a unit of gas may cost, in wei. `fixed` is for chains of our own, where it's play money."""

    fixed: tuple[int, int] | None = None  # (most in all, tip)
    ceiling: int = 1000 * GWEI


class Sender:
    """Signs for the accounts of `keys` and sends.

    `seal` mines what was sent, on a chain of our own. `timeout`: the seconds that mining may take.
    """

    def __init__(
        self,
        rpc: Rpc,
        chain_id: int,
        keys: Iterable[Signer] = (),
        *,
        fees: Fees | None = None,
        seal: Callable[[], None] | None = None,
        journal: Callable[[Entry], None] | None = None,
        timeout: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._keys = {key.address: key for key in keys}
        self._fees = fees or Fees()
        self._seal = seal
        self.journal = journal
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._nonces: dict[Address, int] = {}
        self._lock = threading.RLock()

    def add(self, keys: Iterable[Signer]) -> None:
        """Sign for these accounts as well."""
        self._keys |= {key.address: key for key in keys}

    def send(self, steps: Sequence[Step]) -> list[Mined]:
        """Sign and send all of `steps`, wait until all are mined; results in their order.

        Raises UnavailableError if one isn't mined in time: it may still be, and isn't sent again.
        """
        if not steps:
            return []
        with self._lock:
            try:
                return self._send(steps)
            except BaseException:
                # Whatever happened, the next batch asks the chain where each account stands.
                for step in steps:
                    self._nonces.pop(step.sender, None)
                raise

    def find(self, transaction: str) -> Mined | None:
        """Return the transaction of this hash if it is mined: the first question after a restart."""
        with reading(self._rpc.where, "eth_getTransactionReceipt"):
            return _mined(self._rpc.request("eth_getTransactionReceipt", transaction))

    def _send(self, steps: Sequence[Step]) -> list[Mined]:
        for step in steps:
            self._key(step.sender)
        self._learn_nonces({step.sender for step in steps})
        fees = self._price()
        flights = [self._fly(step, fees) for step in steps]
        self._submit(flights, fees)
        if self._seal is not None:
            self._seal()
        self._await(flights)
        return [flight.mined for flight in flights if flight.mined]

    def _learn_nonces(self, senders: Iterable[Address]) -> None:
        unknown = [sender for sender in dict.fromkeys(senders) if sender not in self._nonces]
        counts = self._rpc.batch([("eth_getTransactionCount", (sender, "pending")) for sender in unknown])
        for sender, count in zip(unknown, counts, strict=True):
            with reading(self._rpc.where, "eth_getTransactionCount"):
                if isinstance(count, RpcError):
                    raise count
                self._nonces[sender] = as_int(count)

    def _price(self) -> dict[str, object]:
        if self._fees.fixed:
            most, tip = self._fees.fixed
            return {"type": 2, "maxFeePerGas": most, "maxPriorityFeePerGas": tip}
        with reading(self._rpc.where, "eth_getBlockByNumber"):
            block = self._rpc.request("eth_getBlockByNumber", "latest", False)
            base = as_int(block["baseFeePerGas"]) if "baseFeePerGas" in block else None
        if base is None:  # a chain from before London
            with reading(self._rpc.where, "eth_gasPrice"):
                price = as_int(self._rpc.request("eth_gasPrice"))
            return {"gasPrice": self._capped(price)}
        try:
            tip = as_int(self._rpc.request("eth_maxPriorityFeePerGas"))
        except (RpcError, TypeError, ValueError):
            tip = GWEI
        # Twice the base fee outlasts six full blocks.
        most = self._capped(2 * base + tip)
        return {"type": 2, "maxFeePerGas": most, "maxPriorityFeePerGas": min(tip, most)}

    def _capped(self, price: int) -> int:
        if price > self._fees.ceiling:
            raise UnavailableError(
                f"chain at {self._rpc.where}: gas costs {price // GWEI} gwei, above the ceiling of "
                f"{self._fees.ceiling // GWEI}. Wait, or raise the ceiling."
            )
        return price

    def _fly(self, step: Step, fees: dict[str, object]) -> _Flight:
        nonce = self._nonces[step.sender]
        self._nonces[step.sender] = nonce + 1
        return _Flight(step, nonce, self._sign(step, nonce, fees))

    def _sign(self, step: Step, nonce: int, fees: dict[str, object]) -> Signed:
        transaction = {
            "chainId": self._chain_id,
            "nonce": nonce,
            "gas": step.gas_limit,
            "to": step.to or b"",
            "value": step.value,
            "data": step.data,
            **fees,
        }
        signed = self._key(step.sender).sign(transaction)
        if self.journal is not None:
            self.journal(Entry(step.sender, nonce, signed.hash, step.label))
        return signed

    def _key(self, sender: Address) -> Signer:
        if sender not in self._keys:
            known = ", ".join(self._keys) or "nobody"
            raise RequestError(f"no key for {sender}: this client signs for {known}.")
        return self._keys[sender]

    def _submit(self, flights: Sequence[_Flight], fees: dict[str, object]) -> None:
        replies = self._deliver(flights)
        stale = []
        for flight, reply in zip(flights, replies, strict=True):
            if not isinstance(reply, RpcError) or any(word in reply.message.lower() for word in _KNOWN):
                continue
            # It may be mined in spite of the answer: Hardhat complains of a revert that it has mined.
            flight.mined = self.find(flight.signed.hash)
            if flight.mined is None and "nonce" not in reply.message.lower():
                raise self._refused(flight, reply)
            # Who used the nonce up may be this very transaction, mined where this node has not looked yet.
            if flight.mined is None and not flight.doubtful:
                stale.append(flight)
        if stale:
            self._renew(stale, fees)
            self._submit(stale, fees)

    def _deliver(self, flights: Sequence[_Flight]) -> list[Any]:
        """Hand the signed bytes over; the same again where the connection broke: nothing is sent twice."""
        asked = [("eth_sendRawTransaction", (flight.signed.raw,)) for flight in flights]
        for attempt in range(_DELIVERIES):
            try:
                return self._rpc.batch(asked)
            except UnavailableError as error:
                for flight in flights:
                    flight.doubtful = True
                if attempt + 1 == _DELIVERIES:
                    raise UnavailableError(
                        f"{error} What was sent may have arrived: look for its receipt before you act again."
                    ) from None
                self._sleep(_POLL_LAST * 2**attempt)
        raise AssertionError("unreachable")

    def _renew(self, stale: Sequence[_Flight], fees: dict[str, object]) -> None:
        """Sign again with the next nonces, where somebody else has used these up or the chain forgot them.

        The old transactions can then never be mined, so nothing is sent twice.
        """
        for flight in stale:
            if flight.renewed:
                raise UnavailableError(
                    f"chain at {self._rpc.where}: nonce {flight.nonce} of {flight.step.sender} is taken "
                    "again and again. Is another client using the same key?"
                )
            self._nonces.pop(flight.step.sender, None)
        self._learn_nonces(flight.step.sender for flight in stale)
        for flight in stale:
            fresh = self._fly(flight.step, fees)
            flight.nonce, flight.signed, flight.renewed = fresh.nonce, fresh.signed, True

    def _refused(self, flight: _Flight, reply: RpcError) -> Exception:
        step = flight.step
        what = f"chain at {self._rpc.where}: {step.label} of {step.sender} was not taken: {reply.message}."
        if "insufficient funds" in reply.message.lower():
            return UnavailableError(f"{what} Give that account some ether for gas.")
        return UnavailableError(what)

    def _await(self, flights: Sequence[_Flight]) -> None:
        deadline = self._clock() + self._timeout
        pause = _POLL_FIRST
        while True:
            waiting = [flight for flight in flights if flight.mined is None]
            receipts = self._rpc.batch([("eth_getTransactionReceipt", (one.signed.hash,)) for one in waiting])
            for flight, receipt in zip(waiting, receipts, strict=True):
                # Some nodes answer with an error while they index.
                if not isinstance(receipt, RpcError):
                    with reading(self._rpc.where, "eth_getTransactionReceipt"):
                        flight.mined = _mined(receipt)
            waiting = [flight for flight in waiting if flight.mined is None]
            if not waiting:
                return
            if self._clock() >= deadline:
                raise self._overdue(waiting)
            self._sleep(pause)
            pause = min(pause * 1.5, _POLL_LAST)

    def _overdue(self, waiting: Sequence[_Flight]) -> UnavailableError:
        first = waiting[0]
        count = 0
        with suppress(RpcError, UnavailableError, TypeError, ValueError):
            count = as_int(self._rpc.request("eth_getTransactionCount", first.step.sender, "latest"))
        fate = (
            "another transaction took its nonce: is another client using the same key?"
            if count > first.nonce
            else "it may still be. It isn't sent again; look for its receipt before you act again."
        )
        step = first.step
        return UnavailableError(
            f"chain at {self._rpc.where}: {len(waiting)} transactions not mined within {self._timeout:g} s. "
            f"The first: {step.label} of {step.sender}, nonce {first.nonce}, {first.signed.hash}: {fate}"
        )


def _mined(raw: Any) -> Mined | None:
    """Return the transaction of a receipt, or None without one, or where the receipt names no block yet."""
    if raw is None or raw["blockNumber"] is None:
        return None
    return Mined(
        transaction=str(raw["transactionHash"]).lower(),
        block=as_int(raw["blockNumber"]),
        # Receipts from before Byzantium have no status; no chain that we run on is that old.
        ok=as_int(raw["status"]) == 1,
        gas=as_int(raw["gasUsed"]),
        created=raw.get("contractAddress"),
        logs=tuple(raw["logs"]),
    )
