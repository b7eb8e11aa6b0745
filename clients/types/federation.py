"""The Python twins of the structs and enumerations of `contracts/interfaces/`.

Money is in token base units, time in seconds since 1970, digests and seeds are 32 bytes,
addresses are checksummed hex strings. Field order is the ABI's.
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from clients.types.terms import Paper, Unit, term

Address = str
ZERO32 = bytes(32)
ZERO_ADDRESS: Address = "0x" + "0" * 40
TOKEN = 10**18
"""Base units in a token."""
STAKE_MAX = 2**96 - 1
"""The most base units that a stake, a payment into the pool or an amount in the terms may have."""
SAMPLES_MAX, EPOCHS_MAX = 2**20, 2**12 - 1
"""The most that an update can claim: as much as a weight of 32 bits has room for."""


class Phase(IntEnum):
    """Where the round in progress stands: a view of the clock and the tallies."""

    OPEN = 0
    DRAW = 1
    PLEDGE = 2
    PROPOSE = 3
    COMMIT = 4
    REVEAL = 5
    PUBLISH = 6
    SETTLE = 7


class Outcome(IntEnum):
    """The result of a settled round."""

    NONE = 0
    ACCEPTED = 1
    REJECTED = 2
    UNDECIDED = 3


class Role(IntFlag):
    """The roles for which a member is drawn in a round: a set."""

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
    PLEDGED = 16
    SHOWN = 32


class Standing(IntEnum):
    """An account's standing with the federation."""

    STRANGER = 0
    MEMBER = 1
    LEAVING = 2
    BANNED = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lengths of the phases and of the unbonding period, in seconds.

    The defaults are a swarm's: on a chain of our own the clock moves only when everybody is done, so long
    phases cost nothing there. A phase whose length differs under the papers' rules has `term(..., paper=...)`
    as its metadata, with the length there; its length under the hardened rules is the field's own default,
    or the mechanism's (`clients.types.mechanisms.KINDS`).
    """

    open: int = 1
    pledge: int = field(
        default=0,
        metadata=term(
            3600,
            "length of the phase in which updates are pledged, before any is shown; 0: there is none",
            Unit.SECONDS,
            paper=Paper(0, "who sees another's update while the phase lasts copies it, and is paid like it"),
        ),
    )
    propose: int = 3600
    commit: int = 3600
    reveal: int = 3600
    publish: int = 0
    unbonding: int = 86_400


# Meaning, default and unit of each term stand once, at its field (`clients.types.terms`), for the settings of
# swarms and the options of deployments alike. Some terms are no settings of a swarm, which knows better: its
# bond is what members are to lose or to stake, one voter is enough, and claims end where its data do.
_BOND = term("16", "least stake to join and to act", Unit.TOKENS)
_FEE = term("0", "what joining costs above the stake", Unit.TOKENS)
_MANAGERS = term(
    (), "who admits and expels members, by majority; without any, anyone gets in", Unit.ADDRESSES
)
_FOUNDERS = term(
    (),
    "who are in at once; three quarters of them make a first round. If none, all who join before it",
    Unit.ADDRESSES,
)
_NEWCOMERS = term(
    2,
    "newcomers who come in when a round opens, at most unless it lacks more; 0: all at once, as published",
    paper=Paper(0, "who joins with many accounts and opens a round at once is its majority"),
)
_UNCHECKED = "nobody can count another's data or steps: with 1, all updates claim and weigh the same"
_MAX_SAMPLES = term(
    1,
    "most samples that a proposal may claim, and so may weigh: 1, or as many as the largest member trains on",
    paper=Paper(None, _UNCHECKED),
)
_MAX_EPOCHS = term(1, "most epochs that a proposal may claim", paper=Paper(EPOCHS_MAX, _UNCHECKED))
_POW_BITS = term(0, "bits of proof of work that win a block; 0: the highest stake wins it")


@dataclass(frozen=True, slots=True)
class StakeVoteTerms:
    """The terms of a `StakeVote` federation; `token` and `beacon` are addresses."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int = field(metadata=_BOND)
    managers: tuple[Address, ...] = field(metadata=_MANAGERS)
    founders: tuple[Address, ...] = field(metadata=_FOUNDERS)
    newcomers: int = field(metadata=_NEWCOMERS)
    proposer_stake: int = field(metadata=term("16", "what a proposer of a rejected round loses", Unit.TOKENS))
    voter_stake: int = field(
        metadata=term("8", "what a voter loses that is outvoted, or commits and doesn't reveal", Unit.TOKENS)
    )
    proposers: int = field(metadata=term(4, "proposers drawn a round; the others vote", spellings=("seats",)))
    min_voters: int = field(metadata=term(3, "fewest voters to open a round with"))
    quorum_bps: int = field(
        metadata=term(5000, "share of the drawn voters that must reveal for a verdict", Unit.BPS)
    )
    max_samples: int = field(metadata=_MAX_SAMPLES)
    max_epochs: int = field(metadata=_MAX_EPOCHS)
    attribution: bool = field(
        metadata=term(False, "slash only proposers whose updates the rejecting voters name", Unit.FLAG)
    )
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class StakeJuryTerms:
    """The terms of a `StakeJury` federation: `stake_vote`, `vbfl` and `bflc` under the hardened rules."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int = field(metadata=_BOND)
    fee: int = field(metadata=_FEE)
    managers: tuple[Address, ...] = field(metadata=_MANAGERS)
    founders: tuple[Address, ...] = field(metadata=_FOUNDERS)
    newcomers: int = field(metadata=_NEWCOMERS)
    floor: int = field(metadata=term("8", "stake below which a member is banned", Unit.TOKENS))
    proposer_stake: int = field(
        metadata=term(
            "4", "what a proposer loses that is clearly rejected, or breaks its pledge", Unit.TOKENS
        )
    )
    voter_stake: int = field(
        metadata=term(
            "1", "what a juror loses that commits, and whose seat is neither paid nor excused", Unit.TOKENS
        )
    )
    proposers: int = field(metadata=term(6, "proposers drawn a round"))
    voters: int = field(
        metadata=term(
            23, "most jurors drawn a round; where fewer don't propose, an odd number of these; 0: no limit"
        )
    )
    min_voters: int = field(metadata=term(3, "fewest voters to open a round with"))
    update_shares: int = field(metadata=term(5, "parts of a round's pay that an update earns"))
    seat_shares: int = field(metadata=term(2, "parts of a round's pay that a juror's seat earns"))
    profit_bps: int = field(metadata=term(1000, "share of the pool that a round pays at most", Unit.BPS))
    decoy_odds: int = field(
        metadata=term(
            9, "one update in so many is a decoy: bad on purpose, paid, left out of the model; 0: none"
        )
    )
    absent_after: int = field(
        metadata=term(
            5, "missed rounds in a row after which a drawn member can be put out; 0: never",
            spellings=("missed",),
        )
    )  # fmt: skip
    max_samples: int = field(metadata=_MAX_SAMPLES)
    max_epochs: int = field(metadata=_MAX_EPOCHS)
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class VbflTerms:
    """The terms of a `Vbfl` federation; `unit_reward` is the paper's r."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int = field(metadata=_BOND)
    managers: tuple[Address, ...] = field(metadata=_MANAGERS)
    founders: tuple[Address, ...] = field(metadata=_FOUNDERS)
    newcomers: int = field(metadata=_NEWCOMERS)
    unit_reward: int = field(
        metadata=term(
            "0.001", "what a unit earns: a sample visited, a signature verified or a vote cast", Unit.TOKENS
        )
    )
    update_units: int = field(
        metadata=term(
            0,
            "units that an accepted update earns, whatever it claims; 0, as published: samples times epochs",
        )
    )
    proposers: int = field(metadata=term(12, "proposers drawn a round, who train", spellings=("workers",)))
    validators: int = field(
        metadata=term(5, "validators drawn a round, who vote on each update and check what is published")
    )
    miners: int = field(metadata=term(3, "miners drawn a round, who put the model on record"))
    max_samples: int = field(metadata=_MAX_SAMPLES)
    max_epochs: int = field(metadata=_MAX_EPOCHS)
    kick_rounds: int = field(metadata=term(6, "rejected updates in a row that ban a worker"))
    pow_bits: int = field(metadata=_POW_BITS)
    schedule: Schedule


