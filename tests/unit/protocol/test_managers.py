"""Managers' motions: numbered, with an end, carried by most, and never open again."""

import re
from pathlib import Path

from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.bflc import BFLC
from clients.protocol.managers import MANAGERS_MAX, MOTION_SECONDS, compute_content
from clients.protocol.simulator import SpecChain
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import Address, BflcTerms, Schedule

A = [f"0x{number:040x}" for number in range(1, 9)]
MANAGERS = (A[5], A[6], A[7])
TERMS = BflcTerms(
    A[0],
    A[0],
    b"\1" * 32,
    10,
    3,
    MANAGERS,
    (),
    0,
    1,
    1,
    5,
    100,
    5,
    5_000,
    0,
    2_500,
    4_000,
    Schedule(publish=9),
)
PLAYS = st.lists(
    st.tuples(
        st.sampled_from(("aye", "aye", "open", "wait")),
        st.integers(0, 2),
        st.integers(1, 3),
        st.sampled_from(("allow", "expel")),
        st.sampled_from(A[:2]),
        st.sampled_from((1, MOTION_SECONDS // 2, MOTION_SECONDS - 2, MOTION_SECONDS)),
    ),
    max_size=40,
)


@given(st.lists(st.sampled_from(A)))
def test_the_content_is_the_hash_of_method_and_accounts(accounts: list[str]) -> None:
    data = keccak(b"nameCommittee(uint256,address[])")[:4] + encode(["address[]"], [accounts])
    assert compute_content("nameCommittee", tuple(accounts)) == keccak(data)


def test_the_contract_has_the_same_limits() -> None:
    source = (Path(__file__).parents[3] / "contracts/books/MotionBook.sol").read_text("utf-8")
    assert re.findall(r"MOTION_SECONDS = (\d+) days;", source) == [str(MOTION_SECONDS // 86_400)]
    assert re.findall(r"MAX_MANAGERS = (\d+);", source) == [str(MANAGERS_MAX)]


@given(PLAYS)
def test_a_motion_is_carried_by_most_within_a_week_or_not_at_all(
    plays: list[tuple[str, int, int, str, Address, int]],
) -> None:
    chain = SpecChain(BFLC, TERMS, {}, beacon_value=b"\5" * 32)
    ends: list[int] = []
    contents: list[tuple[str, Address]] = []
    ayes: list[set[Address]] = []
    for kind, place, named, method, account, seconds in plays:
        if kind == "wait":
            chain.advance(seconds)
            continue
        number, manager, now = named if kind == "aye" else 0, MANAGERS[place], chain.now()
        is_open = [now < end and len(ayes[n]) < 2 for n, end in enumerate(ends)]
        equal = [n + 1 for n, content in enumerate(contents) if is_open[n] and content == (method, account)]
        assert len(equal) <= 1
        refused = None
        if number == 0 and equal:
            refused = "MotionOpen"
        elif number > len(ends):
            refused = "NoSuchMotion"
        elif number and (now >= ends[number - 1] or len(ayes[number - 1]) == 2):
            refused = "MotionOver"
        elif number and contents[number - 1] != (method, account):
            refused = "MotionMismatch"
        elif number and manager in ayes[number - 1]:
            refused = "AlreadyMoved"
        before = chain.core.state.access
        [receipt] = chain.send([Call(manager, method, (number, [account]))])
        assert (receipt.error.name if receipt.error else None) == refused
        if receipt.error and refused == "MotionOpen":
            assert receipt.error.values == (equal[0], ends[equal[0] - 1])
        if refused:
            assert chain.core.state.access == before
            continue
        if number == 0:
            ends.append(now + MOTION_SECONDS)
            contents.append((method, account))
            ayes.append(set())
        number = number or len(ends)
        ayes[number - 1].add(manager)
        carried = len(ayes[number - 1]) == 2
        effect = ["Allowed" if method == "allow" else "Expelled"] if carried else []
        assert [event.name for event in receipt.events] == ["Moved", *effect]
        told = {**receipt.events[0].args}
        assert (told["motionNumber"], told["ayes"]) == (number, len(ayes[number - 1]))
        assert told["end"] == (now if carried else ends[number - 1])


def test_a_motion_that_can_not_take_effect_is_not_carried() -> None:
    chain = SpecChain(BFLC, TERMS, {}, beacon_value=b"\5" * 32)
    nobody = ["0x" + "0" * 40]
    [opened] = chain.send([Call(MANAGERS[0], "nameCommittee", (0, nobody))])
    assert opened.error is None
    before = chain.core.state.access
    [refused] = chain.send([Call(MANAGERS[1], "nameCommittee", (1, nobody))])
    assert refused.error == ProtocolError("InvalidCommittee", 0, 1)
    assert chain.core.state.access == before
