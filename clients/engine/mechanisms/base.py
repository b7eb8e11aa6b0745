"""What a mechanism is to its participants: a record beside the specification's, which the engine asks.

Driver, recorder, swarm and node know mechanisms by these records alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clients.engine.participant import Participant
from clients.protocol.docket import Docket
from clients.protocol.policies import Mechanism
from clients.protocol.publication import Select
from clients.roles.view import Proposal, Publication
from clients.types.errors import OwnTrouble
from clients.types.federation import Address, Event, Role, Schedule, Status

if TYPE_CHECKING:  # settings are checked before torch is there
    from clients.engine.cohort import Candidate, Cohort
    from clients.engine.config import SwarmConfig
    from clients.engine.notes import Notes

T = TypeVar("T")


def get_schedule(publish: int = 0) -> Schedule:
    """Return a swarm's phases. On a chain of our own the clock moves only when everybody is done, so these
    lengths cost nothing."""
    return Schedule(open=1, propose=3600, commit=3600, reveal=3600, publish=publish, unbonding=86_400)


@dataclass(frozen=True, slots=True)
class Court(Generic[T]):
    """What those who judge or publish have before them, besides their private data.

    `events` are the round's. `patient`: there is time to wait for what a peer has not handed out yet.
    `hurried`: the phase is about to end. On a chain of our own it is neither: nobody waits there.
    """

    status: Status
    terms: T
    config: "SwarmConfig"
    cohort: "Cohort"
    proposals: Sequence[Proposal]
    events: Sequence[Event] = ()
    drifts: Mapping[Address, Sequence[float]] = field(default_factory=dict)
    """What each participant here has noted in earlier rounds, the latest last."""
    tried: int = 0
    """Nonces that were tried in this round before."""
    patient: bool = False
    hurried: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Ballots, or the trouble of those who can't judge and keep still, for it is nobody else's fault; the
    `candidate`, where one model was judged; what each found, for the record."""

    ballots: dict[Address, bytes | OwnTrouble]
    candidate: "Candidate | None" = None
    findings: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assembled:
    """Publications of those who have one (none at all: there is nothing that they could publish), the model
    that the selected updates make, other files that are needed with it, and how many nonces were tried."""

    publications: dict[Address, Sequence[Publication]]
    candidate: "Candidate"
    files: Sequence[bytes] = ()
    tried: int = 0


def _no_drifts(config: "SwarmConfig") -> bool:
    return False


def _check_nothing(config: "SwarmConfig") -> None:
    pass


def _no_pool(config: "SwarmConfig", samples: int) -> int:
    return 0


def _mine_nothing(terms: Any, roles: Role) -> int:
    return 0


def _tell_nothing(docket: Docket, status: Status, notes: "Notes") -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Conduct(Generic[T]):
    """How participants of a mechanism conduct themselves."""

    spec: Mechanism[T]
    check: Callable[["SwarmConfig"], None]
    """RequestError where the mechanism's own settings are impossible."""
    get_terms: Callable[["SwarmConfig", bytes, int], T]
    """Settings, genesis digest, the most samples of a participant → terms; token and beacon are whoever's who
    deploys."""
    judge: Callable[[Court[T], Sequence[Participant]], Judged | None]
    """What these vote. None: they wait for what a peer has not handed out yet."""
    get_blamed: Callable[[T, Status, Docket], set[int]]
    """The numbers of the updates that a settled round holds against their proposers."""
    why_out: str
    """Why somebody is put out."""
    check_own: Callable[["SwarmConfig"], None] = _check_nothing
    """RequestError where settings of the mechanism that are a participant's own are impossible."""
    select: Select[T] | None = None
    """What passed; None where nobody publishes."""
    get_work: Callable[[T, Role], int] = _mine_nothing
    """Bits of the proof of work that a publisher with these roles needs to win a block; 0: none."""
    measures_drifts: Callable[["SwarmConfig"], bool] = _no_drifts
    """Whether participants watch how their own training moves their score."""
    get_pool: Callable[["SwarmConfig", int], int] = _no_pool
    """Settings, the most samples of a participant → base units that a round may take from the pool."""
    tell: Callable[[Docket, Status, "Notes"], dict[str, Any]] = _tell_nothing
    """What the mechanism adds to a round's line."""


@dataclass(frozen=True, slots=True)
class Rules(Generic[T]):
    """By which rules participants act: the mechanism's conduct, a federation's terms, their own settings."""

    conduct: Conduct[T]
    terms: T
    config: "SwarmConfig"

    @property
    def min_members(self) -> int:
        """Return how few members still open a round."""
        return self.conduct.spec.panel.get_fewest(self.terms)
