"""Follows the chain after an action that the rules refuse: the chain did it, so the replay does it where it
can.

So one fault is reported once, not again in everything that follows from it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from clients.protocol.decoys import note_anchor
from clients.protocol.federation import Federation
from clients.protocol.hashing import keccak
from clients.protocol.rounds import compute_ends, is_in_progress
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import Event, Standing

_PASSED_OVER = frozenset({"WrongPhase", "WrongRole", "NotPledged", "PledgeMismatch"})
_TRIES = 3


def follow(core: Federation[Any], env: Env, call: Call, error: ProtocolError) -> list[Event] | None:
    """Carry out `call` although the rules refuse it with `error`; return its events.

    None, with nothing changed, if that isn't possible.
    """
    for _ in range(_TRIES):
        moved = _yield_to(core, env, call, error)
        if moved is None:
            return None
        env = moved
        try:
            return _process(core, env, call)
        except ProtocolError as other:
            error = other
        except (LookupError, ValueError, ArithmeticError, AssertionError):
            return None  # the rules give no result for such a call
    return None


def follow_eviction(core: Federation[Any], evicted: Event) -> None:
    """Remove from the registry whom the chain evicted between rounds, if the rules kept it there."""
    account, unbonds_at = str(evicted.args["account"]), evicted.args["unbondsAt"]
    member = core.state.ledger.get(account)
    if member.index and not is_in_progress(core.record, core.round_number) and isinstance(unbonds_at, int):
        core.note_put_out(account)
        core.state.ledger.process_remove(account, member, Standing.LEAVING, unbonds_at)


def _yield_to(core: Federation[Any], env: Env, call: Call, error: ProtocolError) -> Env | None:
    """Return an `Env` in which the call would be allowed, or None if the replay keeps to the refusal."""
    if call.method == "report":
        return _wait_for_ballots(core, env) if error.name == "WrongPhase" else None
    if error.name in _PASSED_OVER:
        return env if _makes_sense(core, call) else None
    if error.name == "CommitmentMismatch":
        core.state.commitments[call.sender] = bytes(error.values[2])  # type: ignore[call-overload]
        return env
    if error.name == "BadSecret":
        note_anchor(core.state, call.sender, keccak(bytes(error.values[0])))  # type: ignore[call-overload]
        return env
    limit = error.values[1] if len(error.values) > 1 else None
    if not isinstance(limit, int):
        return None
    if error.name == "TooEarly":
        return replace(env, time=limit)
    if error.name == "TooLate":
        return replace(env, time=limit - 1)
    return replace(env, block=limit) if error.name == "BlockTooEarly" else None


def _wait_for_ballots(core: Federation[Any], env: Env) -> Env | None:
    """Return an `Env` in which the round's ballots are committed; None if there are none."""
    if not core.record.commits:
        return None
    return replace(env, time=compute_ends(core.record.drawn_at, core.terms.schedule).commit)


def _makes_sense(core: Federation[Any], call: Call) -> bool:
    """Return whether the round has come as far as the action needs, ignoring the clock."""
    record, going = core.record, is_in_progress(core.record, core.round_number)
    needed = {
        "draw": going and not record.drawn_at,
        "pledge": going and record.drawn_at > 0,
        "propose": going and record.drawn_at > 0,
        "commit": going and record.drawn_at > 0,
        "accuse": going and record.drawn_at > 0,
        "reveal": going and record.commits > 0,
        "show": going and record.commits > 0,
        "anchor": not going,
        "publish": going and record.reveals > 0,
        "settle": going,
        "open": not going,
    }
    return bool(needed.get(call.method, True))


def _process(core: Federation[Any], env: Env, call: Call) -> list[Event]:
    own = core.mechanism.actions.get(call.method)
    if own is not None:
        return own.process(core, env, call.sender, *call.args)
    process: Callable[..., list[Event]] = getattr(core, f"process_{call.method}")
    if call.method == "propose":
        with _waive_pledges(core):
            return process(env, call.sender, *call.args)
    return process(env, call.sender, *call.args)


@contextmanager
def _waive_pledges(core: Federation[Any]) -> Iterator[None]:
    """Let any update be proposed. The pledges stay as they are: the chain didn't change them either."""
    terms = core.terms
    core.terms = replace(terms, schedule=replace(terms.schedule, pledge=0))
    try:
        yield
    finally:
        core.terms = terms
