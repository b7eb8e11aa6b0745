"""What the chain has noted of a round, worked out from its events by the specification's own rules."""

from collections.abc import Sequence
from typing import TypeVar

from clients.protocol.docket import Docket, Update
from clients.protocol.policies import Mechanism
from clients.roles.view import get_ballots, get_proposals
from clients.types.errors import UnavailableError
from clients.types.federation import Event, Status

T = TypeVar("T")


def get_docket(mechanism: Mechanism[T], terms: T, events: Sequence[Event], status: Status) -> Docket:
    """Return the docket of the round in `status`: its updates, and all of its ballots counted.

    `UnavailableError` where the node's logs don't hold as many as its state has counted.
    """
    record = status.record
    proposals, ballots = get_proposals(events, status.round), get_ballots(events, status.round)
    for what, found, counted in (
        ("proposals", len(proposals), record.proposals),
        ("ballots", len(ballots), record.reveals),
    ):
        if found != counted:
            raise UnavailableError(
                f"the chain's node shows {found} of the {counted} {what} of round {status.round}."
            )
    docket = Docket(updates=tuple(Update(p.proposer, p.digest, p.samples, p.epochs) for p in proposals))
    for ballot in ballots:
        docket, _ = mechanism.verdict.count(terms, record, docket, ballot)
    return docket
