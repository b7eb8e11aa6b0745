"""KuboStore against nodes that are down, slow, hostile or no nodes: small HTTP servers that misbehave."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from clients.ports.store import compute_cid
from clients.ports.store.authorization import read_authorization
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.retry import Retry
from clients.types.cid import Cid
from clients.types.errors import PeerError, UnavailableError
from clients.types.store import ContentCorrupt, ContentMissing, ContentTooLarge

DATA = b"model weights" * 1000
CID = compute_cid(DATA)

Answer = Callable[[BaseHTTPRequestHandler], None]


class FakeNode:
    """Answers each API command as the test says, and counts the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.done = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                command = self.path.split("/api/v0/")[1].split("?")[0]
                fake.asked.append(command)
                fake.headers.append(dict(self.headers))
                self.body = read_body(self)
                fake.answers[command](self)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.address = f"/ip4/127.0.0.1/tcp/{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


def send(body: bytes, status: int = 200, kind: str = "text/plain", length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def send_json(value: object, status: int = 200) -> Answer:
    return send(json.dumps(value).encode(), status, "application/json")


def fail(message: str) -> Answer:
    return send_json({"Message": message, "Code": 0, "Type": "error"}, 500)


def in_turn(*answers: Answer) -> Answer:
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


@pytest.fixture
def node() -> Iterator[FakeNode]:
    fake = FakeNode()
    yield fake
    fake.stop()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(node: FakeNode, pauses: list[float]) -> Iterator[KuboStore]:
    with KuboStore(node.address, timeout_s=30, retry=Retry(attempts=3, sleep=pauses.append)) as store:
        yield store


def hang(node: FakeNode) -> Answer:
    return lambda handler: (node.done.wait(60), None)[1]


def is_ours(error: BaseException) -> bool:
    return isinstance(error, UnavailableError) and not isinstance(error, PeerError)


EVERY_USE: list[Callable[[KuboStore], Any]] = [
    lambda store: store.put(DATA),
    lambda store: store.get(CID, max_bytes=10**6),
    lambda store: store.pin(CID),
    lambda store: store.release(CID),
    lambda store: store.has(CID),
    lambda store: store.collect(),
    lambda store: store.version(),
]
uses = pytest.mark.parametrize(
    "use", EVERY_USE, ids=["put", "get", "pin", "release", "has", "collect", "version"]
)


@uses
def test_a_node_that_is_down(use: Callable[[KuboStore], Any], pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    store = KuboStore(f"http://127.0.0.1:{port}", retry=Retry(attempts=3, sleep=pauses.append))
    with pytest.raises(UnavailableError, match=f"/ip4/127.0.0.1/tcp/{port}.* is unreachable") as failed:
        use(store)
    assert is_ours(failed.value)
    assert len(str(failed.value)) < 400
    assert pauses == [0.1, 0.2]


@uses
def test_a_node_that_hangs(use: Callable[[KuboStore], Any], node: FakeNode) -> None:
    node.answers = dict.fromkeys(
        ["add", "cat", "pin/add", "pin/rm", "files/stat", "repo/gc", "version"], hang(node)
    )
    store = KuboStore(node.address, timeout_s=0.2)
    with pytest.raises(UnavailableError, match=r"did not answer within 0\.3 s") as failed:
        use(store)
    assert is_ours(failed.value)
    assert len(node.asked) == 1  # it had its time: waiting again would only double it


@pytest.mark.parametrize("answer", [{"id": 1, "result": None}, ["Hash"]], ids=["table", "list"])
def test_a_server_with_other_answers_is_no_ipfs_api(node: FakeNode, store: KuboStore, answer: Any) -> None:
    node.answers = dict.fromkeys(["add", "version"], send_json(answer))
    for ask in (store.version, lambda: store.put(b"some bytes")):
        with pytest.raises(UnavailableError, match="Is that an IPFS API"):
            ask()


@uses
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (send(b"<html>Welcome</html>", kind="text/html"), "no IPFS API"),
        (send(b"404 page not found", 404), "status 404"),
        (send(b"no", 403), "FEDJURY_IPFS_AUTH"),
        (send(b"bad gateway", 502), "status 502"),
        (fail("write /data/blocks: no space left on device"), "no space left"),
        (send(b'{"Hash": "cut', kind="application/json", length=100), "no IPFS API"),
    ],
    ids=["page", "404", "403", "502", "full", "cut"],
)
def test_a_server_that_is_no_working_node(
    use: Callable[[KuboStore], Any], node: FakeNode, store: KuboStore, answer: Answer, says: str
) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        answer(handler)
        handler.close_connection = True

    node.answers = dict.fromkeys(["add", "cat", "pin/add", "pin/rm", "files/stat", "repo/gc", "version"], cut)
    with pytest.raises(UnavailableError, match=says) as failed:
        use(store)
    assert is_ours(failed.value)


