"""A drawn seat is a duty: how reports are counted."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from clients.protocol.simulator import SpecChain
from clients.protocol.stake_jury import STAKE_JURY
from clients.protocol.state import Absence
from clients.types.chain import Call
from clients.types.federation import ZERO_ADDRESS, Role, Schedule, StakeJuryTerms

TERMS = StakeJuryTerms(
    ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, 100, 0, (), (), 0, 60, 40, 30, 3, 4, 3, 6, 1, 1000, 0, 2, 600,
    1, Schedule(pledge=9, publish=9),
)  # fmt: skip
ACCOUNTS = [f"0x{number:040x}" for number in range(1, 10)]
STRANGER = f"0x{99:040x}"
MOST = 2**16 - 1


def start() -> tuple[SpecChain[StakeJuryTerms], str]:
    """Return a chain whose first round may be reported, and a juror that did nothing in it."""
    chain = SpecChain(STAKE_JURY, TERMS, dict.fromkeys(ACCOUNTS, 100))
    chain.send([Call(account, "join", (100,)) for account in ACCOUNTS])
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    rounds = chain.core.state.rounds
    rounds[-1] = replace(rounds[-1], pledges=3, proposals=3, commits=4, reveals=3)
    return chain, next(member.account for member in chain.members() if member.roles & Role.VOTER)


@given(st.integers(0, MOST))
@example(MOST - 1)
@example(MOST)
def test_counting_ends_where_the_contract_s_counter_does(count: int) -> None:
    chain, who = start()
    chain.core.state.absences = {who: Absence(count=count)}
    (receipt,) = chain.send([Call(STRANGER, "report", (1, [who]))])
    assert receipt.error is None
    assert [event.args["missed"] for event in receipt.events] == [min(count + 1, MOST)]
    member = next(member for member in chain.members() if member.account == who)
    assert (member.missed, member.missed_round) == (min(count + 1, MOST), 1)
