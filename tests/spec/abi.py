"""The interface's ABI, read from `contracts/interfaces/IFederation.sol`: selectors, errors, logs, state.

Static words are encoded by hand, for speed; a test holds them against eth_abi.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eth_abi import encode
from eth_hash.auto import keccak

from clients.protocol.hashing import compute_words, get_address_word
from clients.protocol.rounds import ACTIONS
from clients.protocol.state import Env
from clients.protocol.views import FederationView
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event, Seat, StakeVoteTerms

INTERFACE = Path(__file__).parents[2] / "contracts" / "interfaces" / "IFederation.sol"
ENUMS = frozenset({"Phase", "Outcome", "Role", "Act", "Standing"})

TOKEN_ERRORS = {
    "ERC20InsufficientBalance": ("address", "uint256", "uint256"),
    "ERC20InsufficientAllowance": ("address", "uint256", "uint256"),
}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    indexed: bool


def read_declarations(kind: str) -> dict[str, list[Parameter]]:
    """Return the parameters of each `event` or `error` of the interface."""
    text = re.sub(r"//[^\n]*", "", INTERFACE.read_text())
    found = re.findall(rf"\b{kind} (\w+)\(([^)]*)\);", text)
    return {name: [_read_parameter(part) for part in body.split(",") if part.strip()] for name, body in found}


def _read_parameter(text: str) -> Parameter:
    kind, *rest = text.split()
    return Parameter(rest[-1], "uint8" if kind in ENUMS else kind, "indexed" in rest)


EVENTS: Mapping[str, list[Parameter]] = read_declarations("event")
ERRORS: Mapping[str, tuple[str, ...]] = {
    **{name: tuple(item.type for item in items) for name, items in read_declarations("error").items()},
    **TOKEN_ERRORS,
}


@lru_cache(maxsize=256)
def compute_selector(name: str, types: tuple[str, ...]) -> bytes:
    return keccak(f"{name}({','.join(types)})".encode())[:4]


@lru_cache(maxsize=64)
def compute_topic(name: str) -> bytes:
    return keccak(f"{name}({','.join(item.type for item in EVENTS[name])})".encode())


def encode_call(call: Call) -> bytes:
    types = ACTIONS[call.method].types
    return compute_selector(call.method, types) + encode(types, call.args)


def encode_error(error: ProtocolError) -> bytes:
    types = ERRORS[error.name]
    return compute_selector(error.name, types) + encode(types, error.values)


def encode_value(value: object, kind: str) -> bytes:
    if kind == "address":
        assert isinstance(value, str)
        return get_address_word(value)
    if kind == "bytes32":
        assert isinstance(value, bytes)
        assert len(value) == 32
        return value
    assert isinstance(value, int)
    return value.to_bytes(32, "big", signed=kind == "int256")


def encode_event(event: Event) -> tuple[list[bytes], bytes]:
    """Return the log's topics and data."""
    parameters = EVENTS[event.name]
    assert list(event.args) == [item.name for item in parameters], event
    words = [encode_value(event.args[item.name], item.type) for item in parameters]
    topics = [word for word, item in zip(words, parameters, strict=True) if item.indexed]
    data = [word for word, item in zip(words, parameters, strict=True) if not item.indexed]
    return [compute_topic(event.name), *topics], b"".join(data)


def compute_events_hash(events: Sequence[Event]) -> bytes:
    """Return the fold h = keccak256(abi.encode(h, topics, data)) over the logs, from 0."""
    folded = bytes(32)
    for event in events:
        topics, data = encode_event(event)
        at = 32 * (4 + len(topics))
        padded = data + bytes(-len(data) % 32)
        folded = keccak(
            compute_words(folded, 96, at, len(topics)) + b"".join(topics) + compute_words(len(data)) + padded
        )
    return folded


def encode_seat(seat: Seat) -> bytes:
    member = seat.member
    return get_address_word(seat.account) + compute_words(
        member.stake,
        member.unbonds_at,
        member.index,
        member.round,
        member.option,
        member.act,
        member.standing,
        seat.balance,
        seat.role,
        seat.position,
    )


def encode_state(federation: FederationView[StakeVoteTerms], env: Env, accounts: Sequence[Address]) -> bytes:
    """Return abi.encode(phase, head, pool, memberCount, seats, balances) as vectors.md says."""
    state = federation.state
    seats = b"".join(encode_seat(federation.get_seat(account)) for account in accounts)
    balances = [state.token.get_balance(account) for account in (*accounts, federation.address)]
    head = compute_words(
        federation.get_phase(env),
        state.head,
        state.pool,
        len(state.ledger.registry),
        192,
        224 + len(seats),
        len(accounts),
    )
    return head + seats + compute_words(len(balances), *balances)


TERMS_TYPE = (
    "(address,address,bytes32,uint256,uint256,uint256,uint32,uint32,uint16,uint32,"
    "(uint32,uint32,uint32,uint32,uint32,uint32))"
)


def encode_terms(terms: StakeVoteTerms) -> bytes:
    schedule = terms.schedule
    values = (
        terms.token,
        terms.beacon,
        terms.genesis,
        terms.bond,
        terms.proposer_stake,
        terms.voter_stake,
        terms.seats,
        terms.min_voters,
        terms.quorum_bps,
        terms.max_samples,
        (
            schedule.open,
            schedule.propose,
            schedule.commit,
            schedule.reveal,
            schedule.publish,
            schedule.unbonding,
        ),
    )
    return encode([TERMS_TYPE], [values])
