"""vbfl's formulas against numbers worked by hand from arXiv 2101.03300."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.approvals import APPROVALS, get_approved
from clients.protocol.docket import BLANK, Docket, Miner, Publication, Publisher, Selection, Update
from clients.protocol.hashing import compute_hash, get_address_word
from clients.protocol.policies import Wanted
from clients.protocol.publication import get_winner
from clients.protocol.state import State
from clients.protocol.tally import Tally
from clients.protocol.vbfl import VBFL, select_approved
from clients.protocol.verdicts import compute_published
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    Member,
    Outcome,
    Role,
    Round,
    Schedule,
    Standing,
    VbflTerms,
)

ADDRESS = "0x" + "1" * 40
TERMS = VbflTerms(ADDRESS, ADDRESS, b"\1" * 32, 10, (), (), 0, 7, 0, 4, 2, 2, 1_000, 5, 3, 0, Schedule())
MODEL = b"\5" * 32
UPDATES = tuple(
    Update(ADDRESS, b"\2" * 32, samples, epochs) for samples, epochs in ((600, 5), (100, 1), (50, 2))
)
"""The paper's workers have 600 samples and train 5 epochs: l_ew * |train_w| = 3000."""
RECORD = Round(
    proposals=3, commits=2, reveals=2, publications=4, leading_count=3, options=2, leading_option=1
)


def docket(bitmap: int = 0b101) -> Docket:
    miners = (Miner("m1", 1, 20, True), Miner("m2", 2, 30, True))
    tally = Tally((MODEL, b"\6" * 32), (3, 1), 1)
    selection = Selection(bitmap, select_approved(TERMS, RECORD, replace(BLANK, updates=UPDATES)).weights)
    return Docket(bytes(32), UPDATES, tally, approvals=(2, 0, 1), selection=selection, miners=miners)


def gain(member: Member, record: Round, terms: VbflTerms = TERMS) -> int:
    return VBFL.payout.compute_delta(terms, ADDRESS, member, record, docket())


def test_rewards_are_equations_1_to_3() -> None:
    # (1) a worker: 600 * 5 = 3000 r, 50 * 2 = 100 r; the second's update did not pass.
    # (2) a validator: a verification and a vote for each of 3 updates: 6 r, and 2 validators voted.
    # (3) a miner: a verification for each of 2 votes on 3 updates: 6 r; m1 alone published what leads.
    units = 3_000 + 100 + 2 * 6 + 1 * 6
    paid = VBFL.payout.compute_settlement(TERMS, RECORD, docket(), Outcome.ACCEPTED, 7 * units + 5)
    assert paid == (7, 0, 5)
    record = replace(RECORD, outcome=Outcome.ACCEPTED, proposer_reward=7)
    assert gain(Member(acts=Act.PROPOSED, update_number=0), record) == 3_000 * 7
    assert gain(Member(acts=Act.PROPOSED, update_number=1), record) == 0
    assert gain(Member(acts=Act.PROPOSED, update_number=2), record) == 100 * 7
    judged = Act.COMMITTED | Act.REVEALED | Act.PUBLISHED
    assert gain(Member(acts=judged, option=0), record) == 6 * 7
    assert gain(Member(acts=Act.COMMITTED), record) == 0
    assert gain(Member(acts=Act.PUBLISHED, option=1), record) == 6 * 7
    assert gain(Member(acts=Act.PUBLISHED, option=2), record) == 0


def test_the_terms_say_what_an_update_earns_whatever_it_claims() -> None:
    terms = replace(TERMS, update_units=24)
    units = 2 * 24 + 2 * 6 + 1 * 6
    paid = VBFL.payout.compute_settlement(terms, RECORD, docket(), Outcome.ACCEPTED, 7 * units + 5)
    assert paid == (7, 0, 5)
    record = replace(RECORD, outcome=Outcome.ACCEPTED, proposer_reward=7)
    for number, earned in enumerate((24, 0, 24)):
        assert gain(Member(acts=Act.PROPOSED, update_number=number), record, terms) == earned * 7
    judged = Act.COMMITTED | Act.REVEALED | Act.PUBLISHED
    assert gain(Member(acts=judged, option=0), record, terms) == 6 * 7
    assert select_approved(terms, RECORD, replace(BLANK, updates=UPDATES)).weights == (3_000, 100, 100)


