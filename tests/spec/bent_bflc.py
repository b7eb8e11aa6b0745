"""bflc with one rule bent each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.council as council_module
import clients.protocol.managers as managers_module
import clients.protocol.scores as scores_module
from clients.protocol import scores
from clients.protocol.council import PATIENCE, Choice, Council
from clients.protocol.docket import Docket, Selection
from clients.protocol.federation import Federation
from clients.protocol.marks import compute_bitmap
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Publication
from clients.protocol.publication import compute_checked
from clients.types.federation import Outcome, Round
from tests.spec.bending import Mutant, Patch, bend, put, settled, use

BFLC = MECHANISMS["bflc"]
PLAIN_CHOICE: Callable[[Council], Choice] = Council.choice.fget  # type: ignore[attr-defined]


def packed(change: Callable[..., Selection]) -> Mutant:
    def select(t: Any, r: Round, d: Docket) -> Selection:
        return change(t, r, scores.select_best(t, r, d))

    return lambda patch: use(
        patch, "bflc", publication=Publication(lambda t, r, d, p: compute_checked(select, t, r, d, p))
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
    plain = getattr(BFLC.notes, hook)

    def bent(t: Any, own: Council, r: Round, d: Docket) -> Council:
        return change(t, own, plain(t, own, r, d), r)

    return bend("bflc", "notes", **{hook: bent})


def failing(change: Callable[[Council, int, Round], int]) -> Mutant:
    """Return the mutant in which a committee has failed so often after a round."""
    return remembered(
        "note_settled", lambda t, own, done, r: replace(done, failures=change(own, done.failures, r))
    )


def named_again(council: Council) -> Choice:
    if council.failures == PATIENCE:
        return Choice.NAMED if council.named else Choice.DRAWN
    return PLAIN_CHOICE(council)


def reveals_ask_nobody(patch: Patch) -> None:
    """Let whoever committed reveal, expelled since or not."""
    plain = Federation.process_reveal

    def bent(self: Federation[Any], env: Any, sender: str, *args: Any) -> Any:
        with patch.context() as here:
            here.setattr(self, "check_active", lambda account, member: None)
            return plain(self, env, sender, *args)

    patch.setattr(Federation, "process_reveal", bent)


def the_expelled_reveal(patch: Patch) -> None:
    plain = Federation.process_reveal

    def bent(self: Federation[Any], env: Any, sender: str, *args: Any) -> Any:
        with patch.context() as here:
            here.setattr(self, "is_barred", lambda account: False)
            return plain(self, env, sender, *args)

    patch.setattr(Federation, "process_reveal", bent)


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
    "who leaves a round undecided stays": failing(
        lambda own, done, r: done if r.outcome is Outcome.ACCEPTED else min(own.failures + 1, PATIENCE)
    ),
    "a rejection ends a committee": failing(
        lambda own, done, r: PATIENCE if r.outcome is Outcome.REJECTED else done
    ),
    "a rejection is no failure": failing(
        lambda own, done, r: own.failures if r.outcome is Outcome.REJECTED else done
    ),
    "nothing to judge is no failure": failing(lambda own, done, r: done if r.proposals else own.failures),
    "nothing to judge ends a committee": failing(lambda own, done, r: done if r.proposals else PATIENCE),
    "failures need not be in a row": failing(
        lambda own, done, r: own.failures if own.failures < PATIENCE and done == 0 else done
    ),
    "two failures are enough": put(council_module, "PATIENCE", 2),
    "four failures are enough": put(council_module, "PATIENCE", 4),
    "whoever was named comes back": put(Council, "choice", property(named_again)),
    "records wait for the verdict": remembered(
        "note_published", lambda t, own, done, r: own if r.publications == 1 else done
    ),
    "the whole pool is profit": settled(
        "bflc",
        lambda t, r, d, o, pool, paid: BFLC.payout.compute_settlement(
            replace(t, profit_bps=10_000), r, d, o, pool
        ),
    ),
    "the expelled reveal": the_expelled_reveal,
    "reveals ask nobody who it is": reveals_ask_nobody,
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
