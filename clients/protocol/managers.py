"""Managers let accounts in and keep them out, by motions that more than half of them move.

A federation whose terms name no managers admits anyone.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clients.protocol.hashing import compute_words, get_address_word, keccak
from clients.protocol.policies import AdmissionPolicy, OwnAction, Terms, check_term
from clients.protocol.rounds import Action, is_in_progress
from clients.protocol.state import Env, State, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event

MANAGERS_MAX = 255

Core = FederationView[Any]
Carry = Callable[[Core, Env, tuple[Address, ...]], list[Event]]
"""Carry a motion out, and return the events."""


def check_managers(terms: Terms) -> None:
    """Raise InvalidTerms if there are too many managers, or if one is the zero address or named twice."""
    managers = [int(manager, 16) for manager in terms.managers]
    check_term("managers", len(managers), len(managers) <= MANAGERS_MAX)
    for place, manager in enumerate(managers):
        check_term("managers", place, manager != 0 and manager not in managers[:place])


def check_allowed(terms: Terms, state: State, account: Address) -> None:
    """Raise NotAdmitted if there are managers and they don't allow `account`."""
    if terms.managers and account not in state.access.allowed:
        raise ProtocolError("NotAdmitted", account)


def is_barred(state: State, account: Address) -> bool:
    """Return whether `account` is barred from the round in progress; between rounds, from the next."""
    round_number = len(state.rounds) - 1
    coming = round_number if is_in_progress(state.rounds[-1], round_number) else round_number + 1
    return state.access.barred_from.get(account, coming + 1) <= coming


MANAGERS: AdmissionPolicy[Terms] = AdmissionPolicy(check_allowed, is_barred=is_barred)
"""An account that the managers allow may join until they expel it (bflc §IV-A); without managers, anyone."""


def compute_selector(method: str) -> bytes:
    """Return the four bytes that select a motion's method on the chain."""
    return keccak(f"{method}(address[])".encode())[:4]


def compute_motion(method: str, accounts: tuple[Address, ...]) -> bytes:
    """Return the motion: keccak256 of the call's data."""
    words = b"".join(get_address_word(account) for account in accounts)
    return keccak(compute_selector(method) + compute_words(32, len(accounts)) + words)


def process_motion(
    core: Core, env: Env, sender: Address, method: str, accounts: tuple[Address, ...], carry: Carry
) -> list[Event]:
    """Count the sender's aye; carry the motion out if that makes more than half."""
    motion = compute_motion(method, accounts)
    moved = dict(core.state.access.moved)
    ayes = moved.pop(motion, frozenset())
    if sender in ayes:
        raise ProtocolError("AlreadyMoved", sender, motion)
    ayes |= {sender}
    told = {"motion": motion, "method": compute_selector(method), "accounts": accounts}
    events = [compute_event(env, "Moved", manager=sender, **told, ayes=len(ayes))]
    if len(ayes) * 2 > len(core.terms.managers):
        events += carry(core, env, accounts)
    else:
        moved[motion] = ayes
    core.state.access = replace(core.state.access, moved=tuple(moved.items()))
    return events


def check_manager(core: Core, sender: Address) -> None:
    """Raise NotManager unless the terms name the sender."""
    if sender not in core.terms.managers:
        raise ProtocolError("NotManager", sender)


def _allow(core: Core, env: Env, accounts: tuple[Address, ...]) -> list[Event]:
    access = core.state.access
    kept = {account: at for account, at in access.barred_from.items() if account not in accounts}
    core.state.access = replace(access, allowed=access.allowed.union(accounts), barred_from=kept)
    return [compute_event(env, "Allowed", account=account) for account in accounts]


def _expel(core: Core, env: Env, accounts: tuple[Address, ...]) -> list[Event]:
    """Bar accounts from the next round on: a voter kept from revealing would lose its stake.

    Expelling a barred account again doesn't let it back into the round in progress.
    """
    access = core.state.access
    barred = {**dict.fromkeys(accounts, core.round_number + 1), **access.barred_from}
    core.state.access = replace(access, allowed=access.allowed.difference(accounts), barred_from=barred)
    return [compute_event(env, "Expelled", account=account) for account in accounts]


def _process_allow(core: Core, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    check_manager(core, sender)
    return process_motion(core, env, sender, "allow", tuple(accounts), _allow)


def _process_expel(core: Core, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    check_manager(core, sender)
    return process_motion(core, env, sender, "expel", tuple(accounts), _expel)


MOTIONS = {
    "allow": OwnAction(Action(("address[]",)), _process_allow),
    "expel": OwnAction(Action(("address[]",)), _process_expel),
}
"""Let accounts in; keep them out."""
