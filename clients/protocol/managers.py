"""Managers let accounts in and keep them out, by motions that more than half of them move.

A motion is open, then over. A call with motion number 0 opens one, which is numbered next. The same call
with that number adds an aye. A motion is over once it is carried, or `MOTION_SECONDS` after it was opened.
It never opens again: a late aye is refused, and moving the same once more takes a new motion and new ayes.

Who opens a motion doesn't choose its number: otherwise one manager could take the number that another's call
names, each time, and nothing would be carried. No two open motions have the same content: otherwise one of
them could be carried while the ayes for the other wait for one manager alone to carry the same again.

A federation whose terms name no managers admits anyone.

Where the terms limit newcomers, who joins waits: it isn't drawn before a whole round and a pause have passed
in which everybody else could see it and leave. So nobody can join and open a round as its majority. Founders
are in at once when they join for the first time, and the first round waits for three quarters of them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from clients.protocol.hashing import compute_words, get_address_word, keccak
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import AdmissionPolicy, OwnAction, Terms, check_term
from clients.protocol.rounds import Action, is_in_progress
from clients.protocol.state import Env, Motion, State, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event

MANAGERS_MAX = 200
MOTION_SECONDS = 7 * 24 * 3_600
"""A motion that isn't carried ends so long after it was opened."""
MOTION_TYPES = ("uint256", "address[]")
"""A motion's number, or 0 to open one; the accounts that it is about."""

Core = FederationView[Any]
T = TypeVar("T", bound="WaitingTerms")
Carry = Callable[[Core, Env, tuple[Address, ...]], list[Event]]
"""Carry a motion out, and return the events."""


class WaitingTerms(Terms, Protocol):
    """Terms by which members may have to wait until they are in."""

    @property
    def founders(self) -> tuple[Address, ...]:
        """Who are in at once; if none are named, all who join before the first round."""
        ...

    @property
    def newcomers(self) -> int:
        """How many come in when a round opens, at most unless it lacks more; 0: nobody waits."""
        ...


class PaidTerms(WaitingTerms, Protocol):
    """The same where joining costs a fee."""

    @property
    def fee(self) -> int:
        """What joining costs above the stake, in token base units; the pool gets it."""
        ...


def check_managers(terms: Terms) -> None:
    """Raise InvalidTerms if there are too many managers, or if one is the zero address or named twice."""
    check_term("managers", len(terms.managers), len(terms.managers) <= MANAGERS_MAX)
    _check_distinct("managers", terms.managers)


def _check_distinct(field: str, accounts: tuple[Address, ...]) -> None:
    numbers = [int(account, 16) for account in accounts]
    for place, number in enumerate(numbers):
        check_term(field, place, number != 0 and number not in numbers[:place])


def check_founders(terms: WaitingTerms) -> None:
    """Raise InvalidTerms if there are founders where nobody waits, or if a founder is the zero address or
    named twice."""
    count = len(terms.founders)
    check_term("founders", count, not count or terms.newcomers > 0)
    _check_distinct("founders", terms.founders)


def check_fee(terms: PaidTerms) -> None:
    """Raise InvalidTerms if the fee is no amount."""
    check_term("fee", terms.fee, terms.fee <= STAKE_MAX)


def build_founders_check(get_fewest: Callable[[T], int]) -> Callable[[T], None]:
    """Return the check that the founders, who alone are in before the first round, suffice to open it."""

    def check(terms: T) -> None:
        count = len(terms.founders)
        check_term("founders", count, count == 0 or count >= get_fewest(terms))

    return check


def check_allowed(terms: Terms, state: State, account: Address) -> None:
    """Raise NotAdmitted if there are managers and they don't allow `account`."""
    if terms.managers and account not in state.access.allowed:
        raise ProtocolError("NotAdmitted", account)


def is_barred(state: State, account: Address) -> bool:
    """Return whether `account` is barred from the round in progress; between rounds, from the next."""
    round_number = len(state.rounds) - 1
    coming = round_number if is_in_progress(state.rounds[-1], round_number) else round_number + 1
    return state.access.barred_from.get(account, coming + 1) <= coming


def is_to_wait(terms: WaitingTerms, state: State, account: Address) -> bool:
    """Return whether an account that joins now waits.

    Before the first round founders don't; if the terms name none, all who join then are founders. After it
    a founder doesn't that never left.
    """
    if len(state.rounds) == 1:
        founds = not terms.founders or account in terms.founders
    else:
        founds = account in terms.founders and not state.ledger.get(account).unbonds_at
    return terms.newcomers > 0 and not founds


def get_newcomers(terms: WaitingTerms) -> int:
    """Return how many come in when a round opens, at most unless it lacks more; 0: nobody waits."""
    return terms.newcomers


