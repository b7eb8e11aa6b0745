"""How the duty of drawn members is played: some report who stays away, and put out who does so too often."""

from collections.abc import Callable
from random import Random
from typing import Any

from clients.protocol.rounds import has_quorum
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import Act, Address, Phase, Role
from tests.spec.judges import JudgingPlayer
from tests.spec.player import Move

SEATS = Role.PROPOSER | Role.VOTER


class ReportingPlayer(JudgingPlayer):
    """Reports and puts out, often enough that some miss several rounds in a row."""

    def __init__(self, rng: Random, *given: Any, **named: Any) -> None:
        super().__init__(rng, *given, **named)
        # of a source of their own, so that all else is drawn as without them
        self.duty = Random(self.federation.terms.genesis + b"duty")
        self.sleepers = self.duty.sample(self.accounts, k=self.duty.choice((0, 0, 1, 2, 2)))
        """Who hardly ever does what it is drawn for."""

    def missing(self) -> list[Address]:
        """Return who is drawn for a seat of this round, and has done nothing."""
        core = self.federation
        members = {one: core.state.ledger.get(one) for one in core.state.ledger.registry}
        return [a for a, m in members.items() if core.get_part(a, m)[0] & SEATS and not core.get_acts(m)]

    def absent(self) -> list[Address]:
        """Return whom anybody may put out; now and then, who has missed anything at all."""
        members, any_ = self.federation.get_members(), self.duty.random() < 0.2
        is_absent = self.federation.is_absent
        return [m.account for m in members if (m.missed if any_ else is_absent(m.account, m.record))]

    def report(self, account: Address, accounts: list[Address]) -> Call:
        return Call(account, "report", (self.federation.round_number, accounts))

    def actors(self, phase: Phase) -> list[Address]:
        awake = self.duty.random() < 0.1
        return [one for one in super().actors(phase) if awake or one not in self.sleepers]

    def play_on(self, phase: Phase, env: Env) -> Move:
        duty, record = self.duty, self.federation.record
        quorum = has_quorum(record, self.federation.wanted.voters)
        if phase >= Phase.REVEAL and quorum and duty.random() < 0.7:
            number = self.federation.round_number
            told = {one.account for one in self.federation.get_members() if one.missed_round == number}
            if missing := [one for one in self.missing() if one not in told or duty.random() < 0.2]:
                some = duty.sample(missing, k=max(1, len(missing) - duty.randrange(2)))
                return Move(self.report(duty.choice(self.accounts + self.outsiders), some))
        if phase is Phase.OPEN and duty.random() < 0.5 and (absent := self.absent()):
            return Move(Call(duty.choice(self.accounts), "evict", (absent,)))
        return super().play_on(phase, env)

    def own_calls(self, account: Address, env: Env) -> dict[str, Callable[[], Call]]:
        everybody = self.accounts + self.outsiders
        return {
            **super().own_calls(account, env),
            "report": lambda: self.report(account, self.duty.sample(everybody, k=self.duty.randrange(4))),
        }

    def play_illegal(self, phase: Phase, env: Env) -> Call:
        return self.bad_report() if self.duty.random() < 0.03 else super().play_illegal(phase, env)

    def bad_report(self) -> Call:
        """Return a report of who acted, was not drawn or is reported already, of anybody twice, or of another
        round."""
        duty, number = self.duty, self.federation.round_number
        acted = [*self.acted(Act.PROPOSED), *self.acted(Act.COMMITTED), *self.missing(), *self.outsiders]
        accounts = [self.anybody(*acted) for _ in range(duty.randrange(4))]
        call = self.report(self.anybody(), accounts * duty.choice((1, 1, 2)))
        return call if duty.random() < 0.8 else Call(call.sender, "report", (number + 1, accounts))
