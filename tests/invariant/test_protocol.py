"""What holds after every step of any sequence, legal or not, of every mechanism."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.state import State
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import Event, Outcome, Role, Standing
from tests.spec.worlds import World, build_world, get_longest

SEEDS = st.integers(0, 2**32)
SOME = st.sampled_from(tuple(MECHANISMS))
STEPS = 70
ACTS_OF_MEMBERS = {
    "deposit",
    "exit",
    "claim",
    "pledge",
    "propose",
    "commit",
    "publish",
    "join",
    "bid",
    "accuse",
}


def play(world: World, steps: int = STEPS) -> Iterator[tuple[Call, State, list[Event], ProtocolError | None]]:
    """Yield each call, the state before it, its events and its error."""
    for _ in range(steps):
        call = world.play()
        before = world.federation.state.copy()
        try:
            yield call, before, world.federation.apply(world.env, call), None
        except ProtocolError as error:
            yield call, before, [], error


def owed(federation: Federation[Any]) -> int:
    """Return all that the federation owes: stakes with what is due, and the pool.

    While a round is in progress nothing of it is due yet.
    """
    return sum(federation.get_member(account).balance for account in federation.state.ledger.members)


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_nothing_is_made_and_nothing_is_lost(seed: int, mechanism: str) -> None:
    world = build_world(f"conservation-{seed}", mechanism)
    federation = world.federation
    minted = sum(world.funds.values())
    for _ in play(world):
        held = federation.state.token.get_balance(federation.address)
        total = owed(federation) + federation.state.pool
        # Only a supply of 2^96 and more can overflow a stake; what is cut off then is nobody's.
        assert total == held or (total < held and minted > STAKE_MAX)
        assert sum(federation.state.token.balances.values()) == minted


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_a_refused_action_changes_nothing(seed: int, mechanism: str) -> None:
    world = build_world(f"refused-{seed}", mechanism, illegal=0.6)
    for _, before, events, error in play(world):
        if error is not None:
            assert world.federation.state == before
            assert events == []


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_settled_rounds_never_change(seed: int, mechanism: str) -> None:
    world = build_world(f"settled-{seed}", mechanism)
    for _, before, _, _ in play(world):
        rounds = world.federation.state.rounds
        dockets = world.federation.state.dockets
        past = len(before.rounds) - (before.rounds[-1].outcome is Outcome.NONE)
        assert rounds[:past] == before.rounds[:past]
        assert dockets[:past] == before.dockets[:past]


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_a_banned_account_never_acts_and_is_never_paid(seed: int, mechanism: str) -> None:
    world = build_world(f"banned-{seed}", mechanism)
    federation = world.federation
    for call, before, events, error in play(world):
        banned = {a for a, member in before.ledger.members.items() if member.standing is Standing.BANNED}
        if call.sender in banned and call.method in ACTS_OF_MEMBERS:
            assert error is not None
        for account in banned:
            after = federation.state.ledger.get(account)
            assert after.standing is Standing.BANNED
            assert after.stake <= before.ledger.get(account).stake
            assert not any(e.name == "Collected" and e.args["account"] == account for e in events)
            assert not any(e.name == "BlockWon" and e.args["winner"] == account for e in events)
            assert federation.get_member(account).roles is Role.NONE


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_whoever_is_below_the_floor_is_banned_once_booked(seed: int, mechanism: str) -> None:
    world = build_world(f"bond-{seed}", mechanism)
    terms = world.federation.terms
    floor = getattr(terms, "floor", terms.bond)  # elsewhere the bond is the floor
    for _ in play(world):
        for member in world.federation.state.ledger.members.values():
            if member.standing is Standing.MEMBER and not member.acts:
                assert member.stake >= floor
            assert 0 <= member.stake <= STAKE_MAX


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME, st.randoms(use_true_random=False))
def test_booking_is_idempotent_and_its_order_does_not_matter(
    seed: int, mechanism: str, order: Random
) -> None:
    world = build_world(f"booking-{seed}", mechanism, illegal=0.1)
    federation = world.federation
    for _ in play(world, 60):
        pass
    accounts = list(federation.state.ledger.members)
    balances = {account: federation.get_member(account).balance for account in accounts}
    start = federation.state

    def collect(accounts: list[str]) -> State:
        federation.state = start.copy()
        for account in accounts:
            with suppress(ProtocolError):
                federation.apply(world.env, Call(account, "collect", (account,)))
        return federation.state

    booked = collect(accounts)
    assert {account: federation.get_member(account).balance for account in accounts} == balances
    assert collect(accounts * 2) == booked
    order.shuffle(accounts)
    assert collect(accounts) == booked


@settings(deadline=None, max_examples=80)
@given(SEEDS, SOME)
def test_no_absent_participant_can_hang_a_round(seed: int, mechanism: str) -> None:
    world = build_world(f"absent-{seed}", mechanism)
    federation, terms = world.federation, world.federation.terms
    for _ in play(world, 40):
        pass
    whole = get_longest(terms.schedule)
    env = type(world.env)(world.env.time + whole, world.env.block + 257, world.env.entropy)
    if federation.record.outcome is Outcome.NONE and federation.round_number:
        federation.apply(env, Call(world.player.outsiders[0], "settle"))
    assert federation.get_phase(env).name == "OPEN"


@settings(deadline=None, max_examples=80)
@given(SEEDS, SOME)
def test_stakes_are_frozen_before_the_seed_is_known(seed: int, mechanism: str) -> None:
    world = build_world(f"frozen-{seed}", mechanism)
    for _, before, _, _ in play(world):
        if before.rounds[-1].outcome is Outcome.NONE and len(before.rounds) > 1:
            assert world.federation.state.ledger.registry == before.ledger.registry


@settings(deadline=None, max_examples=80)
@given(SEEDS, SOME)
def test_a_draw_deals_out_every_position_and_as_many_parts_as_are_awaited(seed: int, mechanism: str) -> None:
    world = build_world(f"draw-{seed}", mechanism, illegal=0.1)
    federation = world.federation
    for _, _, events, _ in play(world):
        if not any(event.name == "Drawn" for event in events):
            continue
        members = federation.state.ledger.members
        registry = federation.state.ledger.registry
        parts = [federation.get_part(account, members[account]) for account in registry]
        count = federation.record.members
        assert sorted(position for _, position in parts[:count]) == list(range(count))
        assert set(parts[count:]) <= {(Role.NONE, 0)}  # who waits
        drawn = [sum(role in roles for roles, _ in parts) for role in (Role.VOTER, Role.PUBLISHER)]
        awaited = list(federation.wanted[1:])
        # A committee's seats can be empty: of those who left, or were named and never came.
        assert drawn == awaited or (mechanism == "bflc" and drawn <= awaited)
        assert sum(Role.PROPOSER in roles for roles, _ in parts) >= federation.wanted.proposers


@settings(deadline=None, max_examples=80)
@given(SEEDS, SOME)
def test_the_head_changes_with_an_accepted_round_alone(seed: int, mechanism: str) -> None:
    world = build_world(f"head-{seed}", mechanism, illegal=0.1)
    state = world.federation.state
    for _, before, events, _ in play(world):
        accepted = any(event.args.get("outcome") is Outcome.ACCEPTED for event in events)
        assert accepted or state.head == before.head
        if accepted:
            assert state.head == state.dockets[-1].tally.candidate != bytes(32)


@settings(deadline=None, max_examples=80)
@given(SEEDS, SOME)
def test_the_pool_never_pays_more_than_it_holds(seed: int, mechanism: str) -> None:
    world = build_world(f"pool-{seed}", mechanism)
    federation = world.federation
    for _ in play(world):
        assert 0 <= federation.state.pool <= federation.state.token.get_balance(federation.address)


@settings(deadline=None, max_examples=100)
@given(SEEDS, SOME)
def test_whatever_is_proposed_was_pledged_by_its_proposer_before_any_was_proposed(
    seed: int, mechanism: str
) -> None:
    world = build_world(f"pledged-{seed}", mechanism)
    federation = world.federation
    pledged: dict[tuple[object, object], object] = {}
    proposing = 0
    for _, _, events, _ in play(world):
        for event in events:
            key = event.args.get("round"), event.args.get("proposer")
            if event.name == "Pledged":
                assert federation.terms.schedule.pledge
                assert proposing < federation.round_number
                assert key not in pledged
                pledged[key] = event.args["pledge"]
            if event.name == "Proposed":
                proposing = federation.round_number
            if event.name == "Proposed" and federation.terms.schedule.pledge:
                digest, samples, epochs = (event.args[name] for name in ("digest", "samples", "epochs"))
                shown = federation.compute_pledge(*key, digest, samples, epochs)  # type: ignore[arg-type]
                assert pledged[key] == shown
