"""The events of one round as the chain's node logged them, checked against the counts in its state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from clients.protocol.docket import Docket, Update
from clients.protocol.policies import Mechanism
from clients.types.errors import UnavailableError
from clients.types.federation import Address, Event, Status

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed update: `digest` names its weights, `samples` is the weight it claims in the average.

    `update_number` is its place among the round's updates, and its bit in a bitmap; `epochs` is how long it
    claims to have been trained.
    """

    proposer: Address
    update_number: int
    digest: bytes
    samples: int
    epochs: int = 1


class Votes(NamedTuple):
    """The votes of a settled round, and the digest that its settlement names as the candidate."""

    votes_for: int
    votes_against: int
    candidate: bytes


@dataclass(frozen=True, slots=True)
class RoundLog:
    """The events of the round in `status`, and what follows from them.

    `shown`: how many members' records say that they showed their lots; None where a later event is among
    these. `UnavailableError` if an event is missing: a node's logs may lag behind its state.
    """

    status: Status
    events: Sequence[Event] = field(repr=False)
    shown: int | None = None

    def proposals(self) -> list[Proposal]:
        """Return the round's proposals in the order of their numbers, once the phase Propose is over."""
        found = sorted(
            map(_read_proposal, self.named("Proposed")), key=lambda proposal: proposal.update_number
        )
        self._require(len(found), self.status.record.proposals, "proposals")
        return found

    def broken_pledges(self) -> list[Address]:
        """Return who pledged an update and didn't propose it, in the order of the pledges, once the phase
        Propose is over."""
        pledged = [str(event.args["proposer"]) for event in self.named("Pledged")]
        self._require(len(pledged), self.status.record.pledges, "pledges")
        proposers = {proposal.proposer for proposal in self.proposals()}
        return [account for account in pledged if account not in proposers]

    def missed(self) -> list[Address]:
        """Return who is reported to have done nothing by the time the ballots were in, in the order of the
        reports. Who published after that is among them."""
        return [str(event.args["account"]) for event in self.named("Missed")]

    def docket(self, mechanism: Mechanism[T], terms: T) -> Docket:
        """Return the round's docket by the specification's rules: its updates, which of them are shown and
        decoys, and all ballots counted."""
        ballots = [
            (str(event.args["voter"]), _bytes(event.args["ballot"])) for event in self.named("Revealed")
        ]
        self._require(len(ballots), self.status.record.reveals, "ballots")
        updates = tuple(Update(p.proposer, p.digest, p.samples, p.epochs) for p in self.proposals())
        shown, decoys = self._read_lots()
        docket = Docket(self.status.seed, updates, shown=shown, decoys=decoys)
        for voter, ballot in ballots:
            docket, _ = mechanism.verdict.count(terms, self.status.record, docket, voter, ballot)
        return docket

    def _read_lots(self) -> tuple[int, int]:
        """Return the bitmaps of the updates whose lots were shown, and of those that are decoys."""
        numbers = {proposal.proposer: proposal.update_number for proposal in self.proposals()}
        events = self.named("Shown")
        self._require(len(events), len(events) if self.shown is None else self.shown, "lots")
        shown = [(1 << numbers[str(event.args["proposer"])], event.args["decoy"]) for event in events]
        return sum(bit for bit, _ in shown), sum(bit for bit, decoy in shown if decoy)

    def planters(self) -> set[Address]:
        """Return whose updates are decoys, of those who showed their lots."""
        return {str(event.args["proposer"]) for event in self.named("Shown") if event.args["decoy"]}

    def votes(self) -> Votes:
        """Return the votes of the settled round."""
        settled = self.named("Settled")
        if not settled:
            raise UnavailableError(
                f"the chain's node has no log of the settlement of round {self.status.round} yet."
            )
        args = settled[-1].args
        return Votes(
            _integer(args["votesFor"]), _integer(args["votesAgainst"]), as_bytes32(args["candidate"])
        )

    def winner(self) -> Address | None:
        """Return the winner of the round's block; None if there was no block or no winner."""
        won = self.named("BlockWon")
        return str(won[0].args["winner"]) if won else None

    def named(self, name: str) -> list[Event]:
        """Return the round's events of this name, in order."""
        return [
            event for event in self.events if event.name == name and event.args["round"] == self.status.round
        ]

    def _require(self, found: int, counted: int, what: str) -> None:
        if found != counted:
            raise UnavailableError(
                f"the chain's node shows {found} of the {counted} {what} of round {self.status.round}."
            )


def _read_proposal(event: Event) -> Proposal:
    args = event.args
    return Proposal(
        proposer=str(args["proposer"]),
        update_number=_integer(args["updateNumber"]),
        digest=as_bytes32(args["digest"]),
        samples=_integer(args["samples"]),
        epochs=_integer(args["epochs"]),
    )


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise UnavailableError(f"the chain's node returns damaged logs: {value!r} is no number.")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise UnavailableError(f"the chain's node returns damaged logs: {value!r} is no ballot.")
    return value


def as_bytes32(value: object) -> bytes:
    """Return `value`, an event's argument, as 32 bytes; `UnavailableError` if it is something else."""
    if not isinstance(value, bytes) or len(value) != 32:
        raise UnavailableError(f"the chain's node returns damaged logs: {value!r} is not 32 bytes.")
    return value
