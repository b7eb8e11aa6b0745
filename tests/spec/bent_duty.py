"""The rules of the duty of drawn members, one bent each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.duty as duty_module
from clients.protocol.federation import Federation
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.state import PRESENT, Absence, Env
from clients.protocol.views import FederationView
from clients.types.federation import Address, Event, Member, Phase, Role, Standing
from tests.spec.bending import Mutant, Patch, bend, put, use
from tests.spec.bent_stake_jury import NAME

PLAIN = MECHANISMS[NAME].actions
Core = FederationView[Any]
Report = Callable[[Core, Env, Address, int, list[Address]], list[Event]]


def reporting(change: Callable[[Report], Report]) -> Mutant:
    """Return the mutant in which a report is what `change` makes of it."""

    def mutant(patch: Patch) -> None:
        plain = PLAIN["report"]
        use(patch, NAME, actions={**PLAIN, "report": replace(plain, process=change(plain.process))})

    return mutant


def sparing(spared: Callable[[Core, Address, Member], bool]) -> Mutant:
    """Return the mutant in which those are skipped who are `spared`."""

    def change(plain: Report) -> Report:
        def process(
            core: Core, env: Env, sender: Address, number: int, accounts: list[Address]
        ) -> list[Event]:
            ledger = core.state.ledger
            left = [one for one in accounts if not spared(core, one, ledger.get(one))]
            return plain(core, env, sender, number, left)

        return process

    return reporting(change)


def again(plain: Report) -> Report:
    def process(core: Core, env: Env, sender: Address, number: int, accounts: list[Address]) -> list[Event]:
        core.state.absences = {one: replace(was, round=0) for one, was in core.state.absences.items()}
        return plain(core, env, sender, number, accounts)

    return process


def paying(plain: Report) -> Report:
    def process(core: Core, env: Env, sender: Address, number: int, accounts: list[Address]) -> list[Event]:
        events = plain(core, env, sender, number, accounts)
        members = core.state.ledger.members
        for event in events:
            member = members[event.args["account"]]
            members[event.args["account"]] = replace(member, stake=member.stake - min(member.stake, 1))
        return events

    return process


def viewing(name: str, bent: Callable[..., object]) -> Mutant:
    return put(FederationView, name, bent)


def never_forgotten(core: Core, account: Address, member: Member) -> Absence:
    return core.state.absences.get(account, PRESENT)


PLAIN_ABSENCE = FederationView.get_absence


def total(core: Core, account: Address, member: Member) -> Absence:
    """Count on, whatever the member did since, and tell as before."""
    absence = core.state.absences.get(account, PRESENT)
    told = PLAIN_ABSENCE(core, account, member)
    return replace(told, count=absence.count)


def bend_absence(*, spare: Callable[[int, int], bool] = int.__gt__, of_all: bool = False) -> Mutant:
    """Return the mutant that can spare by this: of those who are in, or `of_all` members, and the fewest."""

    def bent(core: Core, account: Address, member: Member) -> bool:
        ledger = core.state.ledger
        there = len(ledger.registry) if of_all else ledger.inside
        may = spare(there, core.mechanism.panel.get_fewest(core.terms))
        may &= core.state.put_out_after != core.round_number
        return may and 0 < core.terms.absent_after <= core.get_absence(account, member).count

    return viewing("is_absent", bent)


PLAIN_EVICT = Federation.process_evict


def remembering(core: Federation[Any], env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    """Put out, and remember what was missed."""
    before = core.state.absences
    events = PLAIN_EVICT(core, env, sender, accounts)
    core.state.absences = before
    return events


def banning(core: Federation[Any], env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    """Put out for good."""
    ledger, there = core.state.ledger, [*core.state.ledger.registry]
    events = PLAIN_EVICT(core, env, sender, accounts)
    for one in there:
        if (member := ledger.get(one)).standing is Standing.LEAVING:
            ledger.members[one] = replace(member, standing=Standing.BANNED)
    return events


class _Late:
    """Phases, of which reports ask for a later one."""

    REVEAL = Phase.PUBLISH


class _Early:
    REVEAL = Phase.COMMIT


DUTY_MUTANTS: dict[str, Mutant] = {
    "one more round may be missed": bend(
        NAME, "duty", get_absent_after=lambda t: t.absent_after and t.absent_after + 1
    ),
    "one round fewer may be missed": bend(
        NAME, "duty", get_absent_after=lambda t: max(t.absent_after - 1, min(t.absent_after, 1))
    ),
    "one round is too many where none is": bend(NAME, "duty", get_absent_after=lambda t: t.absent_after or 1),
    "proposers may stay away": sparing(lambda core, a, m: Role.PROPOSER in core.get_part(a, m)[0]),
    "voters may stay away": sparing(lambda core, a, m: Role.VOTER in core.get_part(a, m)[0]),
    "who never acted is spared": sparing(lambda core, a, m: m.round == 0),
    "who is out is spared": sparing(lambda core, a, m: core.get_member(a).out),
    "one round is missed twice": reporting(again),
    "missing a round costs": reporting(paying),
    "what was missed is never forgotten": viewing("get_absence", never_forgotten),
    "who acts doesn't start anew": viewing("get_absence", total),
    "those are put out who are needed": bend_absence(spare=lambda there, fewest: True),
    "one more is needed": bend_absence(spare=lambda there, fewest: there > fewest + 1),
    "those who wait can be spared": bend_absence(of_all=True),
    "half of the jury is a quorum": put(duty_module, "has_quorum", lambda r, voters: r.reveals * 2 >= voters),
    "one vote is a quorum": put(duty_module, "has_quorum", lambda r, voters: r.reveals > 0),
    "who is put out is remembered": put(Federation, "process_evict", remembering),
    "who is put out is banned": put(Federation, "process_evict", banning),
    "reports are for phase Publish": put(duty_module, "Phase", _Late),
    "reports are for phase Commit": put(duty_module, "Phase", _Early),
}
