"""Keepers on the specification of `stake_jury`: who misses its seat is reported and put out, and comes back.

Only keepers decide here; members that are present do the least that counts: propose, commit and reveal.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.engine.standing import explain_out, tell_missed
from clients.mechanisms.base import Rules
from clients.mechanisms.stake_jury import CONDUCT, StakeJurySettings
from clients.protocol.hashing import get_checksummed
from clients.protocol.rounds import get_end
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles import judging, keeper
from clients.roles.view import Knowledge, Send, View
from clients.types.chain import Call
from clients.types.federation import (
    ZERO_ADDRESS,
    Act,
    Address,
    Event,
    Phase,
    Role,
    Schedule,
    StakeJuryTerms,
    Standing,
)

ACCOUNTS = tuple(get_checksummed(f"0x{number:040x}") for number in range(1, 8))
FEWEST = 4
STAKE = 100
BALLOT = 2 * judging.get_bitmap({0})
SALT = bytes(32)
Chain = SpecChain[StakeJuryTerms]


def build(absent_after: int, newcomers: int = 0) -> Chain:
    """Return a federation that needs `FEWEST` members and has all accounts, which are drawn in every round.

    Of six members only five are drawn: a jury's size is odd.
    """
    terms = StakeJuryTerms(
        ZERO_ADDRESS, ZERO_ADDRESS, b"\1" * 32, STAKE, 0, (), ACCOUNTS if newcomers else (), newcomers,
        floor=60, proposer_stake=40, voter_stake=30, proposers=2, voters=0, min_voters=2, update_shares=3,
        seat_shares=1, profit_bps=1000, decoy_odds=0, absent_after=absent_after, max_samples=1, max_epochs=1,
        schedule=Schedule(publish=3600),
    )  # fmt: skip
    chain = SpecChain(STAKE_JURY, terms, dict.fromkeys(ACCOUNTS, STAKE), beacon_value=b"\7" * 32)
    send(chain, *(Call(account, "join", (STAKE,)) for account in ACCOUNTS))
    return chain


def send(chain: Chain, *calls: Call) -> list[Event]:
    receipts = chain.send(calls)
    assert [receipt.error for receipt in receipts if receipt.error] == []
    return [event for receipt in receipts for event in receipt.events]


def get_rules(chain: Chain) -> Rules[StakeJurySettings, StakeJuryTerms]:
    return Rules(CONDUCT, chain.terms, StakeJurySettings())


def decide(chain: Chain, me: Address) -> list[Call]:
    """Return what `me` does as a keeper that has waited for long."""
    status, rules = chain.status(), get_rules(chain)
    view = View(
        me=me,
        chain_id=chain.chain_id,
        federation=chain.federation,
        min_members=rules.get_min_members(status),
        status=status,
        member=chain.member(me),
        registry=chain.members(),
        knowledge=Knowledge(),
        salt=SALT,
        now=chain.now(),
        waited=1e9,
        begins=rules.conduct.entry.get_begins(chain.terms, status),
        absent_after=rules.absent_after,
    )
    return [action.call for action in keeper.step(view) if isinstance(action, Send)]


def act(chain: Chain, account: Address) -> list[Call]:
    """Return what `account` does for its seat, if anything."""
    status, member = chain.status(), chain.member(account)
    number, record = status.round, member.record
    acts = record.acts if record.round == number else Act.NONE
    if status.phase == Phase.PROPOSE and member.roles & Role.PROPOSER and not acts:
        return [Call(account, "propose", (number, b"\2" * 32, 1, 1))]
    if status.phase == Phase.COMMIT and member.roles & Role.VOTER and not acts & Act.COMMITTED:
        commitment = chain.core.compute_commitment(number, account, BALLOT, SALT)
        return [Call(account, "commit", (number, commitment))]
    if status.phase == Phase.REVEAL and acts & Act.COMMITTED and not acts & Act.REVEALED:
        return [Call(account, "reveal", (number, BALLOT, SALT))]
    return []


def get_drawn(chain: Chain) -> set[Address]:
    """Return who is drawn to propose or to vote in the round in progress."""
    return {member.account for member in chain.members() if member.roles & (Role.PROPOSER | Role.VOTER)}


def play(chain: Chain, present: Collection[Address], drawn: set[Address] | None = None) -> list[Event]:
    """Play a round in which only `present` act, and the first of the accounts keeps; return all events.

    `drawn`: a set that gets the members who are drawn.
    """
    number, events = chain.status().settled + 1, list[Event]()
    while chain.status().settled < number:
        status = chain.status()
        if drawn is not None:
            drawn |= get_drawn(chain)
        acts = [call for account in present for call in act(chain, account)]
        calls = acts or decide(chain, ACCOUNTS[0])
        if not calls:
            end = get_end(status, status.phase) or status.rest_until
            assert end > chain.now(), status
            chain.advance(end + 1 - chain.now())
            continue
        found = send(chain, *calls)
        told = [event.args["account"] for event in found if event.name in ("Missed", "Evicted")]
        asked = [account for call in calls if call.method in ("report", "evict") for account in call.args[-1]]  # type: ignore[attr-defined]
        assert told == asked, "the chain skips nobody whom a keeper names"
        events += found
    return events


def play_to_the_end(chain: Chain, present: Collection[Address]) -> None:
    """Open a round, and let only `present` act in it until it can be settled."""
    number = chain.status().settled + 1
    while (status := chain.status()).phase != Phase.SETTLE:
        acts = [call for account in present for call in act(chain, account)]
        calls = acts or [call for call in decide(chain, ACCOUNTS[0]) if call.method != "report"]
        if calls:
            send(chain, *calls)
        else:
            end = get_end(status, status.phase) or status.rest_until
            chain.advance(end + 1 - chain.now())
    assert chain.status().round == number


@settings(max_examples=30)
@given(
    rounds=st.lists(st.sets(st.sampled_from(ACCOUNTS[:-1])), min_size=1, max_size=6),
    most=st.integers(0, 3),
)
def test_who_misses_so_many_rounds_in_a_row_is_put_out_as_long_as_enough_stay(
    rounds: list[set[Address]], most: int
) -> None:
    chain, missed = build(most), Counter[Address]()
    for absent in rounds:
        inside = [member.account for member in chain.members()]
        due = {account for account in inside if 0 < most <= missed[account]}
        drawn = set[Address]()
        events = play(chain, [account for account in inside if account not in absent], drawn)
        gone = {str(event.args["account"]) for event in events if event.name == "Evicted"}
        assert gone <= due
        assert len(gone) == min(len(due), len(inside) - FEWEST, 1), "one a round, while enough stay"
        number = chain.status().round
        counts = 2 * chain.round(number).reveals > chain.status().voters
        for member in chain.members():
            account, acted = member.account, member.record.round == number
            assert acted or account in absent or account not in drawn or not counts
            if account in drawn and counts and missed[account] < most and not acted:
                missed[account] += 1
            if acted:
                missed[account] = 0
            assert member.missed == missed[account]
        for account in gone:
            assert chain.member(account).record.standing is Standing.LEAVING
            assert chain.member(account).balance == STAKE, "an outage costs no stake"


@given(present=st.sets(st.sampled_from(ACCOUNTS)))
def test_a_round_is_missed_only_once_more_than_half_of_the_voters_revealed(present: set[Address]) -> None:
    """However few are there, they put nobody out by themselves: not by a false report either."""
    chain = build(absent_after=1)
    play_to_the_end(chain, present)
    status, record = chain.status(), chain.status().record
    assert status.phase == Phase.SETTLE
    drawn = get_drawn(chain)
    [receipt] = chain.send([Call(ACCOUNTS[0], "report", (status.round, ACCOUNTS))])
    missed = {str(event.args["account"]) for event in receipt.events if event.name == "Missed"}
    if 2 * record.reveals > status.voters:
        acted = {one.account for one in chain.members() if one.record.round == status.round}
        assert receipt.error is None
        assert missed == drawn - acted
    else:
        assert receipt.error is not None
        assert receipt.error.name == "WrongPhase"
        assert [call.method for call in decide(chain, ACCOUNTS[0])] == ["settle"]


@settings(max_examples=15)
@given(absent=st.sets(st.sampled_from(ACCOUNTS[:-1]), min_size=1, max_size=3), again=st.integers(1, 3))
def test_whoever_is_told_of_as_absent_can_be_put_out_now_and_the_others_once_a_round_is_over(
    absent: set[Address], again: int
) -> None:
    """Of several that are named the first is put out, in whatever order and however often they are named."""
    chain = build(absent_after=1)
    play(chain, [account for account in ACCOUNTS if account not in absent])
    due = [one.account for one in chain.members() if one.missed]
    assert [one.account for one in chain.members() if one.absent] == due
    gone = list[str]()
    for _ in range(again):
        events = send(chain, Call(ACCOUNTS[-1], "evict", (due[::-1],)))
        gone += [str(event.args["account"]) for event in events if event.name == "Evicted"]
        assert not any(one.absent for one in chain.members())
    assert gone == due[::-1][:1]


def test_members_who_wait_are_no_reason_to_put_out_those_who_are_in() -> None:
    """Only as many are in as a round needs; who joins and waits is none to spare."""
    chain = build(absent_after=1, newcomers=1)
    play(chain, ACCOUNTS)
    for account in ACCOUNTS[FEWEST:]:
        send(chain, Call(account, "exit"))
    play(chain, ACCOUNTS[: FEWEST - 1])
    lost = chain.member(ACCOUNTS[FEWEST - 1])
    assert (lost.missed, lost.absent) == (1, False)
    for account in ACCOUNTS[FEWEST:]:
        chain.advance(max(0, chain.member(account).record.unbonds_at - chain.now()))
        send(chain, Call(account, "withdraw"), Call(account, "join", (STAKE,)))
    assert len(chain.members()) == len(ACCOUNTS)
    assert all(chain.member(account).waits_for > chain.status().round for account in ACCOUNTS[FEWEST:])
    assert not any(one.absent for one in chain.members())
    events = send(chain, Call(ACCOUNTS[0], "evict", (ACCOUNTS,)))
    assert [event for event in events if event.name == "Evicted"] == []


def test_who_was_put_out_withdraws_joins_waits_and_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    chain, lost = build(absent_after=2, newcomers=1), ACCOUNTS[6]
    others = ACCOUNTS[:6]
    for number in (1, 2):
        play(chain, others)
        assert chain.member(lost).missed == number
        tell_missed(chain.member(lost), 2)
        assert f"for round {number} and did nothing. It has missed {number} drawn" in capsys.readouterr().out
    assert [event.args["account"] for event in play(chain, others) if event.name == "Evicted"] == [lost]
    member = chain.member(lost)
    assert chain.status().record.members == 6
    assert member.record.standing is Standing.LEAVING
    assert "it was put out, for it missed 2 rounds in a row" in explain_out(chain, member, get_rules(chain))
    assert explain_out(chain, chain.member(others[0]), get_rules(chain)) == ""
    early, unknown = Call(lost, "withdraw"), Call(lost, "join", (STAKE,))
    assert [one.error and one.error.name for one in chain.send([early, unknown])] == [
        "TooEarly",
        "AlreadyMember",
    ]
    chain.advance(member.record.unbonds_at - chain.now())
    assert "can be withdrawn now" in explain_out(chain, member, get_rules(chain))
    send(chain, early, unknown)
    assert chain.tokens(lost) == 0
    back = chain.member(lost)
    assert (back.missed, back.record.standing) == (0, Standing.MEMBER)
    assert back.waits_for == 5
    for members in (6, 7):
        play(chain, ACCOUNTS)
        assert chain.status().record.members == members
    assert chain.member(lost).record.round == 5, "it was drawn, and acted"
    assert chain.member(lost).missed == 0
    late = chain.send([Call(lost, "report", (5, ACCOUNTS))])[0].error
    assert late is not None, "what is too late is refused, and nobody is noted"


def test_who_left_by_itself_is_told_nothing_of_absence() -> None:
    chain, lost = build(absent_after=3), ACCOUNTS[6]
    play(chain, ACCOUNTS[:6])
    send(chain, Call(lost, "exit"))
    said = explain_out(chain, chain.member(lost), get_rules(chain))
    assert said.startswith("it left. All of its stake, ")
    assert "can be withdrawn from 2023-11-1" in said
    assert f"withdraw() on {chain.federation}" in said


def test_an_act_begins_the_count_anew() -> None:
    chain, often = build(absent_after=2), ACCOUNTS[6]
    for number in range(1, 7):
        play(chain, ACCOUNTS if number % 2 else ACCOUNTS[:6])
    assert chain.member(often).missed == 1
    assert len(chain.members()) == 7


def test_who_is_banned_is_told_why() -> None:
    chain = build(absent_after=3)
    banned = replace(chain.member(ACCOUNTS[0]), out=True)
    assert explain_out(chain, banned, get_rules(chain)).startswith("its stake is below the floor. ")
