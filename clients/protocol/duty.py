"""Duty: a drawn seat has to be filled, where the terms say so.

Nobody acts for those who are absent, so anybody may report them, while the round can tell: once its ballots
are committed, and before it is settled. A round is missed by whoever was drawn to propose or to vote in it
and has done nothing. No round is missed in which no more than half of the drawn voters reveal: whoever is
there alone puts nobody out. Whoever does something in a round starts anew.

Whoever misses so many rounds in a row as the terms say can be put out: its stake unbonds, all of it, and it
may join again as any newcomer. One member a round can be put out, so that an outage of many doesn't make a
majority of a few overnight. As long as no more are in than the federation needs, nobody is put out: it would
stand still.
"""

from typing import Any, Protocol

from clients.protocol.policies import DutyPolicy, OwnAction
from clients.protocol.rounds import Action, has_quorum
from clients.protocol.state import Absence, Env, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event, Phase, Role

COUNT_MAX = 2**16 - 1
"""How far missed rounds are counted. More in a row are as many: a report is never refused for it."""


class DutyTerms(Protocol):
    """Terms that say how often a member may miss a seat."""

    @property
    def absent_after(self) -> int:
        """Missed rounds in a row after which a drawn member can be put out; 0: never."""
        ...


def _get_absent_after(terms: DutyTerms) -> int:
    return terms.absent_after


DRAWN_SEATS: DutyPolicy[DutyTerms] = DutyPolicy(_get_absent_after)
"""Whoever is drawn, round after round, and does nothing can be put out."""


def _process_report(
    core: FederationView[Any], env: Env, sender: Address, round_number: int, accounts: list[Address]
) -> list[Event]:
    state, phase = core.state, core.get_phase(env)
    if phase < Phase.REVEAL or not has_quorum(core.record, core.wanted.voters):
        raise ProtocolError("WrongPhase", phase, Phase.REVEAL)
    events = []
    for account in accounts:
        member = state.ledger.get(account)
        roles, _ = core.get_part(account, member)
        absence = core.get_absence(account, member)
        if not roles & (Role.PROPOSER | Role.VOTER) or round_number in (member.round, absence.round):
            continue
        absence = Absence(round_number, member.round, min(absence.count + 1, COUNT_MAX))
        state.absences = {**state.absences, account: absence}
        events.append(compute_event(env, "Missed", round=round_number, account=account, missed=absence.count))
    return events


REPORT = {"report": OwnAction(Action(("uint256", "address[]"), names_round=True), _process_report)}
"""Report who was drawn and does nothing; skip the others."""
