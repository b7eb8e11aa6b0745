"""Bent rules of vbfl, bflc and blade are noticed by their vectors."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import clients.protocol.auction as auction_module
import clients.protocol.bounty as bounty_module
import clients.protocol.council as council_module
import clients.protocol.evidence as evidence_module
import clients.protocol.managers as managers_module
import clients.protocol.mining as mining_module
import clients.protocol.scores as scores_module
import clients.protocol.task as task_module
import clients.protocol.unit_rewards as units_module
from clients.protocol import blade, scores, vbfl
from clients.protocol.approvals import get_approved
from clients.protocol.council import Choice, Council
from clients.protocol.docket import Docket, Miner, Selection
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.mining import build_mined
from clients.protocol.policies import Publication, Settlement, Wanted
from clients.protocol.publication import compute_checked
from clients.types.federation import ZERO32, Act, Member, Outcome, Round, Standing
from tests.spec.bending import Mutant, Patch, bend, get_sequences, ids, is_noticed, is_replayed, use

SEQUENCES = 400
VBFL, BFLC, BLADE = MECHANISMS["vbfl"], MECHANISMS["bflc"], MECHANISMS["blade"]


def put(module: object, name: str, bent: Any) -> Mutant:
    """Return the mutant in which a module's name stands for something else."""

    def mutant(patch: Patch) -> None:
        patch.setattr(module, name, bent)

    return mutant


def settled(name: str, change: Callable[..., Settlement]) -> Mutant:
    plain = MECHANISMS[name].payout.compute_settlement

    def bent(t: Any, r: Round, d: Docket, o: Outcome, pool: int) -> Settlement:
        return change(t, r, d, o, pool, plain(t, r, d, o, pool))

    return bend(name, "payout", compute_settlement=bent)


def majority_of_those_who_came(t: Any, r: Round, d: Docket, w: Wanted) -> Outcome:
    if r.lead * 2 <= r.publications:
        return Outcome.UNDECIDED
    return Outcome.REJECTED if d.tally.candidate == ZERO32 else Outcome.ACCEPTED


# ---------------------------------------------------------------------- vbfl


def selected(name: str, select: Callable[..., Selection], may_mine: Callable[..., bool]) -> Mutant:
    return lambda patch: use(patch, name, publication=build_mined(select, may_mine))


def may_all(roles: object) -> bool:
    return True


def vbfl_ties_fall(t: Any, r: Round, d: Docket) -> Selection:
    return replace(vbfl.select_approved(t, r, d), bitmap=get_approved(r, d, ties=False))


def vbfl_epochs_weigh_nothing(t: Any, r: Round, d: Docket) -> Selection:
    return replace(vbfl.select_approved(t, r, d), weights=tuple(update.samples for update in d.updates))


