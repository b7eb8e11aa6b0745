"""The terms of a federation, from a TOML file and the command line; the command line wins."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from clients.ports.chain.abi import address
from clients.ports.command import Once
from clients.ports.files import load_toml
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError, unknown_name
from clients.types.federation import ZERO_ADDRESS, Schedule
from clients.types.keeping import HISTORY, check_history
from clients.types.mechanisms import (
    DEFAULT,
    KINDS,
    Leaf,
    Terms,
    kind_of,
    refuse_other_rules,
    resolve,
    tell_kind,
)
from clients.types.settings import check_name, group_owners, respell, tell_owners, to_flag
from clients.types.terms import DEFAULT_RULES, PAPER, RULES, RuleSet, Term, Unit, get_terms
from deploy.terms import SPELLINGS, WAYS, get_owned, parse_digest, parse_number

_TIMES = [one.name for one in fields(Schedule)]


def add_terms(parser: argparse.ArgumentParser, *, pause: int) -> None:
    """Add the options of every mechanism's terms. `pause`: the default of the shortest time between rounds,
    in seconds.

    Members join and leave in that pause: a client that looks every few seconds may miss a shorter one.
    """
    parser.set_defaults(pause=pause)
    group = parser.add_argument_group("terms of the federation")
    group.add_argument(
        "--mechanism",
        metavar="NAME",
        help=f"{', '.join(KINDS)} (default: the file's, else {DEFAULT})",
    )
    group.add_argument(
        "--rules",
        action=Once,
        metavar="NAME",
        help="the set of rules, which chooses the contract and the terms' defaults: hardened, under which "
        f"known cheating loses, or paper, as published (default: the file's, else {DEFAULT_RULES})",
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
    for name, owners in get_owned().items():
        unit = next(iter(owners.values())).unit
        if unit is Unit.FLAG:
            group.add_argument(
                to_flag(name), action=argparse.BooleanOptionalAction, help=_get_help(name, owners)
            )
        else:
            several: dict[str, Any] = {"nargs": "+", "action": "extend"} if unit is Unit.ADDRESSES else {}
            group.add_argument(
                to_flag(name), metavar=WAYS[unit].shown, help=_get_help(name, owners), **several
            )
        for other in sorted({other for term in owners.values() for other in term.spellings}):
            group.add_argument(to_flag(other), dest=name, help=argparse.SUPPRESS)
    for name in _TIMES:
        text = (
            f"length of the {name} phase, in seconds"
            if name != "unbonding"
            else "seconds until a stake is free"
        )
        shown, by_paper = (_tell_times(name, pause, rules) for rules in (DEFAULT_RULES, PAPER))
        shown += "" if by_paper == shown else f"; by --rules paper {by_paper}"
        group.add_argument(f"--{name}-seconds", metavar="S", help=f"{text} (default {shown})")


def _get_help(name: str, owners: Mapping[str, Term]) -> str:
    """Return what a term means in the mechanisms that have it, and its defaults in each."""
    texts = {}
    for mechanism, term in owners.items():
        default = _tell_default(term.default)
        if term.paper is not None:
            default += f"; by --rules paper {_tell_default(term.paper.default)}"
        texts[tell_kind(mechanism)] = f"{term.told} ({default})"
    for mechanism, kind in KINDS.items():
        if kind.hardened is not None and name in kind.hardened.defaults:
            term, default = owners[kind.hardened.name], _tell_default(kind.hardened.defaults[name])
            texts[mechanism] = f"{term.told} ({default})"
    return tell_owners(texts)


def _tell_default(default: Any) -> str:
    if default is None:
        return "required"
    return "default none" if default == () else f"default {str(default).lower()}"


def _tell_times(name: str, pause: int, rules: RuleSet) -> str:
    """Return the default length of a phase under a set of rules, in seconds, in each mechanism."""
    seconds = {mechanism: _get_times(mechanism, pause, rules)[name] for mechanism in KINDS}
    if len(set(seconds.values())) == 1:
        return str(seconds[DEFAULT])
    told = {tell_kind(mechanism): number for mechanism, number in seconds.items()}
    return "; ".join(f"{number}: {', '.join(who)}" for number, who in group_owners(told).items())


def _get_times(mechanism: str, pause: int, rules: RuleSet) -> dict[str, int]:
    return asdict(KINDS[mechanism].get_schedule(rules)) | {"open": pause}


def add_pool(parser: argparse._ActionsContainer) -> None:
    """Add the option that fills the pool."""
    parser.add_argument(
        "--pool",
        default="0",
        metavar="TOKENS",
        help="how many of the deployer's tokens go into the pool that rewards are paid from (default 0)",
    )


def read_pool(given: argparse.Namespace) -> int:
    """Return the pool's amount, in base units."""
    return parse_amount("--pool", given.pool)


