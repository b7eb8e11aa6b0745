"""What providers and nodes were seen to say when they refuse, and what is made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.limits import LOGS, Limit, get_pause, limit_of, parse_retry_after

CALL, SEND = "eth_call", "eth_sendRawTransaction"
RATE, BATCH, GONE = Limit.RATE, Limit.BATCH, Limit.GONE


@pytest.mark.parametrize(
    ("code", "message"),
    [
        # Infura: github.com/INFURA/infura/issues/201, github.com/status-im/nimbus-eth2/issues/1632
        (-32005, "project ID request rate exceeded"),
        (-32005, "daily request count exceeded, request rate limited"),
        # Alchemy: docs.alchemy.com/reference/throughput
        (429, "Your app has exceeded its compute units per second capacity."),
        (429, "Too many concurrent requests"),
        (-32016, "Your IP has exceeded the rate limit"),
        # QuickNode: github.com/foundry-rs/foundry/issues/4894 and pull/6712
        (-32007, "100/second request limit reached - reduce calls per second or upgrade your account"),
        (-32012, "credits limited to 6000/sec"),
        # dRPC: github.com/drpcorg/nodecore/pull/327
        (15, "You reached Public endpoint rate limit, please upgrade to paid plan"),
        # Chainstack: github.com/chainstack/dev-portal/pull/288
        (-32005, "Rate Limit Exceeded"),
        # TheRPC: github.com/reown-com/blockchain-api/pull/1102; BlockVision: docs.blockvision.org
        (-32029, "no such luck"),
        (-32605, "Rate Limit"),
        # Nethermind and Erigon when they have too much to do; jsonrpsee, on which Reth rests
        (-32005, "Too many requests"),
        (-32005, "server overloaded"),
        (-32009, "Server is busy, try again later"),
        # nobody in particular
        (-32005, "request rate limited"),
        (-32000, "You have reached the quota of your plan"),
        (-32005, ""),
    ],
)
def test_too_many_requests(code: int, message: str) -> None:
    for method in (CALL, SEND):
        assert limit_of(method, code, message) is RATE
        assert limit_of(method, code, message, batched=True) is RATE


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32600, "batch too large"),  # geth
        (-32000, "batch limit 100 exceeded: 142 requests given"),  # github.com/erigontech/erigon/issues/7072
        (-32005, "Number of requests exceeds max batch size"),  # Besu's RpcErrorType
        (-32005, "Batch size limit exceeded"),  # Nethermind
        (-32005, "Batched requests are not supported by this server"),  # jsonrpsee
        (-32010, "The batch request was too large"),
        (31, "Batch of more than 3 requests are not allowed on free tier"),  # dRPC
        # github.com/ethers-io/ethers.js/issues/4128
        (-32600, 'Too many ["eth_getLogs"] methods in the batch'),
        (-32600, "Too many requests in batch"),
    ],
)
def test_too_many_at_once(code: int, message: str) -> None:
    assert limit_of(CALL, code, message, batched=True) is BATCH
    assert limit_of(CALL, code, message) is not BATCH  # by itself it can't be that


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (4444, "pruned history unavailable"),  # EIP-4444: geth, Reth
        (-32000, "Receipt not available for From block 14319330."),  # NethermindEth/nethermind/issues/12089
        # github.com/erigontech/erigon/issues/13198
        (-32000, "seek with txNum=1962853355 but data before txNum=2662500000 is not available"),
        (-32000, "missing trie node 0x12 (path ) state 0x12 is not available, not found"),
        (-32000, "required historical state unavailable (reexec=128)"),
        (-32000, "This request is not supported because your node is running with state pruning."),
    ],
)
def test_history_that_is_gone(code: int, message: str) -> None:
    assert limit_of(LOGS, code, message) is GONE
    assert limit_of(CALL, code, message) is GONE


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32602, "range 1000000 exceeds limit of 10000"),  # github.com/INFURA/infura/issues/237
        (-32005, "query returned more than 10000 results"),
        (-32005, "query timeout exceeded"),
        (-32005, "Requested range exceeds maximum RPC range limit"),  # Besu
        (-32614, "eth_getLogs is limited to a 10,000 range"),  # QuickNode
        (-32000, "Log response size exceeded. Please reduce query block range."),  # Alchemy
        (-32600, "block range is too wide"),  # Ankr
        (-32047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800"),
        (-32000, "exceed maximum block range: 50000"),
        (-32602, "archive requests are limited to a range of 100 blocks"),
        (35, "ranges over 10000 blocks are not supported on freetier"),
    ],
)
def test_too_many_logs_are_no_limit_of_rates(code: int, message: str) -> None:
    assert limit_of(LOGS, code, message) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (3, "execution reverted: rate limit exceeded"),
        (-32000, "execution reverted: batch is full"),
        (-32000, "VM Exception while processing transaction: reverted with reason string 'quota'"),
        (-32000, "nonce too low: next nonce 5, tx nonce 4"),
        (-32000, "already known"),
        (-32000, "replacement transaction underpriced"),
        (-32000, "insufficient funds for gas * price + value"),
        (-32000, "exceeds block gas limit"),
        (-32000, "gas limit reached"),
        (-32000, "in-flight transaction limit reached for delegated accounts"),
        (-32000, "txpool is full"),
        (-32000, "tx fee (1.00 ether) exceeds the configured cap (0.10 ether)"),
        (-32000, "max fee per gas less than block base fee"),
        (-32601, "the method eth_maxPriorityFeePerGas does not exist/is not available"),
        (-32000, "header not found"),
    ],
)
def test_what_is_no_limit(code: int, message: str) -> None:
    for method in (CALL, SEND):
        assert limit_of(method, code, message, batched=True) is None


def test_how_long_an_error_asks_to_wait() -> None:
    # Infura has it in two places, Chainstack with a unit.
    assert get_pause({"rate": {"allowed_rps": 1, "backoff_seconds": 30, "current_rps": 1.27}}) == 30
    assert get_pause({"backoff_seconds": 30.0, "see": "…"}) == 30
    assert get_pause({"try_again_in": "613.5ms"}) == 0.6135
    assert get_pause({"try_again_in": "2s"}) == 2
    for nothing in (None, "x", {}, {"rate": None}, {"backoff_seconds": -1}, {"backoff_seconds": True}):
        assert get_pause(nothing) is None


ASKING = st.sampled_from(["rate", "backoff_seconds", "try_again_in"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.dictionaries(ASKING, inner),
        max_leaves=4,
    )
)
def test_any_data_ask_for_a_time_or_for_none(data: object) -> None:
    pause = get_pause(data)
    assert pause is None or 0 <= pause < 1e10


def test_retry_after() -> None:
    def read(**headers: str) -> float | None:
        return parse_retry_after(
            {name.replace("_", "-"): value for name, value in headers.items()}, lambda: 0.0
        )

    date, later = "Thu, 01 Jan 1970 00:01:00 GMT", "Thu, 01 Jan 1970 00:01:30 GMT"
    assert read(Retry_After="7") == 7
    assert read(Retry_After=date) == 60
    assert read(Retry_After=later, Date=date) == 30  # the answer's own clock counts
    assert read(Retry_After=date, Date=later) == 0
    for nothing in ("", "soon", "-5", "1e9", "nan", "99999999999"):
        assert read(Retry_After=nothing) is None
    assert read() is None
