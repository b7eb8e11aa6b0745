"""The Python twins of the structs and enumerations of `contracts/interfaces/IFederation.sol`.

Money is in token base units, time in seconds since 1970, digests and seeds are 32 bytes,
addresses are checksummed hex strings. Field order is the ABI's.
"""

from dataclasses import dataclass, field
from enum import IntEnum

Address = str
ZERO32 = bytes(32)
TOKEN = 10**18
"""Base units in a token."""


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


class Role(IntEnum):
    """What a member is drawn to do in a round."""

    NONE = 0
    PROPOSER = 1
    VOTER = 2
    PUBLISHER = 3


class Act(IntEnum):
    """What a member has done in the last round in which it acted; NONE once booked."""

    NONE = 0
    PROPOSED = 1
    COMMITTED = 2
    REVEALED = 3


class Standing(IntEnum):
    """Where an account stands with the federation."""

    STRANGER = 0
    MEMBER = 1
    LEAVING = 2
    BANNED = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lengths of the phases and of the unbonding period, in seconds."""

    open: int = 0
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
    seats: int
    min_voters: int
    quorum_bps: int
    max_samples: int
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Member:
    """An account's entry in the ledger."""

    stake: int = 0
    unbonds_at: int = 0
    index: int = 0
    round: int = 0
    option: int = 0
    act: Act = Act.NONE
    standing: Standing = Standing.STRANGER


@dataclass(frozen=True, slots=True)
class Round:
    """A round's record. Settled rounds never change."""

    drawn_at: int = 0
    members: int = 0
    proposals: int = 0
    commits: int = 0
    reveals: int = 0
    lead: int = 0
    options: int = 0
    leader: int = 0
    outcome: Outcome = Outcome.NONE
    proposer_reward: int = 0
    voter_reward: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """Everything a client needs to know of the round in progress."""

    phase: Phase
    round: int
    rest_until: int
    propose_end: int
    commit_end: int
    reveal_end: int
    seal_block: int
    members: int
    seats: int
    seed: bytes
    head: bytes
    pool: int
    record: Round


@dataclass(frozen=True, slots=True)
class Seat:
    """An account as of now; `balance` is the stake with the last settled round booked."""

    account: Address
    member: Member
    balance: int
    role: Role
    position: int


@dataclass(frozen=True, slots=True)
class Event:
    """One log of the federation: `args` by the ABI's names (camelCase, as emitted)."""

    name: str
    args: dict[str, object] = field(default_factory=dict)
    block: int = 0
    transaction: str = ""
