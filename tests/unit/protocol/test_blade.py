"""blade's rules against numbers worked by hand; functions and sections are those of arXiv 2009.09338."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.approvals import APPROVALS_OF_ORIGINALS
from clients.protocol.auction import get_worst
from clients.protocol.blade import BLADE, select_approved
from clients.protocol.docket import BLANK, Docket, Publication, Publisher, Selection, Update
from clients.protocol.hashing import keccak
from clients.protocol.ledger import Ledger
from clients.protocol.plagiarism import compute_anchor, compute_convicted, get_convicted
from clients.protocol.simulator import SpecChain
from clients.protocol.state import State
from clients.protocol.task import Bid, TaskBook
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    BladeTerms,
    Member,
    Outcome,
    Phase,
    Role,
    Round,
    Schedule,
    Standing,
)

A = [f"0x{number:040x}" for number in range(1, 6)]
START = 1_000
TERMS = BladeTerms(
    token=A[0],
    beacon=A[0],
    genesis=b"\1" * 32,
    bond=10,
    managers=(),
    publisher=A[4],
    bounty=1_000,
    rule=b"fedavg".ljust(32, b"\0"),
    rounds=2,
    bidding_ends=START + 100,
    deadline=START + 10_000,
    winners=3,
    min_winners=2,
    min_samples=10,
    max_samples=100,
    max_epochs=5,
    block_bps=2_000,
    pow_bits=0,
    challenge=50,
    schedule=Schedule(propose=100, commit=100, reveal=100, publish=100, unbonding=400),
)
UPDATES = tuple(Update(A[at], b"\2" * 32, samples, 1) for at, samples in enumerate((40, 30, 10)))
RECORD = Round(members=3, proposals=3, reveals=3, leading_option=1, outcome=Outcome.ACCEPTED)
DOCKET = Docket(bytes(32), UPDATES, approvals=(3, 2, 0), names=(2, 1, 2), accused=0b111, winner=A[2])


def settle(docket: Docket, outcome: Outcome, pool: int) -> tuple[int, int, int]:
    return BLADE.payout.compute_settlement(TERMS, RECORD, docket, outcome, pool)


def test_the_bounty_goes_by_verified_samples_and_a_share_to_the_block() -> None:
    # 1000 over 2 rounds is 500 a round; a fifth, 100, to the block's winner; 400 / (40 + 30) = 5 a sample.
    docket = replace(DOCKET, selection=Selection(0b011, (40, 30, 10)), accused=0)
    assert settle(docket, Outcome.ACCEPTED, 1_000) == (5, 100, 1_000 - 350 - 100)
    # A pool of 300 is all there is: 60 to the block, 240 / 70 = 3 a sample.
    assert settle(docket, Outcome.ACCEPTED, 300) == (3, 60, 30)
    assert settle(replace(docket, winner=""), Outcome.ACCEPTED, 1_000) == (7, 0, 510)
    assert (
        settle(docket, Outcome.REJECTED, 1_000) == settle(docket, Outcome.UNDECIDED, 1_000) == (0, 0, 1_000)
    )
    record = replace(RECORD, proposer_reward=5, voter_reward=100)
    did = Act.PROPOSED | Act.PUBLISHED
    gains = [
        BLADE.payout.compute_delta(TERMS, A[at], Member(update_number=at, acts=did), record, docket)
        for at in range(3)
    ]
    assert gains == [200, 150, 100]


def test_a_convicted_plagiarist_forfeits_its_deposit() -> None:
    docket = replace(DOCKET, selection=Selection(0b010, (40, 30, 10), 0b101))
    assert settle(docket, Outcome.REJECTED, 7) == (0, 0, 27)
    assert settle(docket, Outcome.UNDECIDED, 7) == (0, 0, 7)
    record, member = replace(RECORD, voter_reward=100), Member(stake=15, acts=Act.PROPOSED, update_number=2)
    assert BLADE.payout.compute_delta(TERMS, A[2], member, record, docket) == 100 - 10
    banned = BLADE.guard.compute_guarded(TERMS, member, member, record, docket)
    assert banned.standing is Standing.BANNED
    kept = BLADE.guard.compute_guarded(TERMS, replace(member, update_number=1), member, record, docket)
    assert kept is member


def test_more_than_half_of_the_drawn_voters_convict_and_copies_do_not_pass() -> None:
    # Of three revealed ballots, two call 0 and 2 copies, only one calls 1 a copy.
    assert select_approved(TERMS, RECORD, DOCKET) == Selection(0b010, (40, 30, 10), 0b101)
    # Of four drawn, two are not more than half: who stayed away convicts nobody.
    assert select_approved(TERMS, replace(RECORD, members=4), DOCKET) == Selection(0b011, (40, 30, 10))
    # Nor is anybody convicted without an accusation.
    accused = replace(DOCKET, accused=0b001)
    assert compute_convicted(accused, 3) == 0b001
    assert select_approved(TERMS, RECORD, accused) == Selection(0b010, (40, 30, 10), 0b001)


def test_nobody_is_convicted_before_the_selection_or_in_an_undecided_round() -> None:
    convicted = replace(DOCKET, selection=Selection(0b010, (40, 30, 10), 0b101))
    assert get_convicted(Outcome.NONE, DOCKET) == 0
    assert get_convicted(Outcome.UNDECIDED, convicted) == 0
    assert get_convicted(Outcome.NONE, convicted) == get_convicted(Outcome.REJECTED, convicted) == 0b101


def test_whose_update_is_convicted_wins_no_block() -> None:
    docket, record = replace(DOCKET, selection=None, winner=""), replace(RECORD, outcome=Outcome.NONE)
    publication = Publication(b"\3" * 32, 0b010)
    for at, competes in enumerate((False, True, False)):
        member = Member(stake=9 - at, round=1, update_number=at, acts=Act.PROPOSED)
        publisher = Publisher(A[at], member, Role.PUBLISHER)
        docket, option = BLADE.publication.count(TERMS, record, docket, publisher, publication)
        assert option == competes
    other = Publisher(A[3], Member(stake=5), Role.PUBLISHER)
    docket, option = BLADE.publication.count(TERMS, record, docket, other, publication)
    assert (option, [miner.account for miner in docket.miners]) == (1, [A[1], A[3]])
    assert BLADE.publication.get_winner(TERMS, docket) == A[1]


def test_a_tie_does_not_verify_an_update() -> None:
    docket, record = replace(BLANK, updates=UPDATES), replace(RECORD, reveals=2)
    for good, copies in ((0b011, 0b100), (0b010, 0b100)):
        ballot = good.to_bytes(32, "big") + copies.to_bytes(32, "big")
        docket, _ = APPROVALS_OF_ORIGINALS.count(TERMS, record, docket, ZERO_ADDRESS, ballot)
    assert select_approved(TERMS, record, docket) == Selection(0b010, (40, 30, 10))
    assert (docket.approvals, docket.names) == ((1, 2, 0), (0, 0, 2))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6))
def test_the_worst_bid_is_the_least_capable_for_its_cost_and_the_latest(bids: list[tuple[int, int]]) -> None:
    accounts = [f"a{at}" for at in range(len(bids))]
    task = TaskBook(
        {a: Bid(*bid, b"", at) for at, (a, bid) in enumerate(zip(accounts, bids, strict=True), 1)}
    )
    worst = get_worst(State(head=b"", ledger=Ledger(registry=accounts[::-1]), own=task))
    values = [capability / cost for capability, cost in bids]
    assert worst == accounts[max(at for at, value in enumerate(values) if value == min(values))]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 20))
def test_a_revealed_noise_seed_tells_nothing_of_later_ones(seed: bytes, number: int) -> None:
    assert compute_anchor(keccak(seed), number) == compute_anchor(seed, number + 1)
    assert compute_anchor(seed, 0) == seed


def build() -> SpecChain[BladeTerms]:
    return SpecChain(BLADE, TERMS, dict.fromkeys(A, 2_000), beacon_value=b"\7" * 32, time=START)


def call(chain: SpecChain[BladeTerms], sender: str, method: str, *args: object) -> ProtocolError | None:
    (receipt,) = chain.send([Call(sender, method, args)])
    return receipt.error


def noise(at: int, number: int) -> bytes:
    return compute_anchor(bytes([at + 1]) * 32, 10 - number)


def test_the_winners_are_those_who_offer_most_for_least_and_losers_are_refunded() -> None:
    # Function 2 of §II-B. With three places: 50/5 = 10, 40/8 = 5, 30/10 = 3; then 20/5 = 4 outbids the last.
    chain = build()
    for at, (capability, cost) in enumerate([(50, 5), (40, 8), (30, 10)]):
        assert call(chain, A[at], "bid", capability, cost, noise(at, 0)) is None
    assert call(chain, A[3], "bid", 30, 10, noise(3, 0)) == ProtocolError("Outbid", 30, 10)
    assert call(chain, A[3], "bid", 20, 5, noise(3, 0)) is None
    assert [member.account for member in chain.members()] == [A[0], A[1], A[3]]
    assert call(chain, A[2], "withdraw") is None
    assert chain.tokens(A[2]) == 2_000
    assert call(chain, A[2], "join", 10) == ProtocolError("NotAdmitted", A[2])


def test_a_task_from_its_bids_to_its_end() -> None:
    chain = build()
    for at in range(3):
        call(chain, A[at], "bid", 40, 5, noise(at, 0))
    assert call(chain, A[0], "open") == ProtocolError("TooEarly", chain.now() - 1, TERMS.bidding_ends)
    chain.advance(100)
    assert call(chain, A[0], "open") == ProtocolError("NotFunded", 0, 1_000)
    assert call(chain, A[4], "fund", 1_000) is None
    for number in (1, 2):
        assert call(chain, A[0], "open") is None
        assert call(chain, A[0], "draw") is None
        everything = Role.PROPOSER | Role.VOTER | Role.PUBLISHER
        assert {member.roles for member in chain.members()} == {everything}
        for at in range(3):
            assert call(chain, A[at], "propose", number, b"\3" * 32, 40, 1) is None
        over = call(chain, A[0], "commit", number, b"\4" * 32)
        assert over is not None
        assert over.name == "TooEarly"
        assert call(chain, A[0], "accuse", number, 2, noise(0, number), 9_000) is None
        chain.advance(150)
        copies = 0b100 if number == 2 else 0
        ballot, salt = (0b011).to_bytes(32, "big") + copies.to_bytes(32, "big"), b"\5" * 32
        for at in range(3):
            sealed = chain.core.compute_commitment(number, A[at], ballot, salt)
            assert call(chain, A[at], "commit", number, sealed) is None
        for at in range(3):
            assert call(chain, A[at], "reveal", number, ballot, salt) is None
        for at in range(3):
            assert call(chain, A[at], "publish", number, b"\6" * 32, 0b011, bytes(32)) is None
        assert call(chain, A[0], "settle") is None
        assert chain.round(number).outcome is Outcome.ACCEPTED
        assert chain.status().phase is Phase.OPEN
    # 500 a round: 100 for the block, 400 / 80 = 5 a sample; nobody's deposit is more, so the first wins both.
    assert [chain.member(A[at]).balance for at in range(3)] == [10 + 600, 10 + 400, 0]
    assert call(chain, A[0], "open") == ProtocolError("TaskOver", 2, chain.now() - 1)
    assert [call(chain, A[at], "exit") for at in range(2)] == [None, None]
    assert call(chain, A[3], "evict", [A[2]]) is None
    assert chain.member(A[2]).record.standing is Standing.BANNED
    assert call(chain, A[3], "reclaim") is None
    assert chain.tokens(A[4]) == 2_000 - 1_000 + 10
    assert call(chain, A[3], "reclaim") == ProtocolError("NothingToClaim", A[4])


def bound(chain: SpecChain[BladeTerms]) -> ProtocolError:
    """Return what an exit before the end was refused with just now."""
    return ProtocolError("TooEarly", chain.now() - 1, TERMS.deadline)


def bid_of(count: int) -> SpecChain[BladeTerms]:
    chain = build()
    assert [call(chain, A[at], "bid", 40, 5, noise(at, 0)) for at in range(count)] == [None] * count
    return chain


def end_bidding(chain: SpecChain[BladeTerms]) -> None:
    """Go to the second in which bidding ends."""
    chain.advance(TERMS.bidding_ends - chain.now())


def test_a_bid_binds_while_bids_come_in() -> None:
    chain = bid_of(3)
    for amount in (999, 1):
        assert call(chain, A[2], "exit") == bound(chain)
        assert call(chain, A[2], "reclaim") == bound(chain)
        assert call(chain, A[4], "fund", amount) is None
    assert call(chain, A[2], "exit") == bound(chain)


def test_a_task_that_can_begin_binds() -> None:
    chain = bid_of(2)
    assert call(chain, A[4], "fund", 1_000) is None
    end_bidding(chain)
    assert call(chain, A[1], "exit") == bound(chain)
    assert call(chain, A[1], "reclaim") == bound(chain)
    assert [call(chain, A[0], method) for method in ("open", "draw")] == [None, None]
    chain.advance(100)
    assert call(chain, A[0], "settle") is None
    # It began: what rounds leave in the pool, and of the members, is no reason to go.
    chain.core.state.pool = 0
    assert call(chain, A[1], "exit") == bound(chain)


def test_a_task_without_its_bounty_binds_nobody() -> None:
    chain = bid_of(3)
    assert call(chain, A[4], "fund", 999) is None
    end_bidding(chain)
    assert call(chain, A[0], "open") == ProtocolError("NotFunded", 999, 1_000)
    assert call(chain, A[2], "exit") is None
    assert call(chain, A[3], "reclaim") is None
    assert chain.tokens(A[4]) == 2_000
    assert call(chain, A[4], "fund", 1_000) is None
    assert call(chain, A[1], "exit") == bound(chain)
    assert call(chain, A[0], "open") is None


def test_a_task_with_too_few_winners_binds_nobody_whatever_is_paid_in() -> None:
    # One leaves in front of the bounty: the others would wait for a round that nobody can open.
    chain = bid_of(2)
    end_bidding(chain)
    assert call(chain, A[1], "exit") is None
    assert call(chain, A[4], "fund", 1_000) is None
    assert call(chain, A[0], "open") == ProtocolError("TooFewMembers", 1, 2)
    assert call(chain, A[0], "exit") is None
    assert call(chain, A[3], "reclaim") is None
    assert chain.tokens(A[4]) == 2_000


@pytest.mark.parametrize("number", [1, 3])
def test_a_proposal_claims_no_more_than_was_bid(number: int) -> None:
    chain = build()
    for at in range(2):
        call(chain, A[at], "bid", 40, 5, noise(at, 0))
    call(chain, A[4], "fund", 1_000)
    chain.advance(100)
    call(chain, A[0], "open")
    call(chain, A[0], "draw")
    assert call(chain, A[0], "propose", 1, b"\3" * 32, 41, number) == ProtocolError(
        "SamplesOutOfRange", 41, 40
    )
    assert call(chain, A[0], "propose", 1, b"\3" * 32, 9, number) == ProtocolError("SamplesOutOfRange", 9, 40)
