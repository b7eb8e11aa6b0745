"""Mechanisms: a mechanism is one policy for each axis on which the papers differ, and nothing else.

The core (`federation.py`) calls the policies; a mechanism is a frozen record of them. Policies are pure
functions: they return what the core should record, and refuse with `ProtocolError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Generic, NamedTuple, Protocol, TypeVar

from clients.protocol.docket import Docket, Publication, Publisher
from clients.protocol.rounds import Action
from clients.protocol.state import Env, State
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event, Member, Outcome, Role, Round, Schedule


def check_term(field: str, given: int, valid: bool) -> None:
    """Raise InvalidTerms(field, given) unless `valid`. `field` is the ABI's name."""
    if not valid:
        raise ProtocolError("InvalidTerms", field, given)


class Terms(Protocol):
    """The part of a mechanism's terms that the core itself needs."""

    @property
    def token(self) -> Address:
        """The token in which stakes are held."""
        ...

    @property
    def genesis(self) -> bytes:
        """The digest of the first head."""
        ...

    @property
    def bond(self) -> int:
        """The least stake that a member must hold to act."""
        ...

    @property
    def managers(self) -> tuple[Address, ...]:
        """The accounts that admit and expel, by majority; if there are none, anyone may join."""
        ...

    @property
    def max_samples(self) -> int:
        """The most samples a proposal may claim."""
        ...

    @property
    def max_epochs(self) -> int:
        """The most epochs a proposal may claim."""
        ...

    @property
    def schedule(self) -> Schedule:
        """The lengths of the phases."""
        ...


T_contra = TypeVar("T_contra", contravariant=True)


def _do_nothing(*of: object) -> None:
    pass


def _await_nothing(terms: object, record: Round, docket: Docket) -> bool:
    return False


class Wanted(NamedTuple):
    """How many proposals, commitments and publications a round waits for."""

    proposers: int
    voters: int
    publishers: int


@dataclass(frozen=True, slots=True)
class PanelPolicy(Generic[T_contra]):
    """Who acts: how many of `members` a round waits for in each role, and who has which role."""

    get_fewest: Callable[[T_contra], int]
    """The fewest members with which a round opens."""
    count: Callable[[T_contra, State, int], Wanted]
    """Terms, state, members frozen for the round."""
    get_roles: Callable[[T_contra, State, Address, int, int], Role]
    """Terms, state, account, its position in the drawn permutation, members."""


@dataclass(frozen=True, slots=True)
class SubjectPolicy(Generic[T_contra]):
    """What is judged: which claims a proposal may make."""

    check_proposal: Callable[[T_contra, State, Address, int], None] = _do_nothing
    """Terms, state, proposer, samples that it claims: the checks beyond those of all claims."""
    is_awaited: Callable[[T_contra, Round, Docket], bool] = _await_nothing
    """Terms, record, docket → whether phase Reveal waits for more than ballots before the publications."""


CLAIMED: SubjectPolicy[object] = SubjectPolicy()
"""No checks beyond those of all claims."""


@dataclass(frozen=True, slots=True)
class VerdictPolicy(Generic[T_contra]):
    """What the ballots mean, and how they decide a round's outcome."""

    count: Callable[[T_contra, Round, Docket, Address, bytes], tuple[Docket, int]]
    """Terms, record, docket, voter, ballot → the docket with the ballot counted, and the option that it
    counts for; 0 if publications are tallied. InvalidBallot if malformed."""
    compute_outcome: Callable[[T_contra, Round, Docket, Wanted], Outcome]
    count_votes: Callable[[Round, Docket], tuple[int, int]]
    """Record, docket → how many votes were for the candidate, and how many against it."""


def _refuse_publication(
    terms: object, record: Round, docket: Docket, publisher: Publisher, publication: Publication
) -> tuple[Docket, int]:
    raise AssertionError("nobody is drawn to publish")


def _get_no_winner(terms: object, docket: Docket) -> Address:
    return ""


@dataclass(frozen=True, slots=True)
class PublicationPolicy(Generic[T_contra]):
    """Who puts the next model on record, and who wins the block. By default nobody publishes."""

    count: Callable[[T_contra, Round, Docket, Publisher, Publication], tuple[Docket, int]] = (
        _refuse_publication
    )
    """Return the docket with the publication in it, and the option that the publication counts for."""
    get_winner: Callable[[T_contra, Docket], Address] = _get_no_winner
    """Return the winner of the leading digest's block; empty if nobody wins."""

    @property
    def has_winners(self) -> bool:
        """Return whether there are blocks to win."""
        return self.get_winner is not _get_no_winner


BALLOT_PUBLICATION: PublicationPolicy[object] = PublicationPolicy()
"""Nobody publishes: the ballots carry the model's digest."""


class Settlement(NamedTuple):
    """The amounts that settling a round fixes: two rewards, per recipient or per unit of work, and the pool
    afterwards."""

    proposer_reward: int
    voter_reward: int
    pool: int


