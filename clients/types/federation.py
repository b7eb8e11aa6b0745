"""The Python twins of the structs and enumerations of `contracts/interfaces/`.

Money is in token base units, time in seconds since 1970, digests and seeds are 32 bytes,
addresses are checksummed hex strings. Field order is the ABI's.
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

Address = str
ZERO32 = bytes(32)
ZERO_ADDRESS: Address = "0x" + "0" * 40
TOKEN = 10**18
"""Base units in a token."""
STAKE_MAX = 2**96 - 1
"""The most base units that a stake, a payment into the pool or an amount in the terms may have."""
SAMPLES_MAX, EPOCHS_MAX = 2**20, 2**12 - 1
"""What an update may claim where nobody says otherwise: as much as its weight, 32 bits, has room for."""


class Phase(IntEnum):
    """Where the round in progress stands: a view of the clock and the tallies."""

    OPEN = 0
    DRAW = 1
    PROPOSE = 2
    COMMIT = 3
    REVEAL = 4
    PUBLISH = 5
    SETTLE = 6


class Outcome(IntEnum):
    """What a settled round came to."""

    NONE = 0
    ACCEPTED = 1
    REJECTED = 2
    UNDECIDED = 3


class Role(IntFlag):
    """What a member is drawn to do in a round: a set."""

    NONE = 0
    PROPOSER = 1
    VOTER = 2
    PUBLISHER = 4


class Act(IntFlag):
    """What a member has done in the last round in which it acted: a set; NONE once booked."""

    NONE = 0
    PROPOSED = 1
    COMMITTED = 2
    REVEALED = 4
    PUBLISHED = 8


class Standing(IntEnum):
    """Where an account stands with the federation."""

    STRANGER = 0
    MEMBER = 1
    LEAVING = 2
    BANNED = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lengths of the phases and of the unbonding period, in seconds.

    The defaults are a swarm's: on a chain of our own the clock moves only when everybody is done, so they
    cost nothing there.
    """

    open: int = 1
    propose: int = 3600
    commit: int = 3600
    reveal: int = 3600
    publish: int = 0
    unbonding: int = 86_400


@dataclass(frozen=True, slots=True)
class StakeVoteTerms:
    """What a `StakeVote` federation is deployed with; `token` and `beacon` are addresses."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int
    proposer_stake: int
    voter_stake: int
    proposers: int
    min_voters: int
    quorum_bps: int
    max_samples: int
    max_epochs: int
    attribution: bool
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class VbflTerms:
    """What a `Vbfl` federation is deployed with; `unit_reward` is the paper's r."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int
    unit_reward: int
    proposers: int
    validators: int
    miners: int
    max_samples: int
    max_epochs: int
    kick_rounds: int
    pow_bits: int
    schedule: Schedule


class Election(IntEnum):
    """How a `Bflc` federation elects its next committee."""

    SCORE = 0
    RANDOM = 1
    FACTORS = 2


@dataclass(frozen=True, slots=True)
class BflcTerms:
    """What a `Bflc` federation is deployed with; `updates` is the paper's k, `fee` the permission fee."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int
    fee: int
    managers: tuple[Address, ...]
    committee: int
    updates: int
    proposers: int
    max_samples: int
    max_epochs: int
    min_score: int
    election: int
    speed_bps: int
    profit_bps: int
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class BladeTerms:
    """What a `Blade` federation is deployed with: one task. `rule` is the name of its aggregation, 32 bytes.

    `bidding_ends` and `deadline` are times, `challenge` seconds from the end of proposing on.
    """

    token: Address
    beacon: Address
    genesis: bytes
    bond: int
    publisher: Address
    bounty: int
    rule: bytes
    rounds: int
    bidding_ends: int
    deadline: int
    winners: int
    min_winners: int
    min_samples: int
    max_samples: int
    max_epochs: int
    block_bps: int
    pow_bits: int
    challenge: int
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Member:
    """An account's record in the ledger. `update_number` is its last update's, `option` its last choice's."""

    stake: int = 0
    unbonds_at: int = 0
    index: int = 0
    round: int = 0
    update_number: int = 0
    option: int = 0
    strikes: int = 0
    acts: Act = Act.NONE
    standing: Standing = Standing.STRANGER


@dataclass(frozen=True, slots=True)
class Round:
    """A round's record. Settled rounds never change."""

    drawn_at: int = 0
    members: int = 0
    proposals: int = 0
    commits: int = 0
    reveals: int = 0
    publications: int = 0
    leading_count: int = 0
    options: int = 0
    leading_option: int = 0
    outcome: Outcome = Outcome.NONE
    proposer_reward: int = 0
    voter_reward: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """Everything a client needs to know of the round in progress.

    `proposers`, `voters` and `publishers` are how many proposals, commitments and publications it waits for.
    """

    phase: Phase
    round: int
    rest_until: int
    propose_end: int
    commit_end: int
    reveal_end: int
    publish_end: int
    seal_block: int
    members: int
    proposers: int
    voters: int
    publishers: int
    seed: bytes
    head: bytes
    pool: int
    record: Round

    @property
    def settled(self) -> int:
        """How many rounds are settled: all but the one in progress, if there is one."""
        return self.round if self.record.outcome != Outcome.NONE else max(0, self.round - 1)


@dataclass(frozen=True, slots=True)
class MemberView:
    """An account as of now; `balance` is the stake with the last settled round booked.

    `out` says whether it is banned, or would be found to be as soon as it acts or is collected.
    """

    account: Address
    record: Member
    balance: int
    roles: Role
    position: int
    out: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One log of the federation: `args` by the ABI's names (camelCase, as emitted)."""

    name: str
    args: dict[str, object] = field(default_factory=dict)
    block: int = 0
    transaction: str = ""
