"""Logs from nodes that give few blocks at a time, few results, or none of the old ones."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.logs import LogReader
from clients.ports.chain.rpc import Request, RpcError
from clients.types.errors import UnavailableError

LAST = 400
Limit = Callable[[int, int, int], RpcError | None]


class Node:
    """A node with logs in `blocks`, which refuses as `limit` says of first block, last block and results."""

    where = "http://node"

    def __init__(self, blocks: Sequence[int], limit: Limit, *, alive: bool = True) -> None:
        self.blocks, self.limit, self.alive = sorted(blocks), limit, alive
        self.spans: list[int] = []

    def request(self, method: str, *params: Any) -> Any:
        if not self.alive:
            raise UnavailableError("gone")
        return hex(LAST)

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        return [self._logs(*params) for _, params in asked]

    def _logs(self, query: Any) -> Any:
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        found = [one for one in self.blocks if first <= one <= last]
        self.spans.append(last - first + 1)
        return self.limit(first, last, len(found)) or [(query["address"], one) for one in found]

    def close(self) -> None: ...


def refuse(code: int, message: str) -> RpcError:
    return RpcError("eth_getLogs", code, message)


def by_range(most: int) -> Limit:
    return lambda first, last, _: refuse(-32602, "range too large") if last - first >= most else None


@given(
    blocks=st.lists(st.integers(0, LAST), max_size=60, unique=True),
    most=st.integers(1, 500),
    results=st.integers(1, 100),
    first=st.integers(0, LAST),
    silent=st.booleans(),
)
def test_every_log_comes_once_and_in_order_whatever_the_limits(
    blocks: list[int], most: int, results: int, first: int, silent: bool
) -> None:
    error = refuse(0, "no answer within 30 s") if silent else refuse(-32005, "more than 10000 results")

    def limit(start: int, end: int, found: int) -> RpcError | None:
        return error if found > results else by_range(most)(start, end, found)

    node = Node(blocks, limit)
    found = LogReader(node).read([{"address": "a"}, {"address": "b"}], first, LAST)
    wanted = [one for one in sorted(blocks) if one >= first]
    assert found == [[(name, one) for one in wanted] for name in "ab"]


@pytest.mark.parametrize("most", [1, 7, 50, 64, 1_000, 5_000, 10_000])
def test_what_a_node_gives_is_found_and_kept_to(most: int) -> None:
    node = Node([], by_range(most))
    LogReader(node).read([{"address": "a"}], 0, 20 * most)
    fewest = 20 * most // min(most, 5_000) + 1
    assert len(node.spans) <= 1.5 * fewest + 30


def test_a_stretch_of_many_events_is_over_some_time() -> None:
    def limit(first: int, last: int, _: int) -> RpcError | None:
        return refuse(-32005, "too many results") if first < 1_000 and last - first >= 100 else None

    node = Node([], limit)
    LogReader(node).read([{"address": "a"}], 0, 100_000)
    assert max(node.spans[10:]) == 5_000
    assert len(node.spans) < 120


@pytest.mark.parametrize(
    "error",
    [refuse(4444, "pruned history unavailable"), refuse(-32000, "Receipt not available for block 3.")],
)
def test_history_that_is_gone_is_asked_for_once(error: RpcError) -> None:
    node = Node([], lambda first, last, _: error if first < 100 else None)
    with pytest.raises(UnavailableError, match=r"no longer has the events of block 5: .*an archive node"):
        LogReader(node).read([{"address": "a"}], 5, LAST)
    assert len(node.spans) == 1


def test_a_node_that_gives_no_block_alone_is_told_of_with_its_words() -> None:
    node = Node([], lambda *_: refuse(-32601, "eth_getLogs is not for you"))
    with pytest.raises(UnavailableError, match=r"block 5 alone: .*is not for you.* answers eth_getLogs"):
        LogReader(node).read([{"address": "a"}], 5, LAST)
    assert len(node.spans) <= 14


def test_a_node_that_has_gone_is_not_asked_for_less() -> None:
    node = Node([], lambda *_: refuse(0, "no answer within 30 s"), alive=False)
    with pytest.raises(UnavailableError, match="gone"):
        LogReader(node).read([{"address": "a"}], 5, LAST)
    assert len(node.spans) == 1


@pytest.mark.parametrize(("answer", "words"), [(None, "is null"), ({}, "is no list"), ("0x", "is no list")])
def test_logs_that_are_none_are_told_of(answer: Any, words: str) -> None:
    class Odd(Node):
        def batch(self, asked: Sequence[Request]) -> list[Any]:
            return [answer for _ in asked]

    with pytest.raises(UnavailableError, match=f"http://node: its answer to eth_getLogs {words}"):
        LogReader(Odd([], by_range(1))).read([{"address": "a"}], 0, 1)
