"""The value type `Cid`."""

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.types.cid import Cid
from clients.types.errors import RequestError

EMPTY = "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y"

digests = st.binary(min_size=32, max_size=32)


def spelled(raw: bytes) -> str:
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


@settings(deadline=None)
@given(digests)
def test_text_and_digest_name_the_same_cid(digest: bytes) -> None:
    cid = Cid.from_digest(digest)
    assert Cid.parse(str(cid)) == cid
    assert len(str(cid)) == Cid.TEXT_LENGTH
    assert str(cid).startswith("bafybei")
    assert cid.digest == digest
    assert bytes.fromhex(cid.hex) == digest
    assert bytes(cid) == b"\x01\x70\x12\x20" + digest


@settings(deadline=None)
@given(digests, digests)
def test_is_a_value(one: bytes, other: bytes) -> None:
    assert (Cid(one) == Cid(other)) == (one == other)
    assert (Cid(one) < Cid(other)) == (one < other)
    assert hash(Cid(one)) == hash(Cid.from_digest(bytearray(one)))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(RequestError):
        assert str(Cid.parse(text)) == text


@settings(deadline=None)
@given(digests, st.data())
def test_a_changed_character_never_gives_the_same_cid(digest: bytes, data: st.DataObject) -> None:
    text = str(Cid(digest))
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567ABC01=/ "))
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text:
        return
    with contextlib.suppress(RequestError):
        assert Cid.parse(changed) != Cid(digest)


@pytest.mark.parametrize("size", [0, 20, 31, 33, 36])
def test_a_digest_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match=f"32 bytes, not {size}"):
        Cid.from_digest(bytes(size))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "CIDv0"),
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "raw block"),
        (spelled(b"\x01\x71\x12\x20" + bytes(32)), "dag-cbor block"),
        (spelled(b"\x01\xa9\x02\x12\x20" + bytes(32)), "dag-json block"),
        (spelled(b"\x02\x70\x12\x20" + bytes(32)), "not a CIDv1"),
        (spelled(b"\x01\x70\x1b\x20" + bytes(32)), "not hashed with sha2-256"),
        (spelled(b"\x01\x70\x12\x14" + bytes(20)), "not hashed with sha2-256"),
        (spelled(b"\x01\x70\x12\x20" + bytes(31)), "31 bytes of digest"),
        (spelled(b"\x01\x70\x12\x20" + bytes(40)), "40 bytes of digest"),
        (spelled(b"\x01\xff\xff"), "is cut"),
        (spelled(b"\x01\x99\x02" + bytes(32)), "0x119 block"),
        (EMPTY[:-1], "base32"),
        (EMPTY[:-1] + "z", "canonical"),
        (EMPTY.upper(), "lower-case"),
        ("b" + EMPTY[1:].upper(), "canonical"),
        (f"/ipfs/{EMPTY}", "base32"),
        (f" {EMPTY}", "base32"),
        ("bafy!", "base32"),
        ("b", "CIDv1"),
        ("", "base32"),
        ("x" * 500, "base32"),
    ],
)
def test_refusals_say_what_the_text_is(text: str, says: str) -> None:
    with pytest.raises(RequestError) as refused:
        Cid.parse(text)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 300
