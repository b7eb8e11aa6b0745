"""What a mechanism is to the engine: its settings, its terms, its jobs, and what it adds to the results.

Roles (`clients.roles`) say what a participant does next: send a transaction, or do a *job* first. A mechanism
has a handler for each kind of job. The engine knows no job by name: it gathers the participants here for whom
the same job is due, gives them a desk with all that there is to work with, and carries out what comes back.
First it stores files, then it writes down what must survive, and last it sends. Handlers do nothing of that
themselves, so they can be run again at any time. Attackers are honest participants with a behaviour wrapped
around their handlers (`clients.mechanisms.behaviours`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from clients.protocol.docket import Docket
from clients.protocol.policies import Mechanism
from clients.roles.member import ROLES
from clients.roles.round_log import RoundLog
from clients.roles.view import Job, Step
from clients.types.chain import Call
from clients.types.errors import OwnTrouble
from clients.types.federation import Address, Role, Status

if TYPE_CHECKING:  # settings are checked before torch is there
    from clients.mechanisms.cohort import Cohort
    from clients.mechanisms.participant import Participant


class Run(Protocol):
    """What mechanisms ask of the settings that every run has."""

    @property
    def clients(self) -> int:
        """Participants."""
        ...

    @property
    def accounts(self) -> Sequence[Address]:
        """Their accounts, in the order of the partition."""
        ...

    @property
    def malicious(self) -> int:
        """Participants that attack."""
        ...

    @property
    def local_epochs(self) -> int:
        """Epochs that a proposer trains."""
        ...

    @property
    def stake(self) -> int:
        """What every participant stakes at the start, in base units."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """A mechanism's own options; each field carries its help (`clients.types.settings.option`).

    Options with `personal=True` are each participant's own affair; the others become a federation's terms.
    """

    def check(self) -> None:
        """Raise `RequestError` where an option is impossible whatever the rest of the run is."""

    def check_run(self, run: Run) -> None:
        """Raise `RequestError` where options don't fit one another or the run."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The aggregate of proposals, as it goes to the store. No `digest` where there is none; `fault` says why.

    `missing`: content was not handed out; it may be later.
    """

    digest: bytes | None
    data: bytes = b""
    fault: str = ""
    missing: bool = False


S = TypeVar("S", bound=Settings)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk(Generic[S, T]):
    """What a job has before it: the round, the rules, everybody's data, and what was remembered.

    `patient`: there is time to wait for what a peer has not handed out yet. `hurried`: the phase is about to
    end. On a chain of our own it is neither: nobody waits there.
    """

    status: Status
    terms: T
    settings: S
    cohort: "Cohort"
    read_log: Callable[[], RoundLog]
    """Returns what the chain has logged of the round by now."""
    roles: Mapping[Address, Role]
    """What those who do the job are drawn for."""
    memory: Mapping[Address, Any] = field(default_factory=dict)
    """What the mechanism has remembered of each participant here in earlier rounds."""
    scratch: dict[str, Any] = field(default_factory=dict)
    """What a handler keeps for itself while the round lasts. A restart forgets it."""
    patient: bool = False
    hurried: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a job came to, by participant; `OwnTrouble` stands where one couldn't do its part.

    `pending` are those who go on with the job when they look again; for all others it is finished, even where
    it left nothing to send.
    """

    files: Sequence[bytes] = ()
    """What the store must hold before anything is sent."""
    calls: Mapping[Address, Sequence[Call] | OwnTrouble] = field(default_factory=dict)
    """What each sends when it is due, in the order in which they are ready; more than one call of the same
    method where the next is tried as the one before is refused."""
    ballots: Mapping[Address, bytes | OwnTrouble] = field(default_factory=dict)
    """What each votes. It is written down before the commitment is sent, and never changes."""
    candidate: Candidate | None = None
    """The model that was judged or put together."""
    findings: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)
    """What each found, for the results."""
    memory: Mapping[Address, Any] = field(default_factory=dict)
    """What to remember of each participant in later rounds, as JSON has it."""
    pending: Collection[Address] = ()


Who: TypeAlias = "Sequence[Participant]"
Handler = Callable[[Desk[S, T], Who], Done | None]
"""Does a job for all participants here for whom it is due. None: they wait for what a peer hands out."""


def _tell_nothing(docket: Docket, findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]:
    return {}


def _take_nothing(settings: Settings, run: Run, samples: int) -> int:
    return 0


def _join(terms: Any, accounts: Sequence[Address], stake: int) -> list[Call]:
    return [Call(account, "join", (stake,)) for account in accounts]


def _pay_stake(terms: Any, stake: int) -> int:
    return stake


def _begin_rested(terms: Any, status: Status) -> Mapping[str, int]:
    return {"open": status.rest_until}


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """How accounts get in, from when actions are possible, and when it is all over.

    By default accounts join with their stake, a round is opened once the last one has rested, and there is no
    end.
    """

    get_calls: Callable[[T, Sequence[Address], int], Sequence[Call]] = _join
    """Terms, accounts, what each stakes → the calls that let them in, in order; others' among them."""
    get_price: Callable[[T, int], int] = _pay_stake
    """Terms, what it stakes → base units that an account must hold to get in."""
    get_begins: Callable[[T, Status], Mapping[str, int]] = _begin_rested
    """Terms, status → by method, from when a call is possible, where its phase alone doesn't say."""
    is_over: Callable[[T, Status, int], bool] | None = None
    """Terms, status between rounds, accepted rounds so far → whether no round can be opened any more."""


@dataclass(frozen=True, slots=True)
class Conduct(Generic[S, T]):
    """A mechanism as its participants have it, beside its rules, `spec`."""

    spec: Mechanism[T]
    settings: type[S]
    get_terms: Callable[[S, Run, bytes, int], T]
    """Settings, the run's, genesis digest, the most samples of a participant → the terms of a federation; who
    deploys it fills in token and beacon."""
    jobs: Mapping[type[Job], Handler[S, T]]
    get_blamed: Callable[[T, Status, Docket], set[int]]
    """The numbers of the updates that a settled round holds against their proposers."""
    why_out: str
    """Why somebody is banned."""
    roles: Sequence[Step] = ROLES
    """What its members are drawn for, in the order in which they are asked."""
    entry: Entry[T] = field(default_factory=Entry)
    get_pool: Callable[[S, Run, int], int] = _take_nothing
    """Settings, the run's, the most samples of a participant → base units that a round may take from the
    pool."""
    tell: Callable[[Docket, Mapping[Address, Mapping[str, Any]]], dict[str, Any]] = _tell_nothing
    """A settled round's docket, what those here found → what the mechanism adds to the round's line."""

    @property
    def name(self) -> str:
        """The mechanism's name."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class Rules(Generic[S, T]):
    """By which rules participants act: the mechanism's conduct, a federation's terms, their own settings."""

    conduct: Conduct[S, T]
    terms: T
    settings: S

    @property
    def min_members(self) -> int:
        """Return how few members still open a round."""
        return self.conduct.spec.panel.get_fewest(self.terms)