class Election(IntEnum):
    """How a `Bflc` federation elects its next committee."""

    SCORE = 0
    RANDOM = 1
    FACTORS = 2


@dataclass(frozen=True, slots=True)
class BflcTerms:
    """The terms of a `Bflc` federation; `updates` is the paper's k, `fee` the permission fee."""

    token: Address
    beacon: Address
    genesis: bytes
    bond: int = field(metadata=_BOND)
    fee: int = field(metadata=_FEE)
    managers: tuple[Address, ...] = field(
        metadata=term(None, "who admits and expels, by majority", Unit.ADDRESSES)
    )
    founders: tuple[Address, ...] = field(metadata=_FOUNDERS)
    newcomers: int = field(metadata=_NEWCOMERS)
    committee: int = field(metadata=term(4, "members who score and publish"))
    updates: int = field(metadata=term(6, "updates that make a model"))
    proposers: int = field(metadata=term(12, "most proposers a round", spellings=("seats",)))
    max_samples: int = field(metadata=_MAX_SAMPLES)
    max_epochs: int = field(metadata=_MAX_EPOCHS)
    min_score: int = field(metadata=term(2000, "least median score of an update that passes", Unit.BPS))
    election: int = field(
        metadata=term("score", "how the next committee is elected: score, random, factors", Unit.ELECTION)
    )
    speed_bps: int = field(metadata=term(2000, "weight of speed in an election by factors", Unit.BPS))
    profit_bps: int = field(
        metadata=term(1000, "share of the pool that an accepted round pays out", Unit.BPS)
    )
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class BladeTerms:
    """The terms of a `Blade` federation: one task. `rule` is the name of its aggregation, 32 bytes.

    `bidding_ends` and `deadline` are times, `challenge` seconds from the end of proposing on.
    """

    token: Address
    beacon: Address
    genesis: bytes
    bond: int = field(metadata=_BOND)
    managers: tuple[Address, ...] = field(metadata=_MANAGERS)
    publisher: Address = field(
        metadata=term(None, "who gets back what the task leaves of the pool", Unit.ADDRESS)
    )
    bounty: int = field(metadata=term("1000", "what the pool must hold before the first round", Unit.TOKENS))
    rule: bytes = field(metadata=term("fedavg", "name of the rule of aggregation", Unit.TEXT))
    rounds: int = field(metadata=term(10, "accepted rounds that the bounty is for"))
    bidding_ends: int = field(metadata=term(None, "when bidding ends", Unit.TIME))
    deadline: int = field(metadata=term(None, "when the task is over", Unit.TIME))
    winners: int = field(metadata=term(10, "most members"))
    min_winners: int = field(metadata=term(3, "fewest members to open a round with"))
    min_samples: int = field(metadata=term(1, "fewest samples that a bid or a proposal may claim"))
    max_samples: int = field(metadata=_MAX_SAMPLES)
    max_epochs: int = field(metadata=_MAX_EPOCHS)
    block_bps: int = field(
        metadata=term(1000, "share of a round's bounty that the block's winner gets", Unit.BPS)
    )
    pow_bits: int = field(metadata=_POW_BITS)
    challenge: int = field(
        metadata=term(
            1800, "time after proposing in which plagiarists are accused and nobody votes", Unit.SECONDS
        )
    )
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Member:
    """An account's record in the ledger. `update_number`: of its last update; `option`: the tally's that its
    ballot or its publication counts for."""

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
    pledges: int = 0
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

    @property
    def broken_pledges(self) -> int:
        """How many updates were pledged and not proposed."""
        return max(self.pledges - self.proposals, 0)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything a client needs to know of the round in progress.

    `proposers`, `voters` and `publishers` are how many proposals, commitments and publications it waits for.
    """

    phase: Phase
    round: int
    rest_until: int
    pledge_end: int
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
    """An account's present state; `balance` is the stake as if every settled round were booked.

    `out`: whether it is barred or banned, or would be banned when it next acts or is collected. `waits_for`:
    the earliest round that it can come in with, if it waits; else 0. `missed`: how many rounds in a row for
    which it was drawn it is reported to have missed; `missed_round`: the last of them; `absent`: whether they
    are so many that anybody may evict it between rounds, if it isn't out.
    """

    account: Address
    record: Member
    balance: int
    roles: Role
    position: int
    out: bool
    waits_for: int
    missed: int = 0
    missed_round: int = 0
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One log of the federation, with `args` by the ABI's names (camelCase)."""

    name: str
    args: dict[str, object] = field(default_factory=dict)
    block: int = 0
    transaction: str = ""
