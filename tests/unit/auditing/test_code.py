"""The deployed code is one of ours, whatever the terms put into it; anything else is found."""

import pytest
from eth._utils.address import generate_contract_address
from eth_utils.address import to_checksum_address
from hypothesis import assume, given
from hypothesis import strategies as st

from clients.auditing.code import (
    CodeOnChain,
    Compiled,
    check_code,
    check_creation,
    compute_created,
    compute_terms_book,
    find_immutables,
    is_of,
    mask,
)
from clients.auditing.findings import Finding, Findings
from clients.auditing.source import Creation
from clients.protocol.hashing import get_checksummed

WORD = bytes([0x7F]) + bytes(32)
OPCODES = st.sampled_from([b"\x01", b"\x5b", b"\x60\x7f", b"\x61\x7f\x00", b"\x7f" + b"\1" * 32, WORD])
CODES = st.lists(OPCODES, max_size=12).map(b"".join)


@given(CODES, st.binary(min_size=32, max_size=32))
def test_immutables_may_be_anything(compiled: bytes, word: bytes) -> None:
    code = bytearray(compiled)
    for place in find_immutables(compiled):
        code[place : place + 32] = word
    assert is_of(bytes(code), compiled)
    assert mask(bytes(code), find_immutables(compiled)) == compiled


@given(CODES, st.data())
def test_every_other_byte_counts(compiled: bytes, data: st.DataObject) -> None:
    hidden = {at for place in find_immutables(compiled) for at in range(place, place + 32)}
    open_places = [place for place in range(len(compiled)) if place not in hidden]
    assume(open_places)
    place = data.draw(st.sampled_from(open_places))
    code = bytearray(compiled)
    code[place] ^= data.draw(st.integers(1, 255))
    assert not is_of(bytes(code), compiled)
    assert not is_of(bytes(compiled) + b"\0", compiled)


def test_only_what_is_an_instruction_is_looked_at() -> None:
    assert find_immutables(b"\x60\x7f" + bytes(40)) == []
    assert find_immutables(b"\x5b" + WORD + WORD) == [2, 35]


TERMS = b"these terms"
KEPT = b"\0" + TERMS
KNOWN = {
    "StakeVote": Compiled(b"\x5b" + WORD + WORD, arguments=TERMS),
    "Vbfl": Compiled(WORD + b"\x01"),
}


def code(*words: bytes) -> bytes:
    """Return the code of StakeVote with these immutables."""
    return b"\x5b" + b"".join(b"\x7f" + word for word in words)


ONE, TWO = (bytes([number]) * 32 for number in (1, 2))
OURS = code(ONE, TWO)


def check(code: bytes, built: bytes | None, kept: bytes = KEPT) -> list[Finding]:
    findings = Findings()
    check_code(findings, "StakeVote", KNOWN, CodeOnChain(code, kept, built))
    return list(findings)


@pytest.mark.parametrize(
    ("code", "built", "found"),
    [
        (OURS, None, None),
        (OURS, OURS, None),
        (OURS, code(TWO, TWO), "other values: 32 other bytes, the first at 2"),
        (OURS, code(bytes(32), TWO), "other values: 32 other bytes, the first at 2"),
        (OURS, b"nonsense", None),  # a node that can't say
        (b"\x7f" + b"\2" * 32 + b"\x01", None, "that of Vbfl"),
        (b"\x01" + OURS[1:], None, "1 other bytes, the first at 0"),
        (b"", None, "0 bytes, not 67"),
    ],
)
def test_what_is_wrong_with_the_code_is_said(code: bytes, built: bytes | None, found: str | None) -> None:
    findings = check(code, built)
    assert [one.kind for one in findings] == ["code"] * (found is not None)
    assert all(found is not None and found in one.found for one in findings)


@pytest.mark.parametrize("kept", [b"", b"\0", TERMS, KEPT + b"\0", b"\1" + TERMS, b"\0these Terms"])
def test_the_terms_book_holds_these_terms_and_nothing_else(kept: bytes) -> None:
    [finding] = check(OURS, None, kept)
    assert (finding.kind, finding.what) == ("code", "the contract that keeps the terms")


@given(st.binary(min_size=20, max_size=20))
def test_a_terms_book_is_where_the_chain_creates_it(account: bytes) -> None:
    book = compute_terms_book(get_checksummed("0x" + account.hex()))
    assert book == to_checksum_address(generate_contract_address(account, 1))


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**64 - 1) | st.integers(0, 2**9))
def test_a_contract_is_where_the_chain_creates_it(account: bytes, nonce: int) -> None:
    created = compute_created(get_checksummed("0x" + account.hex()), nonce)
    assert created == to_checksum_address(generate_contract_address(account, nonce))


@given(st.binary(max_size=40), st.data())
def test_every_byte_of_the_creation_counts(creation: bytes, data: st.DataObject) -> None:
    other = data.draw(st.binary(max_size=41) | st.just(creation) | st.just(creation + b"\0"))
    findings = Findings()
    ours = Compiled(OURS, creation)
    check_creation(findings, "StakeVote", ours, Creation(7, "0x1", "0x2", other))
    assert [one.kind for one in findings] == ["code"] * (other != creation)
    assert all((one.block, one.transaction, one.account) == (7, "0x1", "0x2") for one in findings)


def test_what_a_contract_created_is_not_ours_even_if_nothing_is_expected() -> None:
    findings = Findings()
    check_creation(findings, "StakeVote", Compiled(OURS), Creation(7))
    [finding] = findings
    assert "a contract created it, in block 7" in finding.found
