"""Policies' notes on a round, beyond its record: its updates, the votes on them, the publications."""

from dataclasses import dataclass, field

from clients.protocol.marks import get_marked, is_marked
from clients.protocol.tally import EMPTY, Tally
from clients.types.federation import ZERO32, Address, Member, Role


@dataclass(frozen=True, slots=True)
class Update:
    """A proposal. Its number is its place among the round's."""

    proposer: Address
    digest: bytes
    samples: int
    epochs: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which updates make the model, as a bitmap, and the weight of each, in the model or not."""

    bitmap: int
    weights: tuple[int, ...]
    convicted: int = 0
    """The bitmap of updates convicted as copies, which didn't pass."""
    judged: int = 0
    """The bitmap of the updates that enough jurors could have, where they say so."""
    rejected: int = 0
    """The bitmap of those that they clearly rejected, decoys left out."""
    passed: int = 0
    """The bitmap of those that most jurors find good, whether they are in the model or not."""
    decoys: int = 0
    """The bitmap of the judged updates that were bad on purpose."""

    @property
    def compared(self) -> int:
        """The bitmap of the updates in which a juror's ballot is compared with the jury's: the judged, decoys
        left out. Whoever rejects everything would be right about these."""
        return self.judged & ~self.decoys

    @property
    def weight(self) -> int:
        """The sum of the weights of the updates in the model."""
        return sum(self.get_weight(number) for number in range(len(self.weights)))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the updates in the model, ascending."""
        return tuple(get_marked(self.bitmap, len(self.weights)))

    def get_weight(self, update_number: int) -> int:
        """Return the weight of update `update_number` if it is in the model, else 0."""
        return self.weights[update_number] if is_marked(self.bitmap, update_number) else 0


NOTHING_SELECTED = Selection(0, ())


@dataclass(frozen=True, slots=True)
class Miner:
    """A publisher that may mine: its digest's option, its stake in base units, whether it proved its work."""

    account: Address
    option: int
    stake: int
    competes: bool


@dataclass(frozen=True, slots=True)
class Ballot:
    """A juror's ballot: bitmaps of the updates that it finds good, and of those that it could have."""

    good: int
    had: int

    @property
    def bad(self) -> int:
        """The bitmap of the updates that it finds bad."""
        return self.had & ~self.good


@dataclass(frozen=True, slots=True)
class Docket:
    """A round's notes. Bit `n` of a bitmap is update `n`'s."""

    seed: bytes = ZERO32
    """Of the round's draw; 0 before it."""
    updates: tuple[Update, ...] = ()
    tally: Tally = EMPTY
    approvals: tuple[int, ...] = ()
    """How many ballots find each update good."""
    names: tuple[int, ...] = ()
    """How many ballots name each update: as one to blame, or as a copy."""
    scores: tuple[tuple[int, ...], ...] = ()
    """The scores of each revealed ballot, one per update."""
    ballots: dict[Address, Ballot] = field(default_factory=dict)
    """Each juror's ballot, where updates are judged one by one."""
    seats: tuple[int, ...] = ()
    """What the options of the jurors who published became: their digests', 0 or EXCUSED."""
    accused: int = 0
    shown: int = 0
    """The bitmap of the updates whose lots were shown."""
    decoys: int = 0
    """The bitmap of those that turned out to be decoys."""
    selection: Selection | None = None
    """Computed by the first publication."""
    miners: tuple[Miner, ...] = ()
    """In the order in which they published."""
    winner: Address = ""
    """The winner of the block; empty: nobody, or not settled."""

    @property
    def selected(self) -> Selection:
        """The selection; nothing where none was worked out."""
        return NOTHING_SELECTED if self.selection is None else self.selection


BLANK = Docket()


@dataclass(frozen=True, slots=True)
class Publication:
    """What a member publishes: a model's digest, the bitmap of the updates in it, a proof of work."""

    digest: bytes
    selection: int
    nonce: bytes = ZERO32


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes: the booked record, and the roles."""

    account: Address
    member: Member
    roles: Role
