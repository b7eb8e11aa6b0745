"""Compares the federation's code, and the transaction that created it, with our contracts as compiled.

Terms are in the code as immutables, and as a whole in a contract of their own, the terms' book, which
the constructor creates (`contracts/books/TermsBook.sol`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.auditing.findings import CreationCheck, Findings
from clients.auditing.source import Creation, Source
from clients.protocol.hashing import get_checksummed, keccak
from clients.types.federation import Address

_PUSH1, _PUSH32 = 0x60, 0x7F


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract as compiled: the code on the chain, with zeros for immutables, and the creation code."""

    runtime: bytes
    creation: bytes = b""
    """With the constructor's arguments: the data of the transaction that creates the contract."""
    arguments: bytes = b""
    """The terms, encoded."""


@dataclass(frozen=True, slots=True)
class CodeOnChain:
    """The codes at a federation's address and at its terms' book's; and what a node makes of the creation."""

    code: bytes
    kept: bytes
    built: bytes | None
    """The code that the creation with these terms gives; None if the node doesn't say."""


def compute_created(creator: Address, nonce: int) -> Address:
    """Return the address of the contract that `creator` creates with `nonce`: keccak of both in RLP."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    short = len(number) == 1 and number[0] < 0x80
    text = b"\x94" + bytes.fromhex(creator[2:]) + (number if short else bytes([0x80 + len(number)]) + number)
    return get_checksummed("0x" + keccak(bytes([0xC0 + len(text)]) + text)[-20:].hex())


def compute_terms_book(federation: Address) -> Address:
    """Return the address of the first contract that `federation` creates, which keeps its terms."""
    return compute_created(federation, 1)


def find_immutables(runtime: bytes) -> list[int]:
    """Return where `runtime`, as compiled, has room for immutables of 32 bytes.

    The compiler leaves a PUSH32 of zeros for each, and never writes a literal zero as a PUSH32.
    """
    places, at = [], 0
    while at < len(runtime):
        code = runtime[at]
        if code == _PUSH32 and runtime[at + 1 : at + 33] == bytes(32):
            places.append(at + 1)
        at += code - _PUSH1 + 2 if _PUSH1 <= code <= _PUSH32 else 1
    return places


def mask(code: bytes, places: list[int]) -> bytes:
    """Return `code` with 32 zero bytes at each of `places`."""
    masked = bytearray(code)
    for place in places:
        masked[place : place + 32] = bytes(len(masked[place : place + 32]))
    return bytes(masked)


def is_of(code: bytes, compiled: bytes) -> bool:
    """Return whether `code` equals `compiled`, ignoring immutables."""
    return len(code) == len(compiled) and mask(code, find_immutables(compiled)) == compiled


def find_difference(code: bytes, other: bytes) -> str:
    """Return in words how `code` differs from `other`."""
    if len(code) != len(other):
        return f"{len(code)} bytes, not {len(other)}"
    places = [at for at, (one, two) in enumerate(zip(code, other, strict=True)) if one != two]
    return f"{len(places)} other bytes, the first at {places[0]}"


def compare_code(
    findings: Findings, source: Source, wanted: str, known: Mapping[str, Compiled], at: int
) -> CreationCheck:
    """Compare the federation's code as of block `at`, and its creation, with the contract `wanted`.

    Code that isn't ours has another creation, too; that is one fault, and told once.
    `known`: our contracts by name.
    """
    ours, before = known[wanted], len(findings)
    codes = source.code(source.federation, at), source.code(compute_terms_book(source.federation), at)
    check_code(findings, wanted, known, CodeOnChain(*codes, source.build(ours.creation, at)))
    if len(findings) > before:
        return CreationCheck.LEFT_OUT
    creation = source.find_creation()
    if creation is None:
        return CreationCheck.UNKNOWN
    check_creation(findings, wanted, ours, creation)
    return CreationCheck.COMPARED


def check_creation(findings: Findings, wanted: str, ours: Compiled, creation: Creation) -> None:
    """Report a finding unless a transaction with our creation code and the terms created the contract."""
    if not creation.transaction:
        found = f"a contract created it, in block {creation.block}: what that ran can't be compared"
    elif creation.data != ours.creation:
        found = f"other data: {find_difference(creation.data, ours.creation)}"
    else:
        return
    findings.add(
        "code", "what created the contract",
        f"a transaction whose data is the creation code of {wanted} and these terms", found,
        account=creation.sender, transaction=creation.transaction, block=creation.block,
    )  # fmt: skip


def check_code(findings: Findings, wanted: str, known: Mapping[str, Compiled], chain: CodeOnChain) -> None:
    """Report a finding unless the code is that of the contract `wanted` with the immutables of its terms, and
    its terms' book has these terms.

    `known`: our contracts by name.
    """
    ours, code, built = known[wanted], chain.code, chain.built
    if not is_of(code, ours.runtime):
        others = [name for name, one in known.items() if one.runtime and is_of(code, one.runtime)]
        masked = mask(code, find_immutables(ours.runtime))
        found = f"that of {others[0]}" if others else f"other code: {find_difference(masked, ours.runtime)}"
        findings.add("code", "the contract's code", f"that of {wanted}", found)
        return
    if built is not None and code != built and is_of(built, ours.runtime):
        findings.add(
            "code", "what the terms put into the code", f"that of {wanted} with these terms",
            f"other values: {find_difference(code, built)}",
        )  # fmt: skip
    # A first byte of 0 stops whoever calls it, so the terms' book can never do anything, nor vanish.
    if chain.kept != (kept := b"\0" + ours.arguments):
        difference = find_difference(chain.kept, kept)
        findings.add("code", "the contract that keeps the terms", "these terms and no more", difference)
