"""Who joins waits for a whole round, and is told so; a flood that opens at once has no part in its round.

Founders never wait behind others, a part of them can't open the first round alone, and a federation that
lacks members lets in as many as it needs, after a pause if they came too late for the last round.
"""

from dataclasses import replace

import pytest

from clients.node import tell_wait
from clients.protocol.hashing import get_checksummed
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO_ADDRESS, Address, Role, Schedule, StakeVoteTerms

FOUNDERS = tuple(get_checksummed(f"0x{number:040x}") for number in range(1, 11))
FLOOD = [get_checksummed(f"0x{number:040x}") for number in range(1001, 1041)]
TERMS = StakeVoteTerms(
    ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, 16, (), FOUNDERS, 2, 16, 8, 4, 3, 5_000, 100, 1, False, Schedule()
)  # fmt: skip


def build(
    terms: StakeVoteTerms = TERMS, present: tuple[Address, ...] = FOUNDERS
) -> SpecChain[StakeVoteTerms]:
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys([*FOUNDERS, *FLOOD], 16), beacon_value=b"\7" * 32)
    join(chain, *present)
    return chain


def send(chain: SpecChain[StakeVoteTerms], method: str, args: tuple[object, ...], *accounts: Address) -> None:
    receipts = chain.send([Call(account, method, args) for account in accounts])
    assert not any(receipt.error for receipt in receipts)


def join(chain: SpecChain[StakeVoteTerms], *accounts: Address) -> None:
    send(chain, "join", (16,), *accounts)


def leave(chain: SpecChain[StakeVoteTerms], *accounts: Address) -> None:
    send(chain, "exit", (), *accounts)


def come_back(chain: SpecChain[StakeVoteTerms], account: Address) -> None:
    """Leave, wait until the stake is free, and join again."""
    leave(chain, account)
    chain.advance(chain.terms.schedule.unbonding)
    send(chain, "withdraw", (), account)
    join(chain, account)


def refuse_open(chain: SpecChain[StakeVoteTerms]) -> ProtocolError | None:
    return chain.send([Call(FLOOD[-1], "open")])[0].error


def wait_for(chain: SpecChain[StakeVoteTerms], account: Address) -> int:
    """Return the round that an account comes in with at the earliest; 0 if it is in."""
    return chain.member(account).waits_for


def flood(chain: SpecChain[StakeVoteTerms]) -> None:
    """Join with forty accounts and open the round, in one block."""
    chain.send([*(Call(account, "join", (16,)) for account in FLOOD), Call(FLOOD[0], "open")])
    chain.send([Call(FLOOD[0], "draw")])


def skip(chain: SpecChain[StakeVoteTerms]) -> None:
    """Let the round in progress pass, and settle it."""
    chain.advance(4 * 3_600)
    assert chain.send([Call(FOUNDERS[0], "settle")])[0].error is None
    chain.advance(2)


def play(chain: SpecChain[StakeVoteTerms]) -> int:
    """Play a round in which nobody does anything; return how many were in."""
    for method in ("open", "draw"):
        assert chain.send([Call(FOUNDERS[0], method)])[0].error is None
    skip(chain)
    return chain.round(chain.status().round).members


def test_a_flood_has_no_part_in_the_round_that_it_opens() -> None:
    chain = build()
    flood(chain)
    assert chain.status().record.members == len(FOUNDERS)
    assert chain.status().members == len(FOUNDERS) + len(FLOOD)
    assert all(chain.member(account).roles is Role.NONE for account in FLOOD)
    refused = chain.send([Call(FLOOD[0], "propose", (1, b"\3" * 32, 1, 1))])[0].error
    assert refused == ProtocolError("WrongRole", FLOOD[0], Role.NONE, Role.PROPOSER)
    skip(chain)
    leave(chain, *FOUNDERS)
    assert refuse_open(chain) is None, "it may play alone"
    assert chain.status().record.members == 7, "the fewest"


def test_without_a_limit_it_is_the_majority() -> None:
    chain = build(replace(TERMS, founders=(), newcomers=0))
    flood(chain)
    assert chain.status().record.members == len(FOUNDERS) + len(FLOOD)


def test_two_come_in_with_each_round_and_the_first_waits_for_one() -> None:
    chain = build()
    flood(chain)
    skip(chain)
    assert [play(chain) for _ in range(5)] == [12, 14, 16, 18, 20]


def test_who_waits_is_told_for_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    chain = build()
    flood(chain)
    skip(chain)
    for account, says in (
        (FOUNDERS[3], ""),
        (FLOOD[0], f"{FLOOD[0]} waits, and comes in with round 2 at the earliest\n"),
        (FLOOD[1], f"{FLOOD[1]} waits for 1 other, and comes in with round 2 at the earliest\n"),
        (FLOOD[5], f"{FLOOD[5]} waits for 5 others, and comes in with round 4 at the earliest\n"),
    ):
        tell_wait(chain, chain.member(account))
        assert capsys.readouterr().out == says


