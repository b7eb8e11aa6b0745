"""Motions: more than half of the managers together let in, keep out, and name a committee between rounds."""

from collections.abc import Callable
from dataclasses import replace

from clients.protocol.council import Choice, Council, get_council
from clients.protocol.hashing import compute_words, get_address_word, keccak
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import AdmissionPolicy, OwnAction, check_term
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Address, BflcTerms, Event, Phase

MANAGERS_MAX = 255

Core = FederationView[BflcTerms]
Carry = Callable[[Env, Council, tuple[Address, ...]], tuple[Council, list[Event]]]
"""What a motion does once it is carried."""


def check_managers(terms: BflcTerms) -> None:
    """Raise InvalidTerms where there are no managers, too many, or one is nobody or named twice."""
    managers = [int(manager, 16) for manager in terms.managers]
    check_term("managers", len(managers), 0 < len(managers) <= MANAGERS_MAX)
    for place, manager in enumerate(managers):
        check_term("managers", place, manager != 0 and manager not in managers[:place])


def check_fee(terms: BflcTerms) -> None:
    """Raise InvalidTerms where the fee is no amount."""
    check_term("fee", terms.fee, terms.fee <= STAKE_MAX)


def _check_allowed(terms: BflcTerms, state: State, account: Address) -> None:
    if account not in get_council(state).allowed:
        raise ProtocolError("NotAdmitted", account)


def _is_barred(state: State, account: Address) -> bool:
    return account in get_council(state).barred


def _get_fee(terms: BflcTerms) -> int:
    return terms.fee


MANAGERS: AdmissionPolicy[BflcTerms] = AdmissionPolicy(_check_allowed, _get_fee, _is_barred)
"""Whom the managers allow may join, for the permission fee, until they expel it (bflc §IV-A)."""


def compute_selector(method: str) -> bytes:
    """Return the four bytes by which the chain knows a method that motions may call."""
    return keccak(f"{method}(address[])".encode())[:4]


def compute_motion(method: str, accounts: tuple[Address, ...]) -> bytes:
    """Return the motion: keccak256 of the call's data."""
    words = b"".join(get_address_word(account) for account in accounts)
    return keccak(compute_selector(method) + compute_words(32, len(accounts)) + words)


def _process_motion(
    core: Core, env: Env, sender: Address, method: str, accounts: tuple[Address, ...], carry: Carry
) -> list[Event]:
    """Count the sender's aye; carry the motion out if that makes more than half."""
    council, motion = get_council(core.state), compute_motion(method, accounts)
    moved = dict(council.moved)
    ayes = moved.pop(motion, frozenset())
    if sender in ayes:
        raise ProtocolError("AlreadyMoved", sender, motion)
    ayes |= {sender}
    told = {"motion": motion, "method": compute_selector(method), "accounts": accounts}
    events = [compute_event(env, "Moved", manager=sender, **told, ayes=len(ayes))]
    if len(ayes) * 2 > len(core.terms.managers):
        council, carried = carry(env, council, accounts)
        events += carried
    else:
        moved[motion] = ayes
    core.state.own = replace(council, moved=tuple(moved.items()))
    return events


def _check_manager(core: Core, sender: Address) -> None:
    if sender not in core.terms.managers:
        raise ProtocolError("NotManager", sender)


def _allow(env: Env, council: Council, accounts: tuple[Address, ...]) -> tuple[Council, list[Event]]:
    allowed, barred = council.allowed.union(accounts), council.barred.difference(accounts)
    events = [compute_event(env, "Allowed", account=account) for account in accounts]
    return replace(council, allowed=allowed, barred=barred), events


def _expel(env: Env, council: Council, accounts: tuple[Address, ...]) -> tuple[Council, list[Event]]:
    allowed, barred = council.allowed.difference(accounts), council.barred.union(accounts)
    events = [compute_event(env, "Expelled", account=account) for account in accounts]
    return replace(council, allowed=allowed, barred=barred), events


def _process_allow(core: Core, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    _check_manager(core, sender)
    return _process_motion(core, env, sender, "allow", tuple(accounts), _allow)


def _process_expel(core: Core, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    _check_manager(core, sender)
    return _process_motion(core, env, sender, "expel", tuple(accounts), _expel)


def _process_name(core: Core, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
    _check_manager(core, sender)
    needed = core.terms.committee
    if len(accounts) != needed:
        raise ProtocolError("InvalidCommittee", len(accounts), needed)

    def name(env: Env, council: Council, named: tuple[Address, ...]) -> tuple[Council, list[Event]]:
        for place, account in enumerate(named):
            if int(account, 16) == 0 or account in named[:place]:
                raise ProtocolError("InvalidCommittee", place, needed)
        chosen = replace(council, named=named, choice=Choice.NAMED)
        return chosen, [compute_event(env, "CommitteeNamed", accounts=named)]

    return _process_motion(core, env, sender, "nameCommittee", tuple(accounts), name)


MOTIONS = {
    "allow": OwnAction(Action(("address[]",)), _process_allow),
    "expel": OwnAction(Action(("address[]",)), _process_expel),
    "nameCommittee": OwnAction(Action(("address[]",), Phase.OPEN), _process_name),
}
"""Let accounts in; keep them out; name a committee."""
