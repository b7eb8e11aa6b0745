"""Pledges: what they bind, what they come to, and what a broken one costs."""

from dataclasses import replace
from typing import Any

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.docket import BLANK, Docket, Selection
from clients.protocol.hashing import compute_pledge
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.payouts import STAKE_REDISTRIBUTION
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    Member,
    Outcome,
    Phase,
    Role,
    Round,
    Schedule,
    StakeVoteTerms,
    Standing,
    VbflTerms,
)

TERMS = StakeVoteTerms(
    ZERO_ADDRESS,
    ZERO_ADDRESS,
    b"\1" * 32,
    10,
    (),
    (),
    0,
    proposer_stake=3,
    voter_stake=2,
    proposers=3,
    min_voters=2,
    quorum_bps=5_000,
    max_samples=100,
    max_epochs=10,
    attribution=False,
    schedule=Schedule(pledge=3_600),
)
ACCOUNTS = [f"0x{number:040x}" for number in range(1, 7)]
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
WORD = st.binary(min_size=32, max_size=32)
NUMBER = st.integers(0, 2**64)
Chain = SpecChain[StakeVoteTerms]


@given(NUMBER, ADDRESS, NUMBER, ADDRESS, WORD, NUMBER, NUMBER)
def test_it_is_encoded_as_the_page_says(
    chain_id: int, federation: str, number: int, proposer: str, digest: bytes, samples: int, epochs: int
) -> None:
    types = ["uint256", "address", "uint256", "address", "bytes32", "uint256", "uint256"]
    values = [chain_id, federation, number, proposer, digest, samples, epochs]
    pledge = compute_pledge(chain_id, federation, number, proposer, digest, samples, epochs)
    assert pledge == keccak(encode(types, values))


def draw(terms: StakeVoteTerms = TERMS) -> tuple[Chain, list[str]]:
    """Return a chain whose first round is drawn, and its proposers."""
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys(ACCOUNTS, 100), beacon_value=b"\7" * 32)
    chain.send([Call(account, "join", (20,)) for account in ACCOUNTS])
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    return chain, [member.account for member in chain.members() if member.roles is Role.PROPOSER]


def claim_of(account: str) -> tuple[bytes, int, int]:
    return keccak(account.encode()), 50, 5


def pledge(chain: Chain, account: str, claim: tuple[bytes, int, int] | None = None) -> Call:
    word = chain.core.compute_pledge(1, account, *(claim or claim_of(account)))
    return Call(account, "pledge", (1, word))


def propose(account: str, claim: tuple[bytes, int, int] | None = None) -> Call:
    return Call(account, "propose", (1, *(claim or claim_of(account))))


def errors(chain: Chain, *calls: Call) -> list[ProtocolError | None]:
    return [receipt.error for receipt in chain.send(list(calls))]


def test_updates_are_pledged_before_any_is_proposed() -> None:
    chain, proposers = draw()
    wrong = ProtocolError("WrongPhase", Phase.PLEDGE, Phase.PROPOSE)
    assert errors(chain, propose(proposers[0])) == [wrong]
    assert errors(chain, *(pledge(chain, account) for account in proposers)) == [None] * 3
    assert chain.status().phase is Phase.PROPOSE
    assert chain.status().record.pledges == 3
    assert errors(chain, *map(propose, proposers)) == [None] * 3
    assert chain.status().phase is Phase.COMMIT


def test_propose_waits_for_the_pledges_alone() -> None:
    chain, proposers = draw()
    chain.send([pledge(chain, account) for account in proposers[:2]])
    assert chain.status().phase is Phase.PLEDGE
    chain.advance(3_600)
    missed = propose(proposers[2])
    assert errors(chain, missed) == [ProtocolError("NotPledged", proposers[2], 1)]
    assert errors(chain, *map(propose, proposers[:2])) == [None] * 2
    assert chain.status().phase is Phase.COMMIT


def test_without_a_pledge_the_round_is_void() -> None:
    chain, _ = draw()
    chain.advance(3_600)
    assert chain.status().phase is Phase.SETTLE


@given(st.sampled_from(range(3)), st.sampled_from(range(3)), WORD.filter(any), NUMBER, NUMBER)
def test_nothing_but_the_pledged_update_is_proposed(
    who: int, whose: int, digest: bytes, samples: int, epochs: int
) -> None:
    chain, proposers = draw()
    chain.send([pledge(chain, account) for account in proposers])
    account, mine = proposers[who], claim_of(proposers[who])
    theirs = claim_of(proposers[whose])
    others = {(digest, *mine[1:]), (mine[0], samples, mine[2]), (mine[0], mine[1], epochs), theirs} - {mine}
    pledged = chain.core.compute_pledge(1, account, *mine)
    for other in others:
        shown = chain.core.compute_pledge(1, account, *other)
        assert errors(chain, propose(account, other)) == [
            ProtocolError("PledgeMismatch", account, pledged, shown)
        ]
    assert errors(chain, propose(account)) == [None]


