"""Compares the federation's code with our contracts, as compiled. Terms are in the code as immutables."""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.auditing.findings import Findings

_PUSH1, _PUSH32 = 0x60, 0x7F


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract as compiled: the code on the chain, with zeros for immutables, and the creation code."""

    runtime: bytes
    creation: bytes = b""
    """With the constructor's arguments."""


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


def find_difference(code: bytes, compiled: bytes) -> str:
    """Return in words how `code` differs from `compiled`."""
    if len(code) != len(compiled):
        return f"{len(code)} bytes, not {len(compiled)}"
    masked = mask(code, find_immutables(compiled))
    places = [at for at, (one, other) in enumerate(zip(masked, compiled, strict=True)) if one != other]
    return f"{len(places)} other bytes, the first at {places[0]}"


def check_code(
    findings: Findings,
    code: bytes,
    wanted: str,
    known: Mapping[str, Compiled],
    built: bytes | None,
) -> None:
    """Report a finding unless `code` is that of the contract `wanted` with the immutables of its terms.

    `known`: our contracts by name. `built`: the code that a node makes of the creation with these terms, or
    None if it doesn't say.
    """
    ours = known[wanted]
    if not is_of(code, ours.runtime):
        others = [name for name, one in known.items() if one.runtime and is_of(code, one.runtime)]
        found = f"that of {others[0]}" if others else f"other code: {find_difference(code, ours.runtime)}"
        findings.add("code", "the contract's code", f"that of {wanted}", found)
    elif built is not None and code != built and is_of(built, ours.runtime):
        findings.add(
            "code", "what the terms put into the code", f"that of {wanted} with these terms",
            f"other values: {find_difference(code, built)}",
        )  # fmt: skip
