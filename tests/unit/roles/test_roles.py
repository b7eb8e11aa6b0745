"""Roles are pure: the same view gives the same actions, and nobody acts out of turn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.commitment import compute_commitment
from clients.roles import keeper, member, voter
from clients.roles.view import Judge, Knowledge, Send, Train, Update, View, get_proposals
from clients.types.federation import (
    ZERO32,
    Act,
    Event,
    Member,
    Outcome,
    Phase,
    Role,
    Round,
    Seat,
    Standing,
    Status,
)

BOND = 100
ACCOUNTS = [f"0x{number:040x}" for number in range(1, 6)]
DIGEST, SALT, HEAD = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32


def seat(
    account: str, role: Role = Role.VOTER, balance: int = BOND, act: Act = Act.NONE, number: int = 1
) -> Seat:
    entry = Member(stake=balance, index=1, round=number, act=act, standing=Standing.MEMBER)
    return Seat(account, entry, balance, role, 0)


def view(phase: Phase, role: Role = Role.VOTER, **changes: object) -> View:
    record = Round(drawn_at=1, members=5, outcome=Outcome.NONE)
    status = Status(phase, 1, 0, 10, 20, 30, 0, 5, 2, SALT, HEAD, 0, record)
    base = View(
        me=ACCOUNTS[0],
        chain_id=31337,
        federation=ACCOUNTS[4],
        bond=BOND,
        min_members=3,
        status=status,
        seat=seat(ACCOUNTS[0], role),
        registry=[seat(account) for account in ACCOUNTS],
        knowledge=Knowledge(),
        salt=SALT,
        now=5,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_proposer_trains_then_proposes_what_it_trained() -> None:
    assert member.step(view(Phase.PROPOSE, Role.PROPOSER)) == [Train(1, HEAD)]
    knowing = view(Phase.PROPOSE, Role.PROPOSER, knowledge=Knowledge(update=Update(DIGEST, 7)))
    [action] = member.step(knowing)
    assert isinstance(action, Send)
    assert (action.call.method, action.call.args) == ("propose", (1, DIGEST, 7))


def test_a_voter_judges_commits_and_reveals_the_same_ballot() -> None:
    assert member.step(view(Phase.COMMIT)) == [Judge(1, HEAD)]
    knowing = Knowledge(ballot=DIGEST)
    [commit] = member.step(view(Phase.COMMIT, knowledge=knowing))
    assert isinstance(commit, Send)
    bound = compute_commitment(31337, ACCOUNTS[4], 1, ACCOUNTS[0], DIGEST, SALT)
    assert commit.call.args == (1, bound)
    committed = seat(ACCOUNTS[0], act=Act.COMMITTED)
    [reveal] = member.step(view(Phase.REVEAL, knowledge=knowing, seat=committed))
    assert isinstance(reveal, Send)
    assert reveal.call.args == (1, DIGEST, SALT)


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.DRAW, Phase.SETTLE, Phase.PUBLISH])
@pytest.mark.parametrize("role", [Role.PROPOSER, Role.VOTER])
def test_drawn_roles_rest_outside_their_phases(phase: Phase, role: Role) -> None:
    waiting = view(phase, role, knowledge=Knowledge(Update(DIGEST, 1), DIGEST))
    actions = member.step(waiting)
    assert all(isinstance(a, Send) and a.call.method not in {"propose", "commit", "reveal"} for a in actions)


@pytest.mark.parametrize(("act", "phase"), [(Act.PROPOSED, Phase.PROPOSE), (Act.COMMITTED, Phase.COMMIT)])
def test_nobody_acts_twice(act: Act, phase: Phase) -> None:
    role = Role.PROPOSER if phase == Phase.PROPOSE else Role.VOTER
    acted = view(
        phase, role, seat=seat(ACCOUNTS[0], role, act=act), knowledge=Knowledge(Update(DIGEST, 1), DIGEST)
    )
    assert member.step(acted) == []


def test_an_act_of_an_earlier_round_does_not_count() -> None:
    earlier = view(Phase.COMMIT, seat=seat(ACCOUNTS[0], act=Act.REVEALED, number=0))
    assert member.step(earlier) == [Judge(1, HEAD)]


def test_a_member_too_poor_to_stake_does_nothing() -> None:
    poor = view(Phase.COMMIT, seat=seat(ACCOUNTS[0], balance=BOND - 1))
    assert voter.step(poor) == []


@given(phase=st.sampled_from([Phase.OPEN, Phase.DRAW, Phase.SETTLE]), number=st.integers(0, 50))
def test_exactly_one_keeper_acts_at_once_and_everybody_in_the_end(phase: Phase, number: int) -> None:
    base = view(phase)
    base = replace(base, status=replace(base.status, round=number))
    views = [replace(base, me=account) for account in ACCOUNTS]
    assert sum(bool(keeper.step(one)) for one in views) == 1
    late = keeper.PATIENCE * len(ACCOUNTS)
    assert all(keeper.step(replace(one, waited=late)) for one in views)


def test_the_keeper_evicts_the_poor_before_it_opens() -> None:
    poor = seat(ACCOUNTS[1], balance=BOND - 1)
    registry = [seat(ACCOUNTS[0]), poor, *(seat(account) for account in ACCOUNTS[2:])]
    waited = 1e6
    [action] = keeper.step(view(Phase.OPEN, registry=registry, waited=waited))
    assert isinstance(action, Send)
    assert (action.call.method, action.call.args) == ("evict", ((ACCOUNTS[1],),))
    [action] = keeper.step(view(Phase.OPEN, waited=waited))
    assert isinstance(action, Send)
    assert action.call.method == "open"
    assert keeper.step(view(Phase.OPEN, registry=[seat(ACCOUNTS[0])], waited=waited)) == []


@given(score=st.floats(), reference=st.floats(0, 1), tolerance=st.floats(0, 1))
def test_a_ballot_approves_exactly_what_is_not_below_the_threshold(
    score: float, reference: float, tolerance: float
) -> None:
    ballot = voter.get_ballot(DIGEST, score, reference, tolerance)
    assert ballot == (DIGEST if score >= reference - tolerance else ZERO32)
    assert voter.get_ballot(None, score, reference, tolerance) == ZERO32
    lie = voter.get_lie(ballot, DIGEST)
    assert lie != ballot
    assert voter.get_lie(lie, DIGEST) == ballot


def test_a_lie_about_no_candidate_can_only_reject() -> None:
    assert voter.get_lie(ZERO32, None) == ZERO32


def test_proposals_come_in_drawn_order_whatever_the_order_of_the_logs() -> None:
    logs = [
        Event(
            "Proposed", {"round": r, "proposer": ACCOUNTS[p], "position": p, "digest": DIGEST, "samples": 3}
        )
        for r, p in [(2, 3), (2, 0), (1, 1), (2, 2)]
    ]
    found = get_proposals([*logs, Event("Drawn", {"round": 2, "seed": SALT})], 2)
    assert [proposal.position for proposal in found] == [0, 2, 3]