def read_terms(given: argparse.Namespace) -> Terms:
    """Return the requested terms; the token as given, else zero. Raises RequestError for wrong ones.

    The rules choose the leaf that stands for the mechanism.
    """
    table = respell(_load(given), SPELLINGS)
    mechanism = str(_first(given.mechanism, table.get("mechanism"), DEFAULT))
    kind_of(mechanism)
    rules = read_rules(given)
    leaf = resolve(mechanism, rules)
    kind = kind_of(leaf.name)
    own, defaults = get_terms(kind.terms), leaf.get_defaults(rules)
    _refuse_others(given, table, mechanism, rules, leaf)
    if "unsafe_terms" in table:
        raise RequestError(
            f"{given.terms}: unsafe_terms has no place in a file, which others would deploy unread: whoever "
            "deploys must give --unsafe-terms."
        )
    _check_names(table, ["mechanism", "rules", "genesis", "history", "schedule", *own], f"{given.terms}")
    times = table.get("schedule", {})
    if not isinstance(times, Mapping):
        raise RequestError(f"{given.terms}: schedule must be a table, [schedule].")
    _check_names(times, _TIMES, f"{given.terms}, [schedule]")
    settled: dict[str, Any] = {}
    for name, term in own.items():
        way, given_value = WAYS[term.unit], getattr(given, name)
        value = table.get(name, defaults[name]) if given_value is None else given_value
        if value is None:
            told = get_terms(kind_of(mechanism).terms).get(name, term).told
            raise RequestError(f"{mechanism} needs {name}, {told}: give {to_flag(name)} {way.shown}.")
        settled[name] = way.read(name, value)
    schedule = {
        name: parse_number(name, _first(getattr(given, f"{name}_seconds"), times.get(name), default))
        for name, default in _get_times(leaf.name, given.pause, rules).items()
    }
    return kind.terms(
        token=address(given.token) if given.token else ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=_genesis(given, table),
        schedule=Schedule(**schedule),
        **settled,
    )


def _refuse_others(
    given: argparse.Namespace, table: Mapping[str, Any], mechanism: str, rules: RuleSet, leaf: Leaf
) -> None:
    """Raise `RequestError` for a term, on the command line or in the file, that the leaf doesn't have."""
    for name, owners in get_owned().items():
        flagged = getattr(given, name) is not None
        if flagged or name in table:
            told = to_flag(name) if flagged else f"{given.terms}: {name}"
            refuse_other_rules(mechanism, rules, told, "term", owners)
        if flagged and leaf.name not in owners:
            raise RequestError(
                f"{to_flag(name)} is a term of {' and '.join(owners)}, not of {mechanism}, which has: "
                f"{', '.join(get_terms(kind_of(leaf.name).terms))}."
            )


def read_rules(given: argparse.Namespace) -> RuleSet:
    """Return the set of rules that the terms have their defaults from."""
    rules = str(_first(given.rules, _load(given).get("rules"), DEFAULT_RULES))
    check_name("rules", rules, RULES)
    return rules


def read_history(given: argparse.Namespace) -> int:
    """Return for how many rounds members must keep models: stored in the record, not in the contract."""
    table = _load(given)
    return check_history(parse_number("history", _first(given.history, table.get("history"), HISTORY)))


def _load(given: argparse.Namespace) -> Mapping[str, Any]:
    """Return the terms file's table; empty if none is given."""
    return load_toml("terms file", given.terms) if given.terms else {}


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
