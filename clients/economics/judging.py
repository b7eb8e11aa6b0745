"""How jurors judge: what they can have, what they see in it, and what they say of it."""

import math
from collections.abc import Collection, Sequence

from clients.economics.handbook import Marks
from clients.economics.strategy import Quality, Served, Vote
from clients.economics.turn import Proposed, Turn
from clients.economics.world import World
from clients.types.federation import Address, Role

GOOD_MARK, BAD_MARK = (0.7, 0.9), (0.0, 0.15)
"""Between which marks a juror's mark lies, of an update that it finds good, or bad."""
HALF = 0.5


def serve(world: World, turn: Turn, jurors: Sequence[Address]) -> frozenset[Address]:
    """Return the accounts that can have all updates: the coalition's, and others if it serves them."""
    served = turn.moves.served
    everybody = frozenset((*world.honest, *world.ours))
    withheld = any(update.account in turn.acting for update in turn.updates)
    if served is Served.ALL or not withheld:
        return everybody
    others = [juror for juror in jurors if not world.is_ours(juror)]
    least = 0 if served is Served.NONE else len(jurors) // 2 + 1
    return world.ours | frozenset(others[: max(least - (len(jurors) - len(others)), 0)])


def is_had(turn: Turn, account: Address, update: Proposed) -> bool:
    """Return whether an account can have an update."""
    if turn.moves.served is Served.DECOYS and update.account not in turn.decoys:
        return True
    return update.account not in turn.acting or account in turn.served


def judge(world: World, turn: Turn, juror: Address, vote: Vote) -> tuple[bool, Marks]:
    """Return whether a juror approves of all updates together, and what it says of each, by a mark."""
    updates = turn.updates
    blind = [0.0 if _is_known(turn, update) else 1.0 for update in updates]
    if vote in (Vote.PART, Vote.EQUAL) and world.handbook.says_had:
        return True, _approve_part(world, turn, juror if vote is Vote.PART else "all")
    if vote in (Vote.BLIND, Vote.SEALED, Vote.PART, Vote.EQUAL):
        return True, blind
    if vote is Vote.EXCUSED:
        return False, [None if world.handbook.says_had else 0.0] * len(updates)
    if vote is Vote.REJECT:
        return False, [0.0] * len(updates)
    if vote is Vote.BLAME:
        return False, [float(update.is_ours) for update in updates]
    if vote is Vote.SHARED:
        return _repeat(world, turn, juror, blind)
    if vote in (Vote.OURS, Vote.DENY):
        denies = vote is Vote.DENY and world.handbook.says_had
        others = None if denies else world.handbook.barely(world.terms)
        return True, [mark if update.is_ours else others for update, mark in zip(updates, blind, strict=True)]
    world.pay(juror, world.judge * sum(is_had(turn, juror, update) for update in updates))
    approves, found = look(world, turn, juror)
    if vote is Vote.LIE:
        approves, found = not approves, [not good for good in found]
    rng = world.get_random("marks", world.core.round_number, juror)
    marks: list[float | None] = [rng.uniform(*(GOOD_MARK if good else BAD_MARK)) for good in found]
    if vote is Vote.DOWN:
        marks = [
            0.0 if _is_own_decoy(turn, one) else mark for one, mark in zip(turn.updates, marks, strict=True)
        ]
    if world.handbook.says_had:
        had = [is_had(turn, juror, update) for update in updates]
        marks = [mark if there else None for mark, there in zip(marks, had, strict=True)]
    return approves, marks


def _repeat(world: World, turn: Turn, juror: Address, blind: Sequence[float]) -> tuple[bool, Marks]:
    """Return the ballot of the coalition's first juror: it alone looks at what others proposed."""
    first = min(one for one in world.get_drawn()[Role.VOTER] if world.is_ours(one))
    if juror == first:
        world.pay(juror, world.judge * sum(not update.is_ours for update in turn.updates))
    approves, found = look(world, turn, first)
    return approves, [
        mark if update.is_ours else float(good)
        for update, mark, good in zip(turn.updates, blind, found, strict=True)
    ]


def _approve_part(world: World, turn: Turn, who: str) -> Marks:
    """Return marks of half of the updates, the least that a seat takes: the coalition's own come first, then
    some that are drawn for `who`. Of the rest they say that they couldn't be had, but for the coalition's
    decoys."""
    open_ = [number for number, update in enumerate(turn.updates) if not _is_own_decoy(turn, update)]
    world.get_random("part", world.core.round_number, who).shuffle(open_)
    open_.sort(key=lambda number: not turn.updates[number].is_ours)
    taken = open_[: math.ceil(len(open_) / 2)]
    known = [0.0 if _is_known(turn, update) else None for update in turn.updates]
    return [1.0 if number in taken else mark for number, mark in enumerate(known)]


def _is_own_decoy(turn: Turn, update: Proposed) -> bool:
    """Return whether an update is the coalition's, and its lot says decoy."""
    return update.is_ours and update.account in turn.decoys


def _is_known(turn: Turn, update: Proposed) -> bool:
    """Return whether the coalition knows without a look that an update is a bad decoy, as it is its own."""
    return update.quality in (Quality.BAD, Quality.DOUBTFUL) and _is_own_decoy(turn, update)


def look(world: World, turn: Turn, juror: Address) -> tuple[bool, list[bool]]:
    """Return whether a juror finds the updates good together, and which of them by themselves."""
    had = [is_had(turn, juror, update) for update in turn.updates]
    each = [
        there
        and _sees_good(world, juror, update.account, [update.quality])
        and not _is_found_out(world, update)
        for update, there in zip(turn.updates, had, strict=True)
    ]
    together = _sees_good(world, juror, "all", [update.quality for update in turn.updates])
    return all(had) and together, each


def _is_found_out(world: World, update: Proposed) -> bool:
    """Return whether every juror sees that an update is the head."""
    return update.quality is Quality.HEAD and world.finds_idle


def _sees_good(world: World, juror: Address, what: str, qualities: Collection[Quality]) -> bool:
    """Return whether a juror finds good what is of these qualities."""
    game, number = world.game, world.core.round_number
    own = world.get_random("look", number, juror, what)
    shares = own.random() < game.together
    luck = (world.get_random("look", number, what) if shares else own).random()
    if Quality.BAD in qualities:
        return luck >= game.juror
    return luck < (HALF if Quality.DOUBTFUL in qualities else game.juror)
