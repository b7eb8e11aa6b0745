"""Jurors that can't make the round's model, and wouldn't earn by it: what they publish, and when."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from clients.mechanisms.base import Desk, Done, Handler, S, Who
from clients.protocol.docket import Publication
from clients.protocol.jury import EXCUSED, get_seat, select
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles.publisher import to_call
from clients.roles.round_log import as_bytes32
from clients.types.federation import Address, StakeJuryTerms

_FAILED = "failed"


def excusing(assemble: Handler[S, StakeJuryTerms]) -> Handler[S, StakeJuryTerms]:
    """Return `assemble`, with excused jurors that can't make the model repeating the digest that has won.

    Who is excused earns nothing whatever it publishes, and pays if it publishes nothing. It could have less
    than half of what was judged, so it may well lack an update that passed. Its publication counts, though,
    and it hasn't checked the digest. So it waits until more than half of the publishers have published the
    same one: then nothing is left to decide. If none gets so far, the round is undecided, and costs it
    nothing. Nobody waits on a chain of our own: all publish together there.
    """

    def do(desk: Desk[S, StakeJuryTerms], who: Who) -> Done | None:
        excused = _find_excused(desk, who)
        winner = _find_winner(desk) if excused else None
        done = None
        if winner is None or _FAILED not in desk.scratch or len(excused) < len(who):
            done = assemble(desk, who)
        if not excused or (done is not None and done.calls):
            return done
        desk.scratch[_FAILED] = True  # one more try would take time, and may come too late
        waiting = [one.account for one in who if one.account not in excused] if done is None else []
        if winner is not None:
            calls = {account: (to_call(account, desk.status.round, winner),) for account in excused}
            return replace(done or Done(), calls=calls, pending=waiting)
        if done is None or not (desk.patient or desk.hurried):
            return done
        return None if len(excused) == len(who) else replace(done, pending=excused)

    return do


def _find_excused(desk: Desk[S, StakeJuryTerms], who: Who) -> Sequence[Address]:
    """Return which of `who` are excused whatever they publish."""
    docket = desk.read_log().docket(STAKE_JURY, desk.terms)
    selection = select(desk.terms, desk.status.record, docket)
    ballots = {one.account: docket.ballots[one.account] for one in who if one.account in docket.ballots}
    return [who for who, ballot in ballots.items() if get_seat(ballot, selection, 1) == EXCUSED]


def _find_winner(desk: Desk[S, StakeJuryTerms]) -> Publication | None:
    """Return what more than half of the round's publishers have published; None as long as there is none."""
    published = Counter(
        (as_bytes32(event.args["digest"]), event.args["selection"])
        for event in desk.read_log().named("Published")
    )
    for (digest, selection), count in published.items():
        if count * 2 > desk.status.publishers and isinstance(selection, int):
            return Publication(digest, selection)
    return None
