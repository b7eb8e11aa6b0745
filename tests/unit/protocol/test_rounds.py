"""The phase is what the page's ten rules say, in their order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.rounds import ACTIONS, check_arguments, compute_ends, compute_phase, has_quorum
from clients.types.chain import Call
from clients.types.errors import RequestError
from clients.types.federation import Outcome, Phase, Round, Schedule

SCHEDULE = Schedule(open=5, propose=10, commit=20, reveal=30, publish=40, unbonding=100)
SEAL = 1_000


def phase_of(
    record: Round,
    time: int,
    *,
    block: int = SEAL + 1,
    number: int = 1,
    voters: int = 3,
    publishers: int = 0,
    schedule: Schedule = SCHEDULE,
    awaited: bool = False,
) -> Phase:
    return compute_phase(
        record,
        number,
        seal_block=SEAL,
        schedule=schedule,
        proposers=2,
        voters=voters,
        publishers=publishers,
        awaited=awaited,
        time=time,
        block=block,
    )


def drawn(proposals: int = 0, commits: int = 0, reveals: int = 0) -> Round:
    return Round(drawn_at=100, members=5, proposals=proposals, commits=commits, reveals=reveals)


@pytest.mark.parametrize(
    ("record", "time", "phase"),
    [
        (drawn(0), 100, Phase.PROPOSE),
        (drawn(1), 109, Phase.PROPOSE),
        (drawn(2), 100, Phase.COMMIT),
        (drawn(1), 110, Phase.COMMIT),
        (drawn(0), 110, Phase.SETTLE),
        (drawn(2, 2), 129, Phase.COMMIT),
        (drawn(2, 3), 100, Phase.REVEAL),
        (drawn(2, 1), 130, Phase.REVEAL),
        (drawn(2, 0), 130, Phase.SETTLE),
        (drawn(2, 3, 2), 159, Phase.REVEAL),
        (drawn(2, 3, 2), 160, Phase.SETTLE),
        (drawn(2, 3, 3), 100, Phase.SETTLE),
        (drawn(2, 3, 0), 160, Phase.SETTLE),
    ],
)
def test_phases_end_early_or_at_their_deadline(record: Round, time: int, phase: Phase) -> None:
    assert phase_of(record, time) is phase


PLEDGING = replace(SCHEDULE, pledge=7)


@pytest.mark.parametrize(
    ("pledges", "proposals", "time", "phase"),
    [
        (0, 0, 106, Phase.PLEDGE),
        (0, 0, 107, Phase.SETTLE),
        (1, 0, 106, Phase.PLEDGE),
        (1, 0, 107, Phase.PROPOSE),
        (2, 0, 100, Phase.PROPOSE),
        (2, 1, 116, Phase.PROPOSE),
        (2, 1, 117, Phase.COMMIT),
        (2, 0, 117, Phase.SETTLE),
        (2, 2, 100, Phase.COMMIT),
        (1, 1, 107, Phase.COMMIT),
        (2, 2, 136, Phase.COMMIT),
        (2, 2, 137, Phase.SETTLE),
    ],
)
def test_updates_are_pledged_first_and_proposals_awaited_of_who_pledged(
    pledges: int, proposals: int, time: int, phase: Phase
) -> None:
    record = replace(drawn(proposals), pledges=pledges)
    assert phase_of(record, time, schedule=PLEDGING) is phase


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(100, 300))
def test_neither_time_nor_a_pledge_brings_a_phase_back(
    pledges: int, proposals: int, commits: int, time: int
) -> None:
    record = replace(drawn(min(pledges, proposals), commits), pledges=pledges)
    phase = phase_of(record, time, schedule=PLEDGING)
    assert phase <= phase_of(record, time + 1, schedule=PLEDGING)
    if phase is Phase.PLEDGE:
        assert phase_of(replace(record, pledges=pledges + 1), time, schedule=PLEDGING) >= phase


@given(st.integers(0, 3), st.integers(0, 3), st.integers(100, 300))
def test_a_phase_without_a_length_is_skipped(proposals: int, commits: int, time: int) -> None:
    phases = {phase_of(replace(drawn(proposals, commits), pledges=pledges), time) for pledges in range(3)}
    assert Phase.PLEDGE not in phases
    assert len(phases) == 1


def test_publication_is_awaited_until_its_own_deadline() -> None:
    assert phase_of(drawn(2, 3, 3), 199, publishers=1) is Phase.PUBLISH
    assert phase_of(drawn(2, 3, 3), 200, publishers=1) is Phase.SETTLE
    published = replace(drawn(2, 3, 3), publications=1)
    assert phase_of(published, 100, publishers=2) is Phase.PUBLISH
    assert phase_of(published, 100, publishers=1) is Phase.SETTLE


@pytest.mark.parametrize(("reveals", "phase"), [(0, Phase.SETTLE), (1, Phase.SETTLE), (2, Phase.PUBLISH)])
def test_nothing_is_published_without_more_than_half_of_the_drawn_voters(reveals: int, phase: Phase) -> None:
    assert phase_of(drawn(2, 2, reveals), 160, publishers=1) is phase


def test_half_of_the_drawn_voters_is_no_quorum() -> None:
    assert phase_of(drawn(2, 2, 2), 160, publishers=1, voters=4) is Phase.SETTLE
    assert phase_of(drawn(2, 3, 3), 160, publishers=1, voters=4) is Phase.PUBLISH


def test_a_seed_can_be_drawn_for_256_blocks() -> None:
    assert phase_of(Round(members=5), 0, block=SEAL) is Phase.DRAW
    assert phase_of(Round(members=5), 0, block=SEAL + 256) is Phase.DRAW
    assert phase_of(Round(members=5), 0, block=SEAL + 257) is Phase.SETTLE


@given(st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED]), st.integers(0, 10**6))
def test_what_is_settled_or_never_opened_is_open(outcome: Outcome, time: int) -> None:
    assert phase_of(Round(drawn_at=100, outcome=outcome), time) is Phase.OPEN
    assert phase_of(Round(), time, number=0) is Phase.OPEN


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(100, 300))
def test_time_alone_never_brings_a_phase_back(proposals: int, commits: int, reveals: int, time: int) -> None:
    record = drawn(proposals, commits, min(reveals, commits))
    assert phase_of(record, time) <= phase_of(record, time + 1)


@given(st.integers(1, 2**40))
def test_every_round_can_be_settled_in_the_end(drawn_at: int) -> None:
    ends = compute_ends(drawn_at, SCHEDULE)
    assert ends.publish == drawn_at + 100
    for record in (drawn(1, 1, 0), drawn(2, 3, 1), drawn()):
        assert phase_of(record, 200, publishers=1) is Phase.SETTLE


@pytest.mark.parametrize("name", ACTIONS)
def test_arguments_that_no_chain_would_encode_are_our_fault(name: str) -> None:
    types = ACTIONS[name].types
    with pytest.raises(RequestError, match=f"{name} takes"):
        check_arguments(Call("0x", name, (1,) * (len(types) + 1)), types)
    if types:
        with pytest.raises(RequestError, match="is no"):
            check_arguments(Call("0x", name, (-1,) * len(types)), types)


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("reveals", [0, 1, 2, 3])
def test_what_else_is_awaited_holds_publication_up_to_the_end_of_reveal_and_nothing_else(
    reveals: int, awaited: bool
) -> None:
    record = drawn(proposals=2, commits=3, reveals=reveals)
    for time in (100, 159, 160, 199, 200):
        given = {"voters": 3, "publishers": 3}
        plain, found = (phase_of(record, time, awaited=one, **given) for one in (False, awaited))
        held = awaited and plain is Phase.PUBLISH and time < compute_ends(100, SCHEDULE).reveal
        assert found is (Phase.REVEAL if held else plain)


@given(voters=st.integers(1, 1000), data=st.data())
def test_two_halves_that_vote_never_both_have_a_quorum(voters: int, data: st.DataObject) -> None:
    """And all but fewer than half are one; so a round with a quorum is no matter of a few."""
    reveals = data.draw(st.integers(0, voters) | st.just(voters // 2))
    rest = voters - reveals
    assert not (has_quorum(drawn(reveals=reveals), voters) and has_quorum(drawn(reveals=rest), voters))
    assert has_quorum(drawn(reveals=reveals), voters) == (rest < reveals)
