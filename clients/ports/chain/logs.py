"""Reads logs of a range of blocks, in parts that the node answers.

Providers limit a query's blocks, results or time, each differently, and say so with an error, an HTTP status
or silence. The reader finds out what a node allows: whatever the reason, it splits a refused part into
smaller ones, down to single blocks. Only for history that is gone it doesn't try smaller parts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.ports.chain.abi import OddAnswer
from clients.ports.chain.limits import LOGS, Limit, limit_of
from clients.ports.chain.rpc import Rpc, RpcError, reading
from clients.types.errors import UnavailableError

_MOST = 5_000  # blocks a query
_CALM = 4  # successful queries in a row before more blocks are tried
_FORGET = 16  # such queries before a refusal is forgotten: a stretch of many events may be over


class LogReader:
    """Reads the logs of a node, and learns how many blocks one query may cover."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._span = _MOST
        self._good = 0  # the last span that succeeded
        self._bad: int | None = None  # the shortest span refused since
        self._calm = 0

    def read(self, filters: Sequence[Mapping[str, Any]], first: int, last: int) -> list[list[Any]]:
        """Return the raw logs of blocks `first` to `last`, both included, for each of `filters`.

        UnavailableError says what the node doesn't answer, and which other node would.
        """
        found: list[list[Any]] = [[] for _ in filters]
        start = first
        while start <= last:
            end = min(start + self._span - 1, last)
            span = {"fromBlock": hex(start), "toBlock": hex(end)}
            answers = self._rpc.batch([(LOGS, ({**one, **span},)) for one in filters])
            refused = next((one for one in answers if isinstance(one, RpcError)), None)
            if refused is not None:
                self._refused(refused, start, end)
                continue
            for logs, answer in zip(found, answers, strict=True):
                with reading(self._rpc.where, LOGS):
                    if not isinstance(answer, list):
                        raise OddAnswer("is null" if answer is None else "is no list of logs")
                    logs += answer
            self._went_well(end - start + 1)
            start = end + 1
        return found

    def _refused(self, error: RpcError, start: int, end: int) -> None:
        where, span = self._rpc.where, end - start + 1
        if limit_of(LOGS, error.code, error.message) is Limit.GONE:
            raise UnavailableError(
                f"chain at {where} no longer has the events of block {start}: {error.message}. Give the URL "
                "of an archive node, or of one that keeps all receipts."
            )
        with reading(where, "eth_blockNumber"):
            self._rpc.request("eth_blockNumber")  # raises if the node is gone: then the span isn't to blame
        if span == 1:
            raise UnavailableError(
                f"chain at {where} gives no events, not even those of block {start} alone: {error}. Give the "
                "URL of a node that answers eth_getLogs for it."
            )
        self._bad, self._calm = span, 0
        self._good = self._good if self._good < span else 0
        self._span = self._good or span // 2

    def _went_well(self, span: int) -> None:
        self._calm += 1
        if span == self._span:
            self._good = span
        if self._calm >= _FORGET:
            self._bad = None
        if self._calm % _CALM == 0:
            more = self._span * 2 if self._bad is None else (self._span + self._bad) // 2
            self._span = min(_MOST, max(self._span, more))
