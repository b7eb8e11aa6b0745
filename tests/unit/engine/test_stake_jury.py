"""stake_jury's jurors: what their ballots say, what they hold for others, and whom a round blames."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clients.engine.config import build
from clients.engine.launch import get_terms
from clients.learning.attacks import parse_all
from clients.learning.codec import encode
from clients.learning.meters import Meters
from clients.mechanisms import vbfl
from clients.mechanisms.base import Desk, Done
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.jury import JUDGES, PAPER
from clients.mechanisms.participant import Participant
from clients.mechanisms.stake_jury import CONDUCT
from clients.ports.keys import SeededSalts, derive_keys
from clients.ports.store.memory import MemoryStore
from clients.protocol.decoys import is_decoy
from clients.protocol.hashing import compute_pledge
from clients.protocol.jury import select
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles import judging
from clients.roles.lots import find_secrets
from clients.roles.proposer import Claim
from clients.roles.round_log import Proposal, RoundLog
from clients.roles.view import Judge, Train
from clients.types.chain import Call
from clients.types.cid import Cid
from clients.types.errors import OwnTrouble, RequestError, raise_trouble
from clients.types.federation import ZERO32, Outcome, Role, Round
from tests.integration.exact_bench import STEP, ExactBench

CONFIG = build({"mechanism": "stake_jury", "clients": 9, "proposers": 4, "malicious": 0, "decoy_odds": 0})
TERMS: Any = get_terms(CONFIG, b"\1" * 32)
ACCOUNTS = [key.address for key in derive_keys(1, CONFIG.clients)]
STATUS = SpecChain(STAKE_JURY, TERMS, {}).status()
GOOD, POISONED, HEAD, NEARLY, JUNK, MISSING = "good", "poisoned", "head", "nearly", "junk", "missing"
KINDS = st.lists(st.sampled_from((GOOD, POISONED, HEAD, NEARLY, JUNK, MISSING)), min_size=1, max_size=7)
JUROR = Participant(7, ACCOUNTS[7], SeededSalts(1, 7))
LIAR = replace(JUROR, behaviour=parse_all("lying_votes"))

Time = dict[str, bool]
NONE_LEFT: Time = {}


class Judged:
    """A round whose updates are of these kinds, and its log. `GOOD` updates pass by their scores, and so does
    everything with a threshold of 1."""

    def __init__(self, kinds: Sequence[str]) -> None:
        bench, self.store = ExactBench(), MemoryStore()
        self.cohort = Cohort(bench, self.store, Meters(), "accuracy", 1)  # type: ignore[arg-type]
        start = bench.initial_weights()
        self.head = self.store.put(encode(start, bench.schema)).digest
        self.digests = []
        for number, kind in enumerate(kinds):
            attack = parse_all("sign_flip") if kind == POISONED else None
            [(weights, _)] = bench.train(start, [(number, attack)], (1, 1))
            weights = {HEAD: start, NEARLY: {"w": start["w"] + 4 * STEP}}.get(kind, weights)
            cid = self.store.put(b"junk" if kind == JUNK else encode(weights, bench.schema))
            if kind == MISSING:
                self.store.release(cid)
            self.digests.append(cid.digest)

    def proposals(self) -> list[Proposal]:
        return [Proposal(ACCOUNTS[n], n, digest, 1) for n, digest in enumerate(self.digests)]

    def desk(self, conduct: Any = CONDUCT, *, time: Time = NONE_LEFT, **own: Any) -> Any:
        status = replace(STATUS, head=self.head, voters=3, record=Round(proposals=len(self.digests)))
        given: Any = conduct.settings(**own)
        return Desk(status, TERMS, given, self.cohort, lambda: self, {}, **time)  # type: ignore[arg-type, return-value]

    def judge(self, juror: Participant = JUROR, conduct: Any = CONDUCT, **own: Any) -> Done:
        found = conduct.jobs[Judge](self.desk(conduct, **own), [juror])
        assert isinstance(found, Done)
        return found


def find(kinds: Sequence[str], *wanted: str) -> set[int]:
    return {number for number, kind in enumerate(kinds) if kind in wanted}


def read(ballot: bytes | OwnTrouble) -> tuple[set[int], set[int]]:
    found = raise_trouble(ballot)
    assert len(found) == 64
    return judging.get_numbers(found[:32]), judging.get_numbers(found[32:])


RULES = st.fixed_dictionaries(
    {"threshold": st.sampled_from(["0.08", "1", "gap", "adaptive"]), "judge": st.sampled_from(JUDGES)}
)


@settings(max_examples=60, deadline=None)
@given(kinds=KINDS, rules=RULES)
@example(kinds=[MISSING], rules={"threshold": "0.08", "judge": "evidence"})
@example(kinds=[MISSING, MISSING], rules={"threshold": "gap", "judge": PAPER})
def test_a_ballot_names_only_what_its_juror_could_have(kinds: list[str], rules: dict[str, str]) -> None:
    judged = Judged(kinds)
    done, lie = judged.judge(**rules), judged.judge(LIAR, **rules).ballots[JUROR.account]
    there = set(range(len(kinds))) - find(kinds, MISSING)  # perhaps none
    good, had = read(done.ballots[JUROR.account])
    assert had == there
    assert good <= had - find(kinds, JUNK)
    assert rules.get("judge") == PAPER or not good & find(kinds, HEAD)
    assert read(lie) == (had - good, had)
    vads = raise_trouble(done.findings[JUROR.account])["vad"]
    assert {number for number, vad in enumerate(vads) if vad is None} == find(kinds, JUNK, MISSING)


@settings(max_examples=60, deadline=None)
@given(kinds=KINDS)
def test_what_does_not_move_is_no_update_whatever_it_scores(kinds: list[str]) -> None:
    """Unless most of them hardly move: then that is usual."""
    if set(kinds) == {MISSING}:
        return
    good, _ = read(Judged(kinds).judge(threshold="1").ballots[JUROR.account])
    trained, idle = find(kinds, GOOD, POISONED), find(kinds, HEAD, NEARLY)
    if len(trained) > len(idle):
        assert good == trained
    elif len(trained) < len(idle):
        assert good == trained | find(kinds, NEARLY)


@settings(max_examples=40, deadline=None)
@given(kinds=KINDS, rules=RULES)
def test_jurors_find_good_what_vbfl_s_validators_do(kinds: list[str], rules: dict[str, str]) -> None:
    judged = Judged(kinds)
    done, theirs = judged.judge(**rules), judged.judge(conduct=vbfl.CONDUCT, **rules)
    good, _ = read(done.ballots[JUROR.account])
    found = judging.get_numbers(raise_trouble(theirs.ballots[JUROR.account]))
    assert good == found
    assert done.findings == theirs.findings


def test_honest_updates_pass_and_poisoned_ones_do_not() -> None:
    kinds = [GOOD, POISONED, GOOD, MISSING, GOOD]
    assert read(Judged(kinds).judge().ballots[JUROR.account]) == ({0, 2, 4}, {0, 1, 2, 4})


@pytest.mark.parametrize("kinds", [[GOOD, MISSING], [GOOD, JUNK], [MISSING]])
@pytest.mark.parametrize(
    ("conduct", "time", "waits"),
    [
        (CONDUCT, {"early": True, "patient": True}, True),
        (CONDUCT, {"patient": True}, False),
        (CONDUCT, NONE_LEFT, False),
        (vbfl.CONDUCT, {"patient": True}, True),
        (vbfl.CONDUCT, NONE_LEFT, False),
    ],
)
def test_a_juror_waits_for_what_is_missing_for_as_long_as_its_ballot_asks_for(
    kinds: list[str], conduct: Any, time: Time, waits: bool
) -> None:
    """Where a ballot can't say that an update wasn't had, its proposer would pay for an early one."""
    done = conduct.jobs[Judge](Judged(kinds).desk(conduct, time=time), [JUROR])
    assert (done is None) == (waits and MISSING in kinds)


def test_what_was_missing_is_not_tried_again_when_the_wait_is_over() -> None:
    """A try may take a minute a file, and the juror has to judge by then. Whoever begins late tries once."""
    judged, tries = Judged([GOOD, MISSING, JUNK]), []
    get = judged.store.get

    def counted(cid: Cid, *, max_bytes: int) -> bytes:
        tries.append(cid.digest)
        return get(cid, max_bytes=max_bytes)

    judged.store.get = counted  # type: ignore[method-assign]
    desk = judged.desk(time={"early": True, "patient": True})
    for _ in range(3):
        assert CONDUCT.jobs[Judge](desk, [JUROR]) is None
    assert tries.count(judged.digests[1]) == 3
    done = CONDUCT.jobs[Judge](replace(desk, early=False), [JUROR])
    assert done is not None
    assert tries.count(judged.digests[1]) == 3
    assert done == judged.judge(), "and says the same as whoever tried once"
    assert tries.count(judged.digests[1]) == 4


def test_a_juror_holds_the_updates_that_it_could_use() -> None:
    judged = Judged([GOOD, JUNK, MISSING, POISONED, HEAD])
    held = judged.judge().held
    assert held == [judged.digests[number] for number in (0, 3, 4)]


def test_every_update_weighs_the_same() -> None:
    """Whatever its proposer trained on: nobody can check that."""
    done = CONDUCT.jobs[Train](Judged([]).desk(), [JUROR, Participant(2, ACCOUNTS[2], SeededSalts(1, 2))])
    assert done is not None
    claims = [Claim.of(raise_trouble(calls)[0]) for calls in done.calls.values()]
    assert [(claim.samples, claim.epochs) for claim in claims] == [(1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"proposer_stake": "8.1"}, "proposer_stake 8.1 is more than the floor, 8: a member could lose"),
        ({"voter_stake": "9"}, "voter_stake 9 is more than the floor, 8"),
        ({"floor": "65"}, "floor 65 is more than the 64 tokens at the start"),
        ({"proposers": 20}, "20 proposers of 20 clients leave no jury"),
        ({"threshold": "banana"}, "threshold = 'banana'"),
        ({"profit": 1.1}, "profit"),
        ({"seat_shares": 0}, "seat_shares"),
        ({"decoy_odds": 1}, "decoy_odds = 1: if every update is a decoy, there is never a model"),
        ({"decoy_odds": -1}, "decoy_odds"),
        ({"decoy_odds": 2**16}, "decoy_odds"),
    ],
)
def test_settings_that_make_no_federation_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        build({"mechanism": "stake_jury", **given})


# ------------------------------------------------------------------ decoys

RISKY = replace(TERMS, decoy_odds=2, max_samples=100, max_epochs=3)
ATTACKS = st.sampled_from([None, "lying_votes", "false_claim", "sign_flip", "sign_flip+lying_votes"])


@settings(max_examples=60, deadline=None)
@given(
    attacks=st.lists(ATTACKS, min_size=1, max_size=4), anchored=st.sets(st.integers(0, 3)),
    seed=st.binary(min_size=32, max_size=32), adaptive=st.booleans(),
)  # fmt: skip
def test_whose_lot_says_so_trains_a_bad_update(
    attacks: list[str | None], anchored: set[int], seed: bytes, adaptive: bool
) -> None:
    """The others train as they do without lots; what an attacker does anyway stays what it is."""
    judged = Judged([])
    who = [
        Participant(n, ACCOUNTS[n], SeededSalts(1, n), behaviour=parse_all(attack) if attack else None)
        for n, attack in enumerate(attacks)
    ]
    secrets = {one.account: one.salts.root(1, "", 0) for one in who if one.index in anchored}
    own = {"threshold": "adaptive"} if adaptive else {}
    desk = judged.desk(**own)
    desk = replace(desk, terms=RISKY, secrets=secrets, status=replace(desk.status, seed=seed))
    plain = replace(desk, terms=replace(RISKY, decoy_odds=0))
    lots = {who: is_decoy(2, secret, seed) for who, secret in secrets.items()}
    found, usual = CONDUCT.jobs[Train](desk, who), CONDUCT.jobs[Train](plain, who)
    bad = CONDUCT.jobs[Train](plain, [replace(one, behaviour=parse_all("label_flip")) for one in who])
    assert found is not None
    assert usual is not None
    assert bad is not None
    for one in who:
        if one.account not in secrets:
            assert "so its update wouldn't count" in str(found.calls[one.account])
            continue
        poisons = one.behaviour is not None and one.behaviour.poisons
        expected = bad if lots[one.account] and not poisons else usual
        mine, theirs = (Claim.of(raise_trouble(of.calls[one.account])[0]) for of in (found, expected))
        assert mine.digest == theirs.digest
        assert mine.samples == Claim.of(raise_trouble(usual.calls[one.account])[0]).samples
    honest = {who for who, decoy in lots.items() if not decoy}
    assert set(found.memory) == (honest if adaptive else set()), "a decoy says nothing of honest training"


# ------------------------------------------------------------------ what the chain makes of ballots

SETS = st.sets(st.integers(0, 3))


@settings(max_examples=80, deadline=None)
@given(
    ballots=st.lists(st.tuples(SETS, SETS), min_size=5, max_size=5),
    lost=st.integers(0, 5),
    odds=st.sampled_from((0, 2, 3)),
    showing=SETS,
    beacon=st.binary(min_size=32, max_size=32),
)
def test_blamed_are_exactly_those_who_lose_a_stake(
    ballots: list[tuple[set[int], set[int]]], lost: int, odds: int, showing: set[int], beacon: bytes
) -> None:
    """Whatever is shown, and whatever turns out to be a decoy: as each proposer knew from the draw on."""
    stake, terms = CONFIG.stake, replace(TERMS, decoy_odds=odds)
    chain = SpecChain(STAKE_JURY, terms, dict.fromkeys(ACCOUNTS, stake), beacon_value=beacon)

    def send(*calls: Call) -> None:
        assert [receipt.error for receipt in chain.send(calls)] == [None] * len(calls)

    send(*(Call(account, "join", (stake,)) for account in ACCOUNTS))
    roots = {who: partial(SeededSalts(1, n).root, 1, chain.federation) for n, who in enumerate(ACCOUNTS)}
    send(*(Call(who, "anchor", (find_secrets(root, ZERO32).end,)) for who, root in roots.items()))
    send(Call(ACCOUNTS[0], "open"))
    send(Call(ACCOUNTS[0], "draw"))
    members = chain.members()
    proposers = [one.account for one in members if Role.PROPOSER in one.roles]
    jurors = [one.account for one in members if Role.VOTER in one.roles]
    for who in proposers:
        pledge = compute_pledge(chain.chain_id, chain.federation, 1, who, who.encode()[:32], 1, 1)
        send(Call(who, "pledge", (1, pledge)))
    send(*(Call(who, "propose", (1, who.encode()[:32], 1, 1)) for who in proposers))
    said = {
        who: judging.get_bitmap(good & had) + judging.get_bitmap(had)
        for who, (good, had) in zip(jurors, ballots, strict=True)
    }
    for who, ballot in said.items():
        send(Call(who, "commit", (1, chain.core.compute_commitment(1, who, ballot, ZERO32))))
    send(*(Call(who, "reveal", (1, ballot, ZERO32)) for who, ballot in said.items()))
    known = {who: find_secrets(root, chain.view("anchorOf", who)[0]) for who, root in roots.items()}
    secrets = [known[who].next or b"" for who in proposers]
    if odds:
        send(*(Call(proposers[n], "show", (1, secrets[n])) for n in sorted(showing)))
        chain.advance(seconds=max(chain.status().reveal_end + 1 - chain.now(), 0))
    docket = RoundLog(chain.status(), chain.events()).docket(STAKE_JURY, terms)
    planted = {n for n, secret in enumerate(secrets) if is_decoy(odds, secret, chain.status().seed)}
    selection = select(terms, chain.status().record, docket)
    selected = selection.bitmap
    for who in jurors[lost:]:
        send(Call(who, "publish", (1, b"m" * 32 if selected else ZERO32, selected, ZERO32)))
    chain.advance(seconds=max(chain.status().publish_end + 1 - chain.now(), 0))
    send(Call(ACCOUNTS[0], "settle"))
    status = chain.status()
    blamed = CONDUCT.get_blamed(terms, status, docket)
    assert blamed == {n for n, who in enumerate(proposers) if chain.member(who).balance < stake}
    assert (status.record.outcome is Outcome.UNDECIDED) == (lost > 2)
    told = CONDUCT.tell(docket, {})
    assert told["had"] == [sum(n in had for _, had in ballots) for n in range(4)]
    assert told["positives"] == [sum(n in good & had for good, had in ballots) for n in range(4)]
    assert set(told["shown"]) == (showing if odds else set())
    assert set(told["decoys"]) == planted & set(told["shown"])
    assert not {n for n in told["decoys"] if selected >> n & 1} | blamed & set(told["decoys"])
    assert not odds or {n for n in range(4) if selected >> n & 1} <= showing


@pytest.mark.parametrize("fee", [0, 7])
def test_who_joins_holds_its_stake_and_the_fee(fee: int) -> None:
    terms, account = replace(TERMS, fee=fee), ACCOUNTS[0]
    price = CONDUCT.entry.get_price(terms, terms.bond)
    for held, joins in ((price, True), (price - 1, False)):
        chain = SpecChain(STAKE_JURY, terms, {account: held})
        [receipt] = chain.send(CONDUCT.entry.get_calls(terms, [account], terms.bond))
        assert (receipt.error is None) == joins