def get_first(terms: WaitingTerms) -> int:
    """Return how many members the first round needs at least: three quarters of the founders that are named.

    Otherwise some of them could come first, open it at once, and be its majority.
    """
    return -(-3 * len(terms.founders) // 4)


MANAGERS: AdmissionPolicy[WaitingTerms] = AdmissionPolicy(
    check_allowed,
    is_barred=is_barred,
    is_to_wait=is_to_wait,
    get_newcomers=get_newcomers,
    get_first=get_first,
)
"""An account that the managers allow may join until they expel it (bflc §IV-A); without managers, anyone.
Where the terms limit newcomers, it waits."""


def _get_fee(terms: PaidTerms) -> int:
    return terms.fee


MANAGERS_FOR_A_FEE: AdmissionPolicy[PaidTerms] = AdmissionPolicy(
    check_allowed, _get_fee, is_barred, is_to_wait, get_newcomers, get_first
)
"""The same for the permission fee (bflc §IV-A), which joining costs whether or not there are managers."""


def compute_selector(method: str) -> bytes:
    """Return the four bytes that select a motion's method on the chain."""
    return keccak(f"{method}(uint256,address[])".encode())[:4]


def compute_content(method: str, accounts: tuple[Address, ...]) -> bytes:
    """Return a motion's content: keccak256 of the method's selector and the encoded accounts."""
    words = b"".join(get_address_word(account) for account in accounts)
    return keccak(compute_selector(method) + compute_words(32, len(accounts)) + words)


def get_needed(terms: Terms) -> int:
    """Return how many ayes carry a motion: those of more than half of the managers."""
    return len(terms.managers) // 2 + 1


def is_majority(terms: Terms, ayes: int) -> bool:
    """Return whether so many ayes carry a motion."""
    return ayes >= get_needed(terms)


def get_motion_view(terms: Terms, motion: Motion) -> tuple[bytes, int, int, bool]:
    """Return content, count of ayes, end, and whether it was carried: what the contract's view returns."""
    ayes = len(motion.movers)
    return motion.content, ayes, motion.end, is_majority(terms, ayes)


def find_open(motions: tuple[Motion, ...], content: bytes, time: int) -> int:
    """Return the number of the motion with this content that is open at `time`; 0 if there is none."""
    numbers = range(len(motions), 0, -1)
    return next((n for n in numbers if motions[n - 1].content == content and time < motions[n - 1].end), 0)


def get_motion(core: Core, env: Env, motion_number: int, content: bytes) -> Motion:
    """Return the motion that an aye for `content` names, as it is before the aye; a new one for number 0.

    Raise MotionOpen for number 0 if a motion with this content is open. Raise NoSuchMotion, MotionOver or
    MotionMismatch if the aye can't count.
    """
    motions = core.state.access.motions
    if motion_number == 0:
        if number := find_open(motions, content, env.time):
            raise ProtocolError("MotionOpen", number, motions[number - 1].end)
        return Motion(content, frozenset(), env.time + MOTION_SECONDS)
    if motion_number > len(motions):
        raise ProtocolError("NoSuchMotion", motion_number, len(motions))
    motion = motions[motion_number - 1]
    if env.time >= motion.end:
        raise ProtocolError("MotionOver", motion_number, motion.end)
    if content != motion.content:
        raise ProtocolError("MotionMismatch", motion_number, motion.content, content)
    return motion


def process_motion(
    core: Core,
    env: Env,
    sender: Address,
    method: str,
    motion_number: int,
    accounts: tuple[Address, ...],
    carry: Carry,
) -> list[Event]:
    """Count the sender's aye; carry the motion out if that makes more than half. Then it ends at once."""
    motion = get_motion(core, env, motion_number, compute_content(method, accounts))
    motions = core.state.access.motions
    motion_number = motion_number or len(motions) + 1
    if sender in motion.movers:
        raise ProtocolError("AlreadyMoved", sender, motion_number)
    ayes = len(motion.movers) + 1
    carried = is_majority(core.terms, ayes)
    motion = replace(motion, movers=motion.movers | {sender}, end=env.time if carried else motion.end)
    told = {"method": compute_selector(method), "accounts": accounts, "ayes": ayes, "end": motion.end}
    events = [compute_event(env, "Moved", manager=sender, motionNumber=motion_number, **told)]
    if carried:
        events += carry(core, env, accounts)  # which may refuse: then no aye counts
    motions = (*motions[: motion_number - 1], motion, *motions[motion_number:])
    core.state.access = replace(core.state.access, motions=motions)
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


def _process_allow(
    core: Core, env: Env, sender: Address, motion_number: int, accounts: list[Address]
) -> list[Event]:
    check_manager(core, sender)
    return process_motion(core, env, sender, "allow", motion_number, tuple(accounts), _allow)


def _process_expel(
    core: Core, env: Env, sender: Address, motion_number: int, accounts: list[Address]
) -> list[Event]:
    check_manager(core, sender)
    return process_motion(core, env, sender, "expel", motion_number, tuple(accounts), _expel)


MOTIONS = {
    "allow": OwnAction(Action(MOTION_TYPES), _process_allow),
    "expel": OwnAction(Action(MOTION_TYPES), _process_expel),
}
"""Let accounts in; keep them out."""
