"""Nonces, journal, fees and receipts, against a chain made of a dictionary."""

from collections.abc import Sequence
from typing import Any

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from eth_utils.hexadecimal import decode_hex
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.rpc import Request, RpcError
from clients.ports.chain.sender import GWEI, Entry, Fees, Sender, Step
from clients.ports.keys import derive_keys
from clients.types.errors import RequestError, UnavailableError

KEYS = derive_keys(5, 3)
A, B, C = (key.address for key in KEYS)
TARGET = "0x" + "11" * 20


class FakeChain:
    """Takes what is next in nonce, mines at once unless `stalled`, and can be told to lie in wait."""

    where = "a dictionary"

    def __init__(self) -> None:
        self.nonces: dict[str, int] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.raws: list[str] = []
        self.stalled = False
        self.base_fee: int | None = 7 * GWEI

    def request(self, method: str, *params: Any) -> Any:
        result = self.batch([(method, params)])[0]
        if isinstance(result, RpcError):
            raise result
        return result

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        return [self._answer(method, *params) for method, params in asked]

    def close(self) -> None: ...

    def _answer(self, method: str, *params: Any) -> Any:
        match method:
            case "eth_getTransactionCount":
                return hex(self.nonces.get(params[0], 0))
            case "eth_getBlockByNumber":
                return {"baseFeePerGas": hex(self.base_fee)} if self.base_fee is not None else {}
            case "eth_gasPrice":
                return hex(3 * GWEI)
            case "eth_maxPriorityFeePerGas":
                return hex(2 * GWEI)
            case "eth_sendRawTransaction":
                return self._take(params[0])
            case "eth_getTransactionReceipt":
                return self.receipts.get(params[0])
        return RpcError(method, -32601, "no such method")

    def _take(self, raw: str) -> Any:
        sender, nonce = Account.recover_transaction(raw), decode(raw)["nonce"]
        digest = hash_of(raw)
        if digest in self.receipts:
            return RpcError("eth_sendRawTransaction", -32000, "already known")
        expected = self.nonces.get(sender, 0)
        if nonce != expected:
            word = "low" if nonce < expected else "high"
            return RpcError("eth_sendRawTransaction", -32000, f"nonce too {word}")
        self.raws.append(raw)
        if not self.stalled:
            self.nonces[sender] = expected + 1
            fixed = {"blockNumber": "0x1", "status": "0x1", "gasUsed": "0x5208", "logs": []}
            self.receipts[digest] = {"transactionHash": digest, **fixed}
        return digest


def decode(raw: str) -> dict[str, Any]:
    if not raw.startswith("0x02"):
        return {"nonce": 0}  # a legacy one, of which there is one here
    return TypedTransaction.from_bytes(HexBytes(raw)).as_dict()


def hash_of(raw: str) -> str:
    return "0x" + keccak(decode_hex(raw)).hex()


def make(chain: FakeChain, **options: Any) -> Sender:
    ticks = iter(range(10**6))
    options = {"clock": lambda: float(next(ticks)), "sleep": lambda seconds: None, **options}
    return Sender(chain, 31337, KEYS, **options)


def step(sender: str, label: str = "act") -> Step:
    return Step(sender, TARGET, b"\1\2", label, 100_000)


@given(st.lists(st.lists(st.sampled_from([A, B, C]), max_size=6), max_size=5))
def test_nonces_run_on_for_each_sender(batches: list[list[str]]) -> None:
    chain = FakeChain()
    sender = make(chain)
    for batch in batches:
        assert len(sender.send([step(who) for who in batch])) == len(batch)
    for who in (A, B, C):
        nonces = [decode(raw)["nonce"] for raw in chain.raws if Account.recover_transaction(raw) == who]
        assert nonces == list(range(len(nonces)))


def test_the_journal_has_the_hash_before_the_chain_has_the_transaction() -> None:
    chain = FakeChain()
    noted: list[Entry] = []

    def journal(entry: Entry) -> None:
        assert entry.transaction not in chain.receipts
        noted.append(entry)

    sender = make(chain, journal=journal)
    mined = sender.send([step(A, "join"), step(B, "exit"), step(A, "claim")])
    assert [entry.transaction for entry in noted] == [one.transaction for one in mined]
    assert [(entry.sender, entry.nonce, entry.label) for entry in noted] == [
        (A, 0, "join"),
        (B, 0, "exit"),
        (A, 1, "claim"),
    ]