def struck(change: Callable[..., Member]) -> Mutant:
    plain = VBFL.guard.compute_guarded

    def bent(t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
        return change(t, m, booked, r, plain(t, m, booked, r, d))

    return bend("vbfl", "guard", compute_guarded=bent)


def silent_validators_are_paid(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
    acts = m.acts | Act.REVEALED if Act.COMMITTED in m.acts else m.acts
    return VBFL.payout.compute_delta(t, a, replace(m, acts=acts), r, d)


def any_digest_pays_miners(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
    return VBFL.payout.compute_delta(t, a, replace(m, option=r.leader if m.option else 0), r, d)


def last_among_equals(t: Any, d: Docket) -> str:
    return mining_module.get_winner(t, replace(d, miners=d.miners[::-1]))


def no_proof_needed(t: Any, d: Docket) -> str:
    miners = tuple(replace(miner, competes=True) for miner in d.miners)
    return mining_module.get_winner(t, replace(d, miners=miners))


def first_wins_without_work(t: Any, d: Docket) -> str:
    miners = tuple(Miner(miner.account, miner.option, 0, miner.competes) for miner in d.miners)
    return mining_module.get_winner(t, replace(d, miners=miners))


VBFL_MUTANTS: dict[str, Mutant] = {
    "ties fall": selected("vbfl", vbfl_ties_fall, vbfl._may_mine),
    "epochs weigh nothing": selected("vbfl", vbfl_epochs_weigh_nothing, vbfl._may_mine),
    "validators mine": selected("vbfl", vbfl.select_approved, may_all),
    "only those who came count": bend("vbfl", "verdict", compute_outcome=majority_of_those_who_came),
    "no proof needed": bend("vbfl", "publication", get_winner=no_proof_needed),
    "the last among equals wins": bend("vbfl", "publication", get_winner=last_among_equals),
    "stakes don't count": bend("vbfl", "publication", get_winner=first_wins_without_work),
    "silent validators are paid": bend("vbfl", "payout", compute_delta=silent_validators_are_paid),
    "any digest pays miners": bend("vbfl", "payout", compute_delta=any_digest_pays_miners),
    "validators are paid half": put(units_module, "compute_validator_units", lambda r: r.proposals),
    "miners are paid by commitments": put(
        units_module, "compute_miner_units", lambda r: r.proposals * r.commits
    ),
    "a unit is whatever the pool has": settled(
        "vbfl", lambda t, r, d, o, pool, paid: paid._replace(proposer_reward=paid.proposer_reward + 1)
    ),
    "strikes are never forgiven": struck(
        lambda t, m, booked, r, done: replace(done, strikes=max(m.strikes, done.strikes))
    ),
    "one strike more": struck(
        lambda t, m, booked, r, done: replace(
            done, standing=Standing.BANNED if done.strikes > t.kick_rounds else booked.standing
        )
    ),
    "one strike less": struck(
        lambda t, m, booked, r, done: replace(
            done, standing=Standing.BANNED if done.strikes + 1 >= t.kick_rounds else done.standing
        )
    ),
    "always as many workers": bend(
        "vbfl", "panel", count=lambda t, n: Wanted(t.workers, t.validators, t.validators + t.miners)
    ),
    "miners alone publish": bend(
        "vbfl", "panel", count=lambda t, n: VBFL.panel.count(t, n)._replace(publishers=t.miners)
    ),
}

# ---------------------------------------------------------------------- bflc


def packed(change: Callable[..., Selection]) -> Mutant:
    def select(t: Any, r: Round, d: Docket) -> Selection:
        return change(t, r, scores.select_best(t, r, d))

    return lambda patch: use(
        patch, "bflc", publication=Publication(lambda t, r, d, p: compute_checked(select, t, r, d, p))
    )


def passing(t: Any, weights: tuple[int, ...]) -> list[int]:
    return [number for number, weight in enumerate(weights) if weight >= t.min_score]


def bitmap(numbers: list[int]) -> int:
    return sum(1 << number for number in numbers)


def the_last_are_packed(t: Any, r: Round, plain: Selection) -> Selection:
    return replace(plain, bitmap=bitmap(passing(t, plain.weights)[-t.updates :])) if plain.bitmap else plain


def fewer_will_do(t: Any, r: Round, plain: Selection) -> Selection:
    chosen = passing(t, plain.weights)[: t.updates]
    return replace(plain, bitmap=bitmap(chosen) if r.reveals * 2 > t.committee else 0)


def half_the_committee_will_do(t: Any, r: Round, plain: Selection) -> Selection:
    chosen = passing(t, plain.weights)
    enough = len(chosen) >= t.updates and r.reveals * 2 >= t.committee
    return replace(plain, bitmap=bitmap(chosen[: t.updates]) if enough else 0)


def elected(change: Callable[..., tuple[str, ...]]) -> Mutant:
    plain = council_module.compute_elected

    def bent(t: Any, c: Council, seed: bytes) -> tuple[str, ...]:
        return change(plain, t, c, seed)

    return put(council_module, "compute_elected", bent)


def remembered(hook: str, change: Callable[[Any, Council, Council, Round], Council]) -> Mutant:
    plain = getattr(BFLC.notes, hook)

    def bent(t: Any, own: Council, r: Round, d: Docket) -> Council:
        return change(t, own, plain(t, own, r, d), r)

    return bend("bflc", "notes", **{hook: bent})


def carried_by_half(patch: Patch) -> None:
    plain = managers_module._process_motion

    def bent(core: Any, *args: Any) -> Any:
        terms, fewer = core.terms, core.terms.managers[:-1]
        core.terms = replace(terms, managers=fewer) if len(terms.managers) == 2 else terms
        try:
            return plain(core, *args)
        finally:
            core.terms = terms

    patch.setattr(managers_module, "_process_motion", bent)


def motions_are_never_forgotten(patch: Patch) -> None:
    plain = managers_module._process_motion

    def bent(core: Any, env: Any, sender: str, method: str, accounts: tuple[str, ...], carry: Any) -> Any:
        events = plain(core, env, sender, method, accounts, carry)
        if len(events) > 1:
            motion = managers_module.compute_motion(method, accounts)
            moved = (*core.state.own.moved, (motion, frozenset({sender})))
            core.state.own = replace(core.state.own, moved=moved)
        return events

    patch.setattr(managers_module, "_process_motion", bent)


def fees_are_lost(patch: Patch) -> None:
    plain = Federation.process_join

    def bent(self: Any, *args: Any) -> Any:
        events, pool = plain(self, *args), self.state.pool
        self.state.pool = pool - self.mechanism.gates.get_fee(self.terms)
        return events

    patch.setattr(Federation, "process_join", bent)


BFLC_MUTANTS: dict[str, Mutant] = {
    "the upper median counts": put(scores_module, "compute_median", lambda s: sorted(s)[len(s) // 2]),
    "the last to pass are packed": packed(the_last_are_packed),
    "fewer updates will do": packed(fewer_will_do),
    "half the committee will do": packed(half_the_committee_will_do),
    "score is by number": elected(
        lambda plain, t, c, seed: tuple(x.account for x in c.candidates[: t.committee])
    ),
    "chance is by number": elected(
        lambda plain, t, c, seed: (
            plain(t, c, seed) if t.election != 1 else tuple(x.account for x in c.candidates[: t.committee])
        )
    ),
    "the worst are elected": elected(
        lambda plain, t, c, seed: plain(
            t, replace(c, candidates=tuple(replace(x, score=10_000 - x.score) for x in c.candidates)), seed
        )
    ),
    "speed counts nothing": elected(
        lambda plain, t, c, seed: plain(replace(t, election=0) if t.election == 2 else t, c, seed)
    ),
    "the elected stay when undecided": remembered(
        "note_settled", lambda t, own, done, r: own if r.outcome is Outcome.UNDECIDED else done
    ),
    "a rejection ends a committee": remembered(
        "note_settled",
        lambda t, own, done, r: replace(done, choice=Choice.DRAWN) if r.outcome is Outcome.REJECTED else done,
    ),
    "records wait for the verdict": remembered(
        "note_published", lambda t, own, done, r: own if r.publications == 1 else done
    ),
    "the whole pool is profit": settled(
        "bflc",
        lambda t, r, d, o, pool, paid: BFLC.payout.compute_settlement(
            replace(t, profit_bps=10_000), r, d, o, pool
        ),
    ),
    "the expelled act": bend("bflc", "gates", is_barred=lambda state, account: False),
    "anybody may join": bend("bflc", "gates", check_join=lambda *_: None),
    "half of the managers carry": carried_by_half,
    "motions are never forgotten": motions_are_never_forgotten,
    "fees are lost": fees_are_lost,
    "everybody else proposes": bend(
        "bflc",
        "panel",
        count=lambda t, n: BFLC.panel.count(t, n)._replace(proposers=max(n - t.committee, 0)),
    ),
}

# ---------------------------------------------------------------------- blade


def blade_ties_pass(t: Any, r: Round, d: Docket) -> Selection:
    return replace(blade.select_approved(t, r, d), bitmap=get_approved(r, d, ties=True))


def convicted(rule: Callable[[Round, Docket, int], bool]) -> Mutant:
    plain = evidence_module.is_convicted

    def bent(r: Round, d: Docket, n: int) -> bool:
        decided = r.outcome not in (Outcome.NONE, Outcome.UNDECIDED)
        return decided and bool(d.copies) and rule(r, d, n) if rule else plain(r, d, n)

    def mutant(patch: Patch) -> None:
        patch.setattr(evidence_module, "is_convicted", bent)
        patch.setattr(bounty_module, "is_convicted", bent)

    return mutant


def the_first_among_equals_is_worst(state: Any) -> str:
    bids = task_module.get_task(state).bids
    return min(
        state.ledger.registry, key=lambda a: (bids[a].capability * 2**100 // bids[a].cost, bids[a].order)
    )


def the_block_of_any_round_pays(patch: Patch) -> None:
    def change(t: Any, r: Round, d: Docket, o: Outcome, pool: int, paid: Settlement) -> Settlement:
        share = min(pool, t.bounty // t.rounds) * t.block_bps // 10_000
        if o is not Outcome.REJECTED or not d.winner:
            return paid
        return Settlement(0, share, paid.pool - share)

    settled("blade", change)(patch)


BLADE_MUTANTS: dict[str, Mutant] = {
    "ties pass": selected("blade", blade_ties_pass, may_all),
    "only those who came count": bend("blade", "verdict", compute_outcome=majority_of_those_who_came),
    "a word is enough": convicted(lambda r, d, n: d.copies[n] * 2 > r.reveals),
    "an accusation is enough": convicted(lambda r, d, n: d.accused >> n & 1 == 1),
    "half convicts": convicted(lambda r, d, n: d.accused >> n & 1 == 1 and d.copies[n] * 2 >= r.reveals),
    "what was selected is no copy": convicted(
        lambda r, d, n: d.accused & ~d.selected.bitmap & 1 << n != 0 and d.copies[n] * 2 > r.reveals
    ),
    "the first among equals is worst": put(auction_module, "get_worst", the_first_among_equals_is_worst),
    "the last to come is worst": put(auction_module, "get_worst", lambda state: state.ledger.registry[-1]),
    "the block of a rejected round pays": the_block_of_any_round_pays,
    "all of the bounty at once": settled(
        "blade",
        lambda t, r, d, o, pool, paid: BLADE.payout.compute_settlement(replace(t, rounds=1), r, d, o, pool),
    ),
    "forfeits are lost": settled(
        "blade", lambda t, r, d, o, pool, paid: paid._replace(pool=min(paid.pool, pool))
    ),
    "copies cost nothing": bend(
        "blade",
        "payout",
        compute_delta=lambda t, a, m, r, d: max(BLADE.payout.compute_delta(t, a, m, r, d), 0),
    ),
    "copyists stay": bend("blade", "guard", compute_guarded=lambda t, m, booked, r, d: booked),
    "votes before all evidence is in": bend("blade", "gates", check_commit=lambda *_: None),
    "any claim goes": bend("blade", "gates", check_proposal=lambda *_: None),
    "anybody may leave": bend("blade", "gates", check_exit=lambda *_: None),
    "a seed is hashed once more": put(
        evidence_module, "compute_anchor", lambda seed, n: _hash_again(evidence_module, seed, n)
    ),
    "the task lasts a round longer": put(
        task_module,
        "is_over",
        lambda t, state, env: task_module.get_task(state).accepted > t.rounds or env.time >= t.deadline,
    ),
    "the deadline is the last moment": put(
        task_module,
        "is_over",
        lambda t, state, env: task_module.get_task(state).accepted >= t.rounds or env.time > t.deadline,
    ),
}


def _hash_again(module: Any, seed: bytes, number: int) -> bytes:
    for _ in range(number + 1):
        seed = module.keccak(seed)
    return seed


MUTANTS: list[tuple[str, str, Mutant]] = [
    (mechanism, name, mutant)
    for mechanism, mutants in (("vbfl", VBFL_MUTANTS), ("bflc", BFLC_MUTANTS), ("blade", BLADE_MUTANTS))
    for name, mutant in mutants.items()
]


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["vbfl", "bflc", "blade"])
def test_the_specification_does_what_its_vectors_say(mechanism: str) -> None:
    sequences = list(get_sequences(mechanism, SEQUENCES).items())[:30]
    assert all(is_replayed(seed, sequence) for seed, sequence in sequences)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mechanism", "name", "mutant"), MUTANTS, ids=ids((mechanism, name) for mechanism, name, _ in MUTANTS)
)
def test_a_bent_rule_is_noticed(mechanism: str, name: str, mutant: Mutant, monkeypatch: Patch) -> None:
    get_sequences(mechanism, SEQUENCES)
    mutant(monkeypatch)
    assert is_noticed(mechanism, SEQUENCES)
