"""Calls, results, logs and errors against eth_abi and the compiled contracts."""

import json
from dataclasses import astuple, fields
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.abi import (
    Abi,
    OddAnswer,
    abi_hash,
    address,
    as_int,
    get_bytes,
    get_int,
    member_view_of,
    packaged,
    status_of,
)
from clients.ports.chain.terms import abi_of, pack_terms, terms_of, unpack_terms
from clients.types.errors import ProtocolError, RequestError
from clients.types.federation import (
    Act,
    Member,
    MemberView,
    Outcome,
    Phase,
    Role,
    Round,
    Schedule,
    Standing,
    Status,
)
from clients.types.mechanisms import KINDS
from deploy.abi import FOLDER, client_abis, render

FEDERATION = Abi(packaged("federation"))
WORDS = st.binary(min_size=32, max_size=32)
ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda raw: address("0x" + raw.hex()))
UINTS = st.integers(0, 2**256 - 1)


def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


@pytest.mark.needs("node")
@pytest.mark.parametrize("name", ["federation", "token", *KINDS])
def test_the_packaged_abis_are_the_contracts(name: str) -> None:
    written = (FOLDER / f"{name}.json").read_text("utf-8")
    assert written == render(client_abis()[name]), "run `python -m deploy.abi`"


@given(UINTS, WORDS, UINTS, UINTS)
def test_calls(round: int, digest: bytes, samples: int, epochs: int) -> None:
    expected = selector("propose(uint256,bytes32,uint256,uint256)") + encode(
        ["uint256", "bytes32", "uint256", "uint256"], [round, digest, samples, epochs]
    )
    assert FEDERATION.call("propose", (round, digest, samples, epochs)) == expected


@given(UINTS, st.binary(max_size=100), WORDS)
def test_calls_with_bytes(round: int, ballot: bytes, salt: bytes) -> None:
    expected = selector("reveal(uint256,bytes,bytes32)") + encode(
        ["uint256", "bytes", "bytes32"], [round, ballot, salt]
    )
    assert FEDERATION.call("reveal", (round, ballot, salt)) == expected


@given(st.lists(ADDRESSES, max_size=5))
def test_calls_with_lists(accounts: list[str]) -> None:
    data = FEDERATION.call("evict", (accounts,))
    assert data == selector("evict(address[])") + encode(["address[]"], [accounts])


@given(ADDRESSES, WORDS, WORDS)
def test_errors(account: str, committed: bytes, revealed: bytes) -> None:
    kinds = ["address", "bytes32", "bytes32"]
    data = selector("CommitmentMismatch(address,bytes32,bytes32)") + encode(
        kinds, [account, committed, revealed]
    )
    error = FEDERATION.error(data)
    assert error == ProtocolError("CommitmentMismatch", account, committed, revealed)
    assert hash(error) == hash(ProtocolError("CommitmentMismatch", account, committed, revealed))


@pytest.mark.parametrize(
    ("signature", "kinds", "values", "expected"),
    [
        ("WrongPhase(uint8,uint8)", ["uint8", "uint8"], [3, 0], ("WrongPhase", Phase.PROPOSE, Phase.OPEN)),
        ("InvalidTerms(string,uint256)", ["string", "uint256"], ["bond", 0], ("InvalidTerms", "bond", 0)),
        ("EmptyDigest()", [], [], ("EmptyDigest",)),
        ("ReentrancyGuardReentrantCall()", [], [], ("ReentrancyGuardReentrantCall",)),
        ("Error(string)", ["string"], ["why not"], ("Error", "why not")),
        ("Panic(uint256)", ["uint256"], [0x11], ("Panic", 0x11)),
    ],
)
def test_named_errors(signature: str, kinds: list[str], values: list[object], expected: tuple) -> None:
    assert FEDERATION.error(selector(signature) + encode(kinds, values)) == ProtocolError(*expected)


@given(st.binary(max_size=100))
def test_no_revert_data_is_too_odd(data: bytes) -> None:
    assert isinstance(FEDERATION.error(data), ProtocolError)


@given(UINTS, ADDRESSES, st.integers(-(2**255), 2**255 - 1), UINTS)
def test_events(round: int, account: str, delta: int, stake: int) -> None:
    log = {
        "topics": [
            "0x" + keccak(text="Collected(address,uint256,int256,uint256)").hex(),
            "0x" + encode(["address"], [account]).hex(),
            f"0x{round:064x}",
        ],
        "data": "0x" + encode(["int256", "uint256"], [delta, stake]).hex(),
        "blockNumber": "0x10",
        "transactionHash": "0xAB",
    }
    event = FEDERATION.event(log)
    assert event is not None
    assert event.name == "Collected"
    assert event.args == {"account": account, "round": round, "delta": delta, "stake": stake}
    assert (event.block, event.transaction) == (16, "0xab")


def test_other_contracts_events_are_nobodys() -> None:
    log = {"topics": ["0x" + "11" * 32], "data": "0x", "blockNumber": 1, "transactionHash": "0x"}
    assert FEDERATION.event(log) is None
    assert FEDERATION.event(log | {"topics": []}) is None


