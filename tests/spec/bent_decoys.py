"""The rules of decoys, one bent each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import clients.protocol.decoys as decoys_module
import clients.protocol.jury as jury_module
from clients.protocol.decoys import is_decoy
from clients.protocol.docket import Docket, Selection
from clients.protocol.jury import EXCUSED, get_seat, select
from clients.protocol.mechanisms import MECHANISMS
from clients.types.federation import Act, Member, Outcome, Round
from tests.spec.bending import Mutant, bend, put
from tests.spec.bent_stake_jury import NAME, delta, seating

STAKE_JURY = MECHANISMS[NAME]


def selecting(change: Callable[[Docket, Selection], Selection]) -> Mutant:
    """Return the mutant in which the selection is what `change` makes of docket and selection."""

    def bent(terms: Any, record: Round, docket: Docket) -> Selection:
        selection = select(terms, record, docket)
        return change(docket, selection) if terms.decoy_odds else selection

    return put(jury_module, "select", bent)


def drawing(bent: Callable[[int, bytes, bytes], bool]) -> Mutant:
    return put(decoys_module, "is_decoy", bent)


def is_missing(ballot: Any, s: Selection) -> bool:
    return bool(s.decoys & ~s.passed & ~ballot.bad)


def never_awaited(terms: Any, record: Round, docket: Docket) -> bool:
    return False


def decoys_awaited(terms: Any, record: Round, docket: Docket) -> bool:
    return terms.decoy_odds > 0 and not docket.shown


def always_waiting(terms: Any, record: Round, docket: Docket) -> bool:
    return docket.shown.bit_count() < record.proposals


def unshown_are_safe(t: Any, m: Member, r: Round, gain: int) -> int:
    """Let nobody pay for an update that it didn't show."""
    unshown = t.decoy_odds and Act.PROPOSED in m.acts and Act.SHOWN not in m.acts
    return max(gain, 0) if unshown else gain


def shown_pays_nothing_undecided(t: Any, m: Member, r: Round, gain: int) -> int:
    """Charge who showed in a round that nobody decided."""
    return -t.proposer_stake if r.outcome is Outcome.UNDECIDED and Act.SHOWN in m.acts else gain


DECOY_MUTANTS: dict[str, Mutant] = {
    "a decoy that passes is in the model": selecting(
        lambda d, s: replace(s, bitmap=s.bitmap | s.passed & s.decoys)
    ),
    "what isn't shown counts": selecting(lambda d, s: replace(s, bitmap=s.passed & ~d.decoys)),
    "a decoy costs its proposer": put(
        jury_module,
        "select",
        lambda t, r, d: replace(select(t, r, d), rejected=select(t, r, replace(d, decoys=0)).rejected),
    ),
    "a decoy isn't paid": selecting(lambda d, s: replace(s, decoys=0)),
    "a decoy is paid whoever could have it": selecting(lambda d, s: replace(s, decoys=d.decoys)),
    "only a decoy that fails is paid": selecting(lambda d, s: replace(s, decoys=s.decoys & ~s.passed)),
    "seats are compared with the model": put(
        jury_module, "get_seat", lambda b, s, option: get_seat(b, replace(s, passed=s.bitmap), option)
    ),
    "ballots are compared in decoys": put(Selection, "compared", property(lambda s: s.judged)),
    "a decoy that is missed is forgiven": put(
        jury_module, "get_seat", lambda b, s, option: get_seat(b, replace(s, decoys=0), option)
    ),
    "a decoy that a juror couldn't have is forgiven": put(
        jury_module, "get_seat", lambda b, s, option: get_seat(b, replace(s, decoys=s.decoys & b.had), option)
    ),
    "a decoy that is missed costs": seating(
        lambda b, s, option, seat: 0 if seat == EXCUSED and is_missing(b, s) else seat
    ),
    "a decoy that most find good is held against them": put(
        jury_module,
        "get_seat",
        lambda b, s, option: (
            EXCUSED if get_seat(b, s, option) == option and b.good & s.decoys else get_seat(b, s, option)
        ),
    ),
    "a lot hangs on the secret alone": drawing(lambda odds, secret, seed: is_decoy(odds, secret, secret)),
    "a lot hangs on the seed alone": drawing(lambda odds, secret, seed: is_decoy(odds, seed, seed)),
    "all lots are decoys": drawing(lambda odds, secret, seed: odds > 0),
    "one more in so many": drawing(lambda odds, secret, seed: odds > 0 and is_decoy(odds - 1, secret, seed)),
    "nothing waits for lots": bend(NAME, "subject", is_awaited=never_awaited),
    "the first lot is enough": bend(NAME, "subject", is_awaited=decoys_awaited),
    "lots are awaited where there are none": bend(NAME, "subject", is_awaited=always_waiting),
    "what isn't shown costs nothing": delta(unshown_are_safe),
    "showing costs in an undecided round": delta(shown_pays_nothing_undecided),
}
