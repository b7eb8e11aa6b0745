"""Solidity's ABI: calls to bytes, and logs, reverts and structs to the types of `clients.types`.

Digests and salts are bytes, addresses checksummed, integers and enumerations ints.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, partial
from importlib import resources
from typing import Any, TypeVar

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.address import is_address, is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError
from eth_utils.hexadecimal import decode_hex

from clients.types.errors import ProtocolError, RequestError, unknown_name
from clients.types.federation import (
    Act,
    Event,
    Member,
    MemberView,
    Outcome,
    Phase,
    Role,
    Round,
    Standing,
    Status,
)

T = TypeVar("T")

# Solidity's built-in errors, besides a contract's own.
_BUILT_IN: Any = [
    {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...] = ()
    outputs: tuple[str, ...] = ()


class OddAnswer(ValueError):
    """A node's answer that lacks something or makes no sense; the text continues "its answer"."""


class Abi:
    """A contract's ABI, ready for use."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self._functions: dict[str, tuple[bytes, _Entry]] = {}
        self._events: dict[bytes, _Entry] = {}
        self._errors: dict[bytes, _Entry] = {}
        self._constructor: tuple[str, ...] = ()
        for one in [*_BUILT_IN, *entries]:
            inputs = one.get("inputs", [])
            entry = _Entry(
                name=one.get("name", ""),
                names=tuple(part["name"] for part in inputs),
                types=tuple(collapse_if_tuple(part) for part in inputs),
                indexed=tuple(bool(part.get("indexed")) for part in inputs),
                outputs=tuple(collapse_if_tuple(part) for part in one.get("outputs", [])),
            )
            match one["type"]:
                case "function":
                    self._functions[entry.name] = (function_abi_to_4byte_selector(one), entry)
                case "event":
                    self._events[event_abi_to_log_topic(one)] = entry
                case "error":
                    self._errors[function_abi_to_4byte_selector(one)] = entry
                case "constructor":
                    self._constructor = entry.types

    def call(self, method: str, args: Sequence[object] = ()) -> bytes:
        """Return the call data of `method` with `args`. RequestError if they don't fit."""
        selector, entry = self._function(method)
        return selector + _encode(method, entry.types, args)

    def construct(self, args: Sequence[object]) -> bytes:
        """Return the encoded constructor arguments, which follow the bytecode in a deployment."""
        return _encode("constructor", self._constructor, args)

    def result(self, method: str, data: bytes) -> tuple[Any, ...]:
        """Return what `method` returned. ValueError if `data` isn't that."""
        _, entry = self._function(method)
        try:
            return tuple(map(_plain, entry.outputs, decode(entry.outputs, data)))
        except (DecodingError, OverflowError) as error:
            raise ValueError(f"{method} returned something else: {error}") from None

    def event(self, log: Mapping[str, Any]) -> Event | None:
        """Return the event of a JSON-RPC log, or None for one that this ABI doesn't know."""
        topics = [decode_hex(topic) for topic in log["topics"] or ()]
        entry = self._events.get(topics[0]) if topics else None
        if entry is None:
            return None
        loose = [kind for kind, indexed in zip(entry.types, entry.indexed, strict=True) if not indexed]
        data = iter(decode(loose, decode_hex(log["data"] or "0x")))
        words = iter(topics[1:])
        args: dict[str, object] = {}
        for name, kind, indexed in zip(entry.names, entry.types, entry.indexed, strict=True):
            source = words if indexed else data
            value = next(source, None)
            if value is None:
                raise ValueError(f"a log of {entry.name} lacks {name}")
            value = decode([kind], value)[0] if indexed else value
            args[name] = _plain(kind, value)
        return Event(entry.name, args, as_int(log["blockNumber"]), as_hex(log["transactionHash"]))

    def error(self, data: bytes) -> ProtocolError:
        """Return the error that a contract reverted with."""
        if not data:
            return ProtocolError("EmptyRevert")
        entry = self._errors.get(data[:4])
        if entry is None:
            return ProtocolError("UnknownError", data)
        try:
            values = decode(entry.types, data[4:])
        except (DecodingError, ValueError, OverflowError):
            return ProtocolError("UnknownError", data)
        return ProtocolError(entry.name, *map(_plain, entry.types, values))

    def _function(self, method: str) -> tuple[bytes, _Entry]:
        if method not in self._functions:
            raise unknown_name("contract method", method, self._functions)
        return self._functions[method]


@cache
def packaged(name: str) -> tuple[dict[str, Any], ...]:
    """Return the ABI `name` that comes with the package.

    `token`; `federation`, common to all federations; or a mechanism's name, for its federation's additions.
    """
    text = resources.files("clients.ports.chain").joinpath("abi", f"{name}.json").read_text("utf-8")
    return tuple(json.loads(text))