def test_structs_are_the_twins_of_the_contracts() -> None:
    record = Round(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Outcome.REJECTED, 11, 12)
    status = Status(Phase.REVEAL, *range(1, 13), b"\1" * 32, b"\2" * 32, 9, record)
    assert status_of(astuple(status)) == status
    assert isinstance(status_of(astuple(status)).record.outcome, Outcome)
    account = address("0x" + "ab" * 20)
    member = Member(1, 2, 3, 4, 5, 6, 7, Act.PROPOSED | Act.COMMITTED, Standing.MEMBER)
    member = MemberView(account, member, 6, Role.VOTER | Role.PUBLISHER, 7, True, 8, 9, 10)
    found = member_view_of(astuple(member))
    assert found == member
    assert Role.PUBLISHER in found.roles
    assert Act.COMMITTED in found.record.acts


def some_terms(mechanism: str) -> st.SearchStrategy[Any]:
    """Return terms of `mechanism` with anything in them that their types allow."""
    values = {int: st.integers(0, 2**16 - 1), bytes: WORDS, bool: st.booleans(), str: ADDRESSES}
    values |= {tuple[str, ...]: st.lists(ADDRESSES, max_size=3).map(tuple)}
    values |= {Schedule: st.builds(Schedule, *[st.integers(0, 2**32 - 1)] * 7)}
    kind = KINDS[mechanism].terms
    parts = {
        one.name: st.integers(0, 255) if one.name in {"pow_bits", "election"} else values[one.type]
        for one in fields(kind)
    }
    return st.builds(kind, **parts)


@pytest.mark.parametrize("mechanism", KINDS)
@given(data=st.data())
def test_terms_of_every_mechanism_survive_the_chain_and_json(mechanism: str, data: st.DataObject) -> None:
    terms = data.draw(some_terms(mechanism))
    assert unpack_terms(mechanism, json.loads(json.dumps(pack_terms(terms)))) == terms
    [entry] = [one for one in abi_of(mechanism) if one.get("name") == "terms"]
    raw = encode([collapse_if_tuple(entry["outputs"][0])], [astuple(terms)])
    assert terms_of(mechanism, Abi(abi_of(mechanism)).result("terms", raw)[0]) == terms


def test_results_of_another_contract_are_no_results() -> None:
    for data in (b"", b"\1", bytes(31)):
        with pytest.raises(ValueError, match="something else"):
            FEDERATION.result("phase", data)


def test_names_are_suggested() -> None:
    with pytest.raises(RequestError, match="'propose'"):
        FEDERATION.call("propos", ())


@pytest.mark.parametrize("text", ["", "0x12", "name.eth", "0x" + "zz" * 20, "ab" * 20])
def test_not_an_address(text: str) -> None:
    with pytest.raises(RequestError, match="not an address"):
        address(text)


def test_a_mistyped_address_is_refused() -> None:
    right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert {address(text) for text in (right, right.lower(), "0x" + right[2:].upper())} == {right}
    for wrong in (right[:-1] + "7", right.replace("Fd6", "fd6")):
        with pytest.raises(RequestError, match="mistyped"):
            address(wrong)


def test_the_hash_of_an_abi_does_not_depend_on_order() -> None:
    entries = packaged("token")
    assert abi_hash(entries) == abi_hash(entries[::-1]) != abi_hash(entries[1:])


@given(UINTS)
def test_numbers_are_read_as_nodes_write_them(number: int) -> None:
    for written in (number, str(number), hex(number), f"0x00{number:x}", f"0x{number:X}"):
        assert as_int(written) == number
    assert as_int("0x") == 0  # some leave the digit out


@pytest.mark.parametrize(
    "value", [None, "", "0xzz", "ff", "1e3", "-1", "0x-1", -1, 2**256, str(2**256), True, 1.5, [], {}]
)
def test_what_is_no_number_is_none(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        as_int(value)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (None, "is null"),
        ([], "has no timestamp"),
        ({}, "has no timestamp"),
        ({"timestamp": None}, "has no timestamp"),
        ({"timestamp": "soon"}, "has a timestamp that is none: .*soon"),
        ({"timestamp": []}, "has a timestamp that is none"),
    ],
)
def test_a_field_that_is_missing_or_odd_is_named(record: Any, words: str) -> None:
    with pytest.raises(OddAnswer, match=words):
        get_int(record, "timestamp")
    with pytest.raises(OddAnswer, match=words.split(":")[0]):
        get_bytes(record, "timestamp", 32)


def test_a_log_without_data_or_topics_is_a_log() -> None:
    bare = {"blockNumber": "0x1", "transactionHash": "0x12"}
    assert FEDERATION.event({"topics": None, "data": None, **bare}) is None
    abi = Abi([{"type": "event", "name": "Bare", "inputs": []}])
    event = abi.event({"topics": ["0x" + keccak(text="Bare()").hex()], "data": None, **bare})
    assert event is not None
    assert event.args == {}
