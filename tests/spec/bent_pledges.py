"""Federations whose pledges are awaited, bind or cost by one rule that is bent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import clients.protocol.rounds as rounds_module
import clients.protocol.views as views_module
from clients.protocol.docket import Docket
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Settlement
from clients.protocol.rounds import compute_phase
from clients.types.errors import ProtocolError
from clients.types.federation import Act, Member, Outcome, Phase, Round, Standing
from tests.spec.bending import Mutant, Patch, bend, put, settled

CHECK_PLEDGED = Federation._check_pledged
PROCESS_PLEDGE = Federation.process_pledge
PROCESS_PROPOSE = Federation.process_propose
COMPUTE_ENDS = rounds_module.compute_ends


def checked(bent: Callable[..., None]) -> Mutant:
    """Return the mutant in which `bent` decides which updates may be proposed."""
    return put(Federation, "_check_pledged", bent)


def anybody_proposes(self: Federation[Any], account: str, *claim: Any) -> None:
    if Act.PLEDGED in self.get_acts(self.state.ledger.get(account)):
        CHECK_PLEDGED(self, account, *claim)


def allow_others(self: Federation[Any], account: str, claims: list[tuple[bytes, int, int]]) -> None:
    """Refuse what is proposed unless one of `claims` was pledged; the first is what is proposed."""
    for claim in claims[1:]:
        try:
            return CHECK_PLEDGED(self, account, *claim)
        except ProtocolError:
            continue
    return CHECK_PLEDGED(self, account, *claims[0])


def any_samples(self: Federation[Any], account: str, digest: bytes, samples: int, epochs: int) -> None:
    others = {samples ^ 1, self.terms.max_samples}
    allow_others(self, account, [(digest, samples, epochs), *((digest, other, epochs) for other in others)])


def any_epochs(self: Federation[Any], account: str, digest: bytes, samples: int, epochs: int) -> None:
    others = {epochs ^ 1, self.terms.max_epochs}
    allow_others(self, account, [(digest, samples, epochs), *((digest, samples, other) for other in others)])


def any_digest(self: Federation[Any], account: str, *claim: Any) -> None:
    if Act.PLEDGED not in self.get_acts(self.state.ledger.get(account)):
        CHECK_PLEDGED(self, account, *claim)


def of_anybody(self: Federation[Any], account: str, *claim: Any) -> None:
    """Let a pledge stand for the update that another account pledged."""
    number, pledged = self.round_number, self.state.commitments.get(account, b"")
    if not any(self.compute_pledge(number, other, *claim) == pledged for other in self.state.commitments):
        CHECK_PLEDGED(self, account, *claim)


def before_the_digest(self: Federation[Any], env: Any, sender: str, *call: Any) -> Any:
    """Look at the pledge before anything else."""
    if self.terms.schedule.pledge:
        self._check_pledged(sender, *call[1:])
    return PROCESS_PROPOSE(self, env, sender, *call)


def after_the_claim(self: Federation[Any], env: Any, sender: str, *call: Any) -> Any:
    """Look at the pledge when all else is right."""
    terms, state = self.terms, self.state
    self.terms, self.state = replace(terms, schedule=replace(terms.schedule, pledge=0)), state.copy()
    try:
        PROCESS_PROPOSE(self, env, sender, *call)
    finally:
        self.terms, self.state = terms, state
    return PROCESS_PROPOSE(self, env, sender, *call)


def empty_pledges(self: Federation[Any], env: Any, sender: str, number: int, pledge: bytes) -> Any:
    """Take an empty pledge; as long as nobody proposes it, it does what any other does."""
    events = PROCESS_PLEDGE(self, env, sender, number, pledge if any(pledge) else b"\1" * 32)
    events[-1].args["pledge"] = pledge
    return events


def phases(bent: Callable[..., Phase]) -> Mutant:
    return put(views_module, "compute_phase", bent)


def awaiting_all(record: Round, number: int, **given: Any) -> Phase:
    """Wait for as many proposals as there were pledges wanted."""
    phase = compute_phase(record, number, **given)
    if phase is Phase.PLEDGE or not given["schedule"].pledge:
        return phase
    return compute_phase(replace(record, pledges=max(record.pledges, given["proposers"])), number, **given)


def awaiting_all_if_any(record: Round, number: int, **given: Any) -> Phase:
    """Wait so if anybody pledged."""
    return (awaiting_all if record.pledges else compute_phase)(record, number, **given)


def pledging_to_the_end(record: Round, number: int, **given: Any) -> Phase:
    """Let phase Pledge last as long as it may."""
    ends = record.drawn_at + given["schedule"].pledge
    early = given["time"] < ends and compute_phase(record, number, **given) is not Phase.OPEN
    return Phase.PLEDGE if record.drawn_at and early else compute_phase(record, number, **given)


def a_second_longer(record: Round, number: int, **given: Any) -> Phase:
    """Let phase Pledge last a second longer."""
    last = record.drawn_at + given["schedule"].pledge
    late = given["schedule"].pledge and given["time"] == last and record.drawn_at
    return compute_phase(record, number, **{**given, "time": given["time"] - bool(late)})


def ends_as_without(drawn_at: int, schedule: Any) -> Any:
    """Let the later phases end as if there were no pledges."""
    ends = COMPUTE_ENDS(drawn_at, schedule)
    plain = COMPUTE_ENDS(drawn_at, replace(schedule, pledge=0))
    return replace(plain, pledge=ends.pledge)


def delta(name: str, change: Callable[..., int]) -> Mutant:
    """Return the mutant in which who broke a pledge gains what `change` makes of it."""
    plain = MECHANISMS[name].payout.compute_delta

    def bent(t: Any, a: str, m: Member, r: Round, d: Docket) -> int:
        broke = Act.PLEDGED in m.acts and Act.PROPOSED not in m.acts
        return change(t, a, m, r, d) if broke else plain(t, a, m, r, d)

    return bend(name, "payout", compute_delta=bent)


def paid_like_a_proposal(name: str) -> Mutant:
    plain = MECHANISMS[name].payout.compute_delta
    return delta(name, lambda t, a, m, r, d: plain(t, a, replace(m, acts=m.acts | Act.PROPOSED), r, d))


def struck(change: Callable[..., Member]) -> Mutant:
    """Return the mutant of vbfl in which who broke a pledge is struck as `change` has it."""
    plain = MECHANISMS["vbfl"].guard.compute_guarded

    def bent(t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
        broke = Act.PLEDGED in m.acts and Act.PROPOSED not in m.acts
        return change(plain, t, m, booked, r, d) if broke else plain(t, m, booked, r, d)

    return bend("vbfl", "guard", compute_guarded=bent)


def struck_when_undecided(plain: Any, t: Any, m: Member, booked: Member, r: Round, d: Docket) -> Member:
    if r.outcome is not Outcome.UNDECIDED:
        return plain(t, m, booked, r, d)
    strikes = m.strikes + 1
    out = strikes >= t.kick_rounds
    return replace(booked, strikes=strikes, standing=Standing.BANNED if out else booked.standing)


SHARED: Mapping[str, Mutant] = {
    "who didn't pledge proposes": checked(anybody_proposes),
    "a pledge doesn't bind the samples": checked(any_samples),
    "a pledge doesn't bind the epochs": checked(any_epochs),
    "a pledge doesn't bind the digest": checked(any_digest),
    "a copied pledge is kept by its copier": checked(of_anybody),
    "the pledge is looked at first": put(Federation, "process_propose", before_the_digest),
    "the pledge is looked at last": put(Federation, "process_propose", after_the_claim),
    "an empty pledge is one": put(Federation, "process_pledge", empty_pledges),
    "Propose waits for all who were drawn": phases(awaiting_all_if_any),
    "Propose waits even where nobody pledged": phases(awaiting_all),
    "Pledge lasts to its end": phases(pledging_to_the_end),
    "Pledge lasts a second longer": phases(a_second_longer),
}
"""Of every mechanism."""


def shift_nothing(patch: Patch) -> None:
    for module in (views_module, rounds_module):
        patch.setattr(module, "compute_ends", ends_as_without)


def unpaid(t: Any, r: Round, d: Docket, o: Outcome, pool: int, paid: Settlement) -> Settlement:
    return paid._replace(pool=paid.pool - t.proposer_stake * r.broken_pledges)


def unpaid_when_undecided(t: Any, r: Round, d: Docket, o: Outcome, pool: int, paid: Settlement) -> Settlement:
    return unpaid(t, r, d, o, pool, paid) if o is Outcome.UNDECIDED else paid


PLEDGE_MUTANTS: Mapping[str, Mapping[str, Mutant]] = {
    "stake_vote": {
        **SHARED,
        "the other phases end as without pledges": shift_nothing,
        "a broken pledge costs nothing": delta("stake_vote", lambda *_: 0),
        "a broken pledge is free when undecided": delta(
            "stake_vote",
            lambda t, a, m, r, d: 0 if r.outcome is Outcome.UNDECIDED else -t.proposer_stake,
        ),
        "a broken pledge is free when accepted": delta(
            "stake_vote",
            lambda t, a, m, r, d: 0 if r.outcome is Outcome.ACCEPTED else -t.proposer_stake,
        ),
        "a broken pledge costs a voter's stake": delta("stake_vote", lambda t, a, m, r, d: -t.voter_stake),
        "what broken pledges cost is lost": settled("stake_vote", unpaid),
        "what they cost when undecided is lost": settled("stake_vote", unpaid_when_undecided),
        "a broken pledge is paid": paid_like_a_proposal("stake_vote"),
    },
    "stake_jury": {
        **SHARED,
        "a broken pledge costs a voter's stake": delta("stake_jury", lambda t, a, m, r, d: -t.voter_stake),
        "what broken pledges cost is lost": settled("stake_jury", unpaid),
        "what they cost when undecided is lost": settled("stake_jury", unpaid_when_undecided),
        "a broken pledge is paid": paid_like_a_proposal("stake_jury"),
    },
    "vbfl": {
        **SHARED,
        "a broken pledge is no strike": struck(lambda plain, t, m, booked, r, d: booked),
        "a broken pledge is a strike when undecided": struck(struck_when_undecided),
        "an earlier update excuses a broken pledge": struck(
            lambda plain, t, m, booked, r, d: plain(t, replace(m, acts=m.acts | Act.PROPOSED), booked, r, d)
        ),
        "a broken pledge is paid": paid_like_a_proposal("vbfl"),
    },
    # Who breaks a pledge would be paid here by the number of an update of an earlier round, if that is among
    # this round's: one of some 1,800 sequences comes to that, so tests of their own have to notice it.
    "bflc": {**SHARED},
    "blade": {**SHARED, "a broken pledge is paid": paid_like_a_proposal("blade")},
}
