"""A node made of dictionaries: a pool with geth's rules, a base fee, a clock of its own, and moods."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from eth_utils.hexadecimal import decode_hex
from hexbytes import HexBytes

from clients.ports.chain.fees import GWEI
from clients.ports.chain.flights import Step
from clients.ports.chain.rpc import Request, RpcError
from clients.ports.chain.sender import Sender
from clients.ports.keys import derive_keys
from clients.types.errors import UnavailableError

START = 1_700_000_000
KEYS = derive_keys(5, 3)
A, B, C = (key.address for key in KEYS)
TARGET = "0x" + "11" * 20


@dataclass(frozen=True)
class Sent:
    """A transaction as the node reads it."""

    hash: str
    sender: str
    nonce: int
    most: int
    tip: int
    gas: int
    data: bytes

    @classmethod
    def read(cls, raw: str) -> "Sent":
        sender, name = Account.recover_transaction(raw), "0x" + keccak(decode_hex(raw)).hex()
        if not raw.startswith("0x02"):  # one from before London; its fields don't matter here
            return cls(name, sender, 0, 3 * GWEI, 3 * GWEI, 10**5, b"")
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        most, tip = fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]
        return cls(name, sender, fields["nonce"], most, tip, fields["gas"], bytes(fields["data"]))


@dataclass
class PoolChain:
    """Mines a block every `interval` seconds of its own clock, which `sleep` moves.

    `each_block` is called before each block, with its number: it may change anything here.
    """

    interval: float = 12.0
    base: int | None = 7 * GWEI
    wanted_tip: int = 0
    """The tip below which nobody mines."""
    suggested: int = 2 * GWEI
    bump_percent: int = 10
    queues: bool = True
    balance: int = 10**21
    each_block: Callable[[int], None] = lambda number: None
    lose: Callable[[], str] = lambda: ""
    """Asked for each delivery: 'before' or 'after' breaks the connection then."""
    refuse: Callable[[Sent], str] = lambda sent: ""
    """Asked of each transaction: the words of a refusal, or nothing."""
    shy: int = 0
    """How many questions for receipts are answered with null."""
    where: str = "a dictionary"
    time: float = float(START)
    pool: dict[tuple[str, int], Sent] = field(default_factory=dict)
    mined: list[tuple[int, Sent]] = field(default_factory=list)
    taken: list[Sent] = field(default_factory=list)
    number: int = 100
    stamp: int = START

    # ------------------------------------------------------------------ the clock

    def clock(self) -> float:
        return self.time - START + 50.0

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        while self.stamp + self.interval <= self.time:
            self.stamp += round(self.interval)
            self.number += 1
            self.each_block(self.number)
            self._mine()

    def _mine(self) -> None:
        while ready := [one for one in self.pool.values() if self._fits(one)]:
            for one in ready:
                del self.pool[one.sender, one.nonce]
                self.mined.append((self.number, one))

    def _fits(self, one: Sent) -> bool:
        base = self.base or 0
        paid = min(one.tip, one.most - base)
        return one.nonce == self.count(one.sender) and paid >= self.wanted_tip and one.most >= base

    def mine(self, one: Sent) -> None:
        """Put a transaction into the latest block, whatever it offers."""
        self.mined.append((self.number, one))

    def count(self, sender: str, at: int | None = None) -> int:
        return sum(one.sender == sender and (at is None or number <= at) for number, one in self.mined)

    # ------------------------------------------------------------------ JSON-RPC

    def request(self, method: str, *params: Any) -> Any:
        result = self.batch([(method, params)])[0]
        if isinstance(result, RpcError):
            raise result
        return result

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        lost = self.lose() if any(method == "eth_sendRawTransaction" for method, _ in asked) else ""
        if lost == "before":
            raise UnavailableError("connection lost.")
        if self.shy > 0 and asked and asked[0][0] == "eth_getTransactionReceipt":
            self.shy -= 1
            return [None] * len(asked)
        answers = [self._answer(method, *params) for method, params in asked]
        if lost == "after":
            raise UnavailableError("connection lost.")
        return answers

    def close(self) -> None: ...

    def _answer(self, method: str, *params: Any) -> Any:
        match method:
            case "eth_getTransactionCount":
                return hex(self._nonce(*params))
            case "eth_getBlockByNumber":
                return self._block(*params)
            case "eth_gasPrice":
                return hex(3 * GWEI)
            case "eth_maxPriorityFeePerGas":
                return hex(self.suggested)
            case "eth_getBalance":
                return hex(self.balance)
            case "eth_sendRawTransaction":
                words = self._take(Sent.read(params[0]))
                return words if words.startswith("0x") else RpcError(method, -32000, words)
            case "eth_getTransactionReceipt":
                return next((_receipt(*pair) for pair in self.mined if pair[1].hash == params[0]), None)
            case "eth_getTransactionByHash":
                known = [*self.pool.values(), *(one for _, one in self.mined)]
                return next(({"hash": one.hash} for one in known if one.hash == params[0]), None)
        return RpcError(method, -32601, "no such method")

    def _nonce(self, sender: str, tag: str) -> int:
        if tag.startswith("0x"):
            return self.count(sender, int(tag, 16))
        count = self.count(sender)
        while tag == "pending" and (sender, count) in self.pool:
            count += 1
        return count

    def _block(self, tag: str, full: bool) -> dict[str, Any]:
        number = self.number if tag == "latest" else int(tag, 16)
        block: dict[str, Any] = {"number": hex(number), "timestamp": hex(self.stamp)}
        if self.base is not None:
            block["baseFeePerGas"] = hex(self.base)
        if full:
            inside = [one for at, one in self.mined if at == number]
            block["transactions"] = [
                {"hash": one.hash, "from": one.sender.lower(), "nonce": hex(one.nonce)} for one in inside
            ]
        return block

    def _take(self, sent: Sent) -> str:
        if words := self.refuse(sent):
            return words
        count, place = self.count(sent.sender), (sent.sender, sent.nonce)
        if sent.nonce < count:
            return f"nonce too low: next nonce {count}, tx nonce {sent.nonce}"
        if sent.gas * sent.most > self.balance:
            return "insufficient funds for gas * price + value"
        if not self.queues and sent.nonce > self._nonce(sent.sender, "pending"):
            return "nonce too high"
        if (old := self.pool.get(place)) is not None:
            if old.hash == sent.hash:
                return "already known"
            least = [price * (100 + self.bump_percent) // 100 for price in (old.most, old.tip)]
            if sent.most < max(least[0], old.most + 1) or sent.tip < max(least[1], old.tip + 1):
                return "replacement transaction underpriced"
        self.pool[place] = sent
        self.taken.append(sent)
        return sent.hash


def _receipt(number: int, sent: Sent) -> dict[str, Any]:
    fixed = {"status": "0x1", "gasUsed": "0x5208", "logs": []}
    return {"transactionHash": sent.hash, "blockNumber": hex(number), **fixed}


def make(chain: PoolChain, **options: Any) -> Sender:
    """Return a sender for A, B and C, on the chain's clock."""
    return Sender(chain, 31337, KEYS, **{"clock": chain.clock, "sleep": chain.sleep, **options})


def step(sender: str, label: str = "act", **options: Any) -> Step:
    """Return an act that is told from others by its label."""
    return Step(sender, TARGET, label.encode(), label, 100_000, **options)


def acts(chain: PoolChain) -> Counter[tuple[str, str]]:
    """Return how often each act of each account was mined."""
    return Counter((one.sender, one.data.decode()) for _, one in chain.mined)
