"""Terms that make no sense are refused, each with its field's name."""

from dataclasses import replace

import pytest

from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.errors import ProtocolError
from clients.types.federation import Schedule, StakeVoteTerms

ADDRESS = "0x" + "1" * 40
ZERO = "0x" + "0" * 40
SCHEDULE = Schedule(open=0, propose=1, commit=2, reveal=3, publish=4, unbonding=10)
TERMS = StakeVoteTerms(ADDRESS, ZERO, b"\1" * 32, 10, 10, 10, 1, 1, 10_000, 1, 1, False, SCHEDULE)


def build(terms: StakeVoteTerms) -> Federation[StakeVoteTerms]:
    return Federation(STAKE_VOTE, terms, address=ADDRESS, chain_id=1)


def test_the_extremes_are_valid() -> None:
    assert build(TERMS).state.head == b"\1" * 32
    build(replace(TERMS, bond=STAKE_MAX, quorum_bps=0, proposer_stake=0, voter_stake=0))
    build(replace(TERMS, max_samples=2**31 - 1, max_epochs=2))
    build(replace(TERMS, attribution=True, seats=256))


@pytest.mark.parametrize(
    ("changed", "field", "given"),
    [
        ({"token": ZERO}, "token", 0),
        ({"genesis": bytes(32)}, "genesis", 0),
        ({"bond": 0}, "bond", 0),
        ({"bond": STAKE_MAX + 1}, "bond", STAKE_MAX + 1),
        ({"proposer_stake": 11}, "proposerStake", 11),
        ({"voter_stake": 11}, "voterStake", 11),
        ({"seats": 0}, "seats", 0),
        ({"min_voters": 0}, "minVoters", 0),
        ({"quorum_bps": 10_001}, "quorumBps", 10_001),
        ({"max_samples": 0}, "maxSamples", 0),
        ({"max_samples": 2**31}, "maxSamples", 2**31),
        ({"seats": 2, "max_samples": 2**30}, "maxSamples", 2**30),
        ({"max_epochs": 0}, "maxEpochs", 0),
        ({"max_samples": 2**16, "max_epochs": 2**16}, "maxEpochs", 2**16),
        ({"attribution": True, "seats": 257}, "seats", 257),
        ({"schedule": replace(SCHEDULE, propose=0)}, "propose", 0),
        ({"schedule": replace(SCHEDULE, commit=0)}, "commit", 0),
        ({"schedule": replace(SCHEDULE, reveal=0)}, "reveal", 0),
        ({"schedule": replace(SCHEDULE, unbonding=9)}, "unbonding", 9),
        ({"bond": 0, "seats": 0, "quorum_bps": 10_001}, "bond", 0),
        ({"quorum_bps": 10_001, "max_samples": 0, "voter_stake": 11}, "maxSamples", 0),
    ],
)
def test_others_are_refused_the_first_in_the_order_of_the_page(
    changed: dict[str, object], field: str, given: int
) -> None:
    with pytest.raises(ProtocolError) as caught:
        build(replace(TERMS, **changed))
    assert caught.value == ProtocolError("InvalidTerms", field, given)
