"""How requests reach a node and answers come back: HTTP through web3.py's provider, or a WebSocket.

A transport carries each request once and interprets nothing; `clients.ports.chain.noderpc` interprets.
"""

import itertools
import json
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as ws_connect

from clients.ports.chain.limits import parse_retry_after
from clients.ports.chain.rpc import Request
from clients.types.parsing import parse_json

_HERE = ("localhost", "127.0.0.1", "::1")
_CONNECT_S = 5.0
_MOST_BYTES = 2**28  # of one answer


class HttpRefusal(Exception):
    """An HTTP status other than success, with its body if that is JSON, and the seconds of Retry-After."""

    def __init__(self, status: int, body: object = None, retry_after: float | None = None) -> None:
        self.status = status
        self.body = body
        self.retry_after = retry_after
        super().__init__(f"HTTP status {status}")


class Transport(Protocol):
    """One way to bring requests to a node."""

    def exchange(self, asked: Sequence[Request]) -> tuple[Sequence[int], Any]:
        """Return the ids of the requests as sent, and the decoded reply.

        One request goes alone, several go as a batch. Raises HttpRefusal, OSError, ValueError and the
        libraries' errors; then the node may have acted or not.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def open_transport(url: str, timeout: float) -> Transport:
    """Return a transport to the node at `url`, whose answers may take `timeout` seconds each."""
    return (Http if urlsplit(url).scheme.startswith("http") else WebSocket)(url, timeout)


class Http:
    """Requests by HTTP, over connections that stay open."""

    def __init__(self, url: str, timeout: float) -> None:
        from web3.providers.rpc import HTTPProvider  # late: it takes seconds to import

        self._session = requests.Session()
        # A node on this machine is reached directly, whatever proxies the environment names.
        self._session.trust_env = urlsplit(url).hostname not in _HERE
        # Connecting takes milliseconds or fails; answers may take the whole timeout.
        self._provider = HTTPProvider(url, {"timeout": (min(timeout, _CONNECT_S), timeout)}, self._session)
        self._lock = threading.Lock()
        self._url = url

    def exchange(self, asked: Sequence[Request]) -> tuple[Sequence[int], Any]:
        """Post the requests."""
        calls: list[tuple[Any, Any]] = [(name, list(args)) for name, args in asked]
        with self._lock:
            self._provider.request_counter = itertools.count(1)
            encode = self._provider.encode_batch_rpc_request
            data = encode(calls) if len(calls) > 1 else self._provider.encode_rpc_request(*calls[0])
        with self._session.post(self._url, data=data, **self._provider.get_request_kwargs()) as answer:
            if not answer.ok:
                body = None
                with suppress(ValueError):
                    body = parse_json(answer.content)
                raise HttpRefusal(answer.status_code, body, parse_retry_after(answer.headers, time.time))
            return range(1, len(asked) + 1), parse_json(answer.content)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class WebSocket:
    """Requests over a synchronous WebSocket; web3.py's own is for asyncio only."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def exchange(self, asked: Sequence[Request]) -> tuple[Sequence[int], Any]:
        """Send the requests in one message, opening the socket first if it is closed."""
        with self._lock:
            try:
                return self._exchange(asked)
            except BaseException:
                self.close()  # a late answer must not be taken for the next request's
                raise

    def _exchange(self, asked: Sequence[Request]) -> tuple[Sequence[int], Any]:
        if self._socket is None:
            self._socket = self._connect()
        ids = [next(self._ids) for _ in asked]
        sent = [
            {"jsonrpc": "2.0", "id": number, "method": name, "params": list(args)}
            for number, (name, args) in zip(ids, asked, strict=True)
        ]
        self._socket.send(json.dumps(sent if len(sent) > 1 else sent[0]))
        deadline = time.monotonic() + self._timeout
        single: list[Any] = []
        while len(single) < len(sent):
            got = parse_json(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if isinstance(got, dict) and "method" in got:
                continue  # an unrequested notification
            if not isinstance(got, dict) or len(sent) == 1:
                return ids, got
            single.append(got)  # some nodes answer the parts of a batch one by one
            if got.get("id") is None:
                break
        return ids, single if len(single) > 1 else single[0]

    def _connect(self) -> ClientConnection:
        try:
            return self._stack.enter_context(
                ws_connect(
                    self._url, open_timeout=self._timeout, close_timeout=1.0, max_size=_MOST_BYTES, proxy=None
                )
            )
        except InvalidStatus as error:
            headers = {name.title(): value for name, value in error.response.headers.raw_items()}
            pause = parse_retry_after(headers, time.time)
            raise HttpRefusal(error.response.status_code, None, pause) from None

    def close(self) -> None:
        """Close the socket; the next request opens another."""
        self._socket = None
        self._stack.close()
