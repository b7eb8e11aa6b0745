"""What a mechanism is: one policy for each axis on which the papers differ, and nothing else.

The core (`federation.py`) asks the policies; a mechanism is a frozen record of them. Policies are functions
of their arguments alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from clients.protocol.tally import Tally
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Member, Outcome, Role, Round, Schedule


def check_term(field: str, given: int, valid: bool) -> None:
    """Raise InvalidTerms(field, given) unless `valid`. `field` is the ABI's name."""
    if not valid:
        raise ProtocolError("InvalidTerms", field, given)


class Terms(Protocol):
    """What the core itself needs of a mechanism's terms."""

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
    def seats(self) -> int:
        """Proposers wanted."""
        ...

    @property
    def min_voters(self) -> int:
        """Voters without whom no round opens."""
        ...

    @property
    def max_samples(self) -> int:
        """The most samples a proposal may claim."""
        ...

    @property
    def schedule(self) -> Schedule:
        """The lengths of the phases."""
        ...


T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Panel(Generic[T_contra]):
    """Who acts: how many of `members` are wanted for each part, and which position has which."""

    check_terms: Callable[[T_contra], None]
    count_proposers: Callable[[T_contra, int], int]
    count_voters: Callable[[T_contra, int], int]
    get_role: Callable[[T_contra, int, int], Role]
    """Terms, position in the drawn permutation, members."""


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T_contra]):
    """What the ballots of a round come to."""

    check_terms: Callable[[T_contra], None]
    compute_outcome: Callable[[T_contra, Round, Tally, int], Outcome]
    """Terms, the round's record, its tally, how many voters were drawn."""


@dataclass(frozen=True, slots=True)
class Publication(Generic[T_contra]):
    """Who puts the next model on record."""

    is_awaited: Callable[[T_contra, Round], bool]
    """Whether somebody still has to publish after the reveals."""
    get_head: Callable[[Outcome, Tally, bytes], bytes]
    """The head after a round, from its outcome, tally and the head before."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling a round fixes: the reward a proposer, the reward a majority voter, the pool after."""

    proposer_reward: int
    voter_reward: int
    pool: int


@dataclass(frozen=True, slots=True)
class Payout(Generic[T_contra]):
    """Who gains and loses what. Settling fixes rewards a head; booking applies them, a member at a time."""

    check_terms: Callable[[T_contra], None]
    compute_settlement: Callable[[T_contra, Round, Outcome, int], Settlement]
    """Terms, the round's record, its outcome, the pool before."""
    compute_delta: Callable[[T_contra, Member, Round], int]
    """What a member gains or loses by the settled round in which it last acted."""


@dataclass(frozen=True, slots=True)
class Mechanism(Generic[T_contra]):
    """A mechanism: its name and its policies. Each policy checks its own terms, after the core's."""

    name: str
    panel: Panel[T_contra]
    verdict: Verdict[T_contra]
    publication: Publication[T_contra]
    payout: Payout[T_contra]
    is_out: Callable[[T_contra, Member, Round], bool]
    """The guard: whether a member, as booked for this round, is banned."""