@given(
    claims=st.lists(st.tuples(st.integers(1, 1_000), st.integers(1, 5)), min_size=3, max_size=3),
    bitmap=st.integers(0, 7),
    update_units=st.sampled_from((0, 1, 24, 2**32 - 1)),
    pool=st.integers(0, 2**40),
)
def test_what_leaves_the_pool_is_what_members_get(
    claims: list[tuple[int, int]], bitmap: int, update_units: int, pool: int
) -> None:
    terms = replace(TERMS, update_units=update_units)
    weights = tuple(samples * epochs for samples, epochs in claims)
    noted = replace(docket(), selection=Selection(bitmap, weights))
    paid = VBFL.payout.compute_settlement(terms, RECORD, noted, Outcome.ACCEPTED, pool)
    record = replace(RECORD, outcome=Outcome.ACCEPTED, proposer_reward=paid.proposer_reward)
    workers = [Member(acts=Act.PROPOSED, update_number=number) for number in range(3)]
    validators = [Member(acts=Act.COMMITTED | Act.REVEALED)] * RECORD.reveals
    miners = [Member(acts=Act.PUBLISHED, option=miner.option) for miner in noted.miners]
    gains = [
        VBFL.payout.compute_delta(terms, ADDRESS, member, record, noted)
        for member in (*workers, *validators, *miners)
    ]
    assert pool - paid.pool == sum(gains)
    if update_units:
        earned = {gain for number, gain in enumerate(gains[:3]) if bitmap >> number & 1}
        assert earned <= {update_units * paid.proposer_reward}


def test_a_pool_too_small_pays_less_for_each_unit_and_none_too_much() -> None:
    units = 3_118
    assert VBFL.payout.compute_settlement(TERMS, RECORD, docket(), Outcome.ACCEPTED, 2 * units + 9) == (
        2,
        0,
        9,
    )
    assert VBFL.payout.compute_settlement(TERMS, RECORD, docket(), Outcome.UNDECIDED, 99) == (0, 0, 99)


def test_a_rejected_round_pays_those_who_judged_it() -> None:
    paid = VBFL.payout.compute_settlement(TERMS, RECORD, docket(0), Outcome.REJECTED, 18 * 7)
    assert paid == (7, 0, 0)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=9))
def test_an_update_passes_with_as_many_votes_for_as_against(ballots: list[int]) -> None:
    record, noted = replace(RECORD, reveals=len(ballots)), BLANK
    for ballot in ballots:
        noted, option = APPROVALS.count(TERMS, record, noted, ZERO_ADDRESS, ballot.to_bytes(32, "big"))
        assert option == 0
    for number in range(3):
        positive = sum(ballot >> number & 1 for ballot in ballots)
        assert get_approved(record, noted, ties=True) >> number & 1 == (positive >= len(ballots) - positive)
        assert get_approved(record, noted, ties=False) >> number & 1 == (positive > len(ballots) - positive)


