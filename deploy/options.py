"""The terms of a federation, from a TOML file and the command line; the command line wins."""

import argparse
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from clients.ports.chain.abi import address
from clients.ports.chain.deployment import NOBODY
from clients.types.cid import Cid
from clients.types.errors import RequestError, UnavailableError, unknown_name
from clients.types.federation import TOKEN, Schedule, StakeVoteTerms

_AMOUNTS = {"bond": 16 * TOKEN, "proposer_stake": 16 * TOKEN, "voter_stake": 8 * TOKEN}
_COUNTS = {"seats": 4, "min_voters": 3, "quorum_bps": 5000, "max_samples": 2**20}
_TIMES = {one.name: one.default for one in fields(Schedule)}
_HELP = {
    "bond": "least stake to join and to act, in base units (16e18 is understood)",
    "proposer_stake": "what a proposer of a rejected round loses, in base units",
    "voter_stake": "what an outvoted or silent voter loses, in base units",
    "seats": "proposers a round",
    "min_voters": "fewest voters to open a round with",
    "quorum_bps": "share of the voters who must reveal, in hundredths of a percent",
    "max_samples": "most samples that a proposal may claim",
}


def add_terms(parser: argparse.ArgumentParser, *, pause: int) -> None:
    """Add the options of the terms. `pause`: the default of the shortest time between rounds, in seconds.

    Members join and leave in it: without one, a client that looks every few seconds may never meet it.
    """
    parser.set_defaults(pause=pause)
    group = parser.add_argument_group("terms of the federation")
    group.add_argument(
        "--terms", type=Path, metavar="FILE", help="a TOML file with any of these, and [schedule]"
    )
    group.add_argument(
        "--genesis", metavar="CID", help="the model to start from: a CID, or 0x and its digest"
    )
    for name, default in (_AMOUNTS | _COUNTS).items():
        option = "--" + name.replace("_", "-")
        group.add_argument(option, metavar="N", help=f"{_HELP[name]} (default {default:g})")
    for name, seconds in (_TIMES | {"open": pause}).items():
        text = (
            f"length of the {name} phase, in seconds"
            if name != "unbonding"
            else "seconds until a stake is free"
        )
        group.add_argument(f"--{name}-seconds", metavar="S", help=f"{text} (default {seconds})")


def read_terms(given: argparse.Namespace) -> StakeVoteTerms:
    """Return the terms asked for; token and beacon as given, else zero. RequestError says what is wrong."""
    table = _load(given.terms) if given.terms else {}
    known = ["genesis", "schedule", *_AMOUNTS, *_COUNTS]
    _check_names(table, known, f"{given.terms}")
    times = table.get("schedule", {})
    if not isinstance(times, Mapping):
        raise RequestError(f"{given.terms}: schedule must be a table, [schedule].")
    _check_names(times, _TIMES, f"{given.terms}, [schedule]")
    settled = {
        name: _number(name, _first(getattr(given, name), table.get(name), default))
        for name, default in (_AMOUNTS | _COUNTS).items()
    }
    schedule = {
        name: _number(name, _first(getattr(given, f"{name}_seconds"), times.get(name), default))
        for name, default in (_TIMES | {"open": given.pause}).items()
    }
    return StakeVoteTerms(
        token=address(given.token) if given.token else NOBODY,
        beacon=NOBODY,
        genesis=_genesis(given, table),
        schedule=Schedule(**schedule),
        **settled,
    )


def _genesis(given: argparse.Namespace, table: Mapping[str, Any]) -> bytes:
    text = str(_first(given.genesis, table.get("genesis"), ""))
    if text:
        return parse_digest(text)
    ways = "--genesis-file FILE" if hasattr(given, "genesis_file") else "--genesis CID"
    raise RequestError(
        "no genesis, the model that the first round starts from: `python -m clients.genesis --save FILE` "
        f"makes one and prints its CID; then give {ways}."
    )


def parse_digest(text: str) -> bytes:
    """Return the 32 bytes that `text` names: a CID, or 0x and 64 hexadecimal digits."""
    return parse_bytes32(text) if text.startswith("0x") else Cid.parse(text).digest


def parse_bytes32(text: str) -> bytes:
    """Return the bytes of 0x and 64 hexadecimal digits."""
    try:
        value = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise RequestError(f"{text!r} is not 32 bytes: 0x and 64 hexadecimal digits.")
    return value


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnavailableError(f"terms file {path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"terms file {path} is not TOML: {error}.") from None


def _check_names(table: Mapping[str, Any], known: Any, where: str) -> None:
    for name in table:
        if name not in known:
            raise unknown_name(f"setting in {where}:", name, known)


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _number(name: str, value: Any) -> int:
    """Return a whole number; 16e18 is one, exactly."""
    try:
        number = Decimal(str(value).replace("_", ""))
        if isinstance(value, bool) or number != number.to_integral_value() or number < 0:
            raise ValueError
    except (InvalidOperation, ValueError, OverflowError):
        raise RequestError(f"{name} = {value!r} is not a whole number of at least 0.") from None
    return int(number)