def abi_hash(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the keccak-256 of an ABI in canonical JSON, as 0x and 64 digits."""
    parts = sorted(json.dumps(one, sort_keys=True, separators=(",", ":")) for one in entries)
    return "0x" + keccak(text="[" + ",".join(parts) + "]").hex()


def hash_code(code: bytes) -> str:
    """Return the keccak-256 of a contract's code, as 0x and 64 digits."""
    return "0x" + keccak(code).hex()


def get_int(record: Any, name: str) -> int:
    """Return the integer in field `name` of a node's answer. OddAnswer if there is none."""
    return _get(record, name, as_int)


def get_bytes(record: Any, name: str, size: int | None = None) -> bytes:
    """Return the data, of `size` bytes if given, in field `name` of an answer. OddAnswer if there is none."""
    return _get(record, name, partial(as_bytes, size=size))


def _get(record: Any, name: str, read: Callable[[Any], T]) -> T:
    if record is None:
        raise OddAnswer("is null")
    if not isinstance(record, Mapping) or record.get(name) is None:
        raise OddAnswer(f"has no {name}")
    try:
        return read(record[name])
    except ValueError as error:
        raise OddAnswer(f"has a {name} that is none: {error}") from None


def as_int(value: object) -> int:
    """Return the integer of a JSON-RPC quantity. ValueError for anything else.

    Some nodes add leading zeros, write 0 without a digit, or write decimals.
    """
    number = value
    if isinstance(value, str) and len(value) <= 80:
        number = int(value[2:] or "0", 16) if value[:2] in ("0x", "0X") else int(value)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**256:
        raise ValueError(f"{value!r:.100} is no quantity")
    return number


def as_bytes(value: object, size: int | None = None) -> bytes:
    """Return JSON-RPC data, of `size` bytes if given. ValueError for anything else."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError(f"{value!r:.100} is no data")
    data = bytes.fromhex(value[2:])
    if size not in (None, len(data)):
        raise ValueError(f"{len(data)} bytes instead of {size}")
    return data


def as_hex(value: object) -> str:
    """Return JSON-RPC data as lower-case hex with 0x."""
    return value.lower() if isinstance(value, str) else "0x" + bytes(value).hex()  # type: ignore[call-overload]


def address(text: str) -> str:
    """Return `text` as a checksummed address, or refuse it."""
    if not is_address(text) or not text.startswith(("0x", "0X")):
        raise RequestError(f"{text!r} is not an address: 0x and 40 hexadecimal digits.")
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(text):
        raise RequestError(f"{text!r} is mistyped: its checksum, the case of its letters, is wrong.")
    try:
        return to_checksum_address(text)
    except ValidationError as error:
        raise RequestError(f"{text!r} is not an address: {error}") from None


def round_of(raw: Any) -> Round:
    """Return IFederation.Round."""
    return _struct(Round, raw, outcome=Outcome)


def status_of(raw: Any) -> Status:
    """Return IFederation.Status."""
    return _struct(Status, raw, phase=Phase, record=round_of)


def member_view_of(raw: Any) -> MemberView:
    """Return IFederation.MemberView."""
    return _struct(MemberView, raw, record=_member_of, roles=Role)


def _member_of(raw: Any) -> Member:
    return _struct(Member, raw, acts=Act, standing=Standing)


def _struct(kind: Callable[..., T], raw: Any, **convert: Callable[[Any], object]) -> T:
    """Return the Python twin of a struct, whose fields are in the ABI's order."""
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    values = zip(names, raw, strict=True)
    return kind(**{name: convert[name](value) if name in convert else value for name, value in values})


def _encode(method: str, types: Sequence[str], args: Sequence[object]) -> bytes:
    if len(types) != len(args):
        raise RequestError(f"{method} takes {len(types)} arguments ({', '.join(types)}), not {len(args)}.")
    try:
        return encode(types, args)
    except (EncodingError, TypeError, ValueError) as error:
        raise RequestError(f"{method}({', '.join(types)}): {error}") from None


def _plain(kind: str, value: Any) -> Any:
    """Return `value` in this project's types: checksummed addresses, immutable sequences."""
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return tuple(_plain(inner, one) for one in value)
    if kind.startswith("("):
        return tuple(map(_plain, _parts(kind), value))
    return to_checksum_address(value) if kind == "address" else value


@cache
def _parts(kind: str) -> tuple[str, ...]:
    """Return the types within a tuple's type."""
    parts, depth, start = [], 0, 1
    for place, sign in enumerate(kind):
        depth += (sign == "(") - (sign == ")")
        if (sign == "," and depth == 1) or (sign == ")" and depth == 0):
            parts.append(kind[start:place])
            start = place + 1
    return tuple(parts)
