"""JSON-RPC to an Ethereum node: one request or many at once, retried within bounds, never waiting for ever.

Everything here is raw JSON-RPC through web3.py's provider: results are read by `abi`, so a chain whose
blocks carry extra data (Clique) needs no middleware.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from eth_abi.exceptions import DecodingError
from web3.providers.rpc import HTTPProvider
from web3.types import RPCEndpoint, RPCResponse
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect

from clients.ports.chain.answers import Said, get_revert, get_said
from clients.ports.urls import redacted as redacted
from clients.types.errors import FedJuryError, RequestError, UnavailableError

Request = tuple[str, Sequence[object]]

# Requests that change something: not repeated here after a doubtful answer.
_ONCE = ("eth_sendRawTransaction", "evm_", "anvil_mine", "hardhat_mine")
# Anvil takes the parts of a longer batch in some other order; that of transactions matters.
_BATCH = 30
_BACKOFF = 0.1
_HERE = ("localhost", "127.0.0.1", "::1")
_MOST_BYTES = 2**28  # of one answer


# What a connection and a server can do to us. Answers in no known form give the last three.
_TROUBLE = (OSError, requests.RequestException, WebSocketException, ValueError, KeyError, TypeError)


class RpcError(FedJuryError):
    """The node answered, with an error: `code`, `message` and, for a revert, its `data`."""

    def __init__(self, method: str, code: int, message: str, data: object = None) -> None:
        self.method = method
        self.code = code
        self.message = message
        self.data = data
        super().__init__(f"{method}: {message} (code {code})")

    @property
    def said(self) -> Said:
        """Return what a node means that refuses a transaction so."""
        return get_said(self.message)

    @property
    def revert(self) -> bytes | None:
        """Return what the contract reverted with, or None if this isn't about a revert."""
        return get_revert(self.code, self.message, self.data)


