"""vbfl with one rule bent each, and what is bent the same way in bflc and blade."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.publication as publication_module
import clients.protocol.unit_rewards as units_module
import clients.protocol.views as views_module
from clients.protocol import vbfl
from clients.protocol.approvals import get_approved
from clients.protocol.docket import Docket, Miner, Selection
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Wanted
from clients.protocol.rounds import compute_ends, compute_phase
from clients.types.federation import ZERO32, Act, Member, Outcome, Phase, Round, Standing
from tests.spec.bending import Mutant, bend, may_all, put, selected, settled

VBFL = MECHANISMS["vbfl"]


def majority_of_those_who_came(t: Any, r: Round, d: Docket, w: Wanted) -> Outcome:
    if r.leading_count * 2 <= r.publications:
        return Outcome.UNDECIDED
    return Outcome.REJECTED if d.tally.candidate == ZERO32 else Outcome.ACCEPTED


def quorum(is_met: Callable[[int, int], bool]) -> Mutant:
    """Return the mutant in which publishers are awaited where `is_met` of reveals and voters."""

    def bent(record: Round, number: int, **given: Any) -> Phase:
        phase = compute_phase(record, number, **given)
        if record.reveals == 0 or phase not in (Phase.PUBLISH, Phase.SETTLE):
            return phase
        awaited = record.publications < given["publishers"]
        in_time = given["time"] < compute_ends(record.drawn_at, given["schedule"]).publish
        met = is_met(record.reveals, given["voters"])
        return Phase.PUBLISH if met and awaited and in_time else Phase.SETTLE

    return put(views_module, "compute_phase", bent)


QUORUM_MUTANTS: dict[str, Mutant] = {
    "one ballot will do": quorum(lambda reveals, voters: True),
    "half is a quorum": quorum(lambda reveals, voters: reveals * 2 >= voters),
    "a quorum is one more": quorum(lambda reveals, voters: reveals * 2 > voters + 1),
}
"""Of each mechanism with publishers."""


def vbfl_ties_fall(t: Any, r: Round, d: Docket) -> Selection:
    return replace(vbfl.select_approved(t, r, d), bitmap=get_approved(r, d, ties=False))


def vbfl_epochs_weigh_nothing(t: Any, r: Round, d: Docket) -> Selection:
    return replace(vbfl.select_approved(t, r, d), weights=tuple(update.samples for update in d.updates))


def claims_are_paid(t: Any, selection: Selection, update_number: int) -> int:
    return selection.get_weight(update_number)


_compute_worker_units = units_module.compute_worker_units


def rejected_updates_earn(t: Any, selection: Selection, update_number: int) -> int:
    everything = replace(selection, bitmap=2 ** len(selection.weights) - 1)
    return _compute_worker_units(t, everything, update_number)


def struck(change: Callable[..., Member]) -> Mutant:
    plain = VBFL.guard.compute_guarded

    def bent(t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
        return change(t, m, booked, r, plain(t, m, booked, r, d))

    return bend("vbfl", "guard", compute_guarded=bent)


def silent_validators_are_paid(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
    acts = m.acts | Act.REVEALED if Act.COMMITTED in m.acts else m.acts
    return VBFL.payout.compute_delta(t, a, replace(m, acts=acts), r, d)


def any_digest_pays_miners(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
    return VBFL.payout.compute_delta(t, a, replace(m, option=r.leading_option if m.option else 0), r, d)


def last_among_equals(t: Any, d: Docket) -> str:
    return publication_module.get_winner(t, replace(d, miners=d.miners[::-1]))


def no_proof_needed(t: Any, d: Docket) -> str:
    miners = tuple(replace(miner, competes=True) for miner in d.miners)
    return publication_module.get_winner(t, replace(d, miners=miners))


def first_wins_without_work(t: Any, d: Docket) -> str:
    miners = tuple(Miner(miner.account, miner.option, 0, miner.competes) for miner in d.miners)
    return publication_module.get_winner(t, replace(d, miners=miners))


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
    "claims are paid whatever the terms say": put(units_module, "compute_worker_units", claims_are_paid),
    "rejected updates earn, too": put(units_module, "compute_worker_units", rejected_updates_earn),
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
    "always as many proposers": bend(
        "vbfl", "panel", count=lambda t, s, n: Wanted(t.proposers, t.validators, t.validators + t.miners)
    ),
    "miners alone publish": bend(
        "vbfl", "panel", count=lambda t, s, n: VBFL.panel.count(t, s, n)._replace(publishers=t.miners)
    ),
}
