"""The hand-made encoding is eth_abi's, and the interface names all that the specification says."""

from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.rounds import ACTIONS
from clients.types.errors import ProtocolError
from clients.types.federation import Event
from tests.spec.abi import (
    ERRORS,
    EVENTS,
    INTERFACE,
    compute_events_hash,
    encode_error,
    encode_event,
    encode_state,
)
from tests.spec.sequences import build_world

SEAT = "(address,(uint96,uint40,uint32,uint40,uint16,uint8,uint8),uint256,uint8,uint32)"


def play(seed: int, steps: int) -> tuple[object, ...]:
    world = build_world(f"abi-{seed}")
    events: list[Event] = []
    errors: list[ProtocolError] = []
    for _ in range(steps):
        call = world.play()
        try:
            events += world.federation.apply(world.env, call)
        except ProtocolError as error:
            errors.append(error)
    return world, events, errors


@given(st.integers(0, 10_000), st.integers(0, 40))
def test_state_is_encoded_as_eth_abi_does(seed: int, steps: int) -> None:
    world, _, _ = play(seed, steps)
    federation, accounts = world.federation, list(world.funds)
    seats = []
    for account in accounts:
        seat = federation.get_seat(account)
        member = seat.member
        entry = (
            member.stake,
            member.unbonds_at,
            member.index,
            member.round,
            member.option,
            member.act,
            member.standing,
        )
        seats.append((account, entry, seat.balance, seat.role, seat.position))
    token = federation.state.token
    expected = encode(
        ["uint8", "bytes32", "uint256", "uint256", f"{SEAT}[]", "uint256[]"],
        [
            federation.get_phase(world.env),
            federation.state.head,
            federation.state.pool,
            len(federation.state.ledger.registry),
            seats,
            [token.get_balance(account) for account in (*accounts, federation.address)],
        ],
    )
    assert encode_state(federation, world.env, accounts) == expected


@given(st.integers(0, 10_000))
def test_logs_fold_as_eth_abi_encodes_them(seed: int) -> None:
    _, events, _ = play(seed, 40)
    folded = bytes(32)
    for event in events:
        parameters = EVENTS[event.name]
        topics, data = encode_event(event)
        plain = [item for item in parameters if not item.indexed]
        assert data == encode([item.type for item in plain], [event.args[item.name] for item in plain])
        folded = keccak(encode(["bytes32", "bytes32[]", "bytes"], [folded, topics, data]))
    assert compute_events_hash(events) == folded


@given(st.integers(0, 10_000))
def test_every_error_raised_is_one_of_the_interface(seed: int) -> None:
    _, _, errors = play(seed, 40)
    for error in errors:
        assert len(encode_error(error)) == 4 + 32 * len(ERRORS[error.name])


def test_every_action_is_declared_with_its_types() -> None:
    text = " ".join(INTERFACE.read_text().split())
    for name, action in ACTIONS.items():
        start = text.index(f"function {name}(") + len(f"function {name}(")
        declared = [
            part.split()[0] for part in text[start : text.index(")", start)].split(",") if part.strip()
        ]
        assert tuple(declared) == action.types
