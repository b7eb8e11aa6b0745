"""Whom a rejected round blames: what voters find, and what the chain makes of their ballots."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.engine.config import build
from clients.engine.launch import get_terms
from clients.engine.learners import build_bench
from clients.learning.aggregate import Contribution, fedavg
from clients.learning.attacks import parse_all
from clients.learning.codec import encode
from clients.learning.meters import Meters
from clients.learning.schema import Weights
from clients.learning.workbench import Workbench
from clients.mechanisms.base import Candidate, Desk
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.participant import Participant
from clients.mechanisms.stake_vote import CONDUCT
from clients.ports.keys import SeededSalts, derive_keys
from clients.ports.store.memory import MemoryStore
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.roles import judging
from clients.roles.round_log import Proposal, RoundLog
from clients.roles.view import Judge
from clients.types.chain import Call
from clients.types.errors import raise_trouble
from clients.types.federation import ZERO32, Event, Outcome, Role, Round, StakeVoteTerms

CONFIG = build(
    {
        "clients": 7,
        "proposers": 3,
        "malicious": 0,
        "model": "logistic",
        "device": "cpu",
        "learning_rate": 0.05,
        "attribution": True,
        "rules": "paper",  # without pledges
    }
)
TERMS = get_terms(CONFIG, b"\1" * 32)
ACCOUNTS = [key.address for key in derive_keys(1, CONFIG.clients)]
MODEL = b"\7" * 32


# ------------------------------------------------------------------ what the chain makes of ballots


@settings(deadline=None)
@given(data=st.data())
def test_blamed_are_exactly_those_who_lose_a_stake_for_a_rejected_round(data: st.DataObject) -> None:
    attribution = data.draw(st.booleans())
    terms = TERMS if attribution else UNATTRIBUTED
    stake = CONFIG.stake
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys(ACCOUNTS, stake))
    chain.send([Call(account, "join", (stake,)) for account in ACCOUNTS])
    chain.send([Call(ACCOUNTS[0], "open")])
    chain.send([Call(ACCOUNTS[0], "draw")])
    members = chain.members()
    proposers = data.draw(st.permutations([s.account for s in members if Role.PROPOSER in s.roles]))
    voters = [s.account for s in members if Role.VOTER in s.roles]
    chain.send([Call(who, "propose", (1, who.encode()[:32], 1, 1)) for who in proposers])
    names = st.sets(st.integers(0, len(proposers) - 1)) if attribution else st.none()
    votes = st.sampled_from([ZERO32, ZERO32, MODEL])
    ballots = {who: judging.get_ballot(data.draw(votes), data.draw(names)) for who in voters}
    commitments = {who: chain.core.compute_commitment(1, who, ballots[who], ZERO32) for who in voters}
    chain.send([Call(who, "commit", (1, commitments[who])) for who in voters])
    receipts = chain.send([Call(who, "reveal", (1, ballots[who], ZERO32)) for who in voters])
    assert [receipt.error for receipt in receipts] == [None] * len(voters)
    chain.send([Call(ACCOUNTS[0], "settle")])
    status = chain.status()
    docket = RoundLog(status, chain.events()).docket(STAKE_VOTE, terms)
    blamed = CONDUCT.get_blamed(terms, status, docket)
    losers = {n for n, who in enumerate(proposers) if chain.member(who).balance < stake}
    assert blamed == losers
    if status.record.outcome != Outcome.REJECTED:
        assert not blamed
    elif not attribution:
        assert blamed == set(range(len(proposers)))


UNATTRIBUTED = replace(TERMS, attribution=False)
STATUS = SpecChain(STAKE_VOTE, TERMS, {}).status()


# ------------------------------------------------------------------ what voters find


@dataclass
class Bench:
    bench: Workbench
    store: MemoryStore
    cohort: Cohort
    head: bytes
    good: Weights


@cache
def bench() -> Bench:
    """A cohort, and a trained model, which is the head."""
    made = build_bench(CONFIG)
    store = MemoryStore()
    cohort = Cohort(made, store, Meters(), CONFIG.metric, CONFIG.seed)
    [(good, _)] = made.train(made.initial_weights(), [(0, None)], (1, 1))
    head = store.put(encode(good, made.schema)).digest
    return Bench(made, store, cohort, head, good)


def propose(where: Bench, updates: list[Weights | None]) -> list[Proposal]:
    """Put updates into the store, None as something that is no update; return what is proposed by them."""
    files = [encode(one, where.bench.schema) if one else b"junk" for one in updates]
    digests = [where.store.put(data).digest for data in files]
    return [Proposal(ACCOUNTS[n], n, digest, 10 + n) for n, digest in enumerate(digests)]


LIAR = parse_all("lying_votes")


def people(lies: tuple[int, ...] = ()) -> list[Participant]:
    return [Participant(n, ACCOUNTS[n], SeededSalts(1, n), LIAR if n in lies else None) for n in (3, 4, 5)]


def vote(
    where: Bench, who: list[Participant], proposals: list[Proposal], terms: StakeVoteTerms = TERMS
) -> dict[str, bytes]:
    status = replace(STATUS, head=where.head, record=Round(proposals=len(proposals)))
    log = RoundLog(
        status,
        [
            Event(
                "Proposed",
                {
                    "round": status.round, "proposer": one.proposer, "updateNumber": one.update_number,
                    "digest": one.digest, "samples": one.samples, "epochs": one.epochs,
                },
            )
            for one in proposals
        ],
    )  # fmt: skip
    roles = {one.account: Role.VOTER for one in who}
    desk = Desk(status, terms, CONFIG.own, where.cohort, lambda: log, roles)
    judged = CONDUCT.jobs[Judge](desk, who)  # type: ignore[arg-type]
    assert judged is not None
    return {who: raise_trouble(ballot) for who, ballot in judged.ballots.items()}


def poisoned(where: Bench, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 50, array.shape).astype(np.float32) for name, array in where.good.items()}


def named(ballot: bytes) -> set[int]:
    bitmap = int.from_bytes(ballot[32:], "big")
    return {number for number in range(256) if bitmap >> number & 1}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.booleans(), min_size=1, max_size=5), st.integers(0, 9))
def test_leaving_one_out_scores_the_aggregate_of_the_others(bad: list[bool], seed: int) -> None:
    where = bench()
    updates = [poisoned(where, seed + n) if one else where.good for n, one in enumerate(bad)]
    proposals = propose(where, list(updates))
    assert where.cohort.aggregate(proposals).digest
    found = where.cohort.answers_without_each(proposals, where.head, [3, 5])
    for number in range(len(updates)):
        others = [Contribution(one, 10 + n) for n, one in enumerate(updates) if n != number]
        rest = fedavg(others) if others else where.cohort.load(where.head)
        assert [answers[number] for answers in found] == where.bench.answers(rest, [3, 5], CONFIG.metric)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("lies", [(), (4,)])
def test_the_poisoner_is_named_and_a_liar_names_the_others(count: int, lies: tuple[int, ...]) -> None:
    where = bench()
    updates = [where.good] * (count - 1) + [poisoned(where, count)]
    proposals = propose(where, list(updates))
    candidate = where.cohort.aggregate(proposals)
    ballots = vote(where, people(lies), proposals)
    for one in people(lies):
        expected = (candidate.digest, set()) if one.lies else (ZERO32, {count - 1})
        assert (ballots[one.account][:32], named(ballots[one.account])) == expected
    improved = where.cohort.aggregate(propose(where, [where.good] * count))
    better = propose(where, [where.good] * count)
    ballots = vote(where, people(lies), better)
    for one in people(lies):
        expected = (ZERO32, set(range(count))) if one.lies else (improved.digest, set())
        assert (ballots[one.account][:32], named(ballots[one.account])) == expected


def test_an_update_that_is_none_is_to_blame_alone() -> None:
    where = bench()
    proposals = propose(where, [where.good, None, where.good])
    assert where.cohort.aggregate(proposals).digest is None
    ballots = vote(where, people((4,)), proposals)
    assert [named(ballots[one.account]) for one in people((4,))] == [{1}, {0, 2}, {1}]
    assert {ballot[:32] for ballot in ballots.values()} == {ZERO32}


def test_without_attribution_ballots_are_votes_and_nothing_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = bench()
    monkeypatch.setattr(where.cohort, "answers_without_each", None)
    monkeypatch.setattr(where.cohort, "find_faulty", None)
    proposals = propose(where, [poisoned(where, 1)])
    for candidate in (where.cohort.aggregate(proposals), Candidate(None)):
        monkeypatch.setattr(where.cohort, "aggregate", lambda _, made=candidate: made)
        assert set(vote(where, people(), proposals, UNATTRIBUTED).values()) == {ZERO32}
