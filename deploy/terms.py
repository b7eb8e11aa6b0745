"""Reads a federation's terms, unit by unit, as people write them, and writes them so in messages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clients.ports.chain.abi import address
from clients.types.amounts import format_amount, parse_amount
from clients.types.cid import Cid
from clients.types.errors import RequestError, unknown_name
from clients.types.federation import Election
from clients.types.mechanisms import KINDS, Leaf, Terms, kind_of
from clients.types.settings import get_owners
from clients.types.terms import RuleSet, Term, Unit, get_terms


def _show(value: Any) -> str:
    """Return a value about as a TOML file has it: without an exponent if that isn't too long."""
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 50 else str(value)
    return repr(value)


def parse_number(name: str, value: Any) -> int:
    """Return a whole number of at least 0."""
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and 0 <= value.adjusted() < 100
        and value == value.to_integral_value()
    ):
        value = int(value)  # 16e18 is a whole number too
    try:
        number = -1 if isinstance(value, bool) else int(str(value))
    except ValueError:
        number = -1
    if number < 0:
        raise RequestError(f"{name} = {_show(value)} is not a whole number of at least 0.")
    return number


def parse_bytes32(text: str) -> bytes:
    """Return the bytes of 0x and 64 hexadecimal digits."""
    try:
        value = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise RequestError(f"{text!r} is not 32 bytes: 0x and 64 hexadecimal digits.")
    return value


def parse_digest(text: str) -> bytes:
    """Return the 32 bytes that `text` names: a CID, or 0x and 64 hexadecimal digits."""
    return parse_bytes32(text) if text.startswith("0x") else Cid.parse(text).digest


def parse_flag(name: str, value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise RequestError(f"{name} = {_show(value)} is neither true nor false.")
    return value


def parse_account(name: str, value: Any) -> str:
    """Return an address, checksummed."""
    if not isinstance(value, str):
        raise RequestError(f"{name} = {_show(value)} is not an address.")
    return address(value)


def parse_accounts(name: str, value: Any) -> tuple[str, ...]:
    """Return several addresses, checksummed."""
    if not isinstance(value, list | tuple):
        raise RequestError(f"{name} = {_show(value)} is not a list of addresses.")
    return tuple(parse_account(name, one) for one in value)


def parse_time(name: str, value: Any) -> int:
    """Return seconds since 1970, from a number of seconds or from a date and time with its offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "-" in value else value
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise RequestError(f"{name} = {value} lacks an offset: 2030-01-31T12:00:00+00:00 has one.")
            return int(moment.timestamp())
    except ValueError:
        raise RequestError(f"{name} = {_show(value)} is no date and time.") from None
    return parse_number(name, value)


def format_time(seconds: int) -> str:
    """Return a time as a date and time if there is one for it, else as seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def parse_text(name: str, value: Any) -> bytes:
    """Return text as 32 bytes, filled up with zeros."""
    data = str(value).encode()
    if not isinstance(value, str) or not 0 < len(data) <= 32:
        raise RequestError(f"{name} = {_show(value)} is not a text of 1 to 32 bytes.")
    return data.ljust(32, b"\0")


def parse_election(name: str, value: Any) -> int:
    """Return the number of an election by its name."""
    names = [one.name.lower() for one in Election]
    if value not in names:
        raise unknown_name(name, str(value), names)
    return int(Election[value.upper()])


def format_election(number: int) -> str:
    """Return an election's name."""
    return Election(number).name.lower() if number in tuple(Election) else str(number)


@dataclass(frozen=True, slots=True)
class Way:
    """How to read a value in one unit, by a term's name and the written value; how to show it; the usage."""

    read: Callable[[str, Any], Any]
    write: Callable[[Any], str] = str
    shown: str = "N"


WAYS: Mapping[Unit, Way] = {
    Unit.COUNT: Way(parse_number),
    Unit.TOKENS: Way(parse_amount, lambda units: f"{format_amount(units)} tokens", "TOKENS"),
    Unit.BPS: Way(parse_number),
    Unit.SECONDS: Way(parse_number, lambda seconds: f"{seconds} seconds", "S"),
    Unit.TIME: Way(parse_time, format_time, "TIME"),
    Unit.FLAG: Way(parse_flag, lambda flag: str(flag).lower(), ""),
    Unit.ADDRESS: Way(parse_account, str, "ADDRESS"),
    Unit.ADDRESSES: Way(parse_accounts, lambda accounts: f"[{', '.join(accounts)}]", "ADDRESS"),
    Unit.TEXT: Way(parse_text, lambda data: repr(data.rstrip(b"\0").decode(errors="replace")), "TEXT"),
    Unit.ELECTION: Way(parse_election, format_election, "HOW"),
}


def get_owned() -> dict[str, dict[str, Term]]:
    """Return all terms but token, beacon, genesis and schedule: name → mechanism → term."""
    return get_owners({mechanism: get_terms(kind.terms) for mechanism, kind in KINDS.items()})


SPELLINGS: Mapping[str, str] = {
    other: name
    for name, owners in get_owned().items()
    for term in owners.values()
    for other in term.spellings
}
"""Other names by which people may call a term: name → the term's own."""


def get_default_terms(leaf: Leaf | str, rules: RuleSet) -> dict[str, Any]:
    """Return the terms of a leaf, or of the kind of this name, that have a default under a set of rules
    and the schedule."""
    leaf = Leaf(leaf) if isinstance(leaf, str) else leaf
    kind = kind_of(leaf.name)
    terms = get_terms(kind.terms)
    defaults = {
        name: WAYS[terms[name].unit].read(name, default)
        for name, default in leaf.get_defaults(rules).items()
        if default is not None
    }
    return {**defaults, "schedule": kind.get_schedule(rules)}


def get_name(field: str) -> str:
    """Return the name that people write for the term `field` of the ABI."""
    return re.sub(r"([A-Z])", r"_\1", field).lower()


def format_value(terms: Terms, name: str, value: Any) -> str:
    """Return a value of the term `name`, or of the schedule's, as people write it."""
    if hasattr(terms.schedule, name):
        return WAYS[Unit.SECONDS].write(value)
    term = get_terms(type(terms)).get(name)
    if term is not None:
        return WAYS[term.unit].write(value)
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def format_term(terms: Terms, name: str) -> str:
    """Return the term `name`, or the schedule's length of the phase `name`, as people write it."""
    if hasattr(terms.schedule, name):
        return f"schedule.{name} = {format_value(terms, name, getattr(terms.schedule, name))}"
    return f"{name} = {format_value(terms, name, getattr(terms, name))}"
