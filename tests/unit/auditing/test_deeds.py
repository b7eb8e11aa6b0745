"""Events lead back to the calls that caused them; what no action emits is told apart."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.auditing.deeds import ANYBODY, read_deeds
from clients.protocol.managers import compute_selector
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.simulator import compute_entropy
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import Event
from tests.unit.auditing.played import build_playground

WHO, OTHER = "0x" + "0" * 39 + "1", "0x" + "0" * 39 + "2"
ANYBODYS = {"open", "draw", "settle", "reclaim"}


def event(name: str, **args: object) -> Event:
    return Event(name, args, 1, "0x1")


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_every_call_is_read_back_from_its_events(mechanism: str, seed: int) -> None:
    ground, player = build_playground(Random(seed), mechanism)
    chain = ground.chain
    fee = bool(chain.core.mechanism.admission.get_fee(chain.terms))
    for _ in range(120):
        call = player.play(Env(chain.now() - 1, chain.block(), compute_entropy(bytes(32)))).call
        [receipt] = ground.send(call)
        if not receipt.events:
            continue
        deeds = list(read_deeds(receipt.events, time=chain.now() - 1, fee=fee))
        assert [one for deed in deeds for one in deed.events] == list(receipt.events)
        if call.method == "report":
            told = [(event.args["round"], [event.args["account"]]) for event in receipt.events]
            assert [deed.call for deed in deeds] == [Call(ANYBODY, "report", args) for args in told]
            continue
        if call.method in ("collect", "evict"):
            assert {deed.call.method for deed in deeds if deed.call} <= {"collect", "evict"}
            continue
        [deed] = deeds
        sender = ANYBODY if call.method in ANYBODYS else call.sender
        args = tuple(list(one) if isinstance(one, tuple) else one for one in call.args)
        assert deed.call == Call(sender, call.method, args)


MOVED = event(
    "Moved", manager=WHO, motionNumber=2, method=compute_selector("allow"), accounts=(OTHER,), ayes=1, end=9
)


@given(st.lists(st.sampled_from([
    event("Collected", account=WHO, round=1, delta=0, stake=1),
    event("Banned", account=WHO, round=1, stake=1),
    event("Banned", account=OTHER, round=1, stake=1), event("Joined", account=WHO, stake=1),
    event("Funded", account=WHO, amount=1, pool=1), event("Left", account=WHO, stake=1, unbondsAt=5),
    event("Evicted", account=WHO, stake=1, unbondsAt=5), event("Claimed", account=WHO, amount=1, stake=1),
    event("Bid", account=WHO, capability=1, cost=1, anchor=bytes(32)), event("Allowed", account=WHO),
    MOVED, event("Moved", manager=WHO, method=bytes(4)), event("Expelled", account=WHO),
    event("BlockWon", round=1, winner=WHO, digest=bytes(32)), event("Settled", round=1), event("?"),
    event("Missed", round=1, account=WHO, missed=1),
    event("CommitteeNamed", accounts=(WHO,)), event("Withdrawn", account=WHO, amount=1),
]), max_size=12), st.booleans())  # fmt: skip
def test_no_event_is_lost_or_told_twice(events: list[Event], fee: bool) -> None:
    deeds = list(read_deeds(events, time=5, fee=fee))
    assert [one for deed in deeds for one in deed.events] == events
    strange = [deed.events[0].name for deed in deeds if deed.call is None]
    assert set(strange) <= {
        "?",
        "Banned",
        "Moved",
        "Allowed",
        "Expelled",
        "CommitteeNamed",
        "BlockWon",
        "Bid",
    }


def read(*events: Event, time: int = 5, fee: bool = False) -> list[Call | None]:
    return [deed.call for deed in read_deeds(events, time=time, fee=fee)]


def test_a_contract_may_do_several_things_in_one_transaction() -> None:
    collected = event("Collected", account=WHO, round=1, delta=0, stake=1)
    claimed = event("Claimed", account=OTHER, amount=1, stake=1)
    assert read(collected, claimed) == [Call(ANYBODY, "collect", (WHO,)), Call(OTHER, "claim")]
    funded = event("Funded", account=WHO, amount=7, pool=7)
    joined = event("Joined", account=WHO, stake=3)
    assert read(joined, funded) == [Call(WHO, "join", (3,)), Call(WHO, "fund", (7,))]
    assert read(joined, funded, fee=True) == [Call(WHO, "join", (3,))]


def test_the_first_aye_opens_a_motion_and_the_others_name_it() -> None:
    later = event("Moved", **{**MOVED.args, "manager": OTHER, "ayes": 2})
    calls = [Call(WHO, "allow", (0, [OTHER])), Call(OTHER, "allow", (2, [OTHER]))]
    assert read(MOVED, later, event("Allowed", account=OTHER)) == calls


def test_who_is_outbid_is_told_from_who_leaves() -> None:
    joined = event("Joined", account=WHO, stake=3)
    bid = event("Bid", account=WHO, capability=1, cost=2, anchor=bytes(32))
    out = event("Left", account=OTHER, stake=3, unbondsAt=5)
    call = Call(WHO, "bid", (1, 2, bytes(32)))
    assert read(out, joined, bid, time=5) == [call]
    assert read(out, joined, bid, time=4) == [Call(OTHER, "exit"), call]
