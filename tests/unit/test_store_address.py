"""How the address of an IPFS node is written."""

import pytest

from clients.ports.store.ipfs import KuboStore
from clients.types.errors import RequestError


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("/ip4/127.0.0.1/tcp/5001", "/ip4/127.0.0.1/tcp/5001"),
        ("/dns/ipfs.example/tcp/443/https", "/dns/ipfs.example/tcp/443/https"),
        ("/unix/%2Frun%2Fkubo.sock", "/unix/%2Frun%2Fkubo.sock"),
        ("http://localhost:5001", "/dns/localhost/tcp/5001/http"),
        ("http://127.0.0.1:5001/api/v0/", "/ip4/127.0.0.1/tcp/5001/http"),
        ("https://[::1]:5001", "/ip6/::1/tcp/5001/https"),
        ("https://ipfs.example/node", "/dns/ipfs.example/tcp/443/https (under a path of its own)"),
    ],
)
def test_addresses(text: str, where: str) -> None:
    assert KuboStore(text).where == f"IPFS node at {where}"


@pytest.mark.parametrize(
    "text",
    [
        "/ip4/127.0.0.1",
        "/ip4/localhost/tcp/5001",
        "/ip4/127.0.0.1/tcp/port",
        "/ip4/127.0.0.1/udp/5001",
        "/ip4/127.0.0.1/tcp/5001/p2p/QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        "/",
        "//",
        "/tmp/folder",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://host:5001/?x=1",
        "ftp://host",
    ],
)
def test_malformed_addresses(text: str) -> None:
    with pytest.raises(RequestError, match=r"/ip4/127\.0\.0\.1/tcp/5001"):
        KuboStore(text)


def test_a_password_in_an_url_is_refused_and_not_shown() -> None:
    with pytest.raises(RequestError, match="FEDJURY_IPFS_AUTH") as refused:
        KuboStore("https://jury:s3cret@ipfs.example")
    assert "s3cret" not in str(refused.value)
