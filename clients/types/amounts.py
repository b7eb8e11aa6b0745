"""Amounts of tokens: people write and read tokens, code counts base units. This module converts between them.

A token is `TOKEN` base units. `parse_amount` reads amounts that people write, on a command line or in a file;
`format_amount` writes amounts for people. Both are exact.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from clients.types.errors import RequestError
from clients.types.federation import STAKE_MAX, TOKEN

PLACES = 18
"""Decimal places of an amount of tokens: `TOKEN` is ten to this power."""
_EVIDENT = 10**15 * TOKEN
"""More than anybody has: a number from here on must be in base units."""
_FAR_TOO_MUCH = Decimal(10) ** 60
_NUMBER = re.compile(r"[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_IN_UNITS = re.compile(rf"e\+?{PLACES}\s*\Z", re.IGNORECASE)


def parse_amount(name: str, value: Any) -> int:
    """Return the base units in an amount of tokens from a file or a command line: 16, 0.5, "0.001".

    Raises `RequestError`, which begins with `name` and says what to write instead, if `value` is no number of
    0 or more with at most 18 decimal places, is more than the contracts' books hold, or is evidently in base
    units.
    """
    shown = _show(value)
    units = _count(value)
    if units is None:
        raise RequestError(
            f"{name} = {shown!r} is no amount of tokens: write a number of 0 or more, as 16 or 0.5, "
            f"with {PLACES} decimal places at most."
        )
    # The amount in tokens if the writer meant base units.
    meant, rest = divmod(units, TOKEN)
    possible = not rest and meant <= STAKE_MAX
    if possible and (units >= _EVIDENT or (isinstance(value, str) and _IN_UNITS.search(value))):
        raise RequestError(
            f"{name}: {shown} looks like base units; amounts are tokens: write {format_amount(meant)}."
        )
    if units > STAKE_MAX:
        hint = f" If these are base units, write {format_amount(meant)}." if possible else ""
        raise RequestError(
            f"{name} = {shown}: a stake holds {format_amount(STAKE_MAX, 0)} tokens at most: write less.{hint}"
        )
    return units


def format_amount(units: int, places: int = PLACES) -> str:
    """Return base units in tokens, for people: 16, 0.5. Places beyond `places` are left out."""
    whole, rest = divmod(abs(units), TOKEN)
    text = f"{whole}.{f'{rest:0{PLACES}}'[:places]}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 and text != "0" else text


def _count(value: Any) -> int | None:
    """Return the base units in `value` tokens, or None if that is no whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = str(value).strip()
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        return None  # Decimal would accept 1__0, and digits of other scripts
    number = Decimal(text)
    # A few characters may stand for a million digits: such a number is refused before it is computed.
    if not number.is_finite() or number < 0 or (number and number.adjusted() < -PLACES):
        return None
    exact = Fraction(min(number, _FAR_TOO_MUCH)) * TOKEN if number else Fraction(0)
    return int(exact) if exact.denominator == 1 else None


def _show(value: Any) -> str:
    """Return a value as it was written, or nearly so: without an exponent where that isn't too long."""
    short = isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 50
    return format(value, "f") if short else str(value)
