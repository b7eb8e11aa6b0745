"""A mechanism's ABI, and conversions of terms from the ABI and to JSON."""

from collections.abc import Mapping
from dataclasses import asdict, astuple, fields
from typing import Any, get_origin

from clients.ports.chain.abi import packaged
from clients.types.federation import Schedule
from clients.types.mechanisms import Terms, kind_of


def abi_of(mechanism: str) -> list[dict[str, Any]]:
    """Return the ABI of a mechanism's federation, with its token's errors."""
    kind_of(mechanism)
    return [*packaged("federation"), *packaged(mechanism)]


def terms_of(mechanism: str, raw: Any) -> Terms:
    """Return the terms in the result of `terms()`: fields are in the ABI's order, the schedule comes last."""
    kind = kind_of(mechanism).terms
    names = [field.name for field in fields(kind)]
    return kind(**dict(zip(names, (*raw[:-1], Schedule(*raw[-1])), strict=True)))


def arguments_of(terms: Terms) -> tuple[object, ...]:
    """Return the arguments of the constructor of a federation with these terms."""
    return (astuple(terms),)


def pack_terms(terms: Terms) -> dict[str, Any]:
    """Return terms as JSON has them: bytes as 0x and hexadecimal digits, tuples as lists."""
    return {name: _pack(value) for name, value in asdict(terms).items()}


def _pack(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return list(value) if isinstance(value, tuple) else value


def unpack_terms(mechanism: str, data: Mapping[str, Any]) -> Terms:
    """Return what `pack_terms` packed.

    Raises KeyError, TypeError, ValueError or AttributeError if `data` is something else.
    """
    kind = kind_of(mechanism).terms
    values = {**data, "schedule": Schedule(**data["schedule"])}
    for field in fields(kind):
        if field.type is bytes:
            values[field.name] = bytes.fromhex(data[field.name].removeprefix("0x"))
        elif get_origin(field.type) is tuple:
            values[field.name] = tuple(data[field.name])
    return kind(**values)
