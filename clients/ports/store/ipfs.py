"""A store in an IPFS node, through its HTTP API."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import ipfshttpclient
from ipfshttpclient import exceptions
from ipfshttpclient.http import ClientSync

from clients.ports.hiding import hidden
from clients.ports.store.address import ApiAddress, parse_address
from clients.ports.store.authorization import HOW, Authorization
from clients.ports.store.base import CountedStore, checked_size, wrong_bytes
from clients.ports.store.retry import Retry, TransientError
from clients.ports.store.unixfs import CHUNK_BYTES, LINKS_PER_NODE, compute_cid, verify
from clients.types.cid import Cid
from clients.types.errors import UnavailableError
from clients.types.store import ContentCorrupt, ContentMissing

# Every option that shapes the tree is given explicitly, so that a node's own settings can't change a CID.
_ADD_OPTIONS = {
    "cid-version": "1",
    "raw-leaves": "false",
    "chunker": f"size-{CHUNK_BYTES}",
    "max-file-links": str(LINKS_PER_NODE),
    "hash": "sha2-256",
    "trickle": "false",
    "inline": "false",
    "progress": "false",
}
_CONNECT_S = 5.0
_READ_BYTES = 65_536
_MISSING = ("not found", "could not find", "context deadline exceeded", "context canceled", "no providers")
_OUR_TROUBLE = ("no space left", "quota exceeded", "too many open files", "permission denied", "i/o error")
_PROBE = b"FedJury asks whether this node works.\n"


class KuboStore(CountedStore):
    """Files in an IPFS node, pinned there while they are needed.

    Any number of threads may use one KuboStore: each request takes its own connection from a pool. The node
    has `timeout_s` for a request, including fetching content from other nodes; content that hasn't arrived by
    then counts as missing. A node that is silent for half as long again counts as hanging.
    """

    kind = "kubo"

    def __init__(
        self,
        address: str | ApiAddress,
        *,
        timeout_s: float = 60.0,
        retry: Retry | None = None,
        clock: Callable[[], float] = time.monotonic,
        auth: Authorization | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.address = address if isinstance(address, ApiAddress) else parse_address(address)
        super().__init__(f"IPFS node at {self.address}")
        self._wait_s = 1.5 * timeout_s
        self._limit = {"timeout": f"{timeout_s:.3f}s"}  # Kubo's own, on any command
        self._retry = retry or Retry()
        self._clock = clock
        self._auth = auth
        self._on_close = on_close
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._closed = threading.Event()

    def version(self) -> str:
        """Return the node's version, which also shows that the node is there."""
        return str(self._call(lambda client: client.version()["Version"]))

    def put(self, data: bytes) -> Cid:
        """Add and pin `data`; return its CID. The node must compute the same CID as we do."""
        cid = compute_cid(data)
        options = {**_ADD_OPTIONS, "pin": "true"}
        answer = self._call(lambda client: client.add_bytes(data, opts=dict(options)))
        if answer != str(cid):
            raise UnavailableError(
                f"the {self.where} names {len(data)} bytes {answer}, not {cid}: it builds another tree. "
                "Use Kubo, from 0.35 on, and look at Import in its configuration."
            )
        self._count(up=len(data))
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """Return the content of `cid`, checked, of at most `max_bytes`."""
        data = b""
        for _ in range(2):  # twice before blaming a peer: a stream cut on its way to us looks the same
            data = bytes(self._call(lambda client: self._stream(client, cid, max_bytes), cid))
            checked_size(cid, len(data), max_bytes)
            if verify(cid, data):
                return data
            if not self.has(cid):  # the node ends the stream at a missing block
                raise ContentMissing(cid, f"the {self.where} could get {len(data)} bytes of it and no more")
        raise wrong_bytes(cid, data, f"the {self.where}")

    def pin(self, cid: Cid) -> None:
        """Pin content that the node holds, as it does after `put` and `get`.

        Fetches nothing: a peer's CID may lead to more than any disk holds, and only `get` has a size limit.
        """
        if not self.has(cid):
            raise ContentMissing(cid, f"the {self.where} does not hold all of it, so it cannot be pinned")
        self._call(lambda client: client.pin.add(str(cid), opts=dict(self._limit), offline=True), cid)

    def release(self, cid: Cid) -> None:
        """Unpin the content. The node deletes it when it next collects garbage."""
        with contextlib.suppress(_NotPinned):
            self._call(lambda client: client.pin.rm(str(cid)), cid)

    def has(self, cid: Cid) -> bool:
        """Return whether all of the content is on the node itself."""
        options = {"with-local": "true", **self._limit}
        try:
            stat = self._call(
                lambda client: client.files.stat(f"/ipfs/{cid}", opts=dict(options), offline=True), cid
            )
        except (ContentMissing, ContentCorrupt):
            return False
        return bool(stat.as_json().get("Local"))

    def collect(self) -> int:
        """Let the node delete everything that nobody pinned; return how many blocks it deleted."""
        return len(self._call(lambda client: client.repo.gc()))

    def close(self) -> None:
        """Close the connections, and the node with them if it is our own."""
        self._closed.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
        on_close, self._on_close = self._on_close, None
        if on_close:
            on_close()

    def _stream(self, client: Any, cid: Cid, max_bytes: int) -> bytes:
        """Read at most one byte over the limit, enough to know that there is more."""
        deadline = self._clock() + self._wait_s
        options = {"length": str(max_bytes + 1), "progress": "false", **self._limit}
        data = bytearray()
        with client.cat(str(cid), opts=options, stream=True) as pieces:
            for piece in pieces:
                data += piece
                if len(data) > max_bytes:
                    break
                if self._clock() > deadline:
                    raise UnavailableError(
                        f"the {self.where} is too slow: {len(data)} bytes of {cid} in {self._wait_s:g} s"
                    )
        self._count(down=len(data))
        return bytes(data)

    def _call(self, work: Callable[[Any], Any], cid: Cid | None = None) -> Any:
        """Return the result of `work` on some connection, with retries; raise its errors as ours."""

        def attempt() -> Any:
            with self._connection() as client, self._errors(cid):
                return work(client)

        try:
            return self._retry.call(attempt)
        except _Unclear as unclear:
            return self._judge(unclear)
        except _Denied as denied:
            raise self._explain(denied) from denied

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        if self._closed.is_set():
            raise UnavailableError(f"the store in the {self.where} is closed")
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect()
        try:
            yield client
        except BaseException:
            client.close()  # the connection may be in the middle of an answer
            raise
        if self._closed.is_set():
            client.close()
        else:
            self._idle.put(client)

    def _connect(self) -> Any:
        # Not connect(): it refuses all recent nodes
        client = ipfshttpclient.Client(self.address.multiaddr, self.address.base)
        client._client = _Http(
            self.address.multiaddr,
            self.address.base,
            auth=self._auth,
            timeout=(_CONNECT_S, self._wait_s),
        )
        client._client.direct = self.address.is_local
        client._client.open_session()
        return client

    @contextlib.contextmanager
    def _errors(self, cid: Cid | None) -> Iterator[None]:
        """Turn the library's errors into ours."""
        try:
            yield
        except exceptions.ErrorResponse as error:
            raise self._of_answer(str(error), cid) from error
        except exceptions.TimeoutError as error:
            raise UnavailableError(
                f"the {self.where} did not answer within {self._wait_s:g} s. Is it overloaded or hanging?"
            ) from error
        except exceptions.StatusError as error:
            raise self._of_status(error) from error
        except (exceptions.Error, OSError) as error:  # the HTTP library raises OSError in mid-stream
            raise TransientError(
                f"the {self.where} is unreachable or is no IPFS API: {_short(error)}. "
                "Start it, or choose another store."
            ) from error
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:  # other JSON
            raise UnavailableError(
                f"the {self.where} gives answers of another kind. Is that an IPFS API?"
            ) from error

    def _of_answer(self, text: str, cid: Cid | None) -> Exception:
        lower = text.lower()
        if any(phrase in lower for phrase in _OUR_TROUBLE):
            return UnavailableError(f"the {self.where} is in trouble: {text}")
        if cid is None:
            return UnavailableError(f"the {self.where} refuses: {text}")
        if "not pinned" in lower or "pinned indirectly" in lower:
            return _NotPinned()
        if any(phrase in lower for phrase in _MISSING):
            return ContentMissing(cid, f"the {self.where} could not find it ({text})")
        return _Unclear(cid, text)

    def _of_status(self, error: Any) -> Exception:
        status = getattr(getattr(error.original, "response", None), "status_code", 0)
        text = f"the {self.where} answers with HTTP status {status}"
        if status in (401, 403):
            request = error.original.response.request
            return _Denied(status, urlsplit(request.url).path.rpartition("/api/v0/")[2])
        if status in (408, 425, 429) or status >= 500:
            return TransientError(f"{text}. Try again later, or choose another store.")
        return UnavailableError(f"{text}. Is that an IPFS API?")

    def _explain(self, denied: "_Denied") -> UnavailableError:
        """Return the error for a refusal: about the credentials, or about this command.

        Kubo answers the same in both cases, but gives its version to everybody whose credentials it accepts.
        """
        if denied.command == "version":
            what = "credentials" if self._auth is None else "other credentials than these"
            return UnavailableError(
                f"the {self.where} answers with HTTP status {denied.status}: it wants {what}. {HOW}"
            )
        try:
            self.version()
        except UnavailableError as error:
            return error
        return UnavailableError(
            f"the {self.where} doesn't allow us /api/v0/{denied.command}: add that path to the AllowedPaths "
            "of our credentials, under API.Authorizations in the node's configuration."
        )

    def _judge(self, unclear: "_Unclear") -> Any:
        """Raise the error for an unknown answer: if the node serves other content, this content is at
        fault."""
        cid, text = unclear.cid, unclear.text
        try:
            probe = compute_cid(_PROBE)
            self._call(lambda client: client.add_bytes(_PROBE, opts={**_ADD_OPTIONS, "pin": "false"}))
            works = self._call(lambda client: self._stream(client, probe, len(_PROBE))) == _PROBE
        except UnavailableError:
            works = False
        if works:
            raise ContentCorrupt(cid, f"not a file that the {self.where} can read ({text})") from unclear
        raise UnavailableError(f"the {self.where} is in trouble: {text}") from unclear


