"""Every term that the specification refuses is explained: what must hold, and which option to change."""

import ast
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from clients.protocol import claims, council, ledger, managers, marks, publication
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.types.errors import ProtocolError
from clients.types.federation import STAKE_MAX, ZERO_ADDRESS, Schedule
from clients.types.mechanisms import KINDS, Terms, kind_of
from clients.types.terms import DEFAULT_RULES
from deploy import faults
from deploy.faults import FAULTS, explain_term, find_fault
from deploy.options import add_terms
from deploy.terms import get_default_terms, get_owned

PROTOCOL = Path(claims.__file__).parent
ACCOUNTS = tuple(f"0x{number:040x}" for number in range(1, 202))
NUMBERS = (
    0,
    0,
    1,
    2,
    3,
    31,
    32,
    33,
    65,
    129,
    255,
    256,
    257,
    5000,
    10_001,
    2**16,
    2**23,
    2**31,
    STAKE_MAX + 1,
)
LISTS = ((), ACCOUNTS[:1], ACCOUNTS[:20], ACCOUNTS, (*ACCOUNTS[:9], ZERO_ADDRESS), ACCOUNTS[:2] * 9)
TRIES = 1500
"""How many random terms of each mechanism are tried."""
CHECKS = ("check_term", "_check_distinct")
"""The functions that refuse a term, the field being their first argument."""


def build(mechanism: str) -> Terms:
    kind = kind_of(mechanism)
    given: dict[str, Any] = {
        "bidding_ends": 1,
        "deadline": 2,
        "publisher": ACCOUNTS[0],
        "managers": ACCOUNTS[:1],
    }
    there = {name: value for name, value in given.items() if name in kind.terms.__dataclass_fields__}
    whole = {**get_default_terms(mechanism, DEFAULT_RULES), **there}
    return kind.terms(token=ACCOUNTS[0], beacon=ZERO_ADDRESS, genesis=b"\1" * 32, **whole)


def change(terms: Terms, rng: Random) -> Terms:
    """Return terms of which one or two are others; phases are terms too."""
    for _ in range(rng.choice((1, 1, 2))):
        item = rng.choice(fields(terms))
        if item.name == "schedule":
            phase = rng.choice(fields(Schedule)).name
            terms = replace(
                terms, schedule=replace(terms.schedule, **{phase: rng.choice((0, 0, 1, 1800, 10**6))})
            )
            continue
        old = getattr(terms, item.name)
        choices: dict[type, tuple[Any, ...]] = {
            bool: (True, False),
            int: NUMBERS,
            tuple: LISTS,
            str: (ZERO_ADDRESS, ACCOUNTS[0]),
            bytes: (bytes(32), b"\1" * 32),
        }
        terms = replace(terms, **{item.name: rng.choice(choices[type(old)])})
    return terms


def refuse(mechanism: str, terms: Terms) -> str:
    """Return the field that the specification refuses; empty if it takes the terms."""
    try:
        Federation(MECHANISMS[mechanism], terms, address=ACCOUNTS[0], chain_id=1)
    except ProtocolError as error:
        return str(error.values[0])
    return ""


@cache
def try_terms(mechanism: str) -> tuple[tuple[Terms, str], ...]:
    """Return random terms, each with the field that is refused."""
    rng, usual = Random(mechanism), build(mechanism)
    assert refuse(mechanism, usual) == ""
    tried = [change(usual, rng) for _ in range(TRIES)]
    return tuple((terms, refuse(mechanism, terms)) for terms in tried)


def find_options() -> set[str]:
    parser = ArgumentParser()
    parser.add_argument("--token")
    add_terms(parser, pause=60)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("mechanism", KINDS)
def test_what_is_refused_is_explained_by_options_that_mechanism_has(mechanism: str) -> None:
    there = find_options()
    others = {name for name, owners in get_owned().items() if mechanism not in owners}
    for terms, field in try_terms(mechanism):
        if field:
            assert find_fault(terms, field), (field, terms)
            told = explain_term(terms, field)
            named = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", told))
            assert named, told
            assert named <= there, told
            assert not {option[2:].replace("-", "_") for option in named} & others, told


@pytest.mark.parametrize("mechanism", KINDS)
def test_what_is_taken_has_no_fault(mechanism: str) -> None:
    names = {
        *(item.name for item in fields(kind_of(mechanism).terms)),
        *(item.name for item in fields(Schedule)),
    }
    own = [field for field in FAULTS if faults.get_name(field) in names]
    taken = [terms for terms, field in try_terms(mechanism) if not field]
    assert len(taken) > TRIES / 10
    for terms in taken:
        for field in own:
            assert find_fault(terms, field) == "", (field, terms)


def test_every_check_of_the_specification_is_explained_and_was_tried() -> None:
    checked = set(find_checked())
    assert checked == set(FAULTS)
    assert {field for mechanism in KINDS for _, field in try_terms(mechanism) if field} == checked


def find_checked() -> Iterator[str]:
    """Return the fields that any check of the specification can refuse."""
    for file in PROTOCOL.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHECKS:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)


def test_bounds_are_those_of_the_specification() -> None:
    assert faults._UPDATES_MAX == marks.UPDATES_MAX
    assert faults._MEMBERS_MAX == ledger.MEMBERS_MAX
    assert faults._MANAGERS_MAX == managers.MANAGERS_MAX
    assert (faults._COMMITTEE_MAX, faults._SELECTED_MAX) == (council.COMMITTEE_MAX, council.SELECTED_MAX)
    assert faults._POW_BITS_MAX == publication.POW_BITS_MAX
    assert (faults._SAMPLES_LIMIT, faults._VISITS_LIMIT) == (claims.SAMPLES_LIMIT, claims.VISITS_LIMIT)


@pytest.mark.parametrize(
    ("mechanism", "changed", "told"),
    [
        (
            "stake_jury",
            {"voter_stake": 9 * 10**18},
            "voter_stake = 9 tokens: it must be at most 8 tokens, the floor, so that no member loses more "
            "than it has; lower --voter-stake, or raise --floor",
        ),
        (
            "stake_vote",
            {"schedule": Schedule(unbonding=9)},
            "schedule.unbonding = 9 seconds: it must be at least 10800 seconds, as long as a round's phases "
            "last together, so that nobody leaves before it is slashed; raise --unbonding-seconds, or "
            "shorten the phases",
        ),
        (
            "stake_jury",
            {"voters": 2},
            "voters = 2: it must be at least 3, the min_voters, or 0: no limit; raise --voters, "
            "or lower --min-voters",
        ),
        (
            "vbfl",
            {"founders": ACCOUNTS[:2], "newcomers": 1},
            f"founders = [{ACCOUNTS[0]}, {ACCOUNTS[1]}]: 2 are too few: the first round needs 9, and only "
            "founders are in then; name more --founders, or ask for fewer members a round "
            "(--validators, --miners)",
        ),
        (
            "vbfl",
            {"managers": (*ACCOUNTS[:2], ACCOUNTS[1])},
            f"managers = [{ACCOUNTS[0]}, {ACCOUNTS[1]}, {ACCOUNTS[1]}]: {ACCOUNTS[1]} is named twice; name "
            "each account once with --managers",
        ),
    ],
)
def test_a_sentence_says_what_must_hold_and_what_to_change(
    mechanism: str, changed: dict[str, Any], told: str
) -> None:
    terms = replace(build(mechanism), **changed)
    assert explain_term(terms, refuse(mechanism, terms)) == told
