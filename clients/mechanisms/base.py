"""What the engine knows of a mechanism: its settings, its terms, its jobs, and its additions to the results.

Roles (`clients.roles`) say what a participant does next: send a transaction, or do a *job* first. A mechanism
has a handler for each kind of job. The engine knows no job by name. It gathers the local participants for
whom the same job is due, gives their handler a desk with everything to work with, and carries out the result:
first it stores files, then it journals ballots and memory, and last it sends. Handlers do none of this
themselves, so they can run again at any time. Attackers are honest participants with a behaviour wrapped
around their handlers (`clients.mechanisms.behaviours`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from clients.protocol.docket import Docket
from clients.protocol.managers import MOTION_SECONDS, get_needed
from clients.protocol.policies import Mechanism
from clients.protocol.rounds import ACTIONS, Action
from clients.roles.member import ROLES
from clients.roles.round_log import RoundLog
from clients.roles.view import Job, Step
from clients.types.chain import Call, Chain
from clients.types.errors import OwnTrouble, RequestError, UnavailableError
from clients.types.federation import ZERO_ADDRESS, Address, Outcome, Phase, Role, Status
from clients.types.mechanisms import Kind, Terms
from clients.types.terms import RuleSet, get_defaults

if TYPE_CHECKING:  # settings are checked before torch is imported
    from clients.mechanisms.cohort import Cohort
    from clients.mechanisms.participant import Participant


class Run(Protocol):
    """The common settings of a run that mechanisms use."""

    @property
    def rules(self) -> RuleSet:
        """The set of rules: the mechanism's own settings have its defaults already."""
        ...

    @property
    def clients(self) -> int:
        """How many participants there are."""
        ...

    @property
    def accounts(self) -> Sequence[Address]:
        """The participants' accounts, in the order of the partition."""
        ...

    @property
    def malicious(self) -> int:
        """How many participants attack."""
        ...

    @property
    def local_epochs(self) -> int:
        """Epochs that a proposer trains."""
        ...

    @property
    def stake(self) -> int:
        """Every participant's stake at the start, in base units."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """A mechanism's own options; each field carries its help (`clients.types.settings.option`).

    Each participant chooses options with `personal=True` for itself; the others become a federation's terms.
    """

    def check(self) -> None:
        """Raise `RequestError` if an option is impossible in any run."""

    def check_run(self, run: Run) -> None:
        """Raise `RequestError` if options don't fit one another or the run."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The aggregate of proposals, as it goes to the store. If it has no `digest`, `fault` says why.

    `missing`: a peer hasn't handed out a file yet, and may do so later.
    """

    digest: bytes | None
    data: bytes = b""
    fault: str = ""
    missing: bool = False


S = TypeVar("S", bound=Settings)
T = TypeVar("T")
S_contra = TypeVar("S_contra", bound=Settings, contravariant=True)
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Desk(Generic[S, T]):
    """What a job works with: the round, the rules, the participants' data, and their memory.

    `early`, `patient`: there is time to wait for files that a peer hasn't handed out yet, where giving up
    costs nobody, and where it does (`clients.roles.fetching`). `hurried`: the phase is about to end. On a
    chain of our own all three are False: nobody waits there.
    """

    status: Status
    terms: T
    settings: S
    cohort: "Cohort"
    read_log: Callable[[], RoundLog]
    """Returns the round's log as of now."""
    roles: Mapping[Address, Role]
    """The roles for which the participants of this job are drawn."""
    memory: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)
    """What each local participant remembers of earlier rounds, by name."""
    secrets: Mapping[Address, bytes] = field(default_factory=dict)
    """The secret that decides the lot of each participant, if it has one."""
    scratch: dict[str, Any] = field(default_factory=dict)
    """The handler's working storage during the round. A restart forgets it."""
    early: bool = False
    patient: bool = False
    hurried: bool = False

    def recall(self, account: Address, name: str, default: Any) -> Any:
        """Return what a participant remembers under this name."""
        return self.memory.get(account, {}).get(name, default)


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a job, by participant; `OwnTrouble` in place of a result if it couldn't do its part.

    `pending`: participants that continue the job in the next pass. For all others the job is finished, even
    if it left nothing to send.
    """

    files: Sequence[bytes] = ()
    """Files that the store must hold before anything is sent. If all calls belong to later phases, the files
    wait until the first of them is sent: before that nobody else may have them."""
    calls: Mapping[Address, Sequence[Call] | OwnTrouble] = field(default_factory=dict)
    """The call of each participant, to be sent when its phase comes, in the order in which the calls are
    ready. Several calls of one method are alternatives: the next is tried when one is refused."""
    ballots: Mapping[Address, bytes | OwnTrouble] = field(default_factory=dict)
    """The ballot of each participant. It is journalled before the commitment is sent, and never changes."""
    candidate: Candidate | None = None
    """The model that was judged or assembled."""
    held: Collection[bytes] = ()
    """Digests of peers' files that the store is to hold from now on, so that others can have them from it."""
    findings: Mapping[Address, Mapping[str, Any] | OwnTrouble] = field(default_factory=dict)
    """What each participant found, for the results."""
    memory: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)
    """What each participant remembers in later rounds, by name, as JSON-able data. What else it remembers
    stays as it is."""
    pending: Collection[Address] = ()


