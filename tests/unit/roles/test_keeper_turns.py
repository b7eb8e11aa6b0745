"""Keepers' turns: they don't collide while the first of them are there, and the last draws in time."""

import math
from dataclasses import replace
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clients.protocol.rounds import SEAL_BLOCKS
from clients.roles import keeper
from clients.roles.keeper import HURRY, LAST_TURN, PATIENCE
from clients.roles.view import Send, View
from clients.types.federation import Phase
from tests.unit.roles.test_roles import member_of, view

POLL = 2.0
"""Seconds between two looks of a keeper, as of `clients.node` by default."""


def build_views(members: int, waiting: int, number: int) -> list[View]:
    """Return each member's view of phase Draw of round `number`; the last `waiting` of them aren't in yet."""
    registry = [member_of(f"0x{one:040x}") for one in range(1, members + 1)]
    registry[members - waiting :] = [
        replace(one, waits_for=number + 1) for one in registry[members - waiting :]
    ]
    base = view(Phase.DRAW, registry=registry)
    base = replace(base, status=replace(base.status, round=number))
    return [replace(base, me=one.account, member=one) for one in registry]


def draws(seen: View, waited: float, sealed_for: int) -> bool:
    """Return whether a keeper that sees this draws."""
    found = keeper.step(replace(seen, waited=waited, sealed_for=sealed_for))
    assert [one.call.method for one in found if isinstance(one, Send)] == ["draw"] * len(found)
    return bool(found)


BLOCK_SECONDS = st.sampled_from((0.25, 1.0, 2.0, 5.0, 12.0, 30.0)) | st.floats(0.25, 60.0)


@settings(max_examples=300, deadline=None)
@given(
    members=st.integers(1, 400), waiting=st.integers(0, 3), number=st.integers(1, 1000), data=st.data(),
    block_seconds=BLOCK_SECONDS,
)  # fmt: skip
@example(members=100, waiting=0, number=1, data=None, block_seconds=1.0)
@example(members=400, waiting=3, number=7, data=None, block_seconds=12.0)
def test_whoever_is_there_the_seed_is_not_lost(
    members: int, waiting: int, number: int, data: st.DataObject | None, block_seconds: float
) -> None:
    """Each keeper that is there looks every other second, from the time on when its program started."""
    views = build_views(members, min(waiting, members - 1), number)
    if data is None:  # the last in turn is there alone
        alive = {max(range(members), key=lambda one: keeper.get_rank(views[one])): 0.0}
    else:
        latest = block_seconds * HURRY
        alive = data.draw(
            st.dictionaries(st.integers(0, members - 1), st.floats(0, latest), min_size=1, max_size=4)
        )
    drawn = []
    for one, started in alive.items():
        for look in range(math.ceil((SEAL_BLOCKS * block_seconds - started) / POLL)):
            now = started + look * POLL
            if draws(views[one], now - started, int(now / block_seconds)):
                drawn.append(now / block_seconds)
                break
    assert drawn, "nobody drew before the seed was lost"
    assert min(drawn) <= LAST_TURN + POLL / block_seconds
    assert LAST_TURN <= SEAL_BLOCKS * 3 / 4, "a quarter is left for the transaction"


@settings(deadline=None)
@given(members=st.integers(1, 60), number=st.integers(1, 100), data=st.data())
def test_turns_are_kept_until_half_of_the_blocks_have_passed(
    members: int, number: int, data: st.DataObject
) -> None:
    views = build_views(members, 0, number)
    turn = data.draw(st.integers(0, members - 1))
    for sealed_for in (0, HURRY - 1):
        there = [draws(one, turn * PATIENCE, sealed_for) for one in views]
        assert sum(there) == turn + 1


@settings(max_examples=40, deadline=None)
@given(members=st.integers(1, 200), number=st.integers(1, 100))
def test_turns_by_blocks_come_in_the_order_of_ranks_and_spread(members: int, number: int) -> None:
    views = build_views(members, 0, number)
    counts = [sum(draws(one, 0.0, sealed_for) for one in views) for sealed_for in range(HURRY, LAST_TURN + 1)]
    assert counts == sorted(counts)
    assert counts[-1] == members
    most = math.ceil(members / (LAST_TURN - HURRY)) + 1
    assert counts[0] <= most
    assert all(then - before <= most for before, then in pairwise(counts))


@given(phase=st.sampled_from([Phase.OPEN, Phase.SETTLE]), waited=st.floats(0, PATIENCE, exclude_max=True))
def test_blocks_hurry_nothing_else(phase: Phase, waited: float) -> None:
    views = [replace(one, status=replace(one.status, phase=phase)) for one in build_views(5, 0, 1)]
    assert sum(bool(keeper.step(replace(one, waited=waited, sealed_for=10**6))) for one in views) == 1