@pytest.mark.parametrize("ballot", [b"", bytes(31), bytes(33), bytes(31) + b"\x08", b"\xff" * 32])
def test_a_ballot_names_updates_that_are_there(ballot: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        APPROVALS.count(TERMS, RECORD, BLANK, ZERO_ADDRESS, ballot)
    assert caught.value == ProtocolError("InvalidBallot", ballot)


def test_workers_validators_and_miners_are_drawn_in_this_order() -> None:
    state = State(MODEL)

    def roles(members: int) -> list[Role]:
        return [VBFL.panel.get_roles(TERMS, state, ADDRESS, position, members) for position in range(members)]

    jury = [Role.VOTER | Role.PUBLISHER] * 2 + [Role.PUBLISHER] * 2
    assert roles(9) == [Role.PROPOSER] * 4 + jury + [Role.NONE]
    assert roles(6) == [Role.PROPOSER] * 2 + jury
    assert VBFL.panel.count(TERMS, state, 9) == (4, 2, 4)
    assert VBFL.panel.count(TERMS, state, 6) == (2, 2, 4)
    assert VBFL.panel.get_fewest(TERMS) == 5


def test_a_third_strike_in_a_row_is_the_last() -> None:
    def book(number: int, strikes: int, outcome: Outcome = Outcome.ACCEPTED) -> Member:
        member = Member(
            stake=10, update_number=number, strikes=strikes, acts=Act.PROPOSED, standing=Standing.MEMBER
        )
        record = replace(RECORD, outcome=outcome)
        return VBFL.guard.compute_guarded(TERMS, member, replace(member, acts=Act.NONE), record, docket())

    assert (book(1, 1).strikes, book(1, 1).standing) == (2, Standing.MEMBER)
    assert (book(1, 2).strikes, book(1, 2).standing) == (3, Standing.BANNED)
    assert (book(0, 2).strikes, book(0, 2).standing) == (0, Standing.MEMBER)
    assert book(1, 2, Outcome.UNDECIDED).strikes == 2


def test_the_highest_stake_wins_the_block_the_first_among_equals() -> None:
    noted = docket()
    assert get_winner(TERMS, noted) == "m1"
    rivals = (*noted.miners, Miner("m3", 1, 25, True), Miner("m4", 1, 25, True))
    assert get_winner(TERMS, replace(noted, miners=rivals)) == "m3"
    assert get_winner(replace(TERMS, pow_bits=1), replace(noted, miners=rivals)) == "m1"
    assert get_winner(TERMS, replace(noted, miners=noted.miners[1:])) == ""


@given(st.integers(0, 12), st.binary(min_size=32, max_size=32))
def test_work_is_so_many_leading_zero_bits(bits: int, nonce: bytes) -> None:
    terms, seed = replace(TERMS, pow_bits=bits), b"\3" * 32
    record = replace(RECORD, publications=0)
    noted = replace(docket(), seed=seed, tally=Tally(), miners=())
    word = compute_hash(seed, get_address_word(ADDRESS), MODEL, nonce)
    publisher = Publisher(ADDRESS, Member(stake=5), Role.PUBLISHER)
    publication = Publication(MODEL, 0b101, nonce)
    counted, option = VBFL.publication.count(terms, record, noted, publisher, publication)
    assert option == 1
    assert counted.miners[0].competes == f"{int.from_bytes(word, 'big'):0256b}".startswith("0" * bits)
    validator = replace(publisher, roles=Role.VOTER | Role.PUBLISHER)
    counted, option = VBFL.publication.count(terms, record, noted, validator, publication)
    assert (counted.miners, option) == ((), 0)


def test_what_is_published_is_what_passed() -> None:
    noted = replace(docket(), selection=None, tally=Tally(), miners=())
    publisher, publication = Publisher(ADDRESS, Member(), Role.PUBLISHER), Publication(MODEL, 0b101)

    def error(**changed: object) -> ProtocolError:
        changed_one = replace(publication, **changed)  # type: ignore[arg-type]
        with pytest.raises(ProtocolError) as caught:
            VBFL.publication.count(TERMS, RECORD, noted, publisher, changed_one)
        return caught.value

    # N+ of 2, 0 and 1 of 2 ballots: the first and, by a tie, the third pass.
    counted, _ = VBFL.publication.count(TERMS, RECORD, noted, publisher, publication)
    assert counted.selected.bitmap == 0b101
    assert error(selection=0b001) == ProtocolError("WrongSelection", 0b001, 0b101)
    assert error(digest=bytes(32)) == ProtocolError("DigestMismatch", bytes(32), 0b101)


def test_more_than_half_of_those_drawn_must_publish_the_same() -> None:
    def outcome(count: int, candidate: bytes = MODEL) -> Outcome:
        noted = replace(BLANK, tally=Tally((candidate,), (count,), 1))
        record = replace(RECORD, leading_count=count, publications=count)
        return compute_published(TERMS, record, noted, Wanted(3, 2, 4))

    assert [outcome(count) for count in (2, 3)] == [Outcome.UNDECIDED, Outcome.ACCEPTED]
    assert outcome(3, bytes(32)) is Outcome.REJECTED
