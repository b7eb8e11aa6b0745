"""Federations whose managers let in, keep out or vote by one rule that is bent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import clients.protocol.auction as auction_module
import clients.protocol.managers as managers_module
from clients.protocol.ledger import Ledger
from clients.protocol.managers import is_to_wait
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.policies import Mechanism
from clients.protocol.state import Motion, State
from clients.types.errors import ProtocolError
from clients.types.federation import Member, Standing
from tests.spec.bending import Mutant, Patch, bend, put


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


def around_get_motion(bent: Callable[..., Motion]) -> Mutant:
    """Return the mutant in which an aye is for the motion that `bent` returns, given the plain function and
    its arguments."""
    plain = managers_module.get_motion
    return put(managers_module, "get_motion", lambda *args: bent(plain, *args))


def reopened(plain: Any, core: Any, env: Any, motion_number: int, content: bytes) -> Motion:
    """Let a late aye start its motion anew, as the first."""
    try:
        return plain(core, env, motion_number, content)
    except ProtocolError as error:
        motion = core.state.access.motions[motion_number - 1] if error.name == "MotionOver" else None
        if motion is None or motion.content != content:
            raise
        return replace(motion, movers=frozenset(), end=env.time + managers_module.MOTION_SECONDS)


def never_lapsing(plain: Any, core: Any, env: Any, motion_number: int, content: bytes) -> Motion:
    """Let a motion that wasn't carried take ayes after its end."""
    try:
        return plain(core, env, motion_number, content)
    except ProtocolError as error:
        motion = core.state.access.motions[motion_number - 1] if error.name == "MotionOver" else None
        carried = motion is None or managers_module.is_majority(core.terms, len(motion.movers))
        if motion is None or carried or motion.content != content:
            raise
        return motion


def open_to_the_end(plain: Any, core: Any, env: Any, motion_number: int, content: bytes) -> Motion:
    """Let an aye count in the very second in which its motion ends."""
    motions = core.state.access.motions
    motion = motions[motion_number - 1] if 0 < motion_number <= len(motions) else None
    carried = motion is None or managers_module.is_majority(core.terms, len(motion.movers))
    ends_now = motion is not None and motion.end == env.time and not carried
    return plain(core, replace(env, time=env.time - ends_now), motion_number, content)


def of_any_content(plain: Any, core: Any, env: Any, motion_number: int, content: bytes) -> Motion:
    """Let an aye count for the motion that it names, whatever else the call says."""
    try:
        return plain(core, env, motion_number, content)
    except ProtocolError as error:
        if error.name != "MotionMismatch":
            raise
        return core.state.access.motions[motion_number - 1]


def of_any_number(plain: Any, core: Any, env: Any, motion_number: int, content: bytes) -> Motion:
    """Let an aye for a motion that isn't there open the next one."""
    return plain(core, env, motion_number if motion_number <= len(core.state.access.motions) else 0, content)


def open_a_second_longer(patch: Patch) -> None:
    """Refuse a motion like one that ends in this very second."""
    plain = managers_module.find_open
    patch.setattr(managers_module, "find_open", lambda motions, content, at: plain(motions, content, at - 1))


def a_manager_moves_twice(patch: Patch) -> None:
    """Count the second aye of a manager as another's."""
    plain = managers_module.get_motion

    def bent(core: Any, *args: Any) -> Any:
        motion = plain(core, *args)
        return replace(motion, movers=frozenset(f"{mover}, once" for mover in motion.movers))

    patch.setattr(managers_module, "get_motion", bent)


def barred_with(name: str, is_barred: Any) -> Mutant:
    return bend(name, "admission", is_barred=is_barred)


def everybody_bids(patch: Patch) -> None:
    patch.setattr(auction_module, "check_allowed", lambda *_: None)


def everybody_counts(patch: Patch) -> None:
    """Count who waits among a round's members."""
    patch.setattr(Ledger, "get_inside", lambda self, newcomers, fewest: len(self.registry))


def the_latest_come_in(patch: Patch) -> None:
    """Let in those who joined just before the round opened, too."""

    def bent(self: Ledger, newcomers: int, fewest: int) -> int:
        return min(max(self.inside + newcomers, fewest), len(self.registry))

    patch.setattr(Ledger, "get_inside", bent)


