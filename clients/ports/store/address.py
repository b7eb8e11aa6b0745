"""The address of an IPFS node's API: a multiaddr or an http(s) URL, in the parts that the client library
takes."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from clients.ports.store.authorization import HOW
from clients.ports.urls import redacted
from clients.types.errors import RequestError

_API_PATH = "api/v0"
_EXAMPLES = "/ip4/127.0.0.1/tcp/5001 or http://127.0.0.1:5001"


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """A node's API: its multiaddr, and the path of its commands."""

    multiaddr: str
    base: str = _API_PATH

    @property
    def is_local(self) -> bool:
        """Whether it is certainly on this machine."""
        parts = self.multiaddr.split("/")
        if parts[1] == "unix" or parts[2] == "localhost":
            return True
        return parts[1] in ("ip4", "ip6") and ipaddress.ip_address(parts[2]).is_loopback

    def __str__(self) -> str:
        return self.multiaddr if self.base == _API_PATH else f"{self.multiaddr} (under a path of its own)"


def is_address(text: str) -> bool:
    """Return whether `text` is meant as a node's address, well-formed or not."""
    return text.startswith(("/", "http://", "https://"))


def parse_address(text: str) -> ApiAddress:
    """Return the address written as `text`. RequestError says what is wrong with it otherwise."""
    address = _of_url(text) if "://" in text else ApiAddress(text)
    # Late: it is slow to import, and only users of a node need it
    from ipfshttpclient import exceptions
    from ipfshttpclient.http_common import multiaddr_to_url_data

    try:
        multiaddr_to_url_data(address.multiaddr, address.base)
    except (exceptions.AddressError, ValueError) as error:
        shown, why = (redacted(text), "") if "://" in text else (text, f": {error}")
        raise RequestError(
            f"{shown!r} is not the address of an IPFS API{why}. It looks like {_EXAMPLES}."
        ) from error
    return address


def _of_url(text: str) -> ApiAddress:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise RequestError(f"the store's URL is malformed: {error}. It looks like {_EXAMPLES}.") from error
    if url.username or url.password:
        # the message doesn't quote the URL
        raise RequestError(
            f"a store's URL holds no user name or password, which would end up in logs: leave them out. {HOW}"
        )
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise RequestError(f"{redacted(text)!r} is not the URL of an IPFS API. It looks like {_EXAMPLES}.")
    path = url.path.strip("/")
    if not path.endswith(_API_PATH):
        path = f"{path}/{_API_PATH}" if path else _API_PATH
    port = port or (443 if url.scheme == "https" else 80)
    return ApiAddress(f"/{_host_kind(url.hostname)}/{url.hostname}/tcp/{port}/{url.scheme}", path)


def _host_kind(host: str) -> str:
    try:
        return f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        return "dns"
