"""Bids for a task: the highest capability over cost wins; an outbid member gets its deposit back."""

from dataclasses import replace

from clients.protocol.ledger import STAKE_MAX
from clients.protocol.managers import check_allowed, is_barred
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.policies import AdmissionPolicy, OwnAction, SubjectPolicy, check_term
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State, compute_event
from clients.protocol.task import Bid, get_task
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, BladeTerms, Event, Phase, Standing


def check_winners(terms: BladeTerms) -> None:
    """Raise InvalidTerms where nobody could win, or more than a bitmap has bits for."""
    check_term("winners", terms.winners, 0 < terms.winners <= UPDATES_MAX)
    check_term("minWinners", terms.min_winners, 0 < terms.min_winners <= terms.winners)


def check_min_samples(terms: BladeTerms) -> None:
    """Raise InvalidTerms if a bid could offer nothing, or none could offer enough."""
    check_term("minSamples", terms.min_samples, 0 < terms.min_samples <= terms.max_samples)


def _refuse_join(terms: BladeTerms, state: State, account: Address) -> None:
    raise ProtocolError("NotAdmitted", account)


AUCTION: AdmissionPolicy[BladeTerms] = AdmissionPolicy(_refuse_join, is_barred=is_barred)
"""Members come in by bidding alone. If there are managers, only accounts that they allow may bid."""


def _check_offer(terms: BladeTerms, state: State, account: Address, samples: int) -> None:
    capability = get_task(state).bids[account].capability
    if not terms.min_samples <= samples <= capability:
        raise ProtocolError("SamplesOutOfRange", samples, capability)


BID_SAMPLES: SubjectPolicy[BladeTerms] = SubjectPolicy(_check_offer)
"""A proposal claims at least what the task asks, and at most what was bid."""


def is_worse(bid: Bid, other: Bid) -> bool:
    """Return whether `bid` has less capability over cost than `other`, or as much and came later."""
    value, others = bid.capability * other.cost, other.capability * bid.cost
    return value < others or (value == others and bid.order > other.order)


def get_worst(state: State) -> Address:
    """Return the member with the least capability over cost, the later bid among equals."""
    bids, (worst, *others) = get_task(state).bids, state.ledger.registry
    for account in others:
        if is_worse(bids[account], bids[worst]):
            worst = account
    return worst


def _process_bid(
    core: FederationView[BladeTerms], env: Env, sender: Address, capability: int, cost: int, anchor: bytes
) -> list[Event]:
    state, terms = core.state, core.terms
    if env.time >= terms.bidding_ends:
        raise ProtocolError("TooLate", env.time, terms.bidding_ends)
    core.check_newcomer(sender)
    check_allowed(terms, state, sender)
    if not terms.min_samples <= capability <= terms.max_samples:
        raise ProtocolError("SamplesOutOfRange", capability, terms.max_samples)
    if not 0 < cost <= STAKE_MAX:
        raise ProtocolError("InvalidBid", capability, cost)
    if anchor == ZERO32:
        raise ProtocolError("EmptyDigest")
    task, outbid = get_task(state), ""
    bid = Bid(capability, cost, anchor, task.orders + 1)
    if len(state.ledger.registry) >= terms.winners:
        outbid = get_worst(state)
        if not is_worse(task.bids[outbid], bid):
            raise ProtocolError("Outbid", capability, cost)
    state.token.process_transfer_from(core.address, sender, terms.bond)
    events = [_process_outbid(core, env, outbid)] if outbid else []
    state.own = replace(task, bids={**task.bids, sender: bid}, orders=bid.order)
    state.ledger.process_register(sender, terms.bond)
    return [
        *events,
        compute_event(env, "Joined", account=sender, stake=terms.bond),
        compute_event(env, "Bid", account=sender, capability=capability, cost=cost, anchor=anchor),
    ]


def _process_outbid(core: FederationView[BladeTerms], env: Env, account: Address) -> Event:
    """Take `account` out of the registry, free to withdraw at once."""
    member = core.state.ledger.get(account)
    core.state.ledger.process_remove(account, member, Standing.LEAVING, env.time)
    return compute_event(env, "Left", account=account, stake=member.stake, unbondsAt=env.time)


BID = OwnAction(Action(("uint256", "uint256", "bytes32"), Phase.OPEN), _process_bid)
"""Bid `capability` samples at `cost`, with the bond as deposit (blade §II-B, function 2)."""