def no_more_than_usual_come_in(patch: Patch) -> None:
    """Let in the usual number, however many the round lacks."""

    def bent(self: Ledger, newcomers: int, fewest: int) -> int:
        return min(self.inside + newcomers, self.eligible)

    patch.setattr(Ledger, "get_inside", bent)


def nothing_moves_on(patch: Patch) -> None:
    """Postpone a round, and let nobody come in with it for that."""
    patch.setattr(Ledger, "process_postpone", lambda self: None)


def needing_founders_for_ever(patch: Patch) -> None:
    """Put the first round off, and ask for most founders after that, too."""
    needed = Mechanism.get_fewest
    patch.setattr(Mechanism, "get_fewest", lambda self, terms, number, until: needed(self, terms, number, 0))


def the_last_of_all_fills_a_gap(patch: Patch) -> None:
    """Forget the zones when a member leaves, but for how many are in each."""

    def bent(self: Ledger, account: str, member: Member, standing: Standing, unbonds_at: int) -> None:
        self.inside -= member.index <= self.inside
        self.eligible -= member.index <= self.eligible
        self._swap(member.index, len(self.registry))
        self.registry.pop()
        self.members[account] = replace(member, index=0, standing=standing, unbonds_at=unbonds_at)

    patch.setattr(Ledger, "process_remove", bent)


def build_waiting(name: str) -> dict[str, Mutant]:
    """Return the mutants of a mechanism in which newcomers may have to wait."""

    def unless_first(terms: Any, state: State, account: str) -> bool:
        return len(state.rounds) > 1 and is_to_wait(terms, state, account)

    def founders_pass_ever_again(terms: Any, state: State, account: str) -> bool:
        return account not in terms.founders and is_to_wait(terms, state, account)

    def late_founders_wait(terms: Any, state: State, account: str) -> bool:
        return is_to_wait(terms, state, account) or (terms.newcomers > 0 and len(state.rounds) > 1)

    def always(terms: Any, state: State, account: str) -> bool:
        return bool(terms.newcomers)

    def one_more(terms: Any) -> int:
        return terms.newcomers + (terms.newcomers > 0)

    return {
        "newcomers are in at once": bend(name, "admission", is_to_wait=lambda *_: False),
        "before the first round all are in": bend(name, "admission", is_to_wait=unless_first),
        "founders wait": bend(name, "admission", is_to_wait=always),
        "founders who come late wait": bend(name, "admission", is_to_wait=late_founders_wait),
        "founders never wait": bend(name, "admission", is_to_wait=founders_pass_ever_again),
        "some founders open the first round": bend(name, "admission", get_first=lambda terms: 0),
        "who never comes stops the first round": needing_founders_for_ever,
        "all founders are needed": bend(name, "admission", get_first=lambda terms: len(terms.founders)),
        "a round lets in no more than usual": no_more_than_usual_come_in,
        "a round is put off for nobody": nothing_moves_on,
        "one more comes in": bend(name, "admission", get_newcomers=one_more),
        "who waits counts in a round": everybody_counts,
        "the latest come in": the_latest_come_in,
        "the last of all fills a gap": the_last_of_all_fills_a_gap,
    }


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
        "a late aye opens the motion again": around_get_motion(reopened),
        "an ended motion still takes ayes": around_get_motion(never_lapsing),
        "a motion takes ayes in its last second": around_get_motion(open_to_the_end),
        "an aye counts for another motion": around_get_motion(of_any_content),
        "an aye for no motion opens one": around_get_motion(of_any_number),
        "equal motions side by side": put(managers_module, "find_open", lambda *_: 0),
        "a motion is opened anew a second late": open_a_second_longer,
        "a manager moves twice": a_manager_moves_twice,
        "motions last a day longer": put(managers_module, "MOTION_SECONDS", 8 * 24 * 3_600),
        **({} if name == "blade" else build_waiting(name)),
    }


MANAGED_MUTANTS: Mapping[str, Mapping[str, Mutant]] = {name: build(name) for name in MECHANISMS}
