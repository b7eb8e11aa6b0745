"""Who joins waits for a whole round, and is told so; a flood that opens at once has no part in its round."""

from dataclasses import replace

import pytest

from clients.node import tell_wait
from clients.protocol.hashing import get_checksummed
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO_ADDRESS, Role, Schedule, StakeVoteTerms

FOUNDERS = tuple(get_checksummed(f"0x{number:040x}") for number in range(1, 11))
FLOOD = [get_checksummed(f"0x{number:040x}") for number in range(1001, 1041)]
TERMS = StakeVoteTerms(
    ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, 16, (), FOUNDERS, 2, 16, 8, 4, 3, 5_000, 100, 1, False, Schedule()
)  # fmt: skip


def build(terms: StakeVoteTerms = TERMS) -> SpecChain[StakeVoteTerms]:
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys([*FOUNDERS, *FLOOD], 16), beacon_value=b"\7" * 32)
    receipts = chain.send([Call(account, "join", (16,)) for account in FOUNDERS])
    assert not any(receipt.error for receipt in receipts)
    return chain


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
    left = chain.send([Call(account, "exit") for account in FOUNDERS])
    assert not any(receipt.error for receipt in left)
    assert chain.send([Call(FLOOD[0], "open")])[0].error == ProtocolError("TooFewMembers", 2, 7)


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
