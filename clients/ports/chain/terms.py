"""Every mechanism's contract and terms, in one table; and conversions of terms from the ABI and to JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, TypeAlias, get_origin

from clients.ports.chain.abi import packaged
from clients.types.errors import unknown_name
from clients.types.federation import BflcTerms, BladeTerms, Schedule, StakeVoteTerms, VbflTerms

Terms: TypeAlias = StakeVoteTerms | VbflTerms | BflcTerms | BladeTerms


@dataclass(frozen=True, slots=True)
class Kind:
    """A mechanism's contract, and the terms that it is deployed with."""

    contract: str
    terms: type[Terms]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "stake_vote": Kind("StakeVote", StakeVoteTerms),
        "vbfl": Kind("Vbfl", VbflTerms),
        "bflc": Kind("Bflc", BflcTerms),
        "blade": Kind("Blade", BladeTerms),
    }
)


def kind_of(mechanism: str) -> Kind:
    """Return the kind of a mechanism's federation; `RequestError` for an unknown name."""
    if mechanism not in KINDS:
        raise unknown_name("mechanism", mechanism, KINDS)
    return KINDS[mechanism]


def mechanism_of(terms: Terms) -> str:
    """Return the mechanism whose terms these are."""
    return next(name for name, kind in KINDS.items() if kind.terms is type(terms))


def abi_of(mechanism: str) -> list[dict[str, Any]]:
    """Return the ABI of a mechanism's federation, with its token's errors."""
    kind_of(mechanism)
    return [*packaged("federation"), *packaged(mechanism)]


def terms_of(mechanism: str, raw: Any) -> Terms:
    """Return the terms in the result of `terms()`: fields are in the ABI's order, the schedule comes last."""
    kind = kind_of(mechanism).terms
    names = [field.name for field in fields(kind)]
    return kind(**dict(zip(names, (*raw[:-1], Schedule(*raw[-1])), strict=True)))


def pack_terms(terms: Terms) -> dict[str, Any]:
    """Return terms as JSON-able data: bytes as 0x and hexadecimal digits."""
    packed = asdict(terms)
    return {name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in packed.items()}


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
