"""JSON-RPC over a real socket, to servers that misbehave in every way we know of."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as ws_serve

from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.patience import Patience
from clients.ports.chain.rpc import RpcError
from clients.ports.urls import redacted
from clients.types.errors import RequestError, UnavailableError

Answer = Callable[[Any, int], tuple[int, bytes] | tuple[int, bytes, dict[str, str]]]


class Server:
    """Answers each request as `answer` says, given its body and how many came before."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.seen.append(body)
                status, text, *headers = answer(body, len(outer.seen) - 1)
                self.send_response_only(status)
                for name, value in headers[0].items() if headers else ():
                    self.send_header(name, value)
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
    return NodeRpc(server.url, patience=Patience(sleep=lambda seconds: None, **options))


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
        (429, b"", 5, "puts eth_x off: HTTP status 429"),
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
        rpc(server, refused=0.8).request("eth_x")
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
        NodeRpc(server.url, patience=Patience(sleep=pauses.append)).request("eth_x")
    assert pauses == [0.1, 0.2, 0.4]


def test_the_pause_is_the_one_that_the_node_asks_for(serve: Callable[[Answer], Server]) -> None:
    day, error = "Thu, 01 Jan 1970", b'"error": {"code": -32005, "message": "rate limit", "data": '
    refusals: list[Any] = [
        (429, b"slow down", {"Retry-After": "7"}),
        (503, b"", {"Retry-After": f"{day} 00:01:30 GMT", "Date": f"{day} 00:01:00 GMT"}),
        (429, b'{"id": null, ' + error + b'{"rate": {"backoff_seconds": 20}}}}'),
        (200, b'{"id": null, ' + error + b'{"try_again_in": "11s"}}}'),
    ]
    pauses: list[float] = []
    server = serve(lambda body, count: refusals[count] if count < len(refusals) else echo(body))
    assert NodeRpc(server.url, patience=Patience(refused=90, sleep=pauses.append)).request("eth_x", 5) == [5]
    assert pauses == [7, 30, 20, 11]


@pytest.mark.parametrize("body", [b"", b"no", b'{"id": 1, "error": {"code": 7, "message": "too large"}}'])
@pytest.mark.parametrize("status", [400, 403, 405, 413, 422])
def test_a_status_is_about_the_request_where_the_node_has_answered_others(
    serve: Callable[[Answer], Server], status: int, body: bytes
) -> None:
    server = serve(lambda asked, _: echo(asked) if asked["method"] == "eth_x" else (status, body))
    node = rpc(server)
    if not body.startswith(b"{") or status == 403:
        with pytest.raises(UnavailableError, match=f"HTTP status {status}"):
            node.request("eth_y")
    assert node.request("eth_x", 1) == [1]
    with pytest.raises(RpcError, match="too large" if body.startswith(b"{") else f"HTTP status {status}"):
        node.request("eth_y")


def test_a_key_that_is_wrong_is_told_in_the_providers_words(serve: Callable[[Answer], Server]) -> None:
    said = b'{"id": 1, "error": {"code": -32600, "message": "Must be authenticated: /secret-key is no key"}}'
    server = serve(lambda *_: (401, said))
    with pytest.raises(
        UnavailableError, match=r"401 \(Must be authenticated: .*Is the key in its URL right"
    ) as caught:
        rpc(server).request("eth_chainId")
    assert "secret-key" not in str(caught.value)


def test_a_request_for_logs_that_takes_too_long_is_one_that_is_too_large(
    serve: Callable[[Answer], Server],
) -> None:
    server = serve(lambda asked, _: echo(asked) if asked["method"] == "eth_x" else (504, b""))
    node = rpc(server)
    node.request("eth_x")
    with pytest.raises(RpcError, match="HTTP status 504"):
        node.request("eth_getLogs", {})
    assert len(server.seen) == 2


def talk(says: Callable[[Any], list[Any]]) -> Iterator[str]:
    """Serve a WebSocket that answers each message with several."""

    def handle(socket: ServerConnection) -> None:
        for message in socket:
            for one in says(json.loads(message)):
                socket.send(json.dumps(one))

    with ws_serve(handle, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/secret-key"


@pytest.mark.parametrize("apart", [False, True])
def test_a_socket_tells_answers_from_what_nobody_asked_for(apart: bool) -> None:
    news = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"result": "0x1"}}

    def says(asked: Any) -> list[Any]:
        answers = [
            {"id": one["id"], "result": one["params"]}
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        if not isinstance(asked, list):
            return [news, answers[0], news]
        return [news, *answers[::-1]] if apart else [news, answers[::-1]]

    for url in talk(says):
        node = NodeRpc(url)
        assert node.request("eth_x", 1) == [1]
        assert node.batch([("eth_x", (number,)) for number in range(40)]) == [
            [number] for number in range(40)
        ]
        node.close()


def test_a_socket_may_be_put_off_when_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = iter([Response(429, "Too Many Requests", Headers([("retry-after", "3")]))])
    pauses: list[float] = []

    def says(asked: Any) -> list[Any]:
        return [{"id": asked["id"], "result": asked["params"]}]

    def process(_: ServerConnection, __: Any) -> Response | None:
        return next(refusals, None)

    monkeypatch.setattr(f"{__name__}.ws_serve", partial(ws_serve, process_request=process))
    for url in talk(says):
        node = NodeRpc(url, patience=Patience(sleep=pauses.append))
        assert node.request("eth_x", 1) == [1]
        node.close()
    assert pauses == [3]


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
