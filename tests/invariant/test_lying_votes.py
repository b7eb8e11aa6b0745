"""A lying voter's return in played rounds is that of eq. (4) of the stake_vote paper."""

from math import comb, sqrt

import pytest

from clients.protocol.simulator import ZERO_ADDRESS, SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.federation import Role, Schedule, StakeVoteTerms

STAKE = 2_520
"""Divisible by every majority of nine voters, so that no dust is left."""
CLIENTS, PROPOSERS, VOTERS = 20, 11, 9
BALLOT, SALT = b"\1" * 32, b"\2" * 32


def expected_return(liars: int) -> float:
    """Return the mean gain of a liar who is drawn to vote: eq. (4), weighed over who else is drawn."""
    total = 0.0
    for k in range(1, min(liars, VOTERS) + 1):
        odds = comb(liars - 1, k - 1) * comb(CLIENTS - liars, VOTERS - k) / comb(CLIENTS - 1, VOTERS - 1)
        total += odds * (-STAKE if 2 * k < VOTERS else STAKE * (VOTERS - k) / k)
    return total


@pytest.mark.parametrize("liars", [2, 6, 8, 9])
def test_what_liars_gain_is_what_the_paper_says(liars: int) -> None:
    terms = StakeVoteTerms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=b"\3" * 32,
        bond=STAKE,
        proposer_stake=0,
        voter_stake=STAKE,
        seats=PROPOSERS,
        min_voters=VOTERS,
        quorum_bps=10_000,
        max_samples=1,
        max_epochs=1,
        attribution=False,
        schedule=Schedule(),
    )
    accounts = [f"0x{number:040x}" for number in range(1, CLIENTS + 1)]
    stake = STAKE * 10_000
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys(accounts, stake), beacon_value=b"\4" * 32)
    chain.send([Call(account, "join", (stake,)) for account in accounts])
    lying = set(accounts[:liars])
    gains = []
    for number in range(1, 301):
        chain.send([Call(accounts[0], "open")])
        chain.send([Call(accounts[0], "draw")])
        before = {seat.account: seat for seat in chain.seats()}
        proposers = [a for a, seat in before.items() if seat.roles is Role.PROPOSER]
        voters = [a for a, seat in before.items() if seat.roles is Role.VOTER]
        ballots = {a: bytes(32) if a in lying else BALLOT for a in voters}
        commitments = {a: chain.core.compute_commitment(number, a, b, SALT) for a, b in ballots.items()}
        chain.send([Call(a, "propose", (number, BALLOT, 1, 1)) for a in proposers])
        chain.send([Call(a, "commit", (number, commitment)) for a, commitment in commitments.items()])
        chain.send([Call(a, "reveal", (number, ballot, SALT)) for a, ballot in ballots.items()])
        (receipt,) = chain.send([Call(accounts[0], "settle")])
        assert receipt.error is None
        gains += [chain.seat(a).balance - before[a].balance for a in voters if a in lying]
    mean = sum(gains) / len(gains)
    expected = expected_return(liars)
    # Liars of one round share its fate, so the rounds, not the liars, count as independent draws.
    spread = sqrt(sum((gain - mean) ** 2 for gain in gains) / len(gains) / 300)
    assert expected < 0
    assert mean == pytest.approx(expected, abs=5 * spread + 1e-9)
