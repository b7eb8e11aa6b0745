"""Federations whose managers let in, keep out or vote by one rule that is bent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import clients.protocol.auction as auction_module
import clients.protocol.managers as managers_module
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.state import State
from tests.spec.bending import Mutant, Patch, bend


def carried_by_half(patch: Patch) -> None:
    plain = managers_module.process_motion

    def bent(core: Any, *args: Any) -> Any:
        terms, fewer = core.terms, core.terms.managers[:-1]
        core.terms = replace(terms, managers=fewer) if len(terms.managers) == 2 else terms
        try:
            return plain(core, *args)
        finally:
            core.terms = terms

    patch.setattr(managers_module, "process_motion", bent)


def motions_are_never_forgotten(patch: Patch) -> None:
    plain = managers_module.process_motion

    def bent(core: Any, env: Any, sender: str, method: str, accounts: tuple[str, ...], carry: Any) -> Any:
        events = plain(core, env, sender, method, accounts, carry)
        if len(events) > 1:
            access, motion = core.state.access, managers_module.compute_motion(method, accounts)
            moved = (*access.moved, (motion, frozenset({sender})))
            core.state.access = replace(access, moved=moved)
        return events

    patch.setattr(managers_module, "process_motion", bent)


def barred_with(name: str, is_barred: Any) -> Mutant:
    return bend(name, "admission", is_barred=is_barred)


def everybody_bids(patch: Patch) -> None:
    patch.setattr(auction_module, "check_allowed", lambda *_: None)


def build(name: str) -> dict[str, Mutant]:
    """Return the mutants of the mechanism `name`."""
    joins = everybody_bids if name == "blade" else bend(name, "admission", check_join=lambda *_: None)

    def at_once(state: State, account: str) -> bool:
        return account in state.access.barred_from

    def a_round_late(state: State, account: str) -> bool:
        return state.access.barred_from.get(account, len(state.rounds)) < len(state.rounds) - 1

    return {
        "anybody gets in": joins,
        "the expelled act": barred_with(name, lambda state, account: False),
        "the expelled are out within the round": barred_with(name, at_once),
        "the expelled are out a round late": barred_with(name, a_round_late),
        "half of the managers carry": carried_by_half,
        "motions are never forgotten": motions_are_never_forgotten,
    }


MANAGED_MUTANTS: Mapping[str, Mapping[str, Mutant]] = {name: build(name) for name in MECHANISMS}
