"""The terms of a federation, from a TOML file and the command line; the command line wins."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from clients.ports.chain.abi import address
from clients.ports.chain.terms import KINDS, Terms, kind_of
from clients.ports.files import load_toml
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError, unknown_name
from clients.types.federation import ZERO_ADDRESS, Schedule
from clients.types.keeping import HISTORY, check_history
from clients.types.settings import respell
from deploy.terms import REQUIRED, TERMS, parse_digest, parse_number

_TIMES = {one.name: one.default for one in fields(Schedule)}
_SPELLINGS = {other: name for name, term in TERMS.items() for other in term.spellings}
_PUBLISH = 3600
"""Seconds to publish in, where a mechanism has somebody publish."""


def add_terms(parser: argparse.ArgumentParser, *, pause: int) -> None:
    """Add the options of every mechanism's terms. `pause`: the default of the shortest time between rounds,
    in seconds.

    Members join and leave in it: without one, a client that looks every few seconds may never meet it.
    """
    parser.set_defaults(pause=pause)
    group = parser.add_argument_group("terms of the federation")
    group.add_argument(
        "--mechanism", metavar="NAME", help=f"{', '.join(KINDS)} (default: the file's, else stake_vote)"
    )
    group.add_argument(
        "--terms", type=Path, metavar="FILE", help="a TOML file with any of these, and [schedule]"
    )
    group.add_argument(
        "--genesis", metavar="CID", help="the model to start from: a CID, or 0x and its digest"
    )
    group.add_argument(
        "--history",
        metavar="N",
        help=f"rounds for which members keep models, for audits; genesis and head always (default {HISTORY})",
    )
    for name, term in TERMS.items():
        option = "--" + name.replace("_", "-")
        text = f"{', '.join(term.defaults)}: {term.help}"
        if term.flag:
            group.add_argument(option, action=argparse.BooleanOptionalAction, help=text)
        else:
            group.add_argument(option, metavar=term.shown, nargs="+" if term.several else None, help=text)
        for other in term.spellings:
            group.add_argument("--" + other.replace("_", "-"), dest=name, help=argparse.SUPPRESS)
    for name, seconds in (_TIMES | {"open": pause}).items():
        text = (
            f"length of the {name} phase, in seconds"
            if name != "unbonding"
            else "seconds until a stake is free"
        )
        shown = f"{seconds}; {_PUBLISH} where somebody publishes" if name == "publish" else seconds
        group.add_argument(f"--{name}-seconds", metavar="S", help=f"{text} (default {shown})")


def add_pool(parser: argparse._ActionsContainer) -> None:
    """Add the option that fills the pool."""
    parser.add_argument(
        "--pool",
        default="0",
        metavar="TOKENS",
        help="how many of the deployer's tokens go into the pool that rewards are paid from (default 0)",
    )


def read_pool(given: argparse.Namespace) -> int:
    """Return the base units that the pool is to get."""
    return parse_amount("--pool", given.pool)


def read_terms(given: argparse.Namespace) -> Terms:
    """Return the terms asked for; token and beacon as given, else zero. RequestError says what is wrong."""
    table = respell(load_toml("terms file", given.terms) if given.terms else {}, _SPELLINGS)
    mechanism = str(_first(given.mechanism, table.get("mechanism"), "stake_vote"))
    kind = kind_of(mechanism)
    own = {name: term for name, term in TERMS.items() if mechanism in term.defaults}
    for name in TERMS.keys() - own.keys():
        if getattr(given, name) is not None:
            raise RequestError(
                f"--{name.replace('_', '-')} is no term of {mechanism}, which has: {', '.join(own)}."
            )
    _check_names(table, ["mechanism", "genesis", "history", "schedule", *own], f"{given.terms}")
    times = table.get("schedule", {})
    if not isinstance(times, Mapping):
        raise RequestError(f"{given.terms}: schedule must be a table, [schedule].")
    _check_names(times, _TIMES, f"{given.terms}, [schedule]")
    settled: dict[str, Any] = {}
    for name, term in own.items():
        value = _first(getattr(given, name), table.get(name), term.defaults[mechanism])
        if value is REQUIRED:
            raise RequestError(
                f"{mechanism} needs {name}, {term.help}: give --{name.replace('_', '-')} {term.shown}."
            )
        settled[name] = term.parse(name, value)
    defaults = _TIMES | {"open": given.pause, "publish": 0 if mechanism == "stake_vote" else _PUBLISH}
    schedule = {
        name: parse_number(name, _first(getattr(given, f"{name}_seconds"), times.get(name), default))
        for name, default in defaults.items()
    }
    return kind.terms(
        token=address(given.token) if given.token else ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=_genesis(given, table),
        schedule=Schedule(**schedule),
        **settled,
    )


def read_history(given: argparse.Namespace) -> int:
    """Return for how many rounds members are to keep models: a fact of the record, not of the contract."""
    table = load_toml("terms file", given.terms) if given.terms else {}
    return check_history(parse_number("history", _first(given.history, table.get("history"), HISTORY)))


def _genesis(given: argparse.Namespace, table: Mapping[str, Any]) -> bytes:
    text = str(_first(given.genesis, table.get("genesis"), ""))
    if text:
        return parse_digest(text)
    ways = "--genesis-file FILE" if hasattr(given, "genesis_file") else "--genesis CID"
    raise RequestError(
        "no genesis, the model that the first round starts from: `python -m clients.genesis --save FILE` "
        f"makes one and prints its CID; then give {ways}."
    )


def _check_names(table: Mapping[str, Any], known: Any, where: str) -> None:
    for name in table:
        if name not in known:
            raise unknown_name(f"setting in {where}:", name, known)


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