Who: TypeAlias = "Sequence[Participant]"
Handler = Callable[[Desk[S, T], Who], Done | None]
"""Does a job for all local participants for whom it is due. None: they wait for files from a peer."""


# ------------------------------------------------------------------ how accounts get in


class GetCalls(Protocol[T_contra]):
    """Returns the calls that let `accounts` in with `stake` each, in order, including calls by others."""

    def __call__(self, terms: T_contra, accounts: Sequence[Address], stake: int) -> Sequence[Call]: ...


class GetPrice(Protocol[T_contra]):
    """Returns the base units that an account must hold to get in with `stake`."""

    def __call__(self, terms: T_contra, stake: int) -> int: ...


class GetBegins(Protocol[T_contra]):
    """Returns the time at which a call becomes possible, by method, if its phase alone doesn't say."""

    def __call__(self, terms: T_contra, status: Status) -> Mapping[str, int]: ...


class IsOver(Protocol[T_contra]):
    """Returns, of a status between rounds, whether no round can be opened any more.

    `accepted`: how many rounds were accepted so far.
    """

    def __call__(self, terms: T_contra, status: Status, accepted: int) -> bool: ...


def _tell_nothing(docket: Docket, findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]:
    return {}


def _take_nothing(terms: Any) -> int:
    return 0


def _draw_no_lots(terms: Any) -> bool:
    return False


def _join(terms: Any, accounts: Sequence[Address], stake: int) -> list[Call]:
    return [Call(account, "join", (stake,)) for account in accounts]


def _pay_stake(terms: Any, stake: int) -> int:
    return stake


def _begin_rested(terms: Any, status: Status) -> Mapping[str, int]:
    return {"open": status.rest_until}


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """How accounts get in and are kept out, when actions become possible, and when the federation ends.

    By default accounts join with their stake, a round opens after the pause since the last one, and the
    federation never ends.
    """

    get_calls: GetCalls[T] = _join
    get_price: GetPrice[T] = _pay_stake
    get_begins: GetBegins[T] = _begin_rested
    is_over: IsOver[T] | None = None

    def require_allowed(self, chain: Chain, terms: Terms, account: Address) -> None:
        """Raise `UnavailableError`, which says who can let `account` in and how, if managers haven't."""
        if not terms.managers or chain.view("isAllowed", account)[0]:
            return
        others, days = get_needed(terms) - 1, MOTION_SECONDS // 86_400
        ayes = (
            f", which opens a motion, and within {days} days {others} more of them must call "
            f"allow(N, [{account}]), with the motion's number N, which the event Moved has; if the motion is "
            "open already, the refusal MotionOpen of the first call has N"
            if others
            else ""
        )
        raise UnavailableError(
            f"the managers of {chain.federation} haven't let {account} in. One of them must call "
            f"allow(0, [{account}]) on it{ayes}. They are {', '.join(terms.managers)}. "
            "Start again when they have."
        )

    def is_expelled(self, chain: Chain, terms: Terms, account: Address) -> bool:
        """Return whether managers expelled `account`; False, unread, if there are none."""
        return bool(terms.managers) and bool(chain.view("isExpelled", account)[0])

    def count_accepted(self, chain: Chain, settled: int) -> int:
        """Return how many of the first `settled` rounds were accepted; 0, unread, if there is no end."""
        if self.is_over is None:
            return 0
        records = (chain.round(round_number) for round_number in range(1, settled + 1))
        return sum(record.outcome == Outcome.ACCEPTED for record in records)

    def has_ended(self, terms: T, status: Status, accepted: int) -> bool:
        """Return whether the chain is between rounds and no further round can be opened."""
        return (
            self.is_over is not None and status.phase == Phase.OPEN and self.is_over(terms, status, accepted)
        )