@dataclass(frozen=True, slots=True)
class PayoutPolicy(Generic[T_contra]):
    """Who gains and loses what. Settling fixes rewards; booking applies them, a member at a time."""

    compute_settlement: Callable[[T_contra, Round, Docket, Outcome, int], Settlement]
    """Terms, the round's record and docket, its outcome, the pool before."""
    compute_delta: Callable[[T_contra, Address, Member, Round, Docket], int]
    """Return a member's gain or loss from the settled round in which it last acted."""


@dataclass(frozen=True, slots=True)
class GuardPolicy(Generic[T_contra]):
    """Which bookings ban a member, and what evidence must come before votes."""

    compute_guarded: Callable[[T_contra, Member, Member, Round, Docket], Member]
    """Terms, the member before and after its payout, the round's record and docket → the booked record."""
    check_commit: Callable[[T_contra, State, Env], None] = _do_nothing


def _get_no_fee(terms: object) -> int:
    return 0


def _bar_nobody(state: State, account: Address) -> bool:
    return False


def _let_in_at_once(terms: object, state: State, account: Address) -> bool:
    return False


def _limit_nobody(terms: object) -> int:
    return 0


def _ask_for_nobody(terms: object) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class AdmissionPolicy(Generic[T_contra]):
    """Who may join and act, beyond the shared rules, and at what price. By default anyone, for free."""

    check_join: Callable[[T_contra, State, Address], None] = _do_nothing
    get_fee: Callable[[T_contra], int] = _get_no_fee
    """The fee for joining, above the stake; the pool gets it."""
    is_barred: Callable[[State, Address], bool] = _bar_nobody
    is_to_wait: Callable[[T_contra, State, Address], bool] = _let_in_at_once
    """Whether an account that joins now waits, instead of being in at once."""
    get_newcomers: Callable[[T_contra], int] = _limit_nobody
    """How many members come in when a round opens, at most unless it lacks more; 0: nobody waits."""
    get_first: Callable[[T_contra], int] = _ask_for_nobody
    """The fewest members with which the first round opens, if they are more than the panel's fewest."""


@dataclass(frozen=True, slots=True)
class TaskPolicy(Generic[T_contra]):
    """When rounds may open and members may leave. By default always."""

    check_open: Callable[[T_contra, State, Env], None] = _do_nothing
    check_exit: Callable[[T_contra, State, Env], None] = _do_nothing


ENDLESS: TaskPolicy[object] = TaskPolicy()
"""Rounds follow each other for as long as there are members, who may leave between any two."""


@dataclass(frozen=True, slots=True)
class DutyPolicy(Generic[T_contra]):
    """Whether whoever is drawn has to act. By default it may stay away."""

    get_absent_after: Callable[[T_contra], int] = _limit_nobody
    """Missed rounds in a row after which a drawn member can be put out; 0: never."""


VOLUNTARY: DutyPolicy[object] = DutyPolicy()
"""Whoever is drawn may stay away."""


def _start_with_nothing(terms: object) -> object:
    return None


def _note_nothing(terms: object, own: object, record: Round, docket: Docket) -> object:
    return own


@dataclass(frozen=True, slots=True)
class OwnState(Generic[T_contra]):
    """A mechanism's memory beyond rounds and dockets: an immutable record in the state's slot `own`."""

    kind: type = NoneType
    """The record's class."""
    start: Callable[[T_contra], object] = _start_with_nothing
    note_published: Callable[[T_contra, object, Round, Docket], object] = _note_nothing
    """Terms, the record so far, the round's record and docket → the record."""
    note_settled: Callable[[T_contra, object, Round, Docket], object] = _note_nothing


@dataclass(frozen=True, slots=True)
class OwnAction:
    """An action that this mechanism alone has; `process(core, env, sender, *args)` returns its events."""

    action: Action
    process: Callable[..., list[Event]]


@dataclass(frozen=True, slots=True)
class Mechanism(Generic[T_contra]):
    """A mechanism: its name, and a policy for each axis."""

    name: str
    checks: tuple[Callable[[T_contra], None], ...]
    """Checks of its terms, after the core's and in the page's order; the first wrong term is InvalidTerms."""
    admission: AdmissionPolicy[T_contra]
    panel: PanelPolicy[T_contra]
    subject: SubjectPolicy[T_contra]
    verdict: VerdictPolicy[T_contra]
    publication: PublicationPolicy[T_contra]
    payout: PayoutPolicy[T_contra]
    guard: GuardPolicy[T_contra]
    task: TaskPolicy[T_contra]
    duty: DutyPolicy[T_contra]
    own_state: OwnState[T_contra] = field(default_factory=OwnState)
    actions: Mapping[str, OwnAction] = field(default_factory=dict)
    views: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    """What its contract alone can be asked, by the view's name: state, arguments → the one result."""

    def get_fewest(self, terms: T_contra, round_number: int, rest_until: int) -> int:
        """Return how many members the round after `round_number` needs at least."""
        fewest = self.panel.get_fewest(terms)
        # before the first round nothing rests but what was postponed
        begun = round_number or rest_until
        return fewest if begun else max(fewest, self.admission.get_first(terms))
