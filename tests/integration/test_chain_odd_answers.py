"""A node that answers nonsense: every answer of an eth-tester chain replaced by something odd."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.auditing.nodesource import NodeSource
from clients.ports.chain import Web3Chain, open_link
from clients.ports.chain.abi import Abi, packaged
from clients.ports.chain.fees import Fees
from clients.ports.chain.flights import JournalEntry, Mined, Step
from clients.ports.chain.link import Link
from clients.ports.chain.logs import LogReader
from clients.ports.chain.refusal import explain
from clients.ports.chain.rpc import Request, Rpc, RpcError
from clients.ports.chain.sender import Sender
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from tests.integration.chain_federation import World, join, opened

pytestmark = pytest.mark.needs("node")  # it compiles

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("0x12"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["address", "topics", "data", "hash", "timestamp", "output", "logs", "baseFeePerGas"]
            ),
            inner,
        )
    ),
    max_leaves=6,
)
FIXED = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Odd:
    """Passes requests on, but for those of `method`, which `answer` answers."""

    where = "http://odd"

    def __init__(self, rpc: Rpc, method: str, answer: Any) -> None:
        self._rpc, self._method, self._answer = rpc, method, answer

    def request(self, method: str, *params: object) -> Any:
        if method != self._method:
            return self._rpc.request(method, *params)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        return [
            self._answer if method == self._method else self._rpc.request(method, *params)
            for method, params in asked
        ]

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened("eth-tester", 3) as world:
        join(world.chain, world.accounts[:2])
        yield world


def odd(world: World, method: str, answer: Any) -> Web3Chain:
    link = Link("url", Odd(world.link.rpc, method, answer), 31337, world.link.sender)
    chain = object.__new__(Web3Chain)  # made while the node still answered well
    chain.__dict__ |= world.chain.__dict__ | {"link": link, "_logs": LogReader(link.rpc)}
    return chain


@FIXED
@given(answer=ODD)
@pytest.mark.parametrize(
    ("method", "ask"),
    [
        ("eth_call", lambda chain: chain.status()),
        ("eth_call", lambda chain: chain.members()),
        ("eth_call", lambda chain: chain.round(1)),
        ("eth_call", lambda chain: chain.tokens(chain.federation)),
        ("eth_getLogs", lambda chain: chain.events()),
        ("eth_blockNumber", lambda chain: chain.block()),
        ("eth_getBlockByNumber", lambda chain: chain.now()),
        ("eth_getBlockByNumber", lambda chain: chain.identity()),
        ("eth_getTransactionCount", lambda chain: chain.pending(chain.federation)),
        ("eth_getCode", lambda chain: Web3Chain(chain.link, chain.federation)),
    ],
)
def test_views_give_a_value_or_a_clear_error(world: World, method: str, ask: Any, answer: Any) -> None:
    with suppress(UnavailableError):
        ask(odd(world, method, answer))


@pytest.mark.parametrize("word", [99, 2**200])
def test_a_phase_that_there_is_none_of(world: World, word: int) -> None:
    good = world.link.rpc.request(
        "eth_call",
        {"to": world.chain.federation, "data": "0x" + Abi(packaged("federation")).call("status").hex()},
    )
    words = bytearray(bytes.fromhex(good[2:]))
    for at in range(0, len(words), 32):
        words[at : at + 32] = word.to_bytes(32, "big")
    with pytest.raises(UnavailableError, match="not a federation"):
        odd(world, "eth_call", "0x" + words.hex()).status()


def test_what_others_logged_is_passed_over(world: World) -> None:
    stranger = {"address": "0x" + "12" * 20}
    assert odd(world, "eth_getLogs", [stranger]).events() == []
    ours = {"address": world.chain.federation, "topics": ["0x" + "ff" * 32], "data": "0x"}
    assert odd(world, "eth_getLogs", [ours]).events() == []


@FIXED
@given(trace=ODD)
def test_a_reverted_call_is_explained_whatever_the_trace(world: World, trace: Any) -> None:
    rpc = Odd(world.link.rpc, "debug_traceTransaction", trace)
    abi = Abi(packaged("federation"))
    step = Step(world.accounts[0], world.chain.federation, abi.call("settle", ()), "settle", 10**6)
    mined = Mined("0x" + "00" * 32, world.chain.block(), False, 30_000, None, ())
    assert isinstance(explain(rpc, abi, step, mined), ProtocolError)


def test_no_trace_is_the_calls_own_error(world: World) -> None:
    rpc = Odd(world.link.rpc, "debug_traceTransaction", None)
    abi = Abi(packaged("federation"))
    step = Step(world.accounts[0], world.chain.federation, abi.call("settle", ()), "settle", 10**6)
    mined = Mined("0x" + "00" * 32, world.chain.block(), False, 30_000, None, ())
    assert explain(rpc, abi, step, mined).name == "WrongPhase"


@FIXED
@given(answer=ODD | st.just(RpcError("eth_x", -32000, "no")))
@pytest.mark.parametrize(
    "method", ["eth_getBlockByNumber", "eth_maxPriorityFeePerGas", "eth_getTransactionCount"]
)
def test_a_sender_sends_or_says_why_not(world: World, method: str, answer: Any) -> None:
    class Enough(Exception):
        pass

    def journal(entry: JournalEntry) -> None:
        raise Enough

    rpc = Odd(world.link.rpc, method, answer)
    sender = Sender(rpc, 31337, world.keys, fees=Fees(), journal=journal)
    with pytest.raises((UnavailableError, Enough)):
        sender.send([Step(world.accounts[0], world.chain.federation, b"", "act", 10**5)])


@FIXED
@given(answer=ODD | st.just(RpcError("eth_x", -32000, "still indexing")))
def test_a_receipt_is_one_or_none_or_a_clear_error(world: World, answer: Any) -> None:
    sender = Sender(Odd(world.link.rpc, "eth_getTransactionReceipt", answer), 31337, world.keys)
    with suppress(UnavailableError):
        assert sender.find("0x" + "00" * 32) is None


@pytest.mark.parametrize(
    ("method", "answer", "ask", "words"),
    [
        ("eth_getBlockByNumber", None, "now", r"http://odd: its answer to eth_getBlockByNumber is null"),
        (
            "eth_getBlockByNumber",
            {},
            "now",
            r"http://odd: its answer to eth_getBlockByNumber has no timestamp",
        ),
        ("eth_call", None, "status", r"http://odd: its answer to eth_call is null.*the state"),
        ("eth_getLogs", None, "events", r"http://odd: its answer to eth_getLogs is null"),
    ],
)
def test_what_is_missing_is_named(world: World, method: str, answer: Any, ask: str, words: str) -> None:
    with pytest.raises(UnavailableError, match=words):
        getattr(odd(world, method, answer), ask)()


def test_an_audit_says_what_to_ask_another_node_for(world: World) -> None:
    for answer in (None, RpcError("eth_call", -32000, "missing trie node")):
        link = Link("url", Odd(world.link.rpc, "eth_call", answer), 31337, world.link.sender)
        with pytest.raises(UnavailableError, match="Old states are with archive nodes alone"):
            NodeSource(link, world.chain.federation, mechanism="stake_vote")


@pytest.mark.parametrize(
    "url", ["http://me:hunter2@host:8545", "wss://me@host/KEY", "me:hunter2@host:8545", "host/hunter2"]
)
def test_a_url_with_secrets_in_the_wrong_place_is_refused_unquoted(url: str) -> None:
    with pytest.raises(RequestError, match="env:NAME") as refused:
        open_link(url)
    assert "hunter2" not in str(refused.value)
    assert "me" not in str(refused.value).split("name")[0].split()