@contextmanager
def reading(where: str, method: str) -> Iterator[None]:
    """Turn an error, or an answer in no known form, into an UnavailableError: nodes differ, and may lie."""
    try:
        yield
    except RpcError as error:
        raise UnavailableError(f"chain at {where}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DecodingError):
        raise UnavailableError(
            f"chain at {where}: its answer to {method} means nothing. Is it an Ethereum node, and up to date "
            "with its chain? Give another URL if it stays so."
        ) from None


class Rpc(Protocol):
    """Where requests go."""

    @property
    def where(self) -> str:
        """Return the node's place for people to read, without secrets."""
        ...

    def request(self, method: str, *params: object) -> Any:
        """Return the result of one request. Raises RpcError, or UnavailableError without an answer."""
        ...

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the results of many requests in order; an RpcError stands for one that failed."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class _Transport(Protocol):
    """One way to bring a request to a node: raises OSError, TimeoutError or ValueError on trouble."""

    def exchange(self, asked: Sequence[Request]) -> list[RPCResponse] | RPCResponse: ...

    def close(self) -> None: ...


class _Http:
    def __init__(self, url: str, timeout: float) -> None:
        self._session = requests.Session()
        # A node on this machine is reached directly, whatever proxies the environment names.
        self._session.trust_env = urlsplit(url).hostname not in _HERE
        self._provider = HTTPProvider(
            url,
            # Connecting takes milliseconds or fails; answers may take the whole timeout.
            request_kwargs={"timeout": (min(timeout, 5.0), timeout)},
            session=self._session,
            exception_retry_configuration=None,
        )

    def exchange(self, asked: Sequence[Request]) -> list[RPCResponse] | RPCResponse:
        if len(asked) == 1:
            return [self._provider.make_request(RPCEndpoint(asked[0][0]), list(asked[0][1]))]
        return self._provider.make_batch_request([(RPCEndpoint(name), list(args)) for name, args in asked])

    def close(self) -> None:
        self._session.close()


class _WebSocket:
    """A synchronous WebSocket; web3.py's own is for asyncio only."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def exchange(self, asked: Sequence[Request]) -> list[RPCResponse] | RPCResponse:
        with self._lock:
            try:
                return self._exchange(asked)
            except BaseException:
                self.close()  # an answer still on its way must not be taken for another's
                raise

    def _exchange(self, asked: Sequence[Request]) -> list[RPCResponse] | RPCResponse:
        if self._socket is None:
            self._socket = self._stack.enter_context(
                ws_connect(
                    self._url, open_timeout=self._timeout, close_timeout=1.0, max_size=_MOST_BYTES, proxy=None
                )
            )
        sent = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": name, "params": list(args)}
            for name, args in asked
        ]
        self._socket.send(json.dumps(sent if len(sent) > 1 else sent[0]))
        got = json.loads(self._socket.recv(timeout=self._timeout))
        if len(sent) == 1:
            return [got]
        if not isinstance(got, list):
            return got  # type: ignore[no-any-return]
        by_id = {reply["id"]: reply for reply in got}
        return [by_id[one["id"]] for one in sent]

    def close(self) -> None:
        self._socket = None
        self._stack.close()


class NodeRpc:
    """An http(s):// or ws(s):// node.

    `timeout` is in seconds for each try of a request, `tries` how often one that may be repeated is made; the
    pause between tries doubles each time.
    """

    def __init__(
        self, url: str, *, timeout: float = 10.0, tries: int = 4, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._where = redacted(url)
        scheme = self._where.split(":")[0].lower()
        if scheme not in ("http", "https", "ws", "wss"):
            raise RequestError(f"chain URL {self._where!r} is none of http://, https://, ws://, wss://.")
        self._timeout = timeout
        self._tries = max(1, tries)
        self._sleep = sleep
        self._transport: _Transport
        self._transport = _Http(url, timeout) if scheme.startswith("http") else _WebSocket(url, timeout)
        self._batches = True

    @property
    def where(self) -> str:
        """Return scheme, host and port of the node."""
        return self._where

    def request(self, method: str, *params: object) -> Any:
        """Return the result of one request."""
        return _result(method, self._exchange([(method, params)])[0])

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the results in order, RpcErrors among them."""
        replies: list[Any] = []
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            replies += self._exchange(part) if self._batches else []
            if not self._batches:
                replies += [self._exchange([one])[0] for one in part]
        return [_result_or_error(method, reply) for (method, _), reply in zip(asked, replies, strict=True)]

    def _exchange(self, asked: Sequence[Request]) -> list[RPCResponse]:
        tries = 1 if any(method.startswith(_ONCE) for method, _ in asked) else self._tries
        for attempt in range(tries):
            try:
                got = self._transport.exchange(asked)
                if isinstance(got, list) and len(got) == len(asked) and all(map(_is_reply, got)):
                    return got
                if len(asked) == 1 or not (isinstance(got, dict) and "error" in got):
                    raise ValueError("the answer is not JSON-RPC")
                self._batches = False  # this node takes requests one at a time only
                return []
            except _TROUBLE as error:
                why = self._explain(error)
                if attempt + 1 == tries or not _passing(error):
                    raise UnavailableError(
                        f"chain at {self._where}: {asked[0][0]} failed after {attempt + 1} "
                        f"{'try' if attempt == 0 else 'tries'}: {why}. Is a node running there? "
                        "Start it, or give another URL."
                    ) from None
                self._sleep(_BACKOFF * 2**attempt)
        raise AssertionError("unreachable")

    def _explain(self, error: Exception) -> str:
        if isinstance(error, requests.Timeout | TimeoutError):
            return f"no answer within {self._timeout:g} s"
        if isinstance(error, requests.HTTPError) and error.response is not None:
            return f"HTTP status {error.response.status_code}"
        if isinstance(error, requests.ConnectionError | ConnectionError):
            return "connection refused or lost"
        if isinstance(error, ValueError | KeyError | TypeError):
            return "it answers, but not in JSON-RPC"
        return type(error).__name__  # the text may quote the URL, and a URL may hold a secret

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()


def _is_reply(reply: object) -> bool:
    return isinstance(reply, dict) and ("result" in reply or "error" in reply)


def _passing(error: Exception) -> bool:
    """Return whether trying again may help: refused requests (HTTP 4xx but 408 and 429) stay refused."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code >= 500 or error.response.status_code in (408, 429)
    return True


def _result_or_error(method: str, reply: Any) -> Any:
    error = reply.get("error")
    if error is None:
        return reply.get("result")
    if not isinstance(error, dict):
        error = {"message": str(error)}
    code = error.get("code")
    return RpcError(
        method, code if isinstance(code, int) else 0, str(error.get("message", "")), error.get("data")
    )


def _result(method: str, reply: Any) -> Any:
    result = _result_or_error(method, reply)
    if isinstance(result, RpcError):
        raise result
    return result
