"""What holds after every step of any sequence, legal or not."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.state import State
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Event, Outcome, StakeVoteTerms, Standing
from tests.spec.sequences import World, build_world

SEEDS = st.integers(0, 2**32)
STEPS = 70
ACTS_OF_MEMBERS = {"deposit", "exit", "claim", "propose", "commit", "reveal", "join"}


def play(world: World, steps: int = STEPS) -> Iterator[tuple[Call, State, list[Event], ProtocolError | None]]:
    """Yield each call, the state before it, its events and its error."""
    for _ in range(steps):
        call = world.play()
        before = world.federation.state.copy()
        try:
            yield call, before, world.federation.apply(world.env, call), None
        except ProtocolError as error:
            yield call, before, [], error


def owed(federation: Federation[StakeVoteTerms]) -> int:
    """Return all that the federation owes: stakes with what is due, and the pool.

    While a round is in progress nothing of it is due yet.
    """
    return sum(federation.get_seat(account).balance for account in federation.state.ledger.members)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_nothing_is_made_and_nothing_is_lost(seed: int) -> None:
    world = build_world(f"conservation-{seed}")
    federation = world.federation
    minted = sum(world.funds.values())
    for _ in play(world):
        held = federation.state.token.get_balance(federation.address)
        total = owed(federation) + federation.state.pool
        # Only a supply of 2^96 and more can overflow a stake; what is cut off then is nobody's.
        assert total == held or (total < held and minted > STAKE_MAX)
        assert sum(federation.state.token.balances.values()) == minted


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_a_refused_action_changes_nothing(seed: int) -> None:
    world = build_world(f"refused-{seed}", illegal=0.6)
    for _, before, events, error in play(world):
        if error is not None:
            assert world.federation.state == before
            assert events == []


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_settled_rounds_never_change(seed: int) -> None:
    world = build_world(f"settled-{seed}")
    for _, before, _, _ in play(world):
        rounds = world.federation.state.rounds
        assert rounds[: len(before.rounds) - 1] == before.rounds[:-1]
        if before.rounds[-1].outcome is not Outcome.NONE:
            assert rounds[len(before.rounds) - 1] == before.rounds[-1]


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_a_banned_account_never_acts_and_is_never_paid(seed: int) -> None:
    world = build_world(f"banned-{seed}")
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


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_whoever_is_below_the_bond_is_banned_once_booked(seed: int) -> None:
    world = build_world(f"bond-{seed}")
    bond = world.federation.terms.bond
    for _ in play(world):
        for member in world.federation.state.ledger.members.values():
            if member.standing is Standing.MEMBER and member.act is Act.NONE:
                assert member.stake >= bond
            assert 0 <= member.stake <= STAKE_MAX


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.randoms(use_true_random=False))
def test_booking_is_idempotent_and_its_order_does_not_matter(seed: int, order: Random) -> None:
    world = build_world(f"booking-{seed}", illegal=0.1)
    federation = world.federation
    for _ in play(world, 60):
        pass
    accounts = list(federation.state.ledger.members)
    balances = {account: federation.get_seat(account).balance for account in accounts}
    start = federation.state

    def collect(accounts: list[str]) -> State:
        federation.state = start.copy()
        for account in accounts:
            with suppress(ProtocolError):
                federation.apply(world.env, Call(account, "collect", (account,)))
        return federation.state

    booked = collect(accounts)
    assert {account: federation.get_seat(account).balance for account in accounts} == balances
    assert collect(accounts * 2) == booked
    order.shuffle(accounts)
    assert collect(accounts) == booked


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_no_absent_participant_can_hang_a_round(seed: int) -> None:
    world = build_world(f"absent-{seed}")
    federation, terms = world.federation, world.federation.terms
    for _ in play(world, 40):
        pass
    schedule = terms.schedule
    whole = schedule.propose + schedule.commit + schedule.reveal + schedule.publish
    env = type(world.env)(world.env.time + whole, world.env.block + 257, world.env.entropy)
    if federation.record.outcome is Outcome.NONE and federation.number:
        federation.apply(env, Call(world.player.outsiders[0], "settle"))
    assert federation.get_phase(env).name == "OPEN"


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_stakes_are_frozen_before_the_seed_is_known(seed: int) -> None:
    world = build_world(f"frozen-{seed}")
    for _, before, _, _ in play(world):
        if before.rounds[-1].outcome is Outcome.NONE and len(before.rounds) > 1:
            assert world.federation.state.ledger.registry == before.ledger.registry
