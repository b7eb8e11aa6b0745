"""What a participant sees, and what it may decide to do.

A decision follows from chain, store and the participant's own journal alone, so a participant that dies and
comes back sees the same view and decides the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.types.chain import Call
from clients.types.errors import UnavailableError
from clients.types.federation import ZERO32, Act, Address, Event, Phase, Role, Seat, Standing, Status


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed update: `digest` names its weights, `samples` is the weight it claims in eq. (1).

    `number` is its place among the round's, and its bit in a bitmap; `epochs` is how long it claims to have
    been trained.
    """

    proposer: Address
    number: int
    digest: bytes
    samples: int
    epochs: int = 1


@dataclass(frozen=True, slots=True)
class Update:
    """The participant's own trained update, in the store already, and what it claims to be trained on."""

    digest: bytes
    samples: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publisher puts on record: a model's digest, the bitmap of the updates in it, a proof of work."""

    digest: bytes
    selection: int
    nonce: bytes = ZERO32


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the participant holds for the round in progress; `None`: not worked out yet.

    `publications` are tried in their order, each after the one before it was refused; empty: there is nothing
    that it could publish. `unable`: what trouble of its own keeps it from doing this round.
    """

    update: Update | None = None
    ballot: bytes | None = None
    publications: Sequence[Publication] | None = None
    unable: Act = Act.NONE


@dataclass(frozen=True, slots=True)
class View:
    """The federation as one participant sees it.

    `waited` is how many seconds the participant has seen the federation wait for a housekeeping call.
    """

    me: Address
    chain_id: int
    federation: Address
    min_members: int
    status: Status
    seat: Seat
    registry: Sequence[Seat]
    knowledge: Knowledge
    salt: bytes
    now: int
    waited: float = 0.0

    @property
    def acted(self) -> Act:
        """Return all that the participant did in the round in progress."""
        member = self.seat.member
        return member.acts if member.round == self.status.round else Act.NONE

    def is_due(self, phase: Phase, role: Role, act: Act) -> bool:
        """Return whether it is `phase`, and the participant is drawn as `role`, may `act` and has not."""
        return (
            self.status.phase == phase
            and role in self.seat.roles
            and self.seat.member.standing == Standing.MEMBER
            and not self.seat.out
            and act not in self.acted
        )


@dataclass(frozen=True, slots=True)
class Train:
    """Train on private data from the head, and store the update."""

    round: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Judge:
    """Recompute what is judged from the proposals, test it on private data, settle on a ballot."""

    round: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Assemble:
    """Find out which updates passed, make the model of them, and the proof of work where one is asked for."""

    round: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """Send a transaction."""

    call: Call


Action = Train | Judge | Assemble | Send


def get_proposals(events: Sequence[Event], round_number: int) -> list[Proposal]:
    """Return the proposals of `round_number` among `events`, in the order in which they arrived."""
    found = [
        Proposal(
            proposer=str(event.args["proposer"]),
            number=_integer(event.args["number"]),
            digest=as_bytes32(event.args["digest"]),
            samples=_integer(event.args["samples"]),
            epochs=_integer(event.args["epochs"]),
        )
        for event in events
        if event.name == "Proposed" and event.args["round"] == round_number
    ]
    return sorted(found, key=lambda proposal: proposal.number)


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise UnavailableError(f"the chain's node hands out damaged logs: {value!r} is no number.")
    return value


def get_ballots(events: Sequence[Event], round_number: int) -> list[bytes]:
    """Return the ballots of `round_number` that were revealed among `events`, in that order."""
    return [
        _bytes(event.args["ballot"])
        for event in events
        if event.name == "Revealed" and event.args["round"] == round_number
    ]


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise UnavailableError(f"the chain's node hands out damaged logs: {value!r} is no ballot.")
    return value


def as_bytes32(value: object) -> bytes:
    """Return `value`, an event's argument, as 32 bytes; `UnavailableError` where it is something else."""
    if not isinstance(value, bytes) or len(value) != 32:
        raise UnavailableError(f"the chain's node hands out damaged logs: {value!r} is not 32 bytes.")
    return value
