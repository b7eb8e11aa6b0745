"""A key in a URL is told nowhere: in no log at any level, no error, no traceback, whatever goes wrong."""

import base64
import contextlib
import io
import json
import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.ports.chain.link import open_link
from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.patience import Patience
from clients.ports.command import Parser, guard
from clients.ports.files import write_whole
from clients.ports.hiding import hidden, hide, hide_credentials, hide_url
from clients.ports.store.authorization import VARIABLE
from clients.ports.store.opening import open_store
from clients.ports.urls import holds_secret, read_url, redacted
from clients.types.errors import FedJuryError, UnavailableError
from tests.unit.ports.conftest import forget

# None of these words is in any text of ours, so whatever of them is told was told by mistake.
WORD = st.text("qxzQXZ79_~!$'()*+,;:@ \\\"éß漢", min_size=6, max_size=16).filter(
    lambda one: one == one.strip()
)
TROUBLE = {
    "refused": None,
    "lost": b"",
    "garbage": b"\xff\xfe\r\n\r\n",
    "page": b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
    "status": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "put off": b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",
    "elsewhere": b"HTTP/1.1 302 Found\r\nlocation: ECHO\r\ncontent-length: 0\r\n\r\n",
    "echoed": None,  # an error that quotes the request line
}


class Listener(logging.Handler):
    """Keeps whatever any logger says, in whatever form a handler may want it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard += [self.format(record), repr(record.args), repr(record.msg), record.getMessage()]


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """Yield what all loggers say, at every level."""
    listener, root = Listener(), logging.getLogger()
    before = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield listener.heard
    finally:
        root.removeHandler(listener)
        root.setLevel(before)


class Server:
    """Answers whatever comes with the same bytes, which may quote the request line."""

    def __init__(self) -> None:
        self.answer: bytes | None = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                line = client.recv(65536).split(b"\r\n", 1)[0]
                client.sendall(self._make(line))

    def _make(self, line: bytes) -> bytes:
        if self.answer is not None:
            return self.answer.replace(b"ECHO", line.split(b" ")[1] if b" " in line else b"/")
        error = {"code": -32000, "message": f"Cannot serve {line.decode('latin-1')}"}
        body = json.dumps({"id": 1, "error": error}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def ways(secret: str) -> list[str]:
    """Return how a secret may be written that was `secret` in a URL."""
    return [secret, quote(secret, safe=""), quote(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1]]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scheme=st.sampled_from(["http", "ws"]),
    secrets=st.lists(WORD, min_size=4, max_size=4, unique=True).filter(lambda four: ":" not in four[2]),
    place=st.sampled_from(["path", "query", "user", "all"]),
    trouble=st.sampled_from(list(TROUBLE)),
)
def test_a_secret_is_told_nowhere_whatever_goes_wrong(
    server: Server, scheme: str, secrets: list[str], place: str, trouble: str
) -> None:
    path, query, user, password = (quote(one, safe="") for one in secrets)
    name = f"{user}:{password}@" if place in ("user", "all") else ""
    port = server.port
    server.answer = TROUBLE[trouble]
    if trouble == "refused":
        port = 9  # nobody is there
    url = f"{scheme}://{name}127.0.0.1:{port}/"
    url += f"v2/{path}/" if place in ("path", "all") else ""
    url += f"?key={query}" if place in ("query", "all") else ""
    told = io.StringIO()
    forget()
    with listening() as heard:
        rpc = NodeRpc(url, timeout=5.0, patience=Patience(tries=2, refused=0, sleep=lambda seconds: None))
        try:
            rpc.batch([("eth_x", ()), ("eth_y", ())])
            rpc.request("eth_chainId")
        except FedJuryError as error:
            told.write(f"{error} {error!r} {error.args} {traceback.format_exc()}")
            logging.getLogger("anybody").exception("it failed: %s", url)
        finally:
            rpc.close()
    everything = told.getvalue() + "\n".join(heard)
    assert heard, "nobody listened"
    hidden_here = {"path": secrets[:1], "query": secrets[1:2], "user": secrets[2:], "all": secrets}[place]
    pair = f"{secrets[2]}:{secrets[3]}"
    coded = [base64.b64encode(pair.encode(code, "replace")).decode() for code in ("utf-8", "latin-1")]
    for way in [way for secret in hidden_here for way in ways(secret)] + coded * bool(name):
        assert way not in everything


@given(secret=WORD, before=st.text(max_size=5), after=st.text(max_size=5))
def test_a_secret_is_found_however_it_is_written(secret: str, before: str, after: str) -> None:
    forget()
    hide(quote(secret))
    for way in ways(secret):
        assert way not in hidden(f"{before}{way}{after}")


@given(st.text(max_size=60))
def test_any_url_can_be_hidden(text: str) -> None:
    forget()
    hide_url(text)
    hide_url(f"https://host/{text}")
    hidden(text)


def test_what_is_short_or_plain_is_left_alone() -> None:
    for url in ("http://127.0.0.1:8545", "http://localhost:8545/", "wss://host/rpc", "http://host/v2"):
        hide_url(url)
    for store in ("dir:/some/where/folder", "/ip4/127.0.0.1/tcp/5001", "memory"):
        hide_url(store)
    told = "http://127.0.0.1:8545/rpc of v2 and /some/where/folder"
    assert hidden(told) == told


def test_a_record_that_cannot_be_formatted_tells_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    hide("zqzqzqzqzq")
    with listening() as heard:
        logging.getLogger("clumsy").warning("%d requests", "zqzqzqzqzq")
        logging.getLogger("clumsy").warning("100 %% of %s", "zqzqzqzqzq", stack_info=True)
    assert len(heard) == 8
    assert "zqzqzqzqzq" not in "".join(heard) + "".join(capsys.readouterr())


def test_a_traceback_that_ends_a_thread_tells_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    hide("zqzqzqzqzq")

    def fail() -> None:
        raise ValueError("GET /v2/zqzqzqzqzq")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    said = capsys.readouterr().err
    assert "ValueError: GET /v2/***" in said
    assert "zqzqzqzqzq" not in said


def test_a_command_quotes_no_url(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="it")
    parser.add_argument("--rounds", type=int)
    with pytest.raises(SystemExit):
        parser.parse_args(["https://host/v2/zqzqzqzqzq?a=b"])
    hide("zqxzqxzqx")

    def fail() -> int:
        raise UnavailableError("no /zqxzqxzqx there")

    assert guard(fail) == 3
    assert capsys.readouterr().err.endswith("https://***\nerror: no /*** there\n")


@pytest.mark.parametrize("where", ["path", "credentials"])
def test_a_stores_secrets_are_told_nowhere_either(
    server: Server, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = TROUBLE["lost"]
    auth = {VARIABLE: "zqzqzq:xqxqxq"} if where == "credentials" else {}
    path = "/zqzqzq" if where == "path" else ""

    def run() -> int:
        open_store(f"http://127.0.0.1:{server.port}{path}", root=None, timeout_s=1.0, environ=auth)  # type: ignore[arg-type]
        return 0

    with listening() as heard:
        assert guard(run) == 3
    everything = "".join(heard) + capsys.readouterr().err
    assert heard
    for secret in ("zqzqzq", "xqxqxq", base64.b64encode(b"zqzqzq:xqxqxq").decode()):
        assert secret not in everything


def test_what_basic_authentication_sends_is_hidden_too() -> None:
    hide_credentials("me", "xqzxqz")
    assert "bWU6eHF6eHF6" not in hidden("Authorization: Basic bWU6eHF6eHF6")


@pytest.mark.parametrize("given_", ["env:XQ_URL", "file:"])
def test_a_url_may_stand_elsewhere_with_a_user_and_a_password(given_: str, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    url = "http://zqxzqx:xqzxqz@127.0.0.1:9/zzqqxx"
    monkeypatch.setenv("XQ_URL", url)
    write_whole(tmp_path / "url", f"{url}\nand more\n", mode=0o600)
    given_ += str(tmp_path / "url") if given_ == "file:" else ""
    assert read_url(given_) == url
    with pytest.raises(UnavailableError) as caught:
        open_link(given_, timeout=1.0, patience=Patience(sleep=lambda seconds: None))
    assert "127.0.0.1:9" in str(caught.value)
    assert redacted(url) == "http://127.0.0.1:9"
    assert holds_secret(url)
    for secret in ("zqxzqx", "xqzxqz", "zzqqxx"):
        assert secret not in str(caught.value)
