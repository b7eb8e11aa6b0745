"""bflc's rules against numbers worked by hand from arXiv 2004.00773."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.bflc import BFLC
from clients.protocol.council import (
    Choice,
    Council,
    Provider,
    Record,
    compute_elected,
    get_record,
)
from clients.protocol.docket import BLANK, Docket, Update
from clients.protocol.draw import compute_positions
from clients.protocol.scores import MEDIAN_SCORE, compute_median, select_best
from clients.protocol.simulator import SpecChain
from clients.protocol.state import State
from clients.protocol.tally import Tally
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    Address,
    BflcTerms,
    Election,
    Member,
    Outcome,
    Phase,
    Role,
    Round,
    Schedule,
    Standing,
)

A = [f"0x{number:040x}" for number in range(1, 9)]
TERMS = BflcTerms(
    A[0], A[0], b"\1" * 32, 10, 3, (A[0],), (), 0, 3, 3, 5, 100, 5, 5_000, 0, 2_500, 4_000, Schedule()
)
MODEL = b"\5" * 32
RECORD = Round(proposals=5, reveals=3)
UPDATES = tuple(Update(A[number], bytes([number + 1]) * 32, 1, 1) for number in range(5))
BALLOTS = ([9_000, 100, 8_000, 7_000, 6_000], [9_500, 200, 4_000, 7_500, 5_000], [0, 300, 8_500, 8_000, 0])


def judged(*ballots: list[int]) -> Docket:
    docket = replace(BLANK, updates=UPDATES)
    for ballot in ballots:
        data = b"".join(score.to_bytes(2, "big") for score in ballot)
        docket, _ = MEDIAN_SCORE.count(TERMS, RECORD, docket, ZERO_ADDRESS, data)
    return docket


def test_the_median_of_the_committees_scores_counts() -> None:
    # §III-B: "the median will become the score of this update".
    assert select_best(TERMS, RECORD, judged(*BALLOTS)).weights == (9_000, 200, 8_000, 7_500, 5_000)


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_as_many_scores_are_above_the_median_as_below(scores: list[int]) -> None:
    median = compute_median(scores)
    assert sum(score < median for score in scores) * 2 < len(scores)
    assert sum(score > median for score in scores) * 2 <= len(scores)


def test_the_first_k_to_pass_are_packed() -> None:
    # Medians of at least 5000: numbers 0, 2, 3 and 4; the fourth is one too many for k = 3.
    assert select_best(TERMS, RECORD, judged(*BALLOTS)).numbers == (0, 2, 3)
    assert select_best(replace(TERMS, min_score=7_500), RECORD, judged(*BALLOTS)).numbers == (0, 2, 3)
    assert select_best(replace(TERMS, min_score=7_501), RECORD, judged(*BALLOTS)).numbers == ()


@pytest.mark.parametrize("choice", Choice)
def test_all_others_are_awaited_up_to_the_most_proposals(choice: Choice) -> None:
    # Three sit, five propose at most.
    state = state_of(replace(COUNCIL, choice=choice))
    wanted = [BFLC.panel.count(TERMS, state, members).proposers for members in (2, 6, 7, 8, 9, 14)]
    assert wanted == [0, 3, 4, 5, 5, 5]


@pytest.mark.parametrize("ballot", [b"", bytes(9), bytes(11), bytes(12), b"\x27\x11" * 5])
def test_a_ballot_scores_each_update(ballot: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        MEDIAN_SCORE.count(TERMS, RECORD, BLANK, ZERO_ADDRESS, ballot)
    assert caught.value == ProtocolError("InvalidBallot", ballot)
    assert MEDIAN_SCORE.count(TERMS, RECORD, BLANK, ZERO_ADDRESS, b"\x27\x10" * 5)[0].scores == (
        (10_000,) * 5,
    )


def accepted() -> tuple[Round, Docket]:
    docket = judged(*BALLOTS)
    selection = select_best(TERMS, RECORD, docket)
    docket = replace(docket, selection=selection, tally=Tally((MODEL,), (3,), 1))
    return replace(RECORD, outcome=Outcome.ACCEPTED), docket


def test_profit_is_shared_by_score() -> None:
    # 40 % of 250,000 is 100,000; scores of 9000, 8000 and 7500 make 24,500; 100,000 / 24,500 = 4.
    record, docket = accepted()
    assert BFLC.payout.compute_settlement(TERMS, record, docket, Outcome.ACCEPTED, 250_000) == (4, 0, 152_000)
    record = replace(record, proposer_reward=4)
    gains = [
        BFLC.payout.compute_delta(
            TERMS, A[number], Member(update_number=number, acts=Act.PROPOSED), record, docket
        )
        for number in range(5)
    ]
    assert gains == [36_000, 0, 32_000, 30_000, 0]
    assert BFLC.payout.compute_settlement(TERMS, record, docket, Outcome.REJECTED, 9) == (0, 0, 9)


COUNCIL = Council(
    (b"\1" * 32,),
    providers=(Provider(A[0], 0, 6_000), Provider(A[2], 2, 9_000), Provider(A[3], 3, 9_000)),
    proposals=4,
)


def elect(election: int, committee: int, seed: bytes = MODEL, speed_bps: int = 2_500) -> tuple[Address, ...]:
    terms = replace(TERMS, election=election, committee=committee, speed_bps=speed_bps)
    return compute_elected(terms, COUNCIL, seed)


def test_election_by_score_prefers_the_lower_number_among_equals() -> None:
    assert elect(Election.SCORE, 1) == (A[2],)
    assert elect(Election.SCORE, 2) == (A[2], A[3])


def test_election_by_factors_weighs_score_against_having_been_early() -> None:
    # §IV-B, multi-factor: speeds are 10000 (4 - n) / 4 = 10000, 5000, 2500. With a quarter for speed:
    # 6000 * 7500 + 2500 * 10000 = 70.0M; 9000 * 7500 + 2500 * 5000 = 80.0M; ... + 2500 * 2500 = 73.75M.
    assert elect(Election.FACTORS, 3) == (A[2], A[3], A[0])
    # With three quarters: 6000 * 2500 + 7500 * 10000 = 90.0M; 60.0M; 41.25M.
    assert elect(Election.FACTORS, 3, speed_bps=7_500) == (A[0], A[2], A[3])


@given(st.binary(min_size=32, max_size=32), st.integers(1, 3))
def test_random_election_is_the_draw_among_the_selected(seed: bytes, committee: int) -> None:
    positions = compute_positions(seed, 3)
    expected = {A[at] for place, at in enumerate((0, 2, 3)) if positions[place] < committee}
    assert set(elect(Election.RANDOM, committee, seed)) == expected
    assert len(expected) == committee


def state_of(council: Council) -> State:
    return State(head=b"\1" * 32, own=council)


def test_model_and_update_records_are_numbered_as_in_section_iii_a() -> None:
    # With k = 3, "model #(t * (k + 1))": models are 0, 4, 8, …; the updates of round 0 are 1, 2 and 3.
    record, docket = accepted()
    own: object = BFLC.own_state.start(TERMS)
    published = BFLC.own_state.note_published(TERMS, own, record, docket)
    assert isinstance(published, Council)
    assert len(published.models) == 1
    assert get_record(TERMS, state_of(published), 0) == Record(b"\1" * 32)
    assert get_record(TERMS, state_of(published), 2) == Record(b"\3" * 32, A[2], 8_000)
    assert get_record(TERMS, state_of(published), 4) == Record()
    settled = BFLC.own_state.note_settled(TERMS, published, record, docket)
    assert isinstance(settled, Council)
    assert len(settled.models) == 2
    assert get_record(TERMS, state_of(settled), 4) == Record(MODEL)
    assert get_record(TERMS, state_of(settled), 5) == Record()
    assert get_record(TERMS, state_of(settled), 99) == Record()


def test_the_committee_is_the_one_that_was_chosen_last() -> None:
    def committee(council: Council) -> list[int]:
        state = state_of(council)
        roles = [BFLC.panel.get_roles(TERMS, state, account, 7 - at, 8) for at, account in enumerate(A)]
        assert all(role is Role.PROPOSER or role is Role.VOTER | Role.PUBLISHER for role in roles)
        return [at for at, role in enumerate(roles) if role is not Role.PROPOSER]

    record, docket = accepted()
    start = BFLC.own_state.start(TERMS)
    assert isinstance(start, Council)
    assert committee(start) == [5, 6, 7]
    named = replace(start, named=(A[4], A[1], A[0]), choice=Choice.NAMED)
    assert committee(named) == [0, 1, 4]

    def settle(council: Council, *outcomes: Outcome, proposals: int = 5) -> Council:
        for outcome in outcomes:
            settled = replace(record, outcome=outcome, proposals=proposals)
            after = BFLC.own_state.note_settled(TERMS, council, settled, docket)
            assert isinstance(after, Council)
            council = after
        return council

    accept, reject, undecided = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED
    elected = settle(named, accept)
    by_position = [5, 6, 7]
    for council, sits in ((start, by_position), (named, [0, 1, 4]), (elected, [0, 2, 3])):
        assert committee(council) == sits
        # Nothing passed it, or there was nothing to judge: however often.
        assert committee(settle(council, reject)) == sits
        assert committee(settle(council, *[reject] * 9)) == sits
        assert committee(settle(council, *[undecided] * 9, proposals=0)) == sits
        assert committee(settle(settle(council, reject, reject), undecided, proposals=0)) == sits
        # It didn't come to a model: at once, and until something else is chosen.
        assert committee(settle(council, undecided)) == by_position
        assert committee(settle(council, undecided, reject, undecided)) == by_position
        # An accepted round elects anew, and so do managers, whatever was chosen before.
        assert committee(settle(council, undecided, accept)) == [0, 2, 3]
        assert committee(settle(council, accept, reject)) == [0, 2, 3]
        for before in (council, settle(council, accept), settle(council, undecided)):
            renamed = replace(before, named=(A[7], A[1], A[0]), choice=Choice.NAMED)
            assert committee(settle(renamed, reject)) == [0, 1, 7]


def test_managers_name_a_committee_between_rounds_and_only_then() -> None:
    managers = (A[5], A[6], A[7])
    terms = replace(TERMS, committee=1, updates=1, managers=managers, schedule=Schedule(open=1, publish=9))
    chain = SpecChain(BFLC, terms, dict.fromkeys(A[:3], 100), beacon_value=MODEL)

    def call(sender: Address, method: str, *args: object) -> ProtocolError | None:
        (receipt,) = chain.send([Call(sender, method, args)])
        return receipt.error

    def motions() -> int:
        return len(chain.core.state.access.motions)

    def name(*accounts: Address) -> None:
        assert call(managers[0], "nameCommittee", 0, list(accounts)) is None
        assert call(managers[1], "nameCommittee", motions(), list(accounts)) is None

    def sitting() -> list[Address]:
        return [member.account for member in chain.members() if member.roles & Role.VOTER]

    assert [call(manager, "allow", number, A[:3]) for number, manager in enumerate(managers[:2])] == [
        None
    ] * 2
    assert [call(account, "join", 10) for account in A[:3]] == [None] * 3
    for chosen in A[:3]:
        name(A[1])
        name(chosen)
        chain.advance(1)
        assert call(A[0], "open") is None
        refusal = ProtocolError("WrongPhase", Phase.DRAW, Phase.OPEN)
        assert call(managers[0], "nameCommittee", 0, [A[1]]) == refusal
        assert call(A[0], "nameCommittee", 0, [A[1]]) == refusal
        assert call(A[0], "draw") is None
        assert sitting() == [chosen]
        chain.advance(terms.schedule.propose)
        assert call(A[0], "settle") is None
    # The aye that was given first waits for another over a round.
    assert call(managers[2], "nameCommittee", 0, [A[0]]) is None
    chain.advance(1)
    assert [call(A[0], method) for method in ("open", "draw")] == [None] * 2
    assert sitting() == [A[2]]
    chain.advance(terms.schedule.propose)
    assert call(A[0], "settle") is None
    refusal = ProtocolError("AlreadyMoved", managers[2], motions())
    assert call(managers[2], "nameCommittee", motions(), [A[0]]) == refusal
    assert call(managers[0], "nameCommittee", motions(), [A[0]]) is None
    assert call(A[0], "nameCommittee", 0, []) == ProtocolError("NotManager", A[0])
    assert call(managers[0], "nameCommittee", 0, []) == ProtocolError("InvalidCommittee", 0, 1)
    chain.advance(1)
    assert [call(A[0], method) for method in ("open", "draw")] == [None] * 2
    assert sitting() == [A[0]]


def test_a_voter_expelled_before_its_reveal_reveals_and_is_out_after_the_round() -> None:
    terms = replace(TERMS, committee=1, updates=1, managers=(A[7],), schedule=Schedule(publish=9))
    chain = SpecChain(BFLC, terms, dict.fromkeys(A[:3], 100), beacon_value=MODEL)

    def call(sender: Address, method: str, *args: object) -> ProtocolError | None:
        (receipt,) = chain.send([Call(sender, method, args)])
        return receipt.error

    assert call(A[7], "allow", 0, A[:3]) is None
    assert call(A[7], "nameCommittee", 0, A[:1]) is None
    assert [call(account, "join", 10) for account in A[:3]] == [None] * 3
    assert [call(A[0], method) for method in ("open", "draw")] == [None] * 2
    assert [call(account, "propose", 1, MODEL, 1, 1) for account in A[1:3]] == [None] * 2
    ballot = b"\x10\x00" * 2
    assert call(A[0], "commit", 1, chain.core.compute_commitment(1, A[0], ballot, MODEL)) is None
    assert call(A[1], "reveal", 1, ballot, MODEL) == ProtocolError("NotCommitted", A[1], 1)
    assert call(A[6], "reveal", 1, ballot, MODEL) == ProtocolError("NotMember", A[6], Standing.STRANGER)
    assert call(A[7], "expel", 0, A[:1]) is None
    assert not chain.member(A[0]).out
    assert call(A[0], "reveal", 1, ballot, MODEL) is None
    chain.advance(sum((terms.schedule.propose, terms.schedule.commit, terms.schedule.reveal)) + 9)
    assert call(A[0], "settle") is None
    assert chain.member(A[0]).out
    assert call(A[0], "deposit", 1) == ProtocolError("AccountBanned", A[0])
    # Expelled once more within a round, it isn't let back into that one.
    chain.advance(1)
    assert [call(A[0], method) for method in ("open", "draw")] == [None] * 2
    assert call(A[7], "expel", 0, A[:1]) is None
    assert chain.member(A[0]).out
    assert call(A[7], "allow", 0, A[:1]) is None
    assert not chain.member(A[0]).out
