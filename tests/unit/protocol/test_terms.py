"""Terms that make no sense are refused, each with its field's name."""

from dataclasses import replace
from typing import Any

import pytest

from clients.protocol.federation import Federation
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.errors import ProtocolError
from clients.types.federation import BflcTerms, BladeTerms, Schedule, StakeVoteTerms, VbflTerms

ADDRESS = "0x" + "1" * 40
ZERO = "0x" + "0" * 40
SCHEDULE = Schedule(open=1, propose=1, commit=2, reveal=3, publish=4, unbonding=10)
TERMS = StakeVoteTerms(ADDRESS, ZERO, b"\1" * 32, 10, (), (), 0, 10, 10, 1, 1, 10_000, 1, 1, False, SCHEDULE)


def build(terms: StakeVoteTerms) -> Federation[StakeVoteTerms]:
    return Federation(STAKE_VOTE, terms, address=ADDRESS, chain_id=1)


def test_the_extremes_are_valid() -> None:
    assert build(TERMS).state.head == b"\1" * 32
    build(replace(TERMS, bond=STAKE_MAX, quorum_bps=0, proposer_stake=0, voter_stake=0))
    build(replace(TERMS, max_samples=2**31 - 1, max_epochs=2))
    build(replace(TERMS, attribution=True, proposers=256))
    build(replace(TERMS, proposers=32_768, min_voters=32_767))
    build(replace(TERMS, schedule=replace(SCHEDULE, publish=0)))


@pytest.mark.parametrize(
    ("changed", "field", "given"),
    [
        ({"token": ZERO}, "token", 0),
        ({"managers": (ADDRESS, ADDRESS), "proposers": 0}, "managers", 1),
        ({"genesis": bytes(32)}, "genesis", 0),
        ({"bond": 0}, "bond", 0),
        ({"bond": STAKE_MAX + 1}, "bond", STAKE_MAX + 1),
        ({"proposer_stake": 11}, "proposerStake", 11),
        ({"voter_stake": 11}, "voterStake", 11),
        ({"proposers": 0}, "proposers", 0),
        ({"min_voters": 0}, "minVoters", 0),
        ({"quorum_bps": 10_001}, "quorumBps", 10_001),
        ({"max_samples": 0}, "maxSamples", 0),
        ({"max_samples": 2**31}, "maxSamples", 2**31),
        ({"proposers": 2, "max_samples": 2**30}, "maxSamples", 2**30),
        ({"max_epochs": 0}, "maxEpochs", 0),
        ({"max_samples": 2**16, "max_epochs": 2**16}, "maxEpochs", 2**16),
        ({"attribution": True, "proposers": 257}, "proposers", 257),
        ({"proposers": 32_768, "min_voters": 32_768}, "minVoters", 32_768),
        ({"schedule": replace(SCHEDULE, open=0)}, "open", 0),
        ({"schedule": replace(SCHEDULE, open=0, propose=0)}, "open", 0),
        ({"schedule": replace(SCHEDULE, propose=0)}, "propose", 0),
        ({"schedule": replace(SCHEDULE, commit=0)}, "commit", 0),
        ({"schedule": replace(SCHEDULE, reveal=0)}, "reveal", 0),
        ({"schedule": replace(SCHEDULE, unbonding=9)}, "unbonding", 9),
        ({"schedule": replace(SCHEDULE, pledge=1)}, "unbonding", 10),
        ({"bond": 0, "proposers": 0, "quorum_bps": 10_001}, "bond", 0),
        ({"quorum_bps": 10_001, "max_samples": 0, "voter_stake": 11}, "maxSamples", 0),
        ({"founders": (ADDRESS,), "proposers": 0}, "founders", 1),  # nobody waits
        ({"founders": (ADDRESS, ADDRESS), "newcomers": 1, "proposers": 0}, "founders", 1),
        ({"founders": (ADDRESS, "0x" + "3" * 40, ZERO), "newcomers": 1}, "founders", 2),
        ({"founders": (ADDRESS,), "newcomers": 1, "voter_stake": 11}, "voterStake", 11),
        ({"founders": (ADDRESS,), "newcomers": 1}, "founders", 1),  # a round needs two
    ],
)
def test_others_are_refused_the_first_in_the_order_of_the_page(
    changed: dict[str, object], field: str, given: int
) -> None:
    with pytest.raises(ProtocolError) as caught:
        build(replace(TERMS, **changed))
    assert caught.value == ProtocolError("InvalidTerms", field, given)


VBFL = VbflTerms(
    ADDRESS, ZERO, b"\1" * 32, 10, (), (), 0, STAKE_MAX, 2**32 - 1, 256, 65_533, 1, 1, 1, 1, 64, SCHEDULE
)  # fmt: skip
BFLC = BflcTerms(
    ADDRESS,
    ZERO,
    b"\1" * 32,
    10,
    STAKE_MAX,
    (ADDRESS,),
    (),
    0,
    32,
    32,
    256,
    1,
    1,
    10_000,
    2,
    10_000,
    10_000,
    SCHEDULE,
)
BLADE = BladeTerms(
    token=ADDRESS,
    beacon=ZERO,
    genesis=b"\1" * 32,
    bond=10,
    managers=(),
    publisher=ADDRESS,
    bounty=STAKE_MAX,
    rule=b"\1" * 32,
    rounds=1,
    bidding_ends=5,
    deadline=6,
    winners=256,
    min_winners=256,
    min_samples=1,
    max_samples=1,
    max_epochs=1,
    block_bps=10_000,
    pow_bits=64,
    challenge=1,
    schedule=SCHEDULE,
)
OF = {"vbfl": VBFL, "bflc": BFLC, "blade": BLADE}
HASTY = replace(SCHEDULE, publish=0)
MANY = tuple(f"0x{number:040x}" for number in range(1, 202))


