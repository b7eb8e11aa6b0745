"""bflc with one rule bent each."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import clients.protocol.council as council_module
import clients.protocol.scores as scores_module
from clients.protocol import scores
from clients.protocol.council import Choice, Council
from clients.protocol.docket import Docket, Selection
from clients.protocol.federation import Federation
from clients.protocol.marks import compute_bitmap
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import OwnAction, PublicationPolicy
from clients.protocol.publication import compute_checked
from clients.types.errors import ProtocolError
from clients.types.federation import Outcome, Phase, Round
from tests.spec.bending import Mutant, Patch, bend, put, settled, use

BFLC = MECHANISMS["bflc"]
NAMING = BFLC.actions["nameCommittee"]


def packed(change: Callable[..., Selection]) -> Mutant:
    def select(t: Any, r: Round, d: Docket) -> Selection:
        return change(t, r, scores.select_best(t, r, d))

    return lambda patch: use(
        patch,
        "bflc",
        publication=PublicationPolicy(lambda t, r, d, _, p: compute_checked(select, t, r, d, p)),
    )


def passing(t: Any, weights: tuple[int, ...]) -> list[int]:
    return [number for number, weight in enumerate(weights) if weight >= t.min_score]


def the_last_are_packed(t: Any, r: Round, plain: Selection) -> Selection:
    last = passing(t, plain.weights)[-t.updates :]
    return replace(plain, bitmap=compute_bitmap(last)) if plain.bitmap else plain


def fewer_will_do(t: Any, r: Round, plain: Selection) -> Selection:
    return replace(plain, bitmap=compute_bitmap(passing(t, plain.weights)[: t.updates]))


def elected(change: Callable[..., tuple[str, ...]]) -> Mutant:
    plain = council_module.compute_elected

    def bent(t: Any, c: Council, seed: bytes) -> tuple[str, ...]:
        return change(plain, t, c, seed)

    return put(council_module, "compute_elected", bent)


def remembered(hook: str, change: Callable[[Any, Council, Council, Round], Council]) -> Mutant:
    plain = getattr(BFLC.own_state, hook)

    def bent(t: Any, own: Council, r: Round, d: Docket) -> Council:
        return change(t, own, plain(t, own, r, d), r)

    return bend("bflc", "own_state", **{hook: bent})


def chosen(change: Callable[[Council, Choice, Round], Choice]) -> Mutant:
    """Return the mutant in which the next committee is found so after a round."""
    return remembered(
        "note_settled", lambda t, own, done, r: replace(done, choice=change(own, done.choice, r))
    )


@dataclass(frozen=True, slots=True)
class Impatient(Council):
    """What a federation remembers that bears with a committee for three failures in a row."""

    failures: int = 0


def fails_for_good(t: Any, own: Council, done: Council, r: Round) -> Council:
    failures = own.failures if isinstance(own, Impatient) else 0
    failures = 0 if r.outcome is Outcome.ACCEPTED else failures + 1
    kept = {field.name: getattr(done, field.name) for field in fields(Council)}
    if failures >= 3:
        kept["choice"] = Choice.DRAWN
    return Impatient(**kept, failures=failures)


def named_after(stays: Callable[[Council], bool]) -> Mutant:
    """Return the mutant in which a naming leaves the choice as it was, of such a council."""

    def mutant(patch: Patch) -> None:
        plain = council_module.process_motion

        def bent(core: Any, *args: Any) -> Any:
            before = core.state.own
            events = plain(core, *args)
            if events[-1].name == "CommitteeNamed" and stays(before):
                core.state.own = replace(core.state.own, choice=before.choice)
            return events

        patch.setattr(council_module, "process_motion", bent)

    return mutant


def naming(process: Callable[..., Any]) -> Mutant:
    """Return the mutant in which a committee is named in any phase, by `process`."""
    actions = {**BFLC.actions, "nameCommittee": OwnAction(replace(NAMING.action, phase=None), process)}
    return lambda patch: use(patch, "bflc", actions=actions)


def before_the_first_round(core: Any, env: Any, sender: str, *args: Any) -> Any:
    if core.round_number:
        raise ProtocolError("WrongPhase", Phase.OPEN, Phase.OPEN)
    return NAMING.process(core, env, sender, *args)


def reveals_ask_nobody(patch: Patch) -> None:
    """Let whoever committed reveal, member or not."""
    plain = Federation.process_reveal

    def bent(self: Federation[Any], env: Any, sender: str, *args: Any) -> Any:
        with patch.context() as here:
            here.setattr(self, "check_active", lambda account, member: None)
            return plain(self, env, sender, *args)

    patch.setattr(Federation, "process_reveal", bent)


def fees_are_lost(patch: Patch) -> None:
    plain = Federation.process_join

    def bent(self: Any, *args: Any) -> Any:
        events, pool = plain(self, *args), self.state.pool
        self.state.pool = pool - self.mechanism.admission.get_fee(self.terms)
        return events

    patch.setattr(Federation, "process_join", bent)


BFLC_MUTANTS: dict[str, Mutant] = {
    "the upper median counts": put(scores_module, "compute_median", lambda s: sorted(s)[len(s) // 2]),
    "the last to pass are packed": packed(the_last_are_packed),
    "fewer updates will do": packed(fewer_will_do),
    "score is by number": elected(
        lambda plain, t, c, seed: tuple(x.account for x in c.providers[: t.committee])
    ),
    "chance is by number": elected(
        lambda plain, t, c, seed: (
            plain(t, c, seed) if t.election != 1 else tuple(x.account for x in c.providers[: t.committee])
        )
    ),
    "the worst are elected": elected(
        lambda plain, t, c, seed: plain(
            t, replace(c, providers=tuple(replace(x, score=10_000 - x.score) for x in c.providers)), seed
        )
    ),
    "speed counts nothing": elected(
        lambda plain, t, c, seed: plain(replace(t, election=0) if t.election == 2 else t, c, seed)
    ),
    "who leaves a round undecided stays": chosen(
        lambda own, done, r: own.choice if r.outcome is Outcome.UNDECIDED else done
    ),
    "a rejection ends a committee": chosen(
        lambda own, done, r: Choice.DRAWN if r.outcome is Outcome.REJECTED else done
    ),
    "nothing to judge ends a committee": chosen(lambda own, done, r: done if r.proposals else Choice.DRAWN),
    "three failures end a committee": remembered("note_settled", fails_for_good),
    "whoever was named comes back": chosen(
        lambda own, done, r: Choice.NAMED if done is Choice.DRAWN and own.named else done
    ),
    "whoever was elected comes back": chosen(
        lambda own, done, r: Choice.ELECTED if done is Choice.DRAWN and own.providers else done
    ),
    "whoever was named stays": chosen(
        lambda own, done, r: Choice.NAMED if own.choice is Choice.NAMED else done
    ),
    "whoever was elected stays": named_after(lambda council: council.choice is Choice.ELECTED),
    "where the draw decided it stays": named_after(
        lambda council: council.choice is Choice.DRAWN and len(council.models) > 1
    ),
    "committees are named in any phase": naming(NAMING.process),
    "committees are named before the first round": naming(before_the_first_round),
    "records wait for the verdict": remembered(
        "note_published", lambda t, own, done, r: own if r.publications == 1 else done
    ),
    "the whole pool is profit": settled(
        "bflc",
        lambda t, r, d, o, pool, paid: BFLC.payout.compute_settlement(
            replace(t, profit_bps=10_000), r, d, o, pool
        ),
    ),
    "reveals ask nobody who it is": reveals_ask_nobody,
    "fees are lost": fees_are_lost,
    "everybody else proposes": bend(
        "bflc",
        "panel",
        count=lambda t, s, n: BFLC.panel.count(t, s, n)._replace(proposers=max(n - t.committee, 0)),
    ),
}
