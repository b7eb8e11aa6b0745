"""The hand-made encoding is eth_abi's, and the interface names all that the specification says."""

import re
from dataclasses import astuple, fields

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.mechanisms import MECHANISMS
from clients.types.errors import ProtocolError
from clients.types.federation import Event
from clients.types.mechanisms import KINDS
from tests.spec.abi import (
    ERRORS,
    EVENTS,
    INTERFACES,
    SCHEDULE_TYPE,
    TERMS_TYPES,
    compute_events_hash,
    encode_error,
    encode_event,
    encode_lists,
    encode_own,
    encode_state,
)
from tests.spec.worlds import World, build_world

MEMBER = "(uint96,uint40,uint16,uint40,uint16,uint16,uint16,uint8,uint8)"
MEMBER_VIEW = f"(address,{MEMBER},uint256,uint8,uint16,bool,uint40,uint16,uint40,bool)"
ROUND = "(uint40,uint16,uint16,uint16,uint16,uint16,uint16,uint16,uint16,uint16,uint8,uint96,uint96)"
STATUS = (
    "(uint8,uint40,uint40,uint40,uint40,uint40,uint40,uint40,uint64,uint16,uint16,uint16,uint16,"
    f"bytes32,bytes32,uint256,{ROUND})"
)
SOME = st.sampled_from(tuple(MECHANISMS))


def play(mechanism: str, seed: int, steps: int) -> tuple[World, list[Event], list[ProtocolError]]:
    world = build_world(f"abi-{seed}", mechanism)
    events: list[Event] = []
    errors: list[ProtocolError] = []
    for _ in range(steps):
        call = world.play()
        try:
            events += world.federation.apply(world.env, call)
        except ProtocolError as error:
            errors.append(error)
    return world, events, errors


@given(SOME, st.integers(0, 10_000), st.integers(0, 40))
def test_state_is_encoded_as_eth_abi_does(mechanism: str, seed: int, steps: int) -> None:
    world, _, _ = play(mechanism, seed, steps)
    federation, accounts = world.federation, list(world.funds)
    token = federation.state.token
    expected = encode(
        [STATUS, f"{MEMBER_VIEW}[]", "uint256[]", "bytes32"],
        [
            astuple(federation.get_status(world.env)),
            [astuple(federation.get_member(account)) for account in accounts],
            [token.get_balance(account) for account in (*accounts, federation.address)],
            keccak(encode_own(federation, accounts) + encode_lists(federation, accounts)),
        ],
    )
    assert encode_state(federation, world.env, accounts) == expected


@given(SOME, st.integers(0, 10_000))
def test_logs_fold_as_eth_abi_encodes_them(mechanism: str, seed: int) -> None:
    _, events, _ = play(mechanism, seed, 40)
    folded = bytes(32)
    for event in events:
        parameters = EVENTS[event.name]
        topics, data = encode_event(event)
        plain = [item for item in parameters if not item.indexed]
        assert data == encode([item.type for item in plain], [event.args[item.name] for item in plain])
        folded = keccak(encode(["bytes32", "bytes32[]", "bytes"], [folded, topics, data]))
    assert compute_events_hash(events) == folded


@given(SOME, st.integers(0, 10_000))
def test_every_error_raised_is_one_of_the_interface(mechanism: str, seed: int) -> None:
    _, _, errors = play(mechanism, seed, 40)
    for error in errors:
        assert len(encode_error(error)) >= 4 + 32 * len(ERRORS[error.name])


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_action_is_declared_with_its_types(mechanism: str) -> None:
    names = ("IFederation", "IManagers", "IDuty", INTERFACE_OF[mechanism])
    text = " ".join(" ".join((INTERFACES / f"{name}.sol").read_text() for name in names).split())
    for name, action in build_world("abi", mechanism).federation.actions.items():
        start = text.index(f"function {name}(") + len(f"function {name}(")
        declared = [
            part.split()[0] for part in text[start : text.index(")", start)].split(",") if part.strip()
        ]
        assert tuple(declared) == action.types


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_terms_are_those_of_the_interface(mechanism: str) -> None:
    text = re.sub(r"//[^\n]*", "", (INTERFACES / f"{INTERFACE_OF[mechanism]}.sol").read_text())
    (body,) = re.findall(r"struct \w+Terms \{(.*?)\}", text, re.DOTALL)
    declared = [tuple(line.split()) for line in body.split(";") if line.strip()]
    terms = build_world("abi", mechanism).federation.terms
    names = [re.sub(r"_(\w)", lambda match: match[1].upper(), item.name) for item in fields(terms)]
    assert [name for _, name in declared] == names
    types = ",".join(SCHEDULE_TYPE if kind == "Schedule" else kind for kind, _ in declared)
    assert f"({types})" == TERMS_TYPES[mechanism]


INTERFACE_OF = {name: f"I{kind.contract}" for name, kind in KINDS.items()}