def test_a_copied_pledge_can_not_be_kept() -> None:
    chain, (copier, original, third) = draw()
    word = pledge(chain, original).args[1]
    assert errors(chain, Call(copier, "pledge", (1, word)), pledge(chain, original)) == [None, None]
    chain.send([pledge(chain, third)])
    shown = chain.core.compute_pledge(1, copier, *claim_of(original))
    refused = ProtocolError("PledgeMismatch", copier, word, shown)
    assert errors(chain, propose(copier, claim_of(original))) == [refused]
    assert errors(chain, propose(original), propose(copier, claim_of(original))) == [None, refused]


def test_a_pledge_comes_before_the_claims_and_after_the_digest() -> None:
    chain, proposers = draw()
    bad = claim_of(proposers[0])[0], 101, 5
    chain.send([pledge(chain, proposers[0], bad), *(pledge(chain, account) for account in proposers[1:])])
    assert errors(chain, propose(proposers[0], (bytes(32), 101, 5))) == [ProtocolError("EmptyDigest")]
    assert errors(chain, propose(proposers[0], bad)) == [ProtocolError("SamplesOutOfRange", 101, 100)]


def test_an_empty_pledge_is_none() -> None:
    chain, proposers = draw()
    assert errors(chain, Call(proposers[0], "pledge", (1, bytes(32)))) == [ProtocolError("EmptyPledge")]


def test_without_the_phase_nobody_pledges() -> None:
    chain, proposers = draw(replace(TERMS, schedule=Schedule()))
    refused = ProtocolError("WrongPhase", Phase.PROPOSE, Phase.PLEDGE)
    assert errors(chain, pledge(chain, proposers[0]), propose(proposers[0])) == [refused, None]


@st.composite
def records(draw: st.DrawFn) -> Round:
    pledges = draw(st.integers(1, 30))
    commits = draw(st.integers(1, 40))
    reveals = draw(st.integers(1, commits))
    return Round(
        pledges=pledges,
        proposals=draw(st.integers(1, pledges)),
        commits=commits,
        reveals=reveals,
        leading_count=draw(st.integers(reveals // 2 + 1, reveals)),
        leading_option=1,
    )


DECISIONS = st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED])


@given(records(), DECISIONS, st.integers(0, 10**26))
def test_in_stake_vote_a_broken_pledge_costs_a_stake_in_every_outcome(
    record: Round, outcome: Outcome, pool: int
) -> None:
    settled = STAKE_REDISTRIBUTION.compute_settlement(TERMS, record, BLANK, outcome, pool)
    kept = STAKE_REDISTRIBUTION.compute_settlement(
        TERMS, replace(record, pledges=record.proposals), BLANK, outcome, pool
    )
    broken = record.pledges - record.proposals
    assert settled == kept._replace(pool=kept.pool + broken * TERMS.proposer_stake)
    member = Member(acts=Act.PLEDGED)
    lost = STAKE_REDISTRIBUTION.compute_delta(
        TERMS, "", member, replace(record, outcome=outcome, proposer_reward=9, voter_reward=9), BLANK
    )
    assert lost == -TERMS.proposer_stake


VBFL = VbflTerms("", "", b"", 10, (), (), 0, 7, 0, 4, 2, 2, 1_000, 5, 3, 0, Schedule(pledge=60, publish=60))
PASSED = Docket(selection=Selection(0b1, (1,)))


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED])
@given(st.integers(0, 2), st.integers(0, 3))
def test_in_vbfl_a_broken_pledge_is_a_strike_whatever_passed_before(
    outcome: Outcome, strikes: int, update_number: int
) -> None:
    member = Member(strikes=strikes, update_number=update_number, acts=Act.PLEDGED, standing=Standing.MEMBER)
    guarded = MECHANISMS["vbfl"].guard.compute_guarded(
        VBFL, member, replace(member, acts=Act.NONE), Round(outcome=outcome), PASSED
    )
    if outcome is Outcome.UNDECIDED:
        assert (guarded.strikes, guarded.standing) == (strikes, Standing.MEMBER)
    else:
        assert guarded.strikes == strikes + 1
        assert (guarded.standing is Standing.BANNED) == (strikes == 2)


@pytest.mark.parametrize("mechanism", ["vbfl", "bflc", "blade"])
@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED])
def test_elsewhere_it_earns_and_costs_nothing(mechanism: str, outcome: Outcome) -> None:
    record = Round(pledges=2, proposals=1, reveals=1, outcome=outcome, proposer_reward=5, voter_reward=5)
    member = Member(acts=Act.PLEDGED)
    terms: Any = replace(VBFL)
    assert MECHANISMS[mechanism].payout.compute_delta(terms, "0x1", member, record, PASSED) == 0
