"""blade: a federation is one task, published with a bounty, open to bids, and over at its deadline or
sooner."""

from dataclasses import dataclass, replace

from clients.protocol.docket import Docket
from clients.protocol.ledger import STAKE_MAX
from clients.protocol.policies import OwnAction, TaskPolicy, check_term
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import Address, BladeTerms, Event, Outcome, Phase, Round


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid: samples offered, their cost in base units, the anchor of the bidder's noise seeds, its order."""

    capability: int
    cost: int
    anchor: bytes
    order: int


@dataclass(frozen=True, slots=True)
class TaskBook:
    """How far the task has come. `bids` is replaced, never changed."""

    bids: dict[Address, Bid]
    """Each account's latest."""
    orders: int = 0
    """Bids so far."""
    accepted: int = 0
    """Accepted rounds so far."""


def get_task(state: State) -> TaskBook:
    """Return how far the task has come."""
    assert isinstance(state.own, TaskBook)
    return state.own


def start_task(terms: BladeTerms) -> object:
    """Return the task as published."""
    return TaskBook({})


def note_accepted(terms: BladeTerms, own: object, record: Round, docket: Docket) -> object:
    """Return the task with the round counted, if it was accepted."""
    assert isinstance(own, TaskBook)
    return replace(own, accepted=own.accepted + 1) if record.outcome is Outcome.ACCEPTED else own


def check_task(terms: BladeTerms) -> None:
    """Raise InvalidTerms if the task has no publisher, asks for nothing, or ends before it begins."""
    publisher, rule = int(terms.publisher, 16), int.from_bytes(terms.rule, "big")
    check_term("publisher", publisher, publisher != 0)
    check_term("bounty", terms.bounty, terms.bounty <= STAKE_MAX)
    check_term("rule", rule, rule != 0)
    check_term("rounds", terms.rounds, terms.rounds > 0)
    check_term("deadline", terms.deadline, terms.deadline > terms.bidding_ends)


def is_over(terms: BladeTerms, state: State, env: Env) -> bool:
    """Return whether enough rounds were accepted, the deadline is past, or it can no longer begin."""
    if get_task(state).accepted >= terms.rounds or env.time >= terms.deadline:
        return True
    unable = state.pool < terms.bounty or len(state.ledger.registry) < terms.min_winners
    return unable and not _has_begun(state) and env.time >= terms.bidding_ends


def _has_begun(state: State) -> bool:
    return len(state.rounds) > 1


def check_over(terms: BladeTerms, state: State, env: Env) -> None:
    """Raise TooEarly while the task goes on."""
    if not is_over(terms, state, env):
        raise ProtocolError("TooEarly", env.time, terms.deadline)


def check_open(terms: BladeTerms, state: State, env: Env) -> None:
    """Raise TooEarly while bids come in, NotFunded without the bounty, TaskOver once the task is."""
    if env.time < terms.bidding_ends:
        raise ProtocolError("TooEarly", env.time, terms.bidding_ends)
    if not _has_begun(state) and state.pool < terms.bounty:
        raise ProtocolError("NotFunded", state.pool, terms.bounty)
    if is_over(terms, state, env):
        raise ProtocolError("TaskOver", get_task(state).accepted, env.time)


PUBLISHED_TASK: TaskPolicy[BladeTerms] = TaskPolicy(check_open, check_over)
"""A given number of accepted rounds for a bounty, between the bidding and a deadline; deposits stay until
then."""


def _process_reclaim(core: FederationView[BladeTerms], env: Env, sender: Address) -> list[Event]:
    state, publisher = core.state, core.terms.publisher
    check_over(core.terms, state, env)
    amount = state.pool
    if amount == 0:
        raise ProtocolError("NothingToClaim", publisher)
    state.token.process_transfer(core.address, publisher, amount)
    state.pool = 0
    return [compute_event(env, "Reclaimed", publisher=publisher, amount=amount)]


RECLAIM = OwnAction(Action((), Phase.OPEN), _process_reclaim)
"""Give the rest of the pool back to the task's publisher, once the task is over. Anybody may call it."""
