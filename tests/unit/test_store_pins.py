"""What is needed stays pinned and what is not is let go."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.store import MemoryStore, compute_cid
from clients.types.cid import Cid
from clients.types.store import ContentMissing, PinPlan, Pins

cids = st.integers(0, 15).map(lambda i: Cid(bytes([i] * 32)))
sets = st.frozensets(cids)


class Log(MemoryStore):
    """Pins anything, and writes down what it was asked."""

    def __init__(self, fail_at: int = -1) -> None:
        super().__init__()
        self.asked: list[tuple[str, Cid]] = []
        self.fail_at = fail_at

    def pin(self, cid: Cid) -> None:
        self._note("pin", cid)

    def release(self, cid: Cid) -> None:
        self._note("release", cid)

    def _note(self, what: str, cid: Cid) -> None:
        if len(self.asked) == self.fail_at:
            raise ContentMissing(cid, "withheld")
        self.asked.append((what, cid))


@settings(deadline=None)
@given(sets, sets)
def test_plan_is_the_difference_in_order(held: frozenset[Cid], needed: frozenset[Cid]) -> None:
    pins = Pins(held)
    plan = pins.plan(needed)
    assert plan == PinPlan(tuple(sorted(needed - held)), tuple(sorted(held - needed)))
    assert pins.held == held


@settings(deadline=None)
@given(st.lists(sets, max_size=6))
def test_applied_in_turn_the_store_holds_just_what_is_needed(needs: list[frozenset[Cid]]) -> None:
    pins, log = Pins(), Log()
    for needed in needs:
        pins.apply(log, needed)
        assert pins.held == needed
        holds: set[Cid] = set()
        for what, cid in log.asked:
            holds.add(cid) if what == "pin" else holds.remove(cid)
        assert holds == needed
    asked = len(log.asked)
    pins.apply(log, pins.held)
    assert len(log.asked) == asked


@settings(deadline=None)
@given(sets, sets, st.data())
def test_a_failure_on_the_way_loses_nothing(
    held: frozenset[Cid], needed: frozenset[Cid], data: st.DataObject
) -> None:
    pins = Pins(held)
    steps = len(held ^ needed)
    log = Log(fail_at=data.draw(st.integers(0, steps)))
    changes = []
    try:
        pins.apply(log, needed, on_change=lambda: changes.append(pins.held))
    except ContentMissing:
        assert len(log.asked) == len(changes) == log.fail_at < steps
        assert held & needed <= pins.held
        if not needed <= pins.held:
            assert held <= pins.held  # nothing goes before all that is needed is pinned
    log.fail_at = -1
    pins.apply(log, needed)
    assert pins.held == needed
    assert len(log.asked) == steps


def test_with_a_real_store() -> None:
    store, pins = MemoryStore(), Pins()
    models = [store.put(bytes([i])) for i in range(4)]
    for cid in models:
        pins.note(cid)
    pins.apply(store, models[2:])
    assert [store.has(cid) for cid in models] == [False, False, True, True]
    absent = compute_cid(b"withheld")
    with pytest.raises(ContentMissing):
        pins.apply(store, [absent])
    assert store.has(models[3])