@pytest.mark.parametrize("mechanism", OF)
def test_the_extremes_of_the_others_are_valid_too(mechanism: str) -> None:
    Federation(MECHANISMS[mechanism], OF[mechanism], address=ADDRESS, chain_id=1)


@pytest.mark.parametrize(
    ("mechanism", "changed", "field", "given"),
    [
        ("vbfl", {"proposers": 0}, "proposers", 0),
        ("vbfl", {"proposers": 257}, "proposers", 257),
        ("vbfl", {"validators": 0}, "validators", 0),
        ("vbfl", {"miners": 0}, "miners", 0),
        ("vbfl", {"miners": 2}, "miners", 2),
        ("vbfl", {"max_samples": 2**23}, "maxSamples", 2**23),
        ("vbfl", {"schedule": HASTY, "max_samples": 2**23}, "maxSamples", 2**23),
        ("vbfl", {"schedule": HASTY, "pow_bits": 65}, "publish", 0),
        ("vbfl", {"pow_bits": 65}, "powBits", 65),
        ("vbfl", {"unit_reward": STAKE_MAX + 1}, "unitReward", STAKE_MAX + 1),
        ("vbfl", {"kick_rounds": 0}, "kickRounds", 0),
        ("vbfl", {"kick_rounds": 0, "pow_bits": 65, "unit_reward": 2**96}, "powBits", 65),
        ("vbfl", {"kick_rounds": 0, "unit_reward": 2**96}, "unitReward", 2**96),
        *[
            (name, {"managers": managers}, "managers", given)
            for name in OF
            for managers, given in (((*MANY,), 201), ((ADDRESS, ZERO), 1), ((*MANY[:2], MANY[0]), 2))
        ],
        ("vbfl", {"managers": (ZERO,), "proposers": 0}, "managers", 0),
        ("blade", {"managers": (ZERO,), "pow_bits": 65}, "powBits", 65),
        ("blade", {"managers": (ZERO,), "min_samples": 0}, "managers", 0),
        ("bflc", {"managers": (), "min_score": 10_001}, "minScore", 10_001),
        ("bflc", {"managers": (), "committee": 0}, "managers", 0),
        ("bflc", {"founders": (ADDRESS,), "fee": STAKE_MAX + 1}, "fee", STAKE_MAX + 1),
        ("bflc", {"founders": (ADDRESS,), "max_samples": 0}, "founders", 1),
        ("vbfl", {"founders": (ADDRESS,), "newcomers": 1}, "founders", 1),
        ("bflc", {"fee": STAKE_MAX + 1}, "fee", STAKE_MAX + 1),
        ("bflc", {"max_epochs": 0}, "maxEpochs", 0),
        ("bflc", {"schedule": HASTY, "max_epochs": 0}, "maxEpochs", 0),
        ("bflc", {"schedule": HASTY, "min_score": 10_001}, "publish", 0),
        ("bflc", {"min_score": 10_001}, "minScore", 10_001),
        ("bflc", {"committee": 0}, "committee", 0),
        ("bflc", {"committee": 33}, "committee", 33),
        ("bflc", {"updates": 31}, "updates", 31),
        ("bflc", {"updates": 129, "proposers": 256}, "updates", 129),
        ("bflc", {"election": 3}, "election", 3),
        ("bflc", {"speed_bps": 10_001}, "speedBps", 10_001),
        ("bflc", {"proposers": 31}, "proposers", 31),
        ("bflc", {"proposers": 257}, "proposers", 257),
        ("bflc", {"profit_bps": 10_001}, "profitBps", 10_001),
        ("bflc", {"fee": STAKE_MAX + 1, "proposers": 0, "min_score": 10_001}, "fee", STAKE_MAX + 1),
        ("bflc", {"proposers": 0, "committee": 0, "min_score": 10_001}, "minScore", 10_001),
        ("blade", {"winners": 0}, "winners", 0),
        ("blade", {"winners": 257}, "winners", 257),
        ("blade", {"min_winners": 0}, "minWinners", 0),
        ("blade", {"min_winners": 257}, "minWinners", 257),
        ("blade", {"publisher": ZERO}, "publisher", 0),
        ("blade", {"bounty": STAKE_MAX + 1}, "bounty", STAKE_MAX + 1),
        ("blade", {"rule": bytes(32)}, "rule", 0),
        ("blade", {"rounds": 0}, "rounds", 0),
        ("blade", {"deadline": 5}, "deadline", 5),
        ("blade", {"schedule": HASTY, "deadline": 5}, "deadline", 5),
        ("blade", {"schedule": HASTY, "pow_bits": 65}, "publish", 0),
        ("blade", {"pow_bits": 65}, "powBits", 65),
        ("blade", {"min_samples": 0}, "minSamples", 0),
        ("blade", {"min_samples": 2}, "minSamples", 2),
        ("blade", {"challenge": 2}, "challenge", 2),
        ("blade", {"block_bps": 10_001}, "blockBps", 10_001),
        ("blade", {"block_bps": 10_001, "challenge": 2, "rule": bytes(32)}, "rule", 0),
    ],
)
def test_so_are_those_of_the_others(mechanism: str, changed: dict[str, Any], field: str, given: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        Federation(MECHANISMS[mechanism], replace(OF[mechanism], **changed), address=ADDRESS, chain_id=1)
    assert caught.value == ProtocolError("InvalidTerms", field, given)
