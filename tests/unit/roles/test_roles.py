"""Roles are pure: the same view gives the same actions, and nobody acts out of turn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.docket import BLANK
from clients.protocol.hashing import compute_commitment
from clients.protocol.rounds import ACTIONS, Action
from clients.protocol.stake_vote import STAKE_VOTE
from clients.roles import judging, keeper, member, voter
from clients.roles.round_log import RoundLog
from clients.roles.view import Assemble, Judge, Knowledge, Send, Train, View
from clients.types.chain import Call
from clients.types.errors import UnavailableError
from clients.types.federation import (
    ZERO32,
    ZERO_ADDRESS,
    Act,
    Event,
    Member,
    MemberView,
    Outcome,
    Phase,
    Role,
    Round,
    Schedule,
    StakeVoteTerms,
    Standing,
    Status,
)

ACCOUNTS = [f"0x{number:040x}" for number in range(1, 6)]
TERMS = StakeVoteTerms(
    ACCOUNTS[0],
    ACCOUNTS[0],
    b"\1" * 32,
    9,
    (),
    (),
    0,
    9,
    9,
    256,
    1,
    0,
    9,
    9,
    attribution=True,
    schedule=Schedule(),
)
DIGEST, SALT, HEAD = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32

PROPOSAL = Call(ACCOUNTS[0], "propose", (1, DIGEST, 7, 3))
PUBLICATIONS = tuple(Call(ACCOUNTS[0], "publish", (1, one, 5, SALT)) for one in (DIGEST, HEAD))
KNOWING = Knowledge(
    frozenset({Train, Judge, Assemble}), DIGEST, {"propose": (PROPOSAL,), "publish": PUBLICATIONS}
)
"""All that can be worked out."""


def member_of(
    account: str, roles: Role = Role.VOTER, acts: Act = Act.NONE, number: int = 1, *, out: bool = False
) -> MemberView:
    entry = Member(stake=1, index=1, round=number, acts=acts, standing=Standing.MEMBER)
    return MemberView(account, entry, 1, roles, 0, out, 0)


def view(phase: Phase, role: Role = Role.VOTER, **changes: object) -> View:
    record = Round(drawn_at=1, members=5, outcome=Outcome.NONE)
    status = Status(phase, 1, 0, 1, 10, 20, 30, 30, 0, 5, 2, 3, 0, SALT, HEAD, 0, record)
    base = View(
        me=ACCOUNTS[0],
        chain_id=31337,
        federation=ACCOUNTS[4],
        min_members=3,
        status=status,
        member=member_of(ACCOUNTS[0], role),
        registry=[member_of(account) for account in ACCOUNTS],
        knowledge=Knowledge(),
        salt=SALT,
        now=5,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_proposer_trains_then_proposes_what_it_trained() -> None:
    assert member.step(view(Phase.PROPOSE, Role.PROPOSER)) == [Train()]
    knowing = view(Phase.PROPOSE, Role.PROPOSER, knowledge=KNOWING)
    [action] = member.step(knowing)
    assert isinstance(action, Send)
    assert (action.call.method, action.call.args) == (PROPOSAL.method, PROPOSAL.args)


@pytest.mark.parametrize("ballot", [DIGEST, DIGEST + bytes(32), ZERO32 + DIGEST])
def test_a_voter_judges_commits_and_reveals_the_same_ballot(ballot: bytes) -> None:
    assert member.step(view(Phase.COMMIT)) == [Judge()]
    knowing = Knowledge(ballot=ballot)
    [commit] = member.step(view(Phase.COMMIT, knowledge=knowing))
    assert isinstance(commit, Send)
    bound = compute_commitment(31337, ACCOUNTS[4], 1, ACCOUNTS[0], ballot, SALT)
    assert commit.call.args == (1, bound)
    committed = member_of(ACCOUNTS[0], acts=Act.COMMITTED)
    [reveal] = member.step(view(Phase.REVEAL, knowledge=knowing, member=committed))
    assert isinstance(reveal, Send)
    assert reveal.call.args == (1, ballot, SALT)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("role", [Role.PROPOSER, Role.VOTER, Role.PUBLISHER])
def test_a_call_makes_sense_until_its_phase_ends(phase: Phase, role: Role) -> None:
    ends = {"pledge": 1, "propose": 10, "commit": 20, "reveal": 30, "publish": 30}
    acts = Act.COMMITTED if phase is Phase.REVEAL else Act.NONE
    ready = view(phase, role, knowledge=KNOWING, member=member_of(ACCOUNTS[0], role, acts), waited=1e9)
    for action in member.step(ready):
        assert isinstance(action, Send)
        assert action.call.until == ends.get(action.call.method)


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.DRAW, Phase.SETTLE, Phase.PUBLISH])
@pytest.mark.parametrize("role", [Role.PROPOSER, Role.VOTER])
def test_drawn_roles_rest_outside_their_phases(phase: Phase, role: Role) -> None:
    waiting = view(phase, role, knowledge=KNOWING)
    actions = member.step(waiting)
    assert all(isinstance(a, Send) and a.call.method not in {"propose", "commit", "reveal"} for a in actions)


@pytest.mark.parametrize(("act", "phase"), [(Act.PROPOSED, Phase.PROPOSE), (Act.COMMITTED, Phase.COMMIT)])
def test_nobody_acts_twice(act: Act, phase: Phase) -> None:
    role = Role.PROPOSER if phase == Phase.PROPOSE else Role.VOTER
    acted = view(phase, role, member=member_of(ACCOUNTS[0], role, act), knowledge=KNOWING)
    assert member.step(acted) == []


def test_an_act_of_an_earlier_round_does_not_count() -> None:
    earlier = view(Phase.COMMIT, member=member_of(ACCOUNTS[0], acts=Act.REVEALED, number=0))
    assert member.step(earlier) == [Judge()]


def test_who_is_out_does_nothing() -> None:
    out = view(Phase.COMMIT, member=member_of(ACCOUNTS[0], out=True))
    assert voter.step(out) == []


def test_a_member_with_two_roles_does_both() -> None:
    both = Role.PROPOSER | Role.VOTER
    knowing = KNOWING
    [first] = member.step(view(Phase.PROPOSE, member=member_of(ACCOUNTS[0], both), knowledge=knowing))
    proposed = member_of(ACCOUNTS[0], both, Act.PROPOSED)
    [second] = member.step(view(Phase.COMMIT, member=proposed, knowledge=knowing))
    committed = member_of(ACCOUNTS[0], both, Act.PROPOSED | Act.COMMITTED)
    [third] = member.step(view(Phase.REVEAL, member=committed, knowledge=knowing))
    actions = [first, second, third]
    assert [one.call.method for one in actions if isinstance(one, Send)] == ["propose", "commit", "reveal"]
    done = member_of(ACCOUNTS[0], both, Act.PROPOSED | Act.COMMITTED | Act.REVEALED)
    assert member.step(view(Phase.REVEAL, member=done, knowledge=knowing)) == []


@given(
    phase=st.sampled_from([Phase.OPEN, Phase.DRAW, Phase.REVEAL, Phase.PUBLISH, Phase.SETTLE]),
    number=st.integers(2, 50),
)
def test_exactly_one_keeper_acts_at_once_and_everybody_in_the_end(phase: Phase, number: int) -> None:
    base = view(phase, absent_after=5)  # nobody but two voters has acted in the round
    record = replace(base.status.record, commits=2, reveals=2)
    base = replace(base, status=replace(base.status, round=number, record=record))
    views = [replace(base, me=account) for account in ACCOUNTS]
    assert sum(bool(keeper.step(one)) for one in views) == 1
    late = keeper.PATIENCE * len(ACCOUNTS)
    assert all(keeper.step(replace(one, waited=late)) for one in views)


def test_the_keeper_evicts_who_is_out_before_it_opens() -> None:
    out = member_of(ACCOUNTS[1], out=True)
    registry = [member_of(ACCOUNTS[0]), out, *(member_of(account) for account in ACCOUNTS[2:])]
    waited = 1e6
    [action] = keeper.step(view(Phase.OPEN, registry=registry, waited=waited))
    assert isinstance(action, Send)
    assert (action.call.method, action.call.args) == ("evict", ((ACCOUNTS[1],),))
    [action] = keeper.step(view(Phase.OPEN, waited=waited))
    assert isinstance(action, Send)
    assert action.call.method == "open"
    assert keeper.step(view(Phase.OPEN, registry=[member_of(ACCOUNTS[0])], waited=waited)) == []


MEMBERS = st.builds(
    lambda roles, acted, missed, reported, out: replace(
        member_of(ZERO_ADDRESS, Role(roles), number=int(acted), out=out),
        missed=missed,
        missed_round=int(reported),
    ),
    st.integers(0, 7), st.booleans(), st.integers(0, 3), st.booleans(), st.sampled_from([False, False, True]),
)  # fmt: skip
"""A member of a federation in round 1: what it is drawn for, and whether it acted and is reported in it."""


@given(
    phase=st.sampled_from(Phase),
    members=st.lists(MEMBERS, min_size=5, max_size=5),
    most=st.integers(0, 3),
    reveals=st.integers(0, 3),
)
def test_keepers_report_just_those_who_were_drawn_and_did_nothing(
    phase: Phase, members: list[MemberView], most: int, reveals: int
) -> None:
    registry = [replace(one, account=account) for one, account in zip(members, ACCOUNTS, strict=True)]
    base = view(phase, registry=registry, absent_after=most, waited=1e6)
    record = replace(base.status.record, commits=3, reveals=reveals)
    base = replace(base, status=replace(base.status, record=record))
    calls = [one.call for one in keeper.step(base) if isinstance(one, Send)]
    reported = [account for call in calls if call.method == "report" for account in call.args[1]]  # type: ignore[attr-defined]
    due = [
        one.account
        for one in registry
        if one.roles not in (Role.NONE, Role.PUBLISHER)
        and one.record.round == one.missed_round == 0
        and not one.out
        and one.missed < most
        and (one.account != base.me or phase == Phase.SETTLE)
    ]
    quorum = reveals >= 2  # of three voters
    assert reported == (due if quorum and phase >= Phase.REVEAL else [])
    if phase != Phase.OPEN:
        others = [call.method for call in calls if call.method != "report"]
        assert others == {Phase.DRAW: ["draw"], Phase.SETTLE: ["settle"]}.get(phase, [])


def test_a_keeper_settles_after_its_report_and_at_once() -> None:
    registry = [member_of(ACCOUNTS[0]), *(member_of(account, number=0) for account in ACCOUNTS[1:])]
    record = Round(drawn_at=1, members=5, commits=2, reveals=2)
    base = view(Phase.SETTLE, registry=registry, absent_after=5, waited=1e6)
    base = replace(base, status=replace(base.status, record=record))
    calls = [one.call for one in member.step(base) if isinstance(one, Send)]
    assert [call.method for call in calls] == ["report", "settle"]
    assert calls[0].args == (1, tuple(ACCOUNTS[1:]))
    assert calls[0].until is None


def test_who_has_an_act_of_its_own_reports_nobody_before() -> None:
    registry = [member_of(account, number=0) for account in ACCOUNTS]
    base = view(
        Phase.REVEAL, registry=registry, absent_after=5, waited=1e6, knowledge=Knowledge(ballot=DIGEST)
    )
    record = replace(base.status.record, commits=3, reveals=2)
    base = replace(base, status=replace(base.status, record=record))
    committed = replace(base, member=member_of(ACCOUNTS[0], acts=Act.COMMITTED))
    for seen, method in ((committed, "reveal"), (base, "report")):
        [action] = member.step(seen)
        assert isinstance(action, Send)
        assert action.call.method == method
    assert action.call.args == (1, tuple(ACCOUNTS[1:])), "it may still publish itself"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=5, max_size=5))
def test_keepers_put_out_all_who_are_out_and_one_who_is_absent(members: list[tuple[bool, bool]]) -> None:
    registry = [
        replace(member_of(account, out=out), absent=absent)
        for account, (out, absent) in zip(ACCOUNTS, members, strict=True)
    ]
    waiting = view(Phase.OPEN, registry=registry, absent_after=2, waited=1e6)
    calls = [one.call for one in keeper.step(waiting) if isinstance(one, Send)]
    named = [account for call in calls if call.method == "evict" for account in call.args[0]]  # type: ignore[attr-defined]
    out = [one.account for one in registry if one.out]
    absent = [one.account for one in registry if one.absent and not one.out]
    assert named == out + absent[:1]


@pytest.mark.parametrize(("waits_for", "opens"), [(0, True), (2, True), (3, False)])
def test_the_keeper_opens_when_enough_are_in_or_come_in(waits_for: int, opens: bool) -> None:
    registry = [member_of(account) for account in ACCOUNTS[:2]]
    registry.append(replace(member_of(ACCOUNTS[2]), waits_for=waits_for))
    found = keeper.step(view(Phase.OPEN, registry=registry, waited=keeper.PATIENCE * len(ACCOUNTS)))
    assert bool(found) == opens  # round 1 is over, and three are needed


def test_nobody_is_evicted_before_a_round_can_be_opened() -> None:
    out = member_of(ACCOUNTS[1], out=True)
    waiting = view(Phase.OPEN, registry=[member_of(ACCOUNTS[0]), out], waited=1e6, begins={"open": 6}, now=5)
    assert member.step(waiting) == []
    assert [action.call.method for action in member.step(replace(waiting, now=6))] == ["evict"]


def test_a_call_of_the_mechanisms_own_is_timed_by_its_phase() -> None:
    accuse = Send(Call(ACCOUNTS[0], "accuse", (1,)))
    actions = {**ACTIONS, "accuse": Action(("uint256",), Phase.COMMIT)}
    [timed] = member.step(view(Phase.COMMIT), [lambda view: [accuse]], actions)
    assert timed.call.until == view(Phase.COMMIT).status.commit_end
    [strange] = member.step(view(Phase.COMMIT), [lambda view: [accuse]])
    assert strange.call.until is None


@given(score=st.floats(), reference=st.floats(0, 1), tolerance=st.floats(0, 1))
def test_a_ballot_approves_exactly_what_is_not_below_the_threshold(
    score: float, reference: float, tolerance: float
) -> None:
    below = judging.is_below(score, reference, tolerance)
    assert below == (not score >= reference - tolerance)
    vote = ZERO32 if below else DIGEST
    assert judging.get_ballot(vote) == vote
    lie = judging.get_lie(vote, DIGEST)
    assert lie != vote
    assert judging.get_lie(lie, DIGEST) == vote


SCORES = st.floats(0, 1)


@given(score=SCORES, without=st.lists(SCORES, min_size=1, max_size=256), tolerance=SCORES)
def test_blame_names_exactly_what_is_better_left_out(
    score: float, without: list[float], tolerance: float
) -> None:
    blamed = judging.get_blamed(lambda rest: rest - score > tolerance, without)
    assert blamed == {n for n, rest in enumerate(without) if rest - score > tolerance}
    ballot = judging.get_ballot(ZERO32, blamed)
    assert ballot[:32] == ZERO32
    assert len(ballot) == 64
    bitmap = int.from_bytes(ballot[32:], "big")
    assert {number for number in range(256) if bitmap >> number & 1} == blamed
    assert judging.get_ballot(DIGEST, blamed) == DIGEST + ZERO32, "who approves blames nobody"
    lie = judging.get_unnamed(blamed, len(without))
    assert lie | blamed == set(range(len(without)))
    assert not lie & blamed


@given(data=st.data(), updates=st.integers(1, 256))
def test_every_ballot_of_ours_says_something_to_the_protocol(data: st.DataObject, updates: int) -> None:
    blamed = data.draw(st.none() | st.sets(st.integers(0, updates - 1)))
    vote = data.draw(st.sampled_from([ZERO32, DIGEST]))
    terms = replace(TERMS, attribution=blamed is not None)
    ballot = judging.get_ballot(vote, blamed)
    docket, option = STAKE_VOTE.verdict.count(terms, Round(proposals=updates), BLANK, ZERO_ADDRESS, ballot)
    assert option == 1
    assert {n for n, count in enumerate(docket.names) if count} == (
        blamed or set() if vote == ZERO32 else set()
    )


def test_a_lie_about_no_candidate_can_only_reject() -> None:
    assert judging.get_lie(ZERO32, None) == ZERO32


def logged(number: int, record: Round, events: list[Event]) -> RoundLog:
    status = view(Phase.PUBLISH).status
    return RoundLog(replace(status, round=number, record=record), events)


def test_proposals_come_in_the_order_of_their_numbers() -> None:
    logs = [
        Event(
            "Proposed",
            {
                "round": r,
                "proposer": ACCOUNTS[p],
                "updateNumber": p,
                "digest": DIGEST,
                "samples": 3,
                "epochs": 1,
            },
        )
        for r, p in [(2, 3), (2, 0), (1, 1), (2, 2)]
    ]
    events = [*logs, Event("Drawn", {"round": 2, "seed": SALT})]
    found = logged(2, Round(proposals=3), events).proposals()
    assert [proposal.update_number for proposal in found] == [0, 2, 3]


def test_only_the_rounds_own_ballots_count_and_damaged_ones_are_told() -> None:
    logs = [
        Event("Revealed", {"round": r, "voter": ACCOUNTS[0], "ballot": ballot, "salt": SALT})
        for r, ballot in [(1, DIGEST + ZERO32), (2, DIGEST + ZERO32), (2, ZERO32 + ZERO32)]
    ]
    docket = logged(2, Round(reveals=2), logs).docket(STAKE_VOTE, TERMS)
    assert sum(docket.tally.counts) == 2
    damaged = [Event("Revealed", {"round": 2, "voter": ACCOUNTS[0], "ballot": 7})]
    with pytest.raises(UnavailableError, match="damaged"):
        logged(2, Round(reveals=1), damaged).docket(STAKE_VOTE, TERMS)
