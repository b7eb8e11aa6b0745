"""The interfaces' ABI, read from `contracts/interfaces/`: selectors, errors, logs, state.

Static words are encoded by hand, for speed; a test holds them against eth_abi.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from eth_abi import encode
from eth_hash.auto import keccak

from clients.protocol.council import get_council, get_record
from clients.protocol.decoys import get_anchor
from clients.protocol.hashing import compute_words, get_address_word
from clients.protocol.managers import get_motion_view
from clients.protocol.rounds import Action
from clients.protocol.state import Env
from clients.protocol.task import Bid, get_task
from clients.protocol.views import FederationView
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO_ADDRESS, Address, Event, MemberView, Status

INTERFACES = Path(__file__).parents[2] / "contracts" / "interfaces"
ENUMS = frozenset({"Phase", "Outcome", "Standing", "Election"})
WORDS = frozenset({"uint8", "uint16", "uint32", "uint40", "uint64", "uint96", "uint256", "int256", "bool"})

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
    """Return the parameters of each `event` or `error` of the interfaces."""
    text = "".join(re.sub(r"//[^\n]*", "", path.read_text()) for path in sorted(INTERFACES.glob("*.sol")))
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


def encode_call(action: Action, call: Call) -> bytes:
    return compute_selector(call.method, action.types) + encode(action.types, call.args)


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
    topics = [encode_value(event.args[item.name], item.type) for item in parameters if item.indexed]
    plain = [(item.type, event.args[item.name]) for item in parameters if not item.indexed]
    if all(kind in WORDS or kind in ("bytes32", "address") for kind, _ in plain):
        data = b"".join([encode_value(value, kind) for kind, value in plain])
    else:
        data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return [compute_topic(event.name), *topics], data


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


def encode_member(member: MemberView) -> bytes:
    record = member.record
    return get_address_word(member.account) + compute_words(
        record.stake,
        record.unbonds_at,
        record.index,
        record.round,
        record.update_number,
        record.option,
        record.strikes,
        record.acts,
        record.standing,
        member.balance,
        member.roles,
        member.position,
        member.out,
        member.waits_for,
        member.missed,
        member.missed_round,
        member.absent,
    )


def encode_status(status: Status) -> bytes:
    *values, record = (getattr(status, item.name) for item in fields(status))
    return compute_words(*values, *(getattr(record, item.name) for item in fields(record)))


def encode_own(federation: FederationView[Any], accounts: Sequence[Address]) -> bytes:
    """Return what the views of this mechanism alone say, as vectors.md has it."""
    state, name = federation.state, federation.mechanism.name
    if name == "stake_vote":
        return b""
    if name == "stake_jury":
        return b"".join(get_anchor(state, account) for account in accounts)
    if name == "bflc":
        models = len(get_council(state).models)
        per_round = federation.terms.updates + 1
        entries = [get_record(federation.terms, state, at) for at in range((models + 1) * per_round)]
        records = [(entry.digest, entry.uploader or ZERO_ADDRESS, entry.score) for entry in entries]
        return encode(["uint256", "(bytes32,address,uint16)[]"], [models - 1, records])
    winner = state.dockets[federation.round_number].winner or ZERO_ADDRESS
    if name == "vbfl":
        return encode(["address"], [winner])
    bids = [get_task(state).bids.get(account, NO_BID) for account in accounts]
    rows = [(bid.capability, bid.cost, bid.order, bid.anchor) for bid in bids]
    return encode(["address", "(uint32,uint96,uint40,bytes32)[]"], [winner, rows])


def encode_lists(federation: FederationView[Any], accounts: Sequence[Address]) -> bytes:
    """Return whom the managers allow and expelled, a word each, and abi.encode(motions)."""
    access = federation.state.access
    allowed = [account in access.allowed for account in accounts]
    lists = compute_words(*allowed, *(account in access.barred_from for account in accounts))
    views = [get_motion_view(federation.terms, motion) for motion in access.motions]
    motions = b"".join([content + compute_words(*others) for content, *others in views])
    return lists + compute_words(32, len(access.motions)) + motions


NO_BID = Bid(0, 0, bytes(32), 0)


def encode_state(federation: FederationView[Any], env: Env, accounts: Sequence[Address]) -> bytes:
    """Return abi.encode(status, members, balances, own) as vectors.md says."""
    token = federation.state.token
    status = encode_status(federation.get_status(env))
    members = b"".join([encode_member(federation.get_member(account)) for account in accounts])
    balances = [token.get_balance(account) for account in (*accounts, federation.address)]
    at = len(status) + 96
    own = keccak(encode_own(federation, accounts) + encode_lists(federation, accounts))
    head = status + compute_words(at, at + 32 + len(members), own, len(accounts))
    return head + members + compute_words(len(balances), *balances)


SCHEDULE_TYPE = "(uint32,uint32,uint32,uint32,uint32,uint32,uint32)"
BASE_TYPES = "address,address,bytes32,uint256"
MANAGED_TYPES = f"{BASE_TYPES},address[]"
PAID_TYPES = f"{BASE_TYPES},uint256,address[]"
WAITING_TYPES = "address[],uint16"
TERMS_TYPES = {
    "stake_vote": f"({MANAGED_TYPES},{WAITING_TYPES},uint256,uint256,uint32,uint32,uint16,uint32,uint32,bool,"
    f"{SCHEDULE_TYPE})",
    "stake_jury": f"({PAID_TYPES},{WAITING_TYPES},uint256,uint256,uint256,uint32,uint32,uint32,uint16,"
    f"uint16,uint16,uint16,uint16,uint32,uint32,{SCHEDULE_TYPE})",
    "vbfl": f"({MANAGED_TYPES},{WAITING_TYPES},uint256,uint32,uint32,uint32,uint32,uint32,uint32,uint16,"
    f"uint8,{SCHEDULE_TYPE})",
    "bflc": f"({PAID_TYPES},{WAITING_TYPES},uint32,uint32,uint32,uint32,uint32,uint16,"
    f"uint8,uint16,uint16,{SCHEDULE_TYPE})",
    "blade": f"({MANAGED_TYPES},address,uint256,bytes32,uint32,uint40,uint40,uint32,uint32,uint32,uint32,"
    f"uint32,uint16,uint8,uint32,{SCHEDULE_TYPE})",
}


def encode_terms(mechanism: str, terms: Any) -> bytes:
    return encode([TERMS_TYPES[mechanism]], [astuple(terms)])
