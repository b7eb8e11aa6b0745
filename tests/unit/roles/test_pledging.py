"""Pledges: nobody proposes what isn't pledged on the chain, and the pledge binds what is proposed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.hashing import compute_pledge
from clients.roles import member
from clients.roles.proposer import Claim
from clients.roles.round_log import RoundLog
from clients.roles.view import Action, Assemble, Judge, Knowledge, Send, Train, View
from clients.types.chain import Call
from clients.types.errors import UnavailableError
from clients.types.federation import Act, Event, Phase, Role, Round
from tests.unit.roles.test_roles import ACCOUNTS, DIGEST, member_of, view

CLAIMS = st.builds(
    Claim, st.just(1), st.binary(min_size=32, max_size=32), st.integers(1, 2**31), st.integers(1, 4095)
)
ACTS = st.integers(0, 31).map(Act)
NOTHING = Knowledge()
JOBS = st.sets(st.sampled_from([Train, Judge, Assemble])).map(frozenset)


def pledging(phase: Phase, acts: Act = Act.NONE, knowledge: Knowledge = NOTHING) -> View:
    """Return a proposer's view of a federation with a phase Pledge."""
    base = view(phase, Role.PROPOSER, member=member_of(ACCOUNTS[0], Role.PROPOSER, acts), knowledge=knowledge)
    return replace(base, status=replace(base.status, pledge_end=5))


def knowing(*claims: Claim) -> Knowledge:
    return Knowledge(frozenset({Train}), calls={"propose": [one.to_call(ACCOUNTS[0]) for one in claims]})


def sent(actions: list[Action]) -> list[Call]:
    return [action.call for action in actions if isinstance(action, Send)]


@given(st.sampled_from(Phase), ACTS, st.lists(CLAIMS, max_size=3), JOBS)
def test_without_a_pledge_on_the_chain_nothing_is_proposed(
    phase: Phase, acts: Act, claims: list[Claim], jobs: frozenset[type]
) -> None:
    known = replace(knowing(*claims), done=jobs)
    actions = member.step(pledging(phase, acts, known))
    methods = [call.method for call in sent(actions)]
    if Act.PLEDGED not in acts or Act.PROPOSED in acts or phase is not Phase.PROPOSE:
        assert "propose" not in methods
    if Act.PLEDGED in acts or phase is not Phase.PLEDGE:
        assert "pledge" not in methods
    if phase is Phase.PROPOSE and Act.PLEDGED not in acts:
        assert actions == [], "it doesn't even train"


@given(CLAIMS, st.lists(CLAIMS, max_size=2))
def test_what_is_pledged_is_what_is_proposed(claim: Claim, more: list[Claim]) -> None:
    """An attacker that could fall back to other claims still keeps to the one that it pledged."""
    known = knowing(claim, *more)
    [pledge] = sent(member.step(pledging(Phase.PLEDGE, knowledge=known)))
    [proposal] = sent(member.step(pledging(Phase.PROPOSE, Act.PLEDGED, known)))
    assert (pledge.method, proposal.method) == ("pledge", "propose")
    assert (pledge.until, proposal.until) == (5, 10), "each in time for its phase"
    shown = Claim.of(proposal)
    bound = compute_pledge(31337, ACCOUNTS[4], 1, ACCOUNTS[0], shown.digest, shown.samples, shown.epochs)
    assert pledge.args == (1, bound)


def test_training_comes_first() -> None:
    assert member.step(pledging(Phase.PLEDGE)) == [Train()]


def test_who_could_not_train_does_not_pledge() -> None:
    assert member.step(pledging(Phase.PLEDGE, knowledge=Knowledge(frozenset({Train})))) == []


def test_who_comes_back_with_its_calls_does_not_train_again() -> None:
    known = replace(knowing(Claim(1, DIGEST, 7, 3)), done=frozenset())
    [pledge] = sent(member.step(pledging(Phase.PLEDGE, knowledge=known)))
    [proposal] = sent(member.step(pledging(Phase.PROPOSE, Act.PLEDGED, known)))
    assert (pledge.method, proposal.method) == ("pledge", "propose")


def test_whose_journal_is_lost_trains_again() -> None:
    """The update may come out the same; without it the stake is lost anyway."""
    assert member.step(pledging(Phase.PROPOSE, Act.PLEDGED)) == [Train()]


def test_broken_pledges_are_those_without_a_proposal() -> None:
    pledges = [
        Event("Pledged", {"round": number, "proposer": ACCOUNTS[place], "pledge": DIGEST})
        for number, place in [(1, 3), (2, 2), (2, 0), (2, 1)]
    ]
    proposed = {"round": 2, "proposer": ACCOUNTS[0], "updateNumber": 0, "digest": DIGEST, "samples": 1}
    events = [*pledges, Event("Proposed", {**proposed, "epochs": 1})]
    status = replace(view(Phase.SETTLE).status, round=2)
    log = RoundLog(replace(status, record=Round(pledges=3, proposals=1)), events)
    assert log.broken_pledges() == [ACCOUNTS[2], ACCOUNTS[1]]
    lagging = RoundLog(replace(status, record=Round(pledges=4, proposals=1)), events)
    with pytest.raises(UnavailableError, match="3 of the 4 pledges"):
        lagging.broken_pledges()