# ------------------------------------------------------------------ the rest of the conduct


class GetTerms(Protocol[S_contra, T_co]):
    """Returns the terms of a federation for a run. The deployer fills in token and beacon.

    `genesis`: the digest of the first head. `samples`: those of the largest participant.
    """

    def __call__(self, settings: S_contra, run: Run, genesis: bytes, samples: int) -> T_co: ...


MIN_VOTERS = 1
"""The term `min_voters` of a swarm's federation: it goes on for as long as anybody is left to vote. One
that is deployed needs more by default."""


def get_common_terms(kind: Kind, run: Run, genesis: bytes, samples: int, newcomers: int) -> dict[str, Any]:
    """Return the terms of a swarm's federation that don't depend on its mechanism, by name; `GetTerms` says
    what the arguments are.

    A swarm has no managers, and where newcomers wait, all its participants are founders. A claim is at most
    what the largest participant trains on, and no more than the rules allow by default.
    """
    most = get_defaults(kind.terms, run.rules)
    most_samples, most_epochs = most["max_samples"], most["max_epochs"]
    return {
        "token": ZERO_ADDRESS,
        "beacon": ZERO_ADDRESS,
        "genesis": genesis,
        "managers": (),
        "founders": tuple(run.accounts) if newcomers else (),
        "newcomers": newcomers,
        "max_samples": samples if most_samples is None else min(samples, most_samples),
        "max_epochs": run.local_epochs if most_epochs is None else min(run.local_epochs, most_epochs),
        "schedule": kind.get_schedule(run.rules),
    }


class GetBlamed(Protocol[T_contra]):
    """Returns the numbers of the updates of a settled round that count against their proposers.

    It is the field `blamed` of a round's line. Each mechanism says what that costs them.
    """

    def __call__(self, terms: T_contra, status: Status, docket: Docket) -> set[int]: ...


class GetPool(Protocol[T_contra]):
    """Returns the base units that a round may take from the pool."""

    def __call__(self, terms: T_contra) -> int: ...


class DrawsLots(Protocol[T_contra]):
    """Returns whether members anchor secrets that decide the lots of their updates (`clients.roles.lots`)."""

    def __call__(self, terms: T_contra) -> bool: ...


class Tell(Protocol):
    """Returns what the mechanism adds to a settled round's line.

    `findings`: those of the local participants.
    """

    def __call__(self, docket: Docket, findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Conduct(Generic[S, T]):
    """A mechanism from its participants' side, beside its rules, `spec`."""

    spec: Mechanism[T]
    settings: type[S]
    get_terms: GetTerms[S, T]
    jobs: Mapping[type[Job], Handler[S, T]]
    get_blamed: GetBlamed[T]
    why_out: str
    """Why members are banned, for messages."""
    roles: Sequence[Step] = ROLES
    """The roles of members, in the order in which each is asked for its next step."""
    entry: Entry[T] = field(default_factory=Entry)
    get_pool: GetPool[T] = _take_nothing
    pool_settings: Sequence[str] = ()
    """The settings that `get_pool` grows with, for a message where the pool has no room."""
    tell: Tell = _tell_nothing
    draws_lots: DrawsLots[T] = _draw_no_lots

    @property
    def name(self) -> str:
        """The mechanism's name."""
        return self.spec.name

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action of its federations, with the mechanism's own."""
        return {**ACTIONS, **{name: own.action for name, own in self.spec.actions.items()}}

    def get_handler(self, job: type[Job]) -> Handler[S, T]:
        """Return what does `job`; `RequestError` if nothing does."""
        if job not in self.jobs:
            raise RequestError(
                f"the mechanism {self.name} has no handler for the job {job.__name__}: a role asks for it, "
                "so add one to its jobs."
            )
        return self.jobs[job]


@dataclass(frozen=True, slots=True)
class Rules(Generic[S, T]):
    """The rules by which participants act: the mechanism's conduct, a federation's terms, their own
    settings."""

    conduct: Conduct[S, T]
    terms: T
    settings: S

    def get_min_members(self, status: Status) -> int:
        """Return the fewest members with which the next round can open."""
        return self.conduct.spec.get_fewest(self.terms, status.round, status.rest_until)

    @property
    def absent_after(self) -> int:
        """So many drawn rounds in a row that a member misses put it out; 0: none do."""
        return self.conduct.spec.duty.get_absent_after(self.terms)