def test_a_passing_fault_is_retried(node: FakeNode, store: KuboStore, pauses: list[float]) -> None:
    def drop(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    node.answers["cat"] = in_turn(drop, send(b"busy", 503), send(DATA))
    assert store.get(CID, max_bytes=len(DATA)) == DATA
    assert pauses == [0.1, 0.2]
    node.answers["add"] = in_turn(drop, send_json({"Name": "", "Hash": str(CID), "Size": "1"}))
    assert store.put(DATA) == CID
    assert (store.bytes_up, store.bytes_down) == (len(DATA), len(DATA))


def test_wrong_bytes_are_read_once_more_then_blamed(node: FakeNode, store: KuboStore) -> None:
    node.answers["files/stat"] = send_json({"Hash": str(CID), "Type": "file", "Local": True})
    node.answers["cat"] = send(b"other" + DATA)
    with pytest.raises(ContentCorrupt, match=str(CID)) as failed:
        store.get(CID, max_bytes=10**6)
    assert isinstance(failed.value, PeerError)
    assert failed.value.cid == CID
    assert node.asked == ["cat", "files/stat", "cat", "files/stat"]
    node.answers["cat"] = in_turn(send(DATA[:-1]), send(DATA))
    assert store.get(CID, max_bytes=10**6) == DATA


def test_a_cut_stream_is_missing_content_if_the_node_lacks_the_rest(node: FakeNode, store: KuboStore) -> None:
    node.answers["files/stat"] = send_json({"Hash": str(CID), "Type": "file", "Local": False})
    node.answers["cat"] = send(DATA[:5000])
    with pytest.raises(ContentMissing, match="5000 bytes of it"):
        store.get(CID, max_bytes=10**6)


def test_reads_no_more_than_the_cap_allows(node: FakeNode, store: KuboStore) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        try:
            while not node.done.is_set():
                sent += handler.wfile.write(b"x" * 65_536)
        except OSError:
            handler.close_connection = True

    node.answers["cat"] = endless
    with pytest.raises(ContentTooLarge, match="1000000 bytes"):
        store.get(CID, max_bytes=1_000_000)
    assert sent < 50_000_000  # what the sockets buffer, not what was announced
    assert store.bytes_down < 1_200_000


def test_asks_the_node_for_one_byte_more_than_the_cap(node: FakeNode, store: KuboStore) -> None:
    queries = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        queries.append(handler.path)
        send(DATA)(handler)

    node.answers["cat"] = answer
    store.get(CID, max_bytes=len(DATA))
    assert f"length={len(DATA) + 1}" in queries[0]
    assert "timeout=30.000s" in queries[0]


def test_a_node_that_trickles(node: FakeNode, pauses: list[float]) -> None:
    now = [0.0]

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while not node.done.wait(0.01):
                now[0] += 7
                handler.wfile.write(b"1\r\nx\r\n")
        except OSError:
            handler.close_connection = True

    node.answers["cat"] = trickle
    store = KuboStore(node.address, timeout_s=60, clock=lambda: now[0])
    with pytest.raises(UnavailableError, match=r"too slow: .* in 90 s"):
        store.get(CID, max_bytes=10**9)


@pytest.mark.parametrize(
    "message",
    [
        "block was not found locally (offline): ipld: could not find " + str(CID),
        "context deadline exceeded",
        "failed to fetch: routing: not found",
    ],
)
def test_missing_content_is_the_peers_fault(node: FakeNode, store: KuboStore, message: str) -> None:
    node.answers = dict.fromkeys(["cat", "pin/add", "files/stat"], fail(message))
    with pytest.raises(ContentMissing, match=str(CID)):
        store.get(CID, max_bytes=10**6)
    with pytest.raises(ContentMissing, match=str(CID)):
        store.pin(CID)
    assert not store.has(CID)


def test_an_unknown_fault_is_the_contents_only_if_the_node_serves_other_content(
    node: FakeNode, store: KuboStore
) -> None:
    probe = b"FedJury asks whether this node works.\n"
    node.answers["cat"] = in_turn(fail("protobuf: wire type 7"), send(probe))
    node.answers["add"] = send_json({"Hash": str(compute_cid(probe)), "Name": "", "Size": "1"})
    with pytest.raises(ContentCorrupt, match="wire type 7"):
        store.get(CID, max_bytes=10**6)
    node.answers["cat"] = fail("the sky is falling")
    with pytest.raises(UnavailableError, match="sky is falling") as failed:
        store.get(CID, max_bytes=10**6)
    assert is_ours(failed.value)


def test_a_node_that_builds_other_trees(node: FakeNode, store: KuboStore) -> None:
    node.answers["add"] = send_json({"Hash": "bafkreiother", "Name": "", "Size": "1"})
    with pytest.raises(UnavailableError, match="builds another tree"):
        store.put(DATA)
    assert store.bytes_up == 0


def test_releasing_what_is_not_pinned_changes_nothing(node: FakeNode, store: KuboStore) -> None:
    node.answers["pin/rm"] = fail("not pinned or pinned indirectly")
    store.release(CID)


def test_credentials_are_sent_and_never_shown(node: FakeNode) -> None:
    node.answers["version"] = in_turn(send_json({"Version": "0.43.0"}), send(b"no", 401))
    store = KuboStore(node.address, auth=read_authorization({"FEDJURY_IPFS_AUTH": "jury:s3cret"}))
    assert store.version() == "0.43.0"
    assert node.headers[0]["Authorization"].startswith("Basic ")
    with pytest.raises(UnavailableError) as failed:
        store.version()
    assert "s3cret" not in f"{failed.value} {store.where} {store!r}"


@pytest.mark.parametrize("use", EVERY_USE[:-1], ids=["put", "get", "pin", "release", "has", "collect"])
def test_a_refusal_is_of_the_credentials_or_of_a_path(
    use: Callable[[KuboStore], Any], node: FakeNode, store: KuboStore
) -> None:
    node.answers = dict.fromkeys(
        ["add", "cat", "pin/add", "pin/rm", "files/stat", "repo/gc"], send(b"Access Denied", 403)
    )
    node.answers["version"] = send_json({"Version": "0.43.0"})
    with pytest.raises(UnavailableError, match="AllowedPaths") as failed:
        use(store)
    assert f"/api/v0/{node.asked[0]}:" in str(failed.value)
    node.answers["version"] = send(b"Access Denied", 403)
    with pytest.raises(UnavailableError, match="it wants credentials"):
        use(store)


def test_a_local_node_is_not_reached_through_a_proxy(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    node.answers["version"] = send_json({"Version": "0.43.0"})
    assert KuboStore(node.address).version() == "0.43.0"


def test_closes_once_and_says_so(node: FakeNode) -> None:
    closed = []
    node.answers["version"] = send_json({"Version": "0.43.0"})
    store = KuboStore(node.address, on_close=lambda: closed.append(1))
    store.version()
    store.close()
    store.close()
    assert closed == [1]
    with pytest.raises(UnavailableError, match="is closed"):
        store.version()


def test_many_threads_share_few_connections(node: FakeNode, store: KuboStore) -> None:
    node.answers["cat"] = send(DATA)
    readers = [
        threading.Thread(target=lambda: [store.get(CID, max_bytes=10**6) for _ in range(10)])
        for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert store.bytes_down == 80 * len(DATA)
    assert store._idle.qsize() <= 8


def test_any_cid_can_be_asked_for(node: FakeNode, store: KuboStore) -> None:
    node.answers["cat"] = fail("ipld: could not find it")
    with pytest.raises(ContentMissing):
        store.get(Cid(os.urandom(32)), max_bytes=1)
