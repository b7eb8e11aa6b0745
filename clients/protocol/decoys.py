"""Decoys: bad updates planted among the others, against jurors who approve without looking.

Honest members propose nothing that a jury has to reject, so whoever approves everything is hardly ever wrong.
TrueBit's forced errors (Teutsch and Reitwiessner, arXiv 1908.04756, section 4) are the model: now and then an
error is made on purpose, by somebody whom the others can't tell.

A member hides a chain of secrets, each the hash of the one before, and anchors its end while no seed of the
next draw is known. Secret and seed together are a proposer's lot: nobody could choose it, and nobody else
knows it before the ballots are fixed. Every proposer shows its secret then. A decoy is paid and left out of
the model; what isn't shown doesn't count.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from clients.protocol.docket import Docket
from clients.protocol.hashing import compute_hash, keccak
from clients.protocol.policies import OwnAction, OwnState, SubjectPolicy, check_term
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State, compute_event
from clients.protocol.views import FederationView
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Act, Address, Event, Phase, Round, StakeJuryTerms


class DecoyTerms(Protocol):
    """Terms that say how many updates are decoys."""

    @property
    def decoy_odds(self) -> int:
        """One update in so many is a decoy; 0: none."""
        ...


def check_decoys(terms: DecoyTerms) -> None:
    """Raise InvalidTerms if every update were a decoy."""
    check_term("decoyOdds", terms.decoy_odds, terms.decoy_odds != 1)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The ends of the members' chains of secrets. The dictionary is replaced, never changed."""

    ends: dict[Address, bytes] = field(default_factory=dict)


def _start(terms: DecoyTerms) -> Anchors:
    return Anchors()


ANCHORS: OwnState[DecoyTerms] = OwnState(Anchors, start=_start)
"""Every member's anchor, which its next secret must lead to."""


def get_anchor(state: State, account: Address) -> bytes:
    """Return the anchor of `account`; 0 if it has none."""
    assert isinstance(state.own, Anchors)
    return state.own.ends.get(account, ZERO32)


def note_anchor(state: State, account: Address, anchor: bytes) -> None:
    """Make `anchor` that of `account`."""
    assert isinstance(state.own, Anchors)
    state.own = Anchors({**state.own.ends, account: anchor})


def compute_chain(root: bytes, length: int) -> list[bytes]:
    """Return a chain of so many secrets, from `root` to its end, each the hash of the one before."""
    chain = [root]
    while len(chain) < length:
        chain.append(keccak(chain[-1]))
    return chain


def is_decoy(odds: int, secret: bytes, seed: bytes) -> bool:
    """Return whether a proposer with this `secret` has to plant a decoy in the round of this `seed`."""
    return odds > 0 and int.from_bytes(compute_hash(secret, seed), "big") % odds == 0


def _process_anchor(
    core: FederationView[StakeJuryTerms], env: Env, sender: Address, anchor: bytes
) -> list[Event]:
    core.check_active(sender, core.state.ledger.get(sender))
    if anchor == ZERO32:
        raise ProtocolError("EmptyAnchor")
    note_anchor(core.state, sender, anchor)
    return [compute_event(env, "Anchored", account=sender, anchor=anchor)]


def _process_show(
    core: FederationView[StakeJuryTerms], env: Env, sender: Address, round_number: int, secret: bytes
) -> list[Event]:
    state, docket = core.state, core.docket
    member = state.ledger.get(sender)
    core.check_active(sender, member)
    acts = core.get_acts(member)
    if Act.SHOWN in acts:
        raise ProtocolError("AlreadyActed", sender, round_number, acts)
    if Act.PROPOSED not in acts:
        raise ProtocolError("NotProposed", sender, round_number)
    anchor = get_anchor(state, sender)
    if keccak(secret) != anchor:
        raise ProtocolError("BadSecret", secret, anchor)
    planted = is_decoy(core.terms.decoy_odds, secret, docket.seed)
    bit = 1 << member.update_number
    note_anchor(state, sender, secret)
    state.ledger.members[sender] = replace(member, acts=acts | Act.SHOWN)
    state.dockets[-1] = replace(
        docket, shown=docket.shown | bit, decoys=docket.decoys | (bit if planted else 0)
    )
    shown = compute_event(env, "Shown", round=round_number, proposer=sender, secret=secret, decoy=planted)
    return [shown]


LOTS = {
    "anchor": OwnAction(Action(("bytes32",), Phase.OPEN), _process_anchor),
    "show": OwnAction(Action(("uint256", "bytes32"), Phase.REVEAL, names_round=True), _process_show),
}
"""Anchor a chain of secrets; show the one that decides the lot of one's update."""


def _is_awaited(terms: DecoyTerms, record: Round, docket: Docket) -> bool:
    return terms.decoy_odds > 0 and docket.shown.bit_count() < record.proposals


DECOYED: SubjectPolicy[DecoyTerms] = SubjectPolicy(is_awaited=_is_awaited)
"""Proposals as they come, of which some are decoys. Nothing is published before all are shown."""
