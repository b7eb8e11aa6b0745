"""The core carries any mechanism: another record of policies, and not a line of it changes."""

from dataclasses import replace

from clients.protocol.panels import RANDOM_PANEL
from clients.protocol.policies import GuardPolicy, Mechanism, PayoutPolicy, Settlement, Wanted
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.verdicts import DIGEST_MAJORITY
from clients.types.chain import Call
from clients.types.federation import ZERO_ADDRESS, Outcome, Phase, Role, Schedule, StakeVoteTerms, Standing

TERMS = StakeVoteTerms(
    ZERO_ADDRESS,
    ZERO_ADDRESS,
    b"\1" * 32,
    10,
    (),
    (),
    0,
    5,
    5,
    1,
    2,
    5_000,
    100,
    1,
    False,
    Schedule(publish=600),
)
ACCOUNTS = [f"0x{number:040x}" for number in range(1, 4)]


def play_to_the_end(mechanism: Mechanism[StakeVoteTerms], ballots: list[bytes]) -> SpecChain[StakeVoteTerms]:
    """Play one round up to its last reveal."""
    chain = SpecChain(mechanism, TERMS, dict.fromkeys(ACCOUNTS, 12), beacon_value=b"\7" * 32)
    chain.send([Call(account, "join", (12,)) for account in ACCOUNTS])
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    members, salt = chain.members(), b"\2" * 32
    chain.send(
        [Call(s.account, "propose", (1, b"\3" * 32, 1, 1)) for s in members if s.roles is Role.PROPOSER]
    )
    voters = dict(zip([s.account for s in members if s.roles is Role.VOTER], ballots, strict=True))
    sealed = {
        voter: chain.core.compute_commitment(1, voter, ballot, salt) for voter, ballot in voters.items()
    }
    chain.send([Call(voter, "commit", (1, commitment)) for voter, commitment in sealed.items()])
    receipts = chain.send([Call(voter, "reveal", (1, ballot, salt)) for voter, ballot in voters.items()])
    assert [receipt.error for receipt in receipts] == [None, None]
    return chain


def test_a_publication_that_is_awaited_has_its_phase_and_its_deadline() -> None:
    awaited = replace(RANDOM_PANEL, count=lambda terms, state, members: Wanted(1, 2, 1))
    chain = play_to_the_end(replace(STAKE_VOTE, panel=awaited), [b"\4" * 32] * 2)
    assert chain.status().phase is Phase.PUBLISH
    schedule = TERMS.schedule
    drawn_at = chain.round(1).drawn_at
    end = drawn_at + schedule.propose + schedule.commit + schedule.reveal + schedule.publish
    chain.advance(end - chain.now())
    assert chain.status().phase is Phase.PUBLISH
    chain.advance()
    assert chain.status().phase is Phase.SETTLE


def test_another_verdict_payout_and_guard() -> None:
    mechanism = replace(
        STAKE_VOTE,
        verdict=replace(DIGEST_MAJORITY, compute_outcome=lambda *_: Outcome.ACCEPTED),
        payout=PayoutPolicy(
            compute_settlement=lambda terms, record, docket, outcome, pool: Settlement(0, 0, pool),
            compute_delta=lambda *_: 0,
        ),
        guard=GuardPolicy(lambda terms, member, booked, *_: replace(booked, standing=Standing.BANNED)),
    )
    chain = play_to_the_end(mechanism, [b"\4" * 32, bytes(32)])
    (receipt,) = chain.send([Call(ACCOUNTS[0], "settle")])
    assert receipt.events[0].args["outcome"] is Outcome.ACCEPTED
    chain.send([Call(ACCOUNTS[0], "evict", (ACCOUNTS,))])
    assert {chain.member(account).record.standing for account in ACCOUNTS} == {Standing.BANNED}
    assert {chain.member(account).balance for account in ACCOUNTS} == {12}


def test_another_panel() -> None:
    all_vote = replace(
        RANDOM_PANEL,
        count=lambda terms, state, members: Wanted(0, members, 0),
        get_roles=lambda *_: Role.VOTER,
    )
    chain = SpecChain(replace(STAKE_VOTE, panel=all_vote), TERMS, dict.fromkeys(ACCOUNTS, 12))
    chain.send([Call(account, "join", (12,)) for account in ACCOUNTS])
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    assert {member.roles for member in chain.members()} == {Role.VOTER}
    assert chain.status().phase is Phase.SETTLE