class _NotPinned(Exception):
    """The node says that there is nothing to unpin."""


class _Denied(Exception):
    """The node refused a command, for lack of credentials or of permission."""

    def __init__(self, status: int, command: str) -> None:
        self.status = status
        self.command = command
        super().__init__(status, command)


class _Unclear(Exception):
    """An error answer about `cid` of an unknown kind."""

    def __init__(self, cid: Cid, text: str) -> None:
        self.cid = cid
        self.text = text
        super().__init__(text)


class _Http(ClientSync):  # type: ignore[misc]
    """The library's HTTP client, reading in small pieces, so that a size limit takes effect in time."""

    direct = False
    """Whether to ignore the environment's proxies and .netrc: a node on this machine needs neither."""

    def _make_session(self) -> Any:
        session = super()._make_session()
        session.trust_env = not self.direct
        for adapter in session.adapters.values():
            # The library passes an option that urllib3 no longer knows and warns about
            adapter.poolmanager.connection_pool_kw.pop("strict", None)
        return session

    def _request(self, *args: Any, chunk_size: int | None = None, **kwargs: Any) -> Any:
        return super()._request(*args, chunk_size=chunk_size or _READ_BYTES, **kwargs)


def _short(error: Exception) -> str:
    text = hidden(" ".join(str(error).split()))  # it may quote the path of a request
    return text if len(text) <= 200 else text[:197] + "..."