def test_a_journal_that_fails_stops_the_transaction() -> None:
    chain = FakeChain()

    def journal(entry: Entry) -> None:
        raise UnavailableError("disk full")

    sender = make(chain, journal=journal)
    with pytest.raises(UnavailableError, match="disk full"):
        sender.send([step(A)])
    assert chain.raws == []
    sender.journal = None
    [mined] = sender.send([step(A)])
    assert decode(chain.raws[0])["nonce"] == 0
    assert mined.ok


def test_used_up_nonces_are_renewed_in_order() -> None:
    chain = FakeChain()
    sender = make(chain)
    sender.send([step(A)])
    chain.nonces[A] = 5  # somebody else has this key too
    sender.send([step(A, "one"), step(B), step(A, "two")])
    assert [decode(raw)["nonce"] for raw in chain.raws] == [0, 0, 5, 6]


def test_forgotten_nonces_are_renewed() -> None:
    chain = FakeChain()
    sender = make(chain)
    sender.send([step(A), step(A)])
    chain.nonces, chain.receipts = {}, {}  # a development chain began anew
    sender.send([step(A, "again")])
    assert decode(chain.raws[-1])["nonce"] == 0


class Flaky(FakeChain):
    """Takes the first `lost` deliveries without an answer, and shows receipts `lag` questions late."""

    def __init__(self, lost: int, lag: int) -> None:
        super().__init__()
        self.lost = lost
        self.lag = lag

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        if asked and asked[0][0] == "eth_getTransactionReceipt" and self.lag > 0:
            self.lag -= 1
            return [None] * len(asked)
        answers = super().batch(asked)
        if asked and asked[0][0] == "eth_sendRawTransaction" and self.lost > 0:
            self.lost -= 1
            raise UnavailableError("connection lost")
        return answers


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("lag", [0, 1, 7])
@pytest.mark.parametrize("word", ["already known", "nonce too low"])
def test_a_lost_answer_makes_no_second_transaction(lost: int, lag: int, word: str) -> None:
    chain = Flaky(lost, lag)
    sent: set[str] = set()
    whole = chain._take

    def take(raw: str) -> Any:
        sent.add(raw)
        answer = whole(raw)
        known = isinstance(answer, RpcError) and answer.message == "already known"
        return RpcError("eth_sendRawTransaction", -32000, word) if known else answer

    chain._take = take  # type: ignore[method-assign]
    mined = make(chain).send([step(A), step(B), step(A)])
    assert all(one.ok for one in mined)
    assert len(sent) == len(chain.raws) == 3


def test_deliveries_are_bounded_and_doubt_is_told() -> None:
    chain = Flaky(10**6, 0)
    with pytest.raises(UnavailableError, match=r"connection lost.*look for its receipt"):
        make(chain).send([step(A)])
    assert len(chain.raws) == 1


def test_a_timeout_names_the_transaction_and_leaves_it() -> None:
    chain = FakeChain()
    chain.stalled = True
    noted: list[Entry] = []
    sender = make(chain, timeout=5, journal=noted.append)
    with pytest.raises(UnavailableError, match=r"not mined within 5 s.*may still be") as caught:
        sender.send([step(A), step(B)])
    assert noted[0].transaction in str(caught.value)
    assert len(chain.raws) == 2


def test_a_replaced_transaction_is_said_to_be() -> None:
    chain = FakeChain()
    chain.stalled = True
    sender = make(chain, timeout=5, sleep=lambda seconds: chain.nonces.update({A: 1}))
    with pytest.raises(UnavailableError, match="another transaction took its nonce"):
        sender.send([step(A)])


def test_fees() -> None:
    chain = FakeChain()
    sender = make(chain)
    sender.send([step(A)])
    fields = decode(chain.raws[-1])
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (16 * GWEI, 2 * GWEI)
    make(chain, fees=Fees(fixed=(50, 5))).send([step(B)])
    fields = decode(chain.raws[-1])
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (50, 5)
    with pytest.raises(UnavailableError, match="above the ceiling"):
        make(chain, fees=Fees(ceiling=GWEI)).send([step(A)])
    chain.base_fee = None
    make(chain).send([step(C)])
    assert not chain.raws[-1].startswith("0x02")


def test_who_may_sign() -> None:
    sender = make(FakeChain())
    with pytest.raises(RequestError, match="no key for"):
        sender.send([step(TARGET)])
    assert sender.send([]) == []
