"""What can be said of a federation's terms: what each means, how it is written, what it is by default."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from clients.ports.chain.abi import address
from clients.types.amounts import format_amount, parse_amount
from clients.types.cid import Cid
from clients.types.errors import RequestError, unknown_name
from clients.types.federation import EPOCHS_MAX, SAMPLES_MAX, Election

REQUIRED = object()
"""Stands for a default where there is none."""


def _show(value: Any) -> str:
    """Return a value as a TOML file has it."""
    return str(value) if isinstance(value, Decimal) else repr(value)


def parse_number(name: str, value: Any) -> int:
    """Return a whole number of at least 0."""
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
    if not isinstance(value, list):
        raise RequestError(f"{name} = {_show(value)} is not a list of addresses.")
    return tuple(parse_account(name, one) for one in value)


def parse_time(name: str, value: Any) -> int:
    """Return seconds since 1970: of a number of them, or of a date and time with its offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "-" in value else value
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise RequestError(f"{name} = {value} lacks an offset: 2030-01-31T12:00:00+00:00 has one.")
            return int(moment.timestamp())
    except ValueError:
        raise RequestError(f"{name} = {_show(value)} is no date and time.") from None
    return parse_number(name, value)


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


@dataclass(frozen=True, slots=True)
class Term:
    """A term: what it means, its default in each mechanism that has it, how it is read and shown."""

    help: str
    defaults: Mapping[str, Any]
    parse: Callable[[str, Any], Any] = parse_number
    shown: str = "N"
    flag: bool = False
    several: bool = False
    spellings: tuple[str, ...] = ()
    """Other names by which files and command lines may call it."""


def _of(stake_vote: Any = None, vbfl: Any = None, bflc: Any = None, blade: Any = None) -> dict[str, Any]:
    given = {"stake_vote": stake_vote, "vbfl": vbfl, "bflc": bflc, "blade": blade}
    return {name: default for name, default in given.items() if default is not None}


def _everywhere(default: Any) -> dict[str, Any]:
    return _of(default, default, default, default)


def _amount(text: str, defaults: Mapping[str, str]) -> Term:
    """Return a term that is an amount: tokens where people write it, base units in the contract."""
    return Term(f"{text}, in tokens", defaults, parse_amount, "TOKENS")


TERMS: Mapping[str, Term] = {
    "bond": _amount("least stake to join and to act", _everywhere("16")),
    "proposer_stake": _amount("what a proposer of a rejected round loses", _of("16")),
    "voter_stake": _amount("what a voter loses that is outvoted, or commits and doesn't reveal", _of("8")),
    "unit_reward": _amount(
        "what a sample visited, a signature verified or a vote cast earns", _of(vbfl="0.000001")
    ),
    "fee": _amount("what joining costs above the stake", _of(bflc="0")),
    "managers": Term(
        "who admits and expels, by majority", _of(bflc=REQUIRED), parse_accounts, "ADDRESS", several=True
    ),
    "publisher": Term(
        "who gets back what the task leaves of the pool", _of(blade=REQUIRED), parse_account, "ADDRESS"
    ),
    "bounty": _amount("what the pool must hold before the first round", _of(blade="1000")),
    "rule": Term("name of the rule of aggregation", _of(blade="fedavg"), parse_text, "TEXT"),
    "rounds": Term("accepted rounds that the bounty is for", _of(blade=10)),
    "bidding_ends": Term(
        "when bidding ends, in seconds since 1970 or as a date and time",
        _of(blade=REQUIRED),
        parse_time,
        "TIME",
    ),
    "deadline": Term(
        "when the task is over, in seconds since 1970 or as a date and time",
        _of(blade=REQUIRED),
        parse_time,
        "TIME",
    ),
    "proposers": Term("most proposers a round", _of(4, vbfl=12, bflc=12), spellings=("seats", "workers")),
    "min_voters": Term("fewest voters to open a round with", _of(3)),
    "validators": Term("voters a round", _of(vbfl=5)),
    "miners": Term("publishers a round, beside the validators", _of(vbfl=3)),
    "committee": Term("members who score and publish", _of(bflc=4)),
    "updates": Term("updates that make a model", _of(bflc=6)),
    "winners": Term("most members", _of(blade=10)),
    "min_winners": Term("fewest members to open a round with", _of(blade=3)),
    "quorum_bps": Term("share of the voters who must reveal, in hundredths of a percent", _of(5000)),
    "min_samples": Term("fewest samples that a bid or a proposal may claim", _of(blade=1)),
    "max_samples": Term("most samples that a proposal may claim", _everywhere(SAMPLES_MAX)),
    "max_epochs": Term("most epochs that a proposal may claim", _everywhere(EPOCHS_MAX)),
    "attribution": Term(
        "slash only proposers whose updates the rejecting voters name", _of(False), parse_flag, flag=True
    ),
    "kick_rounds": Term("rejected updates in a row that ban a worker", _of(vbfl=6)),
    "min_score": Term(
        "least median score of an update that passes, in hundredths of a percent", _of(bflc=2000)
    ),
    "election": Term(
        "how the committee is elected: score, random, factors", _of(bflc="score"), parse_election, "HOW"
    ),
    "speed_bps": Term(
        "weight of speed in an election by factors, in hundredths of a percent", _of(bflc=2000)
    ),
    "profit_bps": Term(
        "share of the pool that an accepted round pays out, in hundredths of a percent", _of(bflc=1000)
    ),
    "block_bps": Term(
        "share of a round's bounty that the block's winner gets, in hundredths of a percent", _of(blade=1000)
    ),
    "pow_bits": Term(
        "bits of proof of work that win a block; 0: the highest stake wins it", _of(vbfl=0, blade=0)
    ),
    "challenge": Term(
        "seconds after proposing in which plagiarists are accused and nobody votes", _of(blade=1800)
    ),
}
"""Every mechanism's own terms, but for the schedule and what all need: token, beacon, genesis."""


def show_term(field: str, value: object) -> object:
    """Return the value of a contract's term, whose name there is `field`, for people: amounts in tokens."""
    term = TERMS.get(re.sub(r"([A-Z])", r"_\1", field).lower())
    if term is None or term.parse is not parse_amount or not isinstance(value, int):
        return value
    return f"{format_amount(value)} tokens"
