"""Seeded sequences of actions with what the specification says must come of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from clients.protocol.federation import Federation
from clients.protocol.hashing import UINT256_MAX
from clients.protocol.ledger import STAKE_MAX, Token
from clients.protocol.simulator import BEACON, CHAIN_ID, FEDERATION, TOKEN, compute_entropy
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.errors import ProtocolError
from clients.types.federation import ZERO32, Address, Event, Schedule, StakeVoteTerms
from tests.spec.abi import compute_events_hash, encode_call, encode_error, encode_state
from tests.spec.player import Player


@dataclass(frozen=True)
class Step:
    time: int
    block: int
    call: Call
    call_data: bytes
    ok: bool
    outcome: bytes
    state: bytes


@dataclass(frozen=True)
class Sequence:
    beacon_value: bytes
    terms: StakeVoteTerms
    funds: Mapping[Address, int]
    steps: list[Step]


@dataclass
class Coverage:
    """What happened in the sequences, by name."""

    steps: int = 0
    rounds: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)

    def note_settled(self, federation: Federation[StakeVoteTerms]) -> None:
        record = federation.record
        self.outcomes[record.outcome.name] += 1
        self.cases["seed lost"] += record.drawn_at == 0
        self.cases["nobody proposed"] += record.drawn_at > 0 and record.proposals == 0
        self.cases["nobody committed"] += record.proposals > 0 and record.commits == 0
        self.cases["nobody revealed"] += record.commits > 0 and record.reveals == 0
        self.cases["not all revealed"] += 0 < record.reveals < record.commits
        self.cases["not all proposed"] += 0 < record.proposals < federation.terms.seats
        self.cases["a minority paid"] += record.voter_reward > 0
        self.cases["the pool paid"] += record.proposer_reward > 0
        self.cases["several options"] += record.options > 1
        self.cases["a tie"] += record.reveals > 0 and record.lead * 2 == record.reveals

    def as_dict(self) -> dict[str, object]:
        counters = {
            name: dict(sorted(getattr(self, name).items()))
            for name in ("actions", "errors", "phases", "outcomes", "events", "cases")
        }
        return {"steps": self.steps, "rounds": self.rounds, **counters}


def draw_terms(rng: Random, members: int) -> StakeVoteTerms:
    """Return valid terms that `members` can satisfy, small enough that stakes run out soon."""
    bond = rng.choice(
        (1, 2, rng.randrange(3, 100), 10**18, rng.randrange(1, 2**64), STAKE_MAX // 2, STAKE_MAX)
    )
    seats = rng.choice((1, 1, 2, 2, 3) if members > 3 else (1,))
    hasty = rng.random() < 0.25
    lengths = (1, rng.randrange(2, 30), rng.randrange(20, 90)) if hasty else (600, 3_600, 2**20)
    propose, commit, reveal = (rng.choice(lengths) for _ in range(3))
    publish = rng.choice((0, 0, 0, rng.choice(lengths)))
    phases = propose + commit + reveal + publish
    schedule = Schedule(
        open=rng.choice((0, 0, 1, rng.randrange(2, 60))),
        propose=propose,
        commit=commit,
        reveal=reveal,
        publish=publish,
        unbonding=phases + rng.choice((0, 1, rng.randrange(100))),
    )
    return StakeVoteTerms(
        token=TOKEN,
        beacon=BEACON,
        genesis=keccak(rng.randbytes(8)),
        bond=bond,
        proposer_stake=rng.choice((0, 1, bond // 3, bond, rng.randint(0, bond))),
        voter_stake=rng.choice((0, 1, bond // 3, bond, rng.randint(0, bond))),
        seats=seats,
        min_voters=max(1, min(rng.choice((1, 2, 2, 3, 4)), members - seats - 1)),
        quorum_bps=rng.choice((0, 1, 3_333, 5_000, 5_001, 6_667, 10_000)),
        max_samples=rng.choice((1, 100, 2**32 - 1)),
        schedule=schedule,
    )


def draw_funds(rng: Random, accounts: list[Address], terms: StakeVoteTerms) -> dict[Address, int]:
    """Return tokens for each account: none, less than the bond, more than a stake may be, and in between."""
    bond, spare = terms.bond, len(accounts) - terms.seats - terms.min_voters
    rich = (bond, bond * 2, bond * 3 + rng.randrange(10), bond * 20, bond * 20)
    funds = {account: rng.choice(rich) for account in accounts}
    for account in rng.sample(accounts, k=min(rng.choice((0, 1, 2)), max(spare, 0))):
        funds[account] = rng.choice((0, bond - 1))
    if rng.random() < 0.15:
        funds[rng.choice(accounts)] = 2**97 + rng.randrange(2**90)
    return funds


@dataclass
class World:
    """A federation about to be played with, and everything that its sequence is drawn from."""

    rng: Random
    federation: Federation[StakeVoteTerms]
    funds: Mapping[Address, int]
    beacon_value: bytes
    player: Player
    env: Env

    def play(self) -> Call:
        """Move the clock on and return the next call."""
        move = self.player.play(self.env)
        self.env = replace(self.env, time=self.env.time + move.seconds, block=self.env.block + move.blocks)
        return move.call


def build_world(seed: str, *, illegal: float = 0.3) -> World:
    """Return the world of `seed`: terms, accounts, tokens, beacon and clock are drawn from it."""
    rng = Random(seed)
    accounts = [to_checksum_address(rng.randbytes(20)) for _ in range(rng.choice((3, 4, 5, 6, 6, 7, 8, 10)))]
    outsiders = [to_checksum_address(rng.randbytes(20)) for _ in range(2)]
    terms = draw_terms(rng, len(accounts))
    funds = draw_funds(rng, accounts, terms)
    beacon_value = rng.choice((ZERO32, rng.randbytes(32), rng.randbytes(32)))
    token = Token()
    for account, amount in funds.items():
        token.process_mint(account, amount)
        token.process_approve(account, FEDERATION, UINT256_MAX)
    federation = Federation(STAKE_VOTE, terms, address=FEDERATION, chain_id=CHAIN_ID, token=token)
    player = Player(rng, federation, accounts, outsiders, illegal=illegal)
    env = Env(
        rng.choice((1_000, 1_700_000_000)), rng.choice((1, 300, 20_000_000)), compute_entropy(beacon_value)
    )
    return World(rng, federation, funds, beacon_value, player, env)


def build_sequence(seed: str, steps: int, coverage: Coverage) -> Sequence:
    """Return the sequence of `seed`, of `steps` steps or up to as many again."""
    world = build_world(seed)
    played = []
    for _ in range(steps + int(world.rng.random() ** 2 * steps)):
        call = world.play()
        coverage.phases[world.federation.get_phase(world.env).name] += 1
        played.append(play_step(world.federation, world.env, call, list(world.funds), coverage))
    coverage.rounds += world.federation.number
    coverage.cases["block hashes"] += world.beacon_value == ZERO32
    return Sequence(world.beacon_value, world.federation.terms, world.funds, played)


def play_step(
    federation: Federation[StakeVoteTerms],
    env: Env,
    call: Call,
    accounts: list[Address],
    coverage: Coverage,
) -> Step:
    coverage.steps += 1
    events: list[Event] = []
    try:
        events = federation.apply(env, call)
    except ProtocolError as error:
        ok, outcome = False, keccak(encode_error(error))
        coverage.errors[error.name] += 1
    else:
        ok, outcome = True, compute_events_hash(events)
        coverage.actions[call.method] += 1
        if call.method == "settle":
            coverage.note_settled(federation)
    for event in events:
        coverage.events[event.name] += 1
    state = keccak(encode_state(federation, env, accounts))
    return Step(env.time, env.block, call, encode_call(call), ok, outcome, state)
