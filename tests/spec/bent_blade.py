"""blade with one rule bent each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.auction as auction_module
import clients.protocol.bounty as bounty_module
import clients.protocol.plagiarism as evidence_module
import clients.protocol.task as task_module
from clients.protocol import blade
from clients.protocol.approvals import get_approved
from clients.protocol.docket import Docket, Selection
from clients.protocol.marks import get_majority
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Settlement
from clients.types.federation import Member, Outcome, Round
from tests.spec.bending import Mutant, Patch, bend, may_all, put, selected, settled, use
from tests.spec.bent_vbfl import majority_of_those_who_came

BLADE = MECHANISMS["blade"]


def blade_ties_pass(t: Any, r: Round, d: Docket) -> Selection:
    return replace(blade.select_approved(t, r, d), bitmap=get_approved(r, d, ties=True))


def convicted(rule: Callable[[Docket, Round], int], *, pass_: bool = False) -> Mutant:
    """Return the mutant in which these are convicted; `pass_`: and pass if they are approved."""

    def select(t: Any, r: Round, d: Docket) -> Selection:
        plain, guilty = blade.select_approved(t, r, d), rule(d, r)
        approved = get_approved(r, d, ties=False)
        return Selection(approved if pass_ else approved & ~guilty, plain.weights, guilty)

    return selected("blade", select, blade._may_mine)


def as_it_is(d: Docket, r: Round) -> int:
    return evidence_module.compute_convicted(d, r.members)


def the_first_among_equals_is_worst(state: Any) -> str:
    bids = task_module.get_task(state).bids
    return min(
        state.ledger.registry, key=lambda a: (bids[a].capability * 2**100 // bids[a].cost, bids[a].order)
    )


def only_of_accepted(t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
    return BLADE.guard.compute_guarded(t, m, booked, r, d) if r.outcome is Outcome.ACCEPTED else booked


def convicted_at_once(patch: Patch) -> None:
    def bent(outcome: Outcome, d: Docket) -> int:
        return d.selected.convicted

    patch.setattr(evidence_module, "get_convicted", bent)
    patch.setattr(bounty_module, "get_convicted", bent)


def taken_back_before_the_end(patch: Patch) -> None:
    plain = BLADE.actions["reclaim"]

    def bent(*args: Any) -> Any:
        with patch.context() as here:
            here.setattr(task_module, "check_over", lambda *_: None)
            return plain.process(*args)

    use(patch, "blade", actions={**BLADE.actions, "reclaim": replace(plain, process=bent)})


def over(**bent: Callable[[Any, Any, Any], bool]) -> Mutant:
    """Return the mutant in which these are asked of (t, state, env) to know whether a task is over."""
    rules: dict[str, Callable[[Any, Any, Any], bool]] = {
        "done": lambda t, state, env: task_module.get_task(state).accepted >= t.rounds,
        "late": lambda t, state, env: env.time >= t.deadline,
        "poor": lambda t, state, env: state.pool < t.bounty,
        "few": lambda t, state, env: len(state.ledger.registry) < t.min_winners,
        "begun": lambda t, state, env: len(state.rounds) > 1,
        "bidden": lambda t, state, env: env.time >= t.bidding_ends,
    }
    assert bent.keys() <= rules.keys()
    rules |= bent

    def is_over(t: Any, state: Any, env: Any) -> bool:
        done, late, poor, few, begun, bidden = (rule(t, state, env) for rule in rules.values())
        return done or late or ((poor or few) and not begun and bidden)

    return put(task_module, "is_over", is_over)


def no(*of: object) -> bool:
    return False


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
    "a word is enough": convicted(lambda d, r: get_majority(d.names, r.members)),
    "an accusation is enough": convicted(lambda d, r: d.accused),
    "half convicts": convicted(lambda d, r: d.accused & get_majority(d.names, r.members - 1)),
    "most of those who came convict": convicted(lambda d, r: d.accused & get_majority(d.names, r.reveals)),
    "what was approved is no copy": convicted(lambda d, r: as_it_is(d, r) & ~get_approved(r, d, ties=False)),
    "convicts pass": convicted(as_it_is, pass_=True),
    "convicts mine": selected("blade", blade.select_approved, may_all),
    "convicts go free where nothing passes": lambda patch: use(
        patch, "blade", guard=replace(BLADE.guard, compute_guarded=only_of_accepted)
    ),
    "the undecided convict": convicted_at_once,
    "who bid is bound": over(bidden=no),
    "who bids isn't bound": over(bidden=may_all),
    "bidding ends a moment later": over(bidden=lambda t, state, env: env.time > t.bidding_ends),
    "a task without its bounty begins": over(poor=no),
    "a task without its winners begins": over(few=no),
    "one winner more is wanted": over(few=lambda t, state, env: len(state.ledger.registry) <= t.min_winners),
    "the bounty alone is too little": over(poor=lambda t, state, env: state.pool <= t.bounty),
    "a task that began needs its bounty": over(begun=no),
    "the publisher takes back before the end": taken_back_before_the_end,
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
    "votes before all evidence is in": bend("blade", "guard", check_commit=lambda *_: None),
    "any claim goes": bend("blade", "subject", check_proposal=lambda *_: None),
    "anybody may leave": bend("blade", "task", check_exit=lambda *_: None),
    "a seed is hashed once more": put(
        evidence_module, "compute_anchor", lambda seed, n: _hash_again(evidence_module, seed, n)
    ),
    "the task lasts a round longer": over(
        done=lambda t, state, env: task_module.get_task(state).accepted > t.rounds
    ),
    "the deadline is the last moment": over(late=lambda t, state, env: env.time > t.deadline),
}


def _hash_again(module: Any, seed: bytes, number: int) -> bytes:
    for _ in range(number + 1):
        seed = module.keccak(seed)
    return seed
