"""Housekeeping among many members: whose turn it is, and how many are put out at once."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clients.roles import keeper
from clients.roles.view import Send
from clients.types.federation import Phase
from tests.unit.roles.test_roles import member_of, view


@given(out=st.integers(0, 2 * keeper.EVICTIONS), absent=st.integers(0, 3))
def test_an_eviction_fits_into_a_block_and_has_room_for_who_is_absent(out: int, absent: int) -> None:
    registry = [
        replace(member_of(f"0x{number:040x}", out=number < out), absent=number >= out)
        for number in range(out + absent)
    ]
    [*calls] = keeper.step(view(Phase.OPEN, registry=registry, absent_after=2, waited=1e6))
    named = [len(one.call.args[0]) for one in calls if isinstance(one, Send)]  # type: ignore[arg-type]
    assert named == [count for count in [min(out, keeper.EVICTIONS - 1) + min(absent, 1)] if count]


@given(
    waits=st.lists(st.sampled_from([0, 0, 2, 9]), max_size=40),
    number=st.integers(1, 50),
    order=st.randoms(use_true_random=False),
)
def test_strangers_who_wait_put_off_nobody_s_turn(
    waits: list[int], number: int, order: random.Random
) -> None:
    """Those who are in have the ranks that they have without them, whatever the registry's order."""
    base = view(Phase.DRAW)
    base = replace(base, status=replace(base.status, round=number))
    strangers = [replace(member_of(f"0x{100 + n:040x}"), waits_for=one) for n, one in enumerate(waits)]
    inside = [*base.registry, *(one for one in strangers if not one.waits_for)]
    registry = [*inside, *(one for one in strangers if one.waits_for)]
    places = iter(inside)
    mixed = order.sample([bool(one.waits_for) for one in registry], len(registry))
    waiting = iter([one for one in strangers if one.waits_for])
    registry = [next(waiting) if is_waiting else next(places) for is_waiting in mixed]
    ranks = {}
    for one in registry:
        ranks[one.account] = keeper.get_rank(replace(base, me=one.account, registry=registry))
    for one in inside:
        assert ranks[one.account] == keeper.get_rank(replace(base, me=one.account, registry=inside))
    assert sorted(ranks[one.account] for one in inside) == list(range(len(inside)))
    assert {ranks[one.account] for one in registry if one.waits_for} <= {len(inside)}