# ------------------------------------------------------------------ founders


def test_a_founder_that_comes_late_passes_all_who_wait_and_the_limit() -> None:
    chain = build(present=FOUNDERS[:8])
    flood(chain)
    skip(chain)
    join(chain, *FOUNDERS[8:])
    assert [wait_for(chain, account) for account in FOUNDERS] == [0] * 10
    assert sum(wait_for(chain, account) == 2 for account in FLOOD) == 2, "and takes nobody's place"
    assert play(chain) == 12


@pytest.mark.parametrize("opened", [False, True])
def test_only_who_never_left_passes_others_after_the_first_round(opened: bool) -> None:
    chain = build()
    if not opened:
        come_back(chain, FOUNDERS[0])
        assert wait_for(chain, FOUNDERS[0]) == 0
    play(chain)
    come_back(chain, FOUNDERS[0])
    assert wait_for(chain, FOUNDERS[0]) == 3


def test_a_third_of_the_founders_cant_open_the_first_round_alone() -> None:
    chain = build(present=FOUNDERS[:6])
    join(chain, *FLOOD)
    assert refuse_open(chain) == ProtocolError("TooFewMembers", 6, 8)
    chain.advance(10**9)
    assert refuse_open(chain) == ProtocolError("TooFewMembers", 6, 8), "no pause lets others be the first"
    join(chain, *FOUNDERS[6:8])
    assert play(chain) == 8


def test_founders_who_never_come_put_the_first_round_off_once() -> None:
    chain = build(present=FOUNDERS[:7])
    join(chain, *FLOOD)
    assert refuse_open(chain) is None
    assert (chain.status().round, chain.core.fewest) == (0, 7)
    refused = refuse_open(chain)
    assert refused is not None
    assert refused.name == "TooEarly"
    assert min(wait_for(chain, account) for account in FLOOD) == 2
    chain.advance(chain.terms.schedule.unbonding)
    assert play(chain) == 7, "and nobody came in in their place"


def test_where_nobody_is_named_all_who_join_before_the_first_round_are_founders() -> None:
    chain = build(replace(TERMS, founders=()), present=FLOOD[:9])
    assert refuse_open(chain) is None
    assert chain.status().record.members == 9
    send(chain, "draw", (), FLOOD[0])
    skip(chain)
    join(chain, FOUNDERS[0])
    assert wait_for(chain, FOUNDERS[0]) == 3


# ------------------------------------------------------------------ a federation that lacks members


def test_a_round_lets_in_as_many_as_it_needs() -> None:
    chain = build()
    flood(chain)
    skip(chain)
    leave(chain, *FOUNDERS[:8])
    waits = sorted(wait_for(chain, account) for account in FLOOD)
    assert waits[:8] == [2] * 5 + [3, 3, 4]
    assert play(chain) == 7, "the fewest"
    assert play(chain) == 9, "and two as ever"


def test_a_round_is_put_off_for_those_who_joined_since_the_last() -> None:
    chain = build()
    play(chain)
    leave(chain, *FOUNDERS[:5])
    join(chain, *FLOOD[:2])
    assert wait_for(chain, FLOOD[0]) == 2
    said = chain.status()
    assert refuse_open(chain) is None
    status, until = chain.status(), chain.now() + chain.terms.schedule.unbonding
    assert (status.round, status.phase) == (said.round, said.phase)
    assert until - 2 <= status.rest_until <= until
    refused = refuse_open(chain)
    assert refused is not None
    assert refused.name == "TooEarly", "and once is enough"
    chain.advance(chain.terms.schedule.unbonding)
    assert play(chain) == 7


def test_a_round_isnt_put_off_while_there_are_too_few() -> None:
    chain = build()
    play(chain)
    leave(chain, *FOUNDERS[:5])
    join(chain, FLOOD[0])
    assert refuse_open(chain) == ProtocolError("TooFewMembers", 5, 7)


def test_everybody_can_leave_before_a_flood_comes_into_a_federation_that_lacks_members() -> None:
    chain = build()
    play(chain)
    leave(chain, *FOUNDERS[:4])
    chain.send([*(Call(account, "join", (16,)) for account in FLOOD), Call(FLOOD[0], "open")])
    assert chain.status().round == 1, "it has to wait for the honest to see it"
    chain.advance(chain.terms.schedule.unbonding - 1)
    leave(chain, *FOUNDERS[4:])
    chain.advance(2)
    assert refuse_open(chain) is None
    assert not {*chain.core.state.ledger.registry} & {*FOUNDERS}
