"""Algorithms 1 and 2 of stake_vote, as the page's table has them, and eq. (4)."""

from dataclasses import replace
from fractions import Fraction
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.docket import BLANK, Docket
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.payouts import STAKE_REDISTRIBUTION
from clients.types.federation import Act, Member, Outcome, Round, Schedule, StakeVoteTerms

AMOUNT = st.integers(0, 10**26)
"""Whatever is made of it fits a stake."""
REVEALED = Act.COMMITTED | Act.REVEALED
DECIDED = st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED])


def terms_of(proposer_stake: int, voter_stake: int) -> StakeVoteTerms:
    bond = max(proposer_stake, voter_stake, 1)
    return StakeVoteTerms(
        "", "", b"", bond, (), (), 0, proposer_stake, voter_stake, 1, 1, 0, 1, 1, False, Schedule()
    )


@st.composite
def records(draw: st.DrawFn) -> Round:
    commits = draw(st.integers(1, 40))
    reveals = draw(st.integers(1, commits))
    lead = draw(st.integers(reveals // 2 + 1, reveals))
    return Round(
        proposals=draw(st.integers(1, 30)),
        commits=commits,
        reveals=reveals,
        leading_count=lead,
        leading_option=1,
    )


def deltas(terms: StakeVoteTerms, record: Round) -> dict[str, int]:
    return {
        "proposer": delta(terms, Member(acts=Act.PROPOSED), record),
        "majority": delta(terms, Member(acts=REVEALED, option=1), record),
        "minority": delta(terms, Member(acts=REVEALED, option=2), record),
        "silent": delta(terms, Member(acts=Act.COMMITTED), record),
    }


def delta(terms: StakeVoteTerms, member: Member, record: Round, docket: Docket = BLANK) -> int:
    return STAKE_REDISTRIBUTION.compute_delta(terms, "", member, record, docket)


def settle(terms: StakeVoteTerms, record: Round, outcome: Outcome, pool: int) -> tuple[Round, int]:
    paid = STAKE_REDISTRIBUTION.compute_settlement(terms, record, BLANK, outcome, pool)
    settled = Round(
        proposals=record.proposals,
        commits=record.commits,
        reveals=record.reveals,
        leading_count=record.leading_count,
        leading_option=record.leading_option,
        outcome=outcome,
        proposer_reward=paid.proposer_reward,
        voter_reward=paid.voter_reward,
    )
    return settled, paid.pool


@given(
    records(),
    st.sampled_from([Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNDECIDED]),
    AMOUNT,
    AMOUNT,
    AMOUNT,
)
def test_what_some_lose_others_or_the_pool_gain(
    record: Round, outcome: Outcome, pool: int, proposer_stake: int, voter_stake: int
) -> None:
    terms = terms_of(proposer_stake, voter_stake)
    settled, after = settle(terms, record, outcome, pool)
    gains = deltas(terms, settled)
    total = (
        gains["proposer"] * record.proposals
        + gains["majority"] * record.leading_count
        + gains["minority"] * (record.reveals - record.leading_count)
        + gains["silent"] * (record.commits - record.reveals)
    )
    assert total + after == pool
    assert after >= 0


@given(records(), AMOUNT, AMOUNT, AMOUNT)
def test_the_table_of_the_page(record: Round, pool: int, proposer_stake: int, voter_stake: int) -> None:
    terms = terms_of(proposer_stake, voter_stake)
    reward = voter_stake * (record.commits - record.leading_count) // record.leading_count
    dust = voter_stake * (record.commits - record.leading_count) - reward * record.leading_count

    accepted, after = settle(terms, record, Outcome.ACCEPTED, pool)
    assert deltas(terms, accepted) == {
        "proposer": pool // record.proposals,
        "majority": reward,
        "minority": -voter_stake,
        "silent": -voter_stake,
    }
    assert after == pool - record.proposals * (pool // record.proposals) + dust

    rejected, after = settle(terms, record, Outcome.REJECTED, pool)
    assert deltas(terms, rejected)["proposer"] == -proposer_stake
    assert deltas(terms, rejected)["majority"] == reward
    assert after == pool + proposer_stake * record.proposals + dust

    undecided, after = settle(terms, record, Outcome.UNDECIDED, pool)
    assert deltas(terms, undecided) == {"proposer": 0, "majority": 0, "minority": 0, "silent": -voter_stake}
    assert after == pool + voter_stake * (record.commits - record.reveals)


@given(records(), DECIDED, st.integers(STAKE_MAX // 2, STAKE_MAX))
def test_rewards_fit_their_slot_and_the_pool_keeps_the_rest(
    record: Round, outcome: Outcome, stake: int
) -> None:
    settled, after = settle(terms_of(stake, stake), record, outcome, STAKE_MAX * 50)
    assert settled.proposer_reward <= STAKE_MAX
    assert settled.voter_reward <= STAKE_MAX
    lost = stake * (record.commits - record.leading_count)
    paid = settled.voter_reward * record.leading_count + settled.proposer_reward * record.proposals
    rejected = stake * record.proposals if outcome is Outcome.REJECTED else 0
    assert after == STAKE_MAX * 50 + rejected + lost - paid


def test_with_attribution_only_the_named_majority_is_slashed() -> None:
    # Of five ballots four reject; three of those name update 0, two update 1: 3 * 2 > 4, but 2 * 2 is not.
    terms = replace(terms_of(10, 6), attribution=True)
    record = Round(
        proposals=3, commits=5, reveals=5, leading_count=4, leading_option=1, outcome=Outcome.REJECTED
    )
    docket = Docket(names=(3, 2, 0))
    paid = STAKE_REDISTRIBUTION.compute_settlement(terms, record, docket, Outcome.REJECTED, 100)
    assert paid == (0, 1, 100 + 10 + 2)
    lost = [delta(terms, Member(acts=Act.PROPOSED, update_number=at), record, docket) for at in range(3)]
    assert lost == [-10, 0, 0]


def lying_return(voters: int, liars: int, voter_stake: int) -> Fraction:
    """Return what a liar gains, by the payout, where `liars` of the `voters` lie: no tie, all reveal."""
    lead = max(liars, voters - liars)
    record = Round(proposals=1, commits=voters, reveals=voters, leading_count=lead, leading_option=1)
    terms = terms_of(voter_stake, voter_stake)
    settled, _ = settle(terms, record, Outcome.ACCEPTED, 0)
    option = 1 if liars * 2 > voters else 2
    return Fraction(delta(terms, Member(acts=REVEALED, option=option), settled))


def test_lying_loses_as_equation_4_has_it() -> None:
    # Liars are fewer than half of the clients (A3), of whom the voters are drawn at random. A liar in the
    # minority loses its stake, one in the majority gains its part of (1 - r) / r: eq. (4) weighs both.
    clients, voters, stake = 40, 9, 2**20 * 2_520
    for liars in range(1, clients // 2):
        honest = clients - liars
        odds = {
            k: Fraction(comb(liars - 1, k - 1) * comb(honest, voters - k), comb(clients - 1, voters - 1))
            for k in range(1, min(liars, voters) + 1)
        }
        equation = sum(
            p * (-stake if 2 * k < voters else Fraction(stake * (voters - k), k)) for k, p in odds.items()
        )
        booked = sum(p * lying_return(voters, k, stake) for k, p in odds.items())
        assert booked == equation
        assert booked < 0
