"""A federation's state, and the environment of an action."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from clients.protocol.docket import BLANK, Docket
from clients.protocol.ledger import Ledger, TokenBook
from clients.types.federation import ZERO32, Address, Event, Round


@dataclass(frozen=True, slots=True)
class Env:
    """The environment of an action: the time in seconds, the block, and the source of randomness."""

    time: int
    block: int
    entropy: Callable[[int, int], bytes]
    """(round, seal block) → 32 bytes: the block's hash, or a beacon's entropy."""
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class Motion:
    """One motion of the managers."""

    content: bytes
    """The hash of its method and accounts."""
    movers: frozenset[Address]
    """Who has moved it."""
    end: int
    """The time, in seconds, from which on no aye counts."""


@dataclass(frozen=True, slots=True)
class Access:
    """The managers' decisions so far: whom they allow and bar, and their motions.

    Its containers are replaced, never changed.
    """

    allowed: frozenset[Address] = frozenset()
    barred_from: dict[Address, int] = field(default_factory=dict)
    """For each expelled account, the first round from which it is barred."""
    motions: tuple[Motion, ...] = ()
    """In the order in which they were opened: number 1 first."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What an account is reported for."""

    round: int = 0
    """The last round that it missed."""
    acted_in: int = 0
    """The round in which it had last acted then: whoever has acted since starts anew."""
    count: int = 0
    """How many rounds in a row for which it was drawn it missed."""


PRESENT = Absence()


@dataclass(slots=True)
class State:
    """Everything that a federation remembers. Records in it are immutable; containers are its own."""

    head: bytes
    pool: int = 0
    mix: bytes = ZERO32
    rest_until: int = 0
    seal_block: int = 0
    rounds: list[Round] = field(default_factory=lambda: [Round()])
    """Rounds by number; the last one is current. Number 0 stands for the time before the first round."""
    dockets: list[Docket] = field(default_factory=lambda: [BLANK])
    """By number, like the rounds."""
    commitments: dict[Address, bytes] = field(default_factory=dict)
    """The current round's: a proposer's pledge, until the account commits to a ballot."""
    ledger: Ledger = field(default_factory=Ledger)
    token: TokenBook = field(default_factory=TokenBook)
    access: Access = field(default_factory=Access)
    """Whom the managers allow and bar."""
    absences: dict[Address, Absence] = field(default_factory=dict)
    """By account. The dictionary is replaced, never changed."""
    put_out_after: int = 0
    """The round after which a member was put out last for absence; 0: none was."""
    own: object = None
    """The mechanism's own record, immutable."""

    @property
    def seed(self) -> bytes:
        """The seed of the round in progress; 0 before its draw."""
        return self.dockets[-1].seed

    def copy(self) -> "State":
        """Return an independent copy."""
        return replace(
            self,
            rounds=list(self.rounds),
            dockets=list(self.dockets),
            commitments=dict(self.commitments),
            ledger=self.ledger.copy(),
            token=self.token.copy(),
        )


def compute_event(env: Env, name: str, **args: object) -> Event:
    """Return the event, its arguments by the ABI's names and in its order."""
    return Event(name, args, env.block, env.transaction)
