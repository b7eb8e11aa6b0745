"""JSON-RPC over a real socket, to servers that misbehave in every way we know of."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from clients.ports.chain.rpc import NodeRpc, RpcError
from clients.ports.urls import redacted
from clients.types.errors import RequestError, UnavailableError

Answer = Callable[[Any, int], tuple[int, bytes]]


class Server:
    """Answers each request as `answer` says, given its body and how many came before."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.seen.append(body)
                status, text = answer(body, len(outer.seen) - 1)
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://user:hunter2@127.0.0.1:{self._http.server_port}/secret-key?k=hunter2"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def rpc(server: Server, **options: Any) -> NodeRpc:
    return NodeRpc(server.url, sleep=lambda seconds: None, **options)


def echo(body: Any, _: int = 0) -> tuple[int, bytes]:
    """Return the parameters of each request, the answers of a batch in reverse: their order is free."""
    if isinstance(body, list):
        replies = [{"jsonrpc": "2.0", "id": one["id"], "result": one["params"]} for one in body]
        return 200, json.dumps(replies[::-1]).encode()
    return 200, json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": body["params"]}).encode()


def test_one_and_many(serve: Callable[[Answer], Server]) -> None:
    server = serve(echo)
    node = rpc(server)
    assert node.request("eth_x", 1, "2") == [1, "2"]
    asked = [("eth_x", (number,)) for number in range(75)]
    assert node.batch(asked) == [[number] for number in range(75)]
    assert [len(body) for body in server.seen[1:]] == [30, 30, 15]
    assert node.batch([]) == []


def test_errors_of_a_batch_stand_where_they_belong(serve: Callable[[Answer], Server]) -> None:
    def answer(body: Any, _: int) -> tuple[int, bytes]:
        replies = [
            {"id": one["id"], "error": {"code": 3, "message": "execution reverted", "data": "0xabcd"}}
            if one["params"] == [1]
            else {"id": one["id"], "result": one["params"]}
            for one in (body if isinstance(body, list) else [body])
        ]
        return 200, json.dumps(replies if isinstance(body, list) else replies[0]).encode()

    node = rpc(serve(answer))
    first, second, third = node.batch([("eth_x", (0,)), ("eth_x", (1,)), ("eth_x", (2,))])
    assert (first, third) == ([0], [2])
    assert isinstance(second, RpcError)
    assert second.revert == b"\xab\xcd"
    with pytest.raises(RpcError, match="execution reverted"):
        node.request("eth_x", 1)


def test_a_node_without_batches_is_asked_one_by_one(serve: Callable[[Answer], Server]) -> None:
    def answer(body: Any, count: int) -> tuple[int, bytes]:
        if isinstance(body, list):
            return 200, b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "no batches"}}'
        return echo(body)

    server = serve(answer)
    node = rpc(server)
    assert node.batch([("eth_x", (number,)) for number in range(3)]) == [[0], [1], [2]]
    assert node.batch([("eth_x", (number,)) for number in range(2)]) == [[0], [1]]
    assert len(server.seen) == 1 + 3 + 2


@pytest.mark.parametrize(
    ("status", "body", "tries", "words"),
    [
        (503, b"", 4, "HTTP status 503"),
        (429, b"", 4, "HTTP status 429"),
        (404, b"", 1, "HTTP status 404"),
        (401, b"", 1, "HTTP status 401"),
        (200, b"<html>welcome</html>", 4, "not in JSON-RPC"),
        (200, b"\xff\xfe", 4, "not in JSON-RPC"),
        (200, b"[]", 4, "not in JSON-RPC"),
        (200, b'"hello"', 4, "not in JSON-RPC"),
        (200, b"null", 4, "not in JSON-RPC"),
    ],
)
def test_trouble_is_bounded_and_keeps_secrets(
    serve: Callable[[Answer], Server], status: int, body: bytes, tries: int, words: str
) -> None:
    server = serve(lambda *_: (status, body))
    with pytest.raises(UnavailableError, match=words) as caught:
        rpc(server).request("eth_x")
    assert len(server.seen) == tries
    for secret in ("hunter2", "secret-key", "user"):
        assert secret not in str(caught.value)


def test_passing_trouble_passes(serve: Callable[[Answer], Server]) -> None:
    server = serve(lambda body, count: echo(body) if count == 2 else (502, b"bad gateway"))
    assert rpc(server).request("eth_x", 5) == [5]


def test_proxies_are_not_for_this_machine(
    serve: Callable[[Answer], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert rpc(serve(echo)).request("eth_x", 5) == [5]


def test_what_must_happen_once_is_asked_once(serve: Callable[[Answer], Server]) -> None:
    server = serve(lambda *_: (502, b""))
    with pytest.raises(UnavailableError):
        rpc(server).request("evm_mine")
    assert len(server.seen) == 1


def test_the_pause_doubles(serve: Callable[[Answer], Server]) -> None:
    pauses: list[float] = []
    server = serve(lambda *_: (502, b""))
    with pytest.raises(UnavailableError):
        NodeRpc(server.url, sleep=pauses.append, tries=4).request("eth_x")
    assert pauses == [0.1, 0.2, 0.4]


@pytest.mark.parametrize("url", ["ftp://host", "localhost:8545", "", "/ip4/127.0.0.1"])
def test_urls_of_another_kind(url: str) -> None:
    with pytest.raises(RequestError, match="http://"):
        NodeRpc(url)


@pytest.mark.parametrize("url", ["http://[::1", "http://host:port", "http://host:99999"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(RequestError):
        NodeRpc(url)


def test_redacted() -> None:
    assert redacted("https://me:pw@host.example:8545/v2/KEY?a=b#c") == "https://host.example:8545"
    assert redacted("wss://host/KEY") == "wss://host"
