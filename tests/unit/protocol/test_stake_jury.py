"""stake_jury's rules, by hand: what a jury judges, whose seat is paid, what a round pays."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.docket import BLANK, Ballot, Docket, Publication, Publisher, Selection, Update
from clients.protocol.jury import EXCUSED, JURY_PUBLICATION, ONE_BY_ONE, get_seat, get_seats, select
from clients.protocol.ledger import MEMBERS_MAX
from clients.protocol.shares import SHARES, check_shares
from clients.protocol.stake_jury import STAKE_JURY
from clients.protocol.tally import Tally
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    Member,
    Outcome,
    Role,
    Round,
    Schedule,
    StakeJuryTerms,
    Standing,
)

MODEL = b"\5" * 32
UPDATES = tuple(Update(ZERO_ADDRESS, b"\2" * 32, samples, 1) for samples in (600, 100, 50))
ANY: Any = None


def terms(**changes: Any) -> StakeJuryTerms:
    given = StakeJuryTerms(
        ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, 100, 0, (), (), 0, 60, 40, 30, 3, 4, 3, 6, 1, 1000, 0, 0, 600,
        1, Schedule(pledge=9, publish=9),
    )  # fmt: skip
    return replace(given, **changes)


def judged_by(*ballots: tuple[int, int], members: int = 9) -> Selection:
    docket = Docket(
        updates=UPDATES, ballots={str(place): Ballot(*ballot) for place, ballot in enumerate(ballots)}
    )
    return select(terms(), Round(members=members, proposals=3, reveals=len(ballots)), docket)


def as_sets(selection: Selection) -> tuple[int, int, int]:
    return selection.judged, selection.bitmap, selection.rejected


@pytest.mark.parametrize(
    ("ballots", "expected"),
    [
        ([(0b111, 0b111)] * 4, (0b111, 0b111, 0)),
        ([(0b000, 0b111)] * 4, (0b111, 0, 0b111)),
        ([(0b001, 0b001)] * 2, (0, 0, 0)),  # half of four
        ([(0b001, 0b001)] * 3, (0b001, 0b001, 0)),
        ([(0b1, 0b1), (0b1, 0b1), (0, 0b1), (0, 0b1)], (0b1, 0, 0)),  # a tie
        ([(0b1, 0b1), (0, 0b1), (0, 0b1), (0, 0b1)], (0b1, 0, 0b1)),  # just three quarters
        ([(0b1, 0b1), (0, 0b1), (0, 0b1)], (0b1, 0, 0)),  # two thirds
        ([(0b1, 0b1), (0b1, 0b1), (0, 0b1), (0, 0)], (0, 0, 0)),  # most of three, and half of four
        ([(0b1, 0b1), (0b1, 0b1), (0b1, 0b1), (0, 0)], (0b1, 0b1, 0)),
    ],
)
def test_what_a_jury_of_four_comes_to(ballots: list[tuple[int, int]], expected: tuple[int, int, int]) -> None:
    selection = judged_by(*ballots)
    assert as_sets(selection) == expected
    assert selection.weights == (600, 100, 50)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=3, max_size=4))
def test_a_jurys_sets_are_apart_and_judged(words: list[tuple[int, int]]) -> None:
    judged, passed, rejected = as_sets(judged_by(*((good & had, had) for good, had in words)))
    assert passed & rejected == 0
    assert (passed | rejected) & ~judged == 0
    for number in range(3):
        good, had = (
            sum(word >> number & 1 for word in column)
            for column in ([good & had for good, had in words], [had for _, had in words])
        )
        assert (passed >> number & 1) == (had > 2 and 2 * good > len(words))
        assert (judged >> number & 1) == (had > 2 and not (had < 2 * good <= len(words)))


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 7), st.integers(0, 7))
def test_a_ballot_of_what_passed_agrees(had: int, judged: int, passed: int, rejected: int) -> None:
    selection = Selection(
        passed & judged, (), judged=judged, rejected=rejected & judged & ~passed, passed=passed & judged
    )
    about = had & judged
    enough = about and 2 * about.bit_count() >= judged.bit_count()
    assert get_seat(Ballot(selection.bitmap & had, had), selection, 5) == (5 if enough else EXCUSED)
    assert get_seat(Ballot(about & ~selection.bitmap, had), selection, 5) == (0 if enough else EXCUSED)


def test_a_third_of_a_ballot_may_be_wrong_and_half_costs_nothing() -> None:
    selection = Selection(0b0011, (), judged=0b0111, passed=0b0011)
    assert get_seat(Ballot(0b0001, 0b0111), selection, 1) == 1
    assert get_seat(Ballot(0b0001, 0b0011), selection, 1) == EXCUSED
    assert get_seat(Ballot(0b0100, 0b0111), selection, 1) == 0
    assert get_seat(Ballot(0b0100, 0b0110), selection, 1) == 0
    assert get_seat(Ballot(0b1011, 0b1111), selection, 1) == 1, "what isn't judged is no measure"


@given(st.integers(0, 63), st.integers(0, 63), st.integers(0, 63), st.integers(0, 63))
def test_a_seat_hangs_on_how_much_a_ballot_is_about_and_on_how_much_of_it_differs(
    good: int, had: int, judged: int, passed: int
) -> None:
    selection = Selection(passed & judged, (), judged=judged, passed=passed & judged)
    about = [number for number in range(6) if had & judged & 1 << number]
    differing = sum((good ^ passed) >> number & 1 for number in about)
    seat = get_seat(Ballot(good & had, had), selection, 1)
    if not about or len(about) / judged.bit_count() < 1 / 2:
        assert seat == EXCUSED
    elif differing / len(about) <= 0.34:
        assert seat == 1
    else:
        assert seat == (EXCUSED if differing / len(about) <= 0.5 else 0)


@given(st.integers(1, 7), st.integers(2, 12))
def test_denying_what_others_proposed_is_not_paid(own: int, updates: int) -> None:
    """Who says that it could have its own updates alone, fewer than half, earns nothing by it."""
    judged = 2**updates - 1
    mine = 2 ** min(own, (updates - 1) // 2) - 1
    assert get_seat(Ballot(mine, mine), Selection(judged, (), judged=judged, passed=judged), 1) == EXCUSED


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=3, max_size=4),
       st.integers(0, 7), st.integers(0, 7))  # fmt: skip
def test_decoys_and_what_was_not_shown_make_no_model_and_decoys_cost_nothing(
    words: list[tuple[int, int]], shown: int, decoys: int
) -> None:
    ballots = {str(place): Ballot(good & had, had) for place, (good, had) in enumerate(words)}
    record, decoys = Round(members=9, proposals=3), decoys & shown
    docket = Docket(updates=UPDATES, ballots=ballots, shown=shown, decoys=decoys)
    plain, found = (select(terms(decoy_odds=odds), record, docket) for odds in (0, 2))
    bare = select(terms(), record, replace(docket, shown=0, decoys=0))
    assert (plain.passed, plain.bitmap) == (bare.passed, bare.passed), "without odds all that passes counts"
    assert (found.judged, found.passed) == (bare.judged, bare.passed)
    assert found.bitmap == bare.passed & shown & ~decoys
    assert found.rejected == bare.rejected & ~decoys
    assert found.decoys == bare.judged & decoys


def test_who_does_not_reject_a_decoy_that_falls_is_not_paid() -> None:
    fallen = Selection(0b0111, (), judged=0b1111, passed=0b0111, decoys=0b1000)
    assert get_seat(Ballot(0b0111, 0b1111), fallen, 1) == 1
    assert get_seat(Ballot(0b1111, 0b1111), fallen, 1) == EXCUSED
    assert get_seat(Ballot(0b0111, 0b0111), fallen, 1) == EXCUSED, "it couldn't have it"
    passed = replace(fallen, passed=0b1111)
    assert get_seat(Ballot(0b1111, 0b1111), passed, 1) == 1, "the whole jury was taken in"
    assert get_seat(Ballot(0b0111, 0b0111), passed, 1) == 1


def test_no_tally_gets_to_the_excused() -> None:
    fewest = terms(proposers=1, voters=0, min_voters=1)
    assert get_seats(fewest, MEMBERS_MAX) < EXCUSED < 2**16


@pytest.mark.parametrize(
    ("ballot", "seat"), [((1, 1), 1), ((0, 0), EXCUSED), ((4, 4), EXCUSED), ((0, 1), 0), (None, 0)]
)
def test_what_jurors_publish_counts_whatever_their_seats(ballot: tuple[int, int] | None, seat: int) -> None:
    ballots = {} if ballot is None else {ZERO_ADDRESS: Ballot(*ballot)}
    docket = Docket(
        updates=UPDATES, selection=Selection(1, (600, 100, 50), judged=3, passed=1), ballots=ballots
    )
    publisher = Publisher(ZERO_ADDRESS, Member(), Role.VOTER | Role.PUBLISHER)
    record = Round(members=9, proposals=3)
    docket, option = JURY_PUBLICATION.count(terms(), record, docket, publisher, Publication(MODEL, 1))
    assert (option, docket.seats, docket.tally.counts) == (seat, (seat,), (1,))


@pytest.mark.parametrize(("good", "had"), [(0b1000, 0b1000), (0, 0b1000), (0b1, 0b110), (0b1, 0)])
def test_a_ballot_names_what_was_proposed_and_finds_good_what_it_had(good: int, had: int) -> None:
    ballot = good.to_bytes(32, "big") + had.to_bytes(32, "big")
    with pytest.raises(ProtocolError, match="InvalidBallot"):
        ONE_BY_ONE.count(terms(), Round(proposals=3), BLANK, ZERO_ADDRESS, ballot)


@pytest.mark.parametrize("length", [0, 32, 63, 65, 96])
def test_a_ballot_has_two_words(length: int) -> None:
    with pytest.raises(ProtocolError, match="InvalidBallot"):
        ONE_BY_ONE.count(terms(), Round(proposals=3), BLANK, ZERO_ADDRESS, bytes(length))


def test_the_jury_is_limited_and_the_rest_rests() -> None:
    assert [get_seats(terms(), members) for members in (2, 3, 6, 7, 9)] == [0, 0, 3, 4, 4]
    for members in range(60):
        seats, others = get_seats(terms(voters=0), members), max(members - 3, 0)
        assert seats in (others, others - 1)
        assert seats % 2 == 1 or others == 0, "half of an even jury could let nothing pass"
        assert get_seats(terms(voters=7), members) == (seats if others < 7 else 7)
    roles = [STAKE_JURY.panel.get_roles(terms(), ANY, ZERO_ADDRESS, position, 9) for position in range(9)]
    assert roles == [Role.PROPOSER] * 3 + [Role.VOTER | Role.PUBLISHER] * 4 + [Role.NONE] * 2


DOCKET = Docket(
    updates=UPDATES, tally=Tally((MODEL, b"\6" * 32), (3, 1), 1), seats=(1, 1, 2),
    selection=Selection(0b001, (600, 100, 50), judged=0b111, rejected=0b010),
)  # fmt: skip
RECORD = Round(
    members=9, pledges=3, proposals=3, commits=4, reveals=4, publications=4, leading_count=3, options=2,
    leading_option=1,
)  # fmt: skip


def test_a_round_pays_by_the_places_drawn() -> None:
    """1,000 of 10,000 for 3 * 6 + 4 * 1 parts: 45 each; 6 + 2 are earned. Two seats and a rejection cost."""
    paid = SHARES.compute_settlement(terms(), RECORD, DOCKET, Outcome.ACCEPTED, 10_000)
    assert paid == (45, 0, 10_000 - 45 * 8 + 2 * 30 + 40)
    broken = replace(RECORD, pledges=5)
    assert SHARES.compute_settlement(terms(), broken, DOCKET, Outcome.ACCEPTED, 10_000).pool == paid.pool + 80
    silent = replace(broken, reveals=3)
    undecided = SHARES.compute_settlement(terms(), silent, DOCKET, Outcome.UNDECIDED, 10_000)
    assert undecided == (0, 0, 10_000 + 80 + 30)


@given(st.lists(st.sampled_from((0, 1, 2, EXCUSED)), max_size=4), st.integers(0, 2))
def test_the_pool_gains_what_jurors_lose(options: list[int], silent: int) -> None:
    """Whatever became of their seats: of those who published, and of those who only committed."""
    docket = replace(DOCKET, seats=tuple(options))
    record = replace(RECORD, commits=len(options) + silent, reveals=len(options))
    paid = SHARES.compute_settlement(terms(), record, docket, Outcome.ACCEPTED, 10_000)
    after = replace(record, outcome=Outcome.ACCEPTED, proposer_reward=paid.proposer_reward)
    jurors = [Member(acts=JUDGED, option=option) for option in options]
    jurors += [Member(acts=Act.COMMITTED, option=EXCUSED)] * silent
    gains = [SHARES.compute_delta(terms(), ZERO_ADDRESS, juror, after, docket) for juror in jurors]
    others = replace(docket, seats=())
    without = SHARES.compute_settlement(terms(), replace(record, commits=0), others, Outcome.ACCEPTED, 10_000)
    assert paid.pool + sum(gains) == without.pool


JUDGED = Act.COMMITTED | Act.REVEALED | Act.PUBLISHED


@pytest.mark.parametrize(
    ("member", "decided", "undecided"),
    [
        (Member(acts=Act.PLEDGED | Act.PROPOSED, update_number=0), 270, 0),
        (Member(acts=Act.PROPOSED, update_number=1), -40, 0),
        (Member(acts=Act.PROPOSED, update_number=2), 0, 0),
        (Member(acts=Act.PLEDGED, update_number=0), -40, -40),
        (Member(acts=JUDGED, option=1), 45, 0),
        (Member(acts=JUDGED, option=2), -30, 0),
        (Member(acts=JUDGED, option=0), -30, 0),
        (Member(acts=JUDGED, option=EXCUSED), 0, 0),
        (Member(acts=Act.COMMITTED | Act.REVEALED, option=EXCUSED), -30, 0),
        (Member(acts=Act.COMMITTED | Act.REVEALED, option=0), -30, 0),
        (Member(acts=Act.COMMITTED, option=1), -30, -30),
        (Member(acts=Act.COMMITTED | Act.PUBLISHED, option=0), -30, -30),
        (Member(acts=Act.PUBLISHED, option=0), 0, 0),
    ],
)
def test_who_gains_and_loses_what(member: Member, decided: int, undecided: int) -> None:
    for outcome, expected in (
        (Outcome.ACCEPTED, decided), (Outcome.REJECTED, decided), (Outcome.UNDECIDED, undecided)
    ):  # fmt: skip
        record = replace(RECORD, outcome=outcome, proposer_reward=0 if outcome is Outcome.UNDECIDED else 45)
        assert SHARES.compute_delta(terms(), ZERO_ADDRESS, member, record, DOCKET) == expected


@pytest.mark.parametrize("stake", [59, 60, 100])
def test_a_member_is_banned_below_the_floor(stake: int) -> None:
    booked = Member(stake=stake, standing=Standing.MEMBER)
    guarded = STAKE_JURY.guard.compute_guarded(terms(), booked, booked, RECORD, DOCKET)
    assert (guarded.standing is Standing.BANNED) == (stake < 60)


@pytest.mark.parametrize("field", ["proposer_stake", "voter_stake"])
def test_nobody_can_lose_more_than_the_floor(field: str) -> None:
    check_shares(terms(**{field: 60}))
    with pytest.raises(ProtocolError, match="InvalidTerms"):
        check_shares(terms(**{field: 61}))
