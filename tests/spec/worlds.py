"""The world of a sequence, all drawn from its seed: terms, accounts, tokens, beacon, clock, player."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from clients.protocol.federation import Federation
from clients.protocol.hashing import UINT256_MAX
from clients.protocol.ledger import STAKE_MAX, TokenBook
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.rounds import compute_ends
from clients.protocol.simulator import BEACON, CHAIN_ID, FEDERATION, TOKEN, compute_entropy
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import (
    ZERO32,
    Address,
    BflcTerms,
    BladeTerms,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from tests.spec.manners import PLAYERS
from tests.spec.player import Player


@dataclass(frozen=True)
class Shared:
    """What the terms of every mechanism draw from."""

    rng: Random
    accounts: list[Address]
    outsiders: list[Address]
    start: int
    """The first step's time."""
    bond: int
    schedule: Schedule

    @property
    def common(self) -> dict[str, Any]:
        genesis = keccak(self.rng.randbytes(8))
        return {
            "token": TOKEN,
            "beacon": BEACON,
            "genesis": genesis,
            "bond": self.bond,
            # of a source of their own, so that all else is drawn as without them
            "managers": self.managers(Random(genesis)) if genesis[0] % 3 == 0 else (),
            "schedule": self.schedule,
        }

    def managers(self, rng: Random) -> tuple[Address, ...]:
        return tuple(rng.sample(self.accounts[:3] + self.outsiders, k=rng.choice((1, 1, 2, 3))))

    def claims(self, proposers: int) -> dict[str, int]:
        """Return limits that no claim's weight overflows with."""
        samples = self.rng.choice((1, 100, (2**31 - 1) // proposers))
        most = (2**32 - 1) // samples
        return {"max_samples": samples, "max_epochs": self.rng.choice((1, min(10, most), most))}


def draw_schedule(rng: Random, pledging: Random, *, publishes: bool) -> Schedule:
    hasty = rng.random() < 0.25
    lengths = (1, rng.randrange(2, 30), rng.randrange(20, 90)) if hasty else (600, 3_600, 2**20)
    propose, commit, reveal = (rng.choice(lengths) for _ in range(3))
    publish = rng.choice(lengths) if publishes else rng.choice((0, 0, 0, rng.choice(lengths)))
    # of a source of its own, so that all else is drawn as without it
    pledge = pledging.choice((0, pledging.choice(lengths)))
    return Schedule(
        open=rng.choice((1, 1, 2, rng.randrange(2, 60))),
        pledge=pledge,
        propose=propose,
        commit=commit,
        reveal=reveal,
        publish=publish,
        unbonding=pledge + propose + commit + reveal + publish + rng.choice((0, 1, rng.randrange(100))),
    )


def get_longest(schedule: Schedule) -> int:
    """Return how long a round takes at most, from the draw on."""
    return compute_ends(0, schedule).publish


def draw_stake_vote(world: Shared) -> StakeVoteTerms:
    rng, bond, members = world.rng, world.bond, len(world.accounts)
    proposers = rng.choice((1, 1, 2, 2, 3) if members > 3 else (1,))
    return StakeVoteTerms(
        **world.common,
        **NOBODY_WAITS,
        **world.claims(proposers),
        proposer_stake=rng.choice((0, 1, bond // 3, bond, rng.randint(0, bond))),
        voter_stake=rng.choice((0, 1, bond // 3, bond, rng.randint(0, bond))),
        proposers=proposers,
        min_voters=max(1, min(rng.choice((1, 2, 2, 3, 4)), members - proposers - 1)),
        quorum_bps=rng.choice((0, 1, 3_333, 5_000, 5_001, 6_667, 10_000)),
        attribution=rng.random() < 0.5,
    )


def draw_stake_jury(world: Shared) -> StakeJuryTerms:
    rng, bond, members = world.rng, world.bond, len(world.accounts)
    proposers = rng.choice((1, 2, 3, 3, 3) if members > 5 else (1, 1, 2))
    min_voters = max(1, min(rng.choice((1, 2, 3, 4, 4, 4)), members - proposers - 1))
    floor = rng.choice((0, bond // 3, bond // 2, bond, rng.randint(0, bond)))
    common = world.common
    return StakeJuryTerms(
        **common,
        **NOBODY_WAITS,
        **world.claims(proposers),
        floor=floor,
        proposer_stake=rng.choice((0, 1 if floor else 0, floor // 3, floor, rng.randint(0, floor))),
        voter_stake=rng.choice((0, 1 if floor else 0, floor // 3, floor, rng.randint(0, floor))),
        proposers=proposers,
        voters=rng.choice((0, min_voters, min_voters, min_voters, min_voters + 1, 2**32 - 1)),
        min_voters=min_voters,
        update_shares=rng.choice((1, 2, 6, 2**16 - 1)),
        seat_shares=rng.choice((1, 1, 3, 2**16 - 1)),
        profit_bps=rng.choice((0, 1, 1_000, 5_000, 10_000)),
        # of sources of their own, so that all else is drawn as without them
        fee=Random(common["genesis"] + b"fee").choice((0, 0, 1, bond // 2)),
        decoy_odds=Random(common["genesis"] + b"decoys").choice((0, 0, 2, 3, 2**16 - 1)),
        absent_after=Random(common["genesis"] + b"missed").choice((0, 1, 1, 1, 2, 3)),
    )


def draw_vbfl(world: Shared) -> VbflTerms:
    rng, members = world.rng, len(world.accounts)
    validators = rng.choice((1, 1, 2) if members < 6 else (1, 2, 2, 3))
    miners = rng.choice((1, 1, 2) if members - validators > 3 else (1,))
    proposers = rng.choice((1, 2, 3, 4, 8))
    return VbflTerms(
        **world.common,
        **NOBODY_WAITS,
        **world.claims(proposers),
        unit_reward=rng.choice((0, 1, rng.randrange(1, 2**30), world.bond, STAKE_MAX)),
        update_units=rng.choice((0, 0, 1, 24, 2**32 - 1)),
        proposers=proposers,
        validators=validators,
        miners=miners,
        kick_rounds=rng.choice((1, 2, 2, 3, 6)),
        pow_bits=rng.choice((0, 0, 1, 2, 4)),
    )


def draw_bflc(world: Shared) -> BflcTerms:
    rng, members = world.rng, len(world.accounts)
    committee = rng.choice((1, 1, 2, 3) if members > 5 else (1,))
    updates = max(committee, min(rng.choice((1, 1, 2, 2, 3)), members - committee - 1))
    proposers = updates + rng.choice((0, 1, 2, 5))
    return BflcTerms(
        **{**world.common, "managers": world.managers(rng), **NOBODY_WAITS},
        **world.claims(proposers),
        fee=rng.choice((0, 0, 1, world.bond // 2)),
        committee=committee,
        updates=updates,
        proposers=proposers,
        min_score=rng.choice((0, 1, 5_000, 7_000, 10_000)),
        election=rng.choice((0, 1, 2)),
        speed_bps=rng.choice((0, 2_500, 5_000, 10_000)),
        profit_bps=rng.choice((0, 1, 3_333, 10_000)),
    )


def draw_blade(world: Shared) -> BladeTerms:
    rng, members, schedule = world.rng, len(world.accounts), world.schedule
    winners = rng.choice((2, 3, 4, members - 1, members, members, members))
    claims = world.claims(winners)
    round_takes = get_longest(schedule) + schedule.open
    bidding = world.start + rng.choice((0, *(20, 40, 60) * 3, 60, 300, 3_000))
    return BladeTerms(
        **world.common,
        **claims,
        publisher=rng.choice((world.accounts[0], world.outsiders[0])),
        bounty=rng.choice((0, 1, world.bond // 7, world.bond, rng.randrange(1, 10**6))),
        rule=keccak(b"rule"),
        rounds=rng.choice((1, 2, 3, 8, 30)),
        bidding_ends=bidding,
        deadline=bidding + rng.choice((1, 4, 20, 20, 100, 100, 100)) * round_takes,
        winners=winners,
        min_winners=rng.choice((1, 2, min(3, winners))),
        min_samples=rng.choice((1, 1, max(claims["max_samples"] // 2, 1))),
        block_bps=rng.choice((0, 1, 2_000, 10_000)),
        pow_bits=rng.choice((0, 0, 1, 2, 4)),
        challenge=rng.choice((0, 0, *(schedule.commit // 3,) * 3, schedule.commit - 1)),
    )


DRAW_TERMS: Mapping[str, Callable[[Shared], Any]] = {
    "stake_vote": draw_stake_vote,
    "stake_jury": draw_stake_jury,
    "vbfl": draw_vbfl,
    "bflc": draw_bflc,
    "blade": draw_blade,
}


CROWDS = {"stake_jury": (3, 5, 6, 7, 7, 8, 8, 9)}
"""How many accounts there may be, where it takes a jury of four to be just clear."""

NOBODY_WAITS: Mapping[str, Any] = {"founders": (), "newcomers": 0}


def draw_newcomers(terms: Any, accounts: list[Address], outsiders: list[Address], fewest: int) -> Any:
    """Return the terms, of about half of the federations that can, with a limit for newcomers.

    Of a source of their own, so that all else is drawn as without them.
    """
    rng = Random(terms.genesis[::-1])
    if isinstance(terms, BladeTerms) or rng.random() < 0.5:
        return terms
    founders = rng.sample(accounts, k=min(rng.randint(fewest, fewest + 3), len(accounts)))
    founders += outsiders[: max(fewest - len(founders), 0)]
    if rng.random() < 0.4:
        founders = []
    return replace(terms, founders=tuple(founders), newcomers=rng.choice((1, 1, 2, 3)))


def draw_funds(rng: Random, accounts: list[Address], terms: Any, fewest: int) -> dict[Address, int]:
    """Return tokens for each account: none, less than the bond, more than a stake may be, and in between."""
    bond, spare = terms.bond, len(accounts) - fewest
    rich = (bond * 2, bond * 2, bond * 3 + rng.randrange(10), bond * 20, bond * 20)
    funds = {account: rng.choice(rich) for account in accounts}
    for account in rng.sample(accounts, k=min(rng.choice((0, 1, 2)), max(spare, 0))):
        funds[account] = rng.choice((0, bond - 1, bond))
    if rng.random() < 0.15:
        funds[rng.choice(accounts)] = 2**97 + rng.randrange(2**90)
    elif rng.random() < 0.7:
        funds[rng.choice(accounts)] += rng.choice((10**6, 2**40))
    return funds


@dataclass
class World:
    """A federation about to be played with, and everything that its sequence is drawn from."""

    rng: Random
    federation: Federation[Any]
    funds: Mapping[Address, int]
    beacon_value: bytes
    player: Player
    env: Env

    def play(self) -> Call:
        """Move the clock on and return the next call."""
        move = self.player.play(self.env)
        self.env = replace(self.env, time=self.env.time + move.seconds, block=self.env.block + move.blocks)
        return move.call


def build_world(seed: str, mechanism: str = "stake_vote", *, illegal: float = 0.3) -> World:
    """Return the world of `seed`: terms, accounts, tokens, beacon and clock are drawn from it."""
    rng = Random(seed)
    chosen = MECHANISMS[mechanism]
    crowd = rng.choice(CROWDS.get(mechanism, (3, 4, 5, 6, 6, 7, 8, 10)))
    accounts = [to_checksum_address(rng.randbytes(20)) for _ in range(crowd)]
    outsiders = [to_checksum_address(rng.randbytes(20)) for _ in range(2)]
    start = rng.choice((1_000, 1_700_000_000))
    bond = rng.choice(
        (1, 2, rng.randrange(3, 100), 10**18, rng.randrange(1, 2**64), STAKE_MAX // 2, STAKE_MAX)
    )
    schedule = draw_schedule(rng, Random(f"pledge {seed}"), publishes=mechanism != "stake_vote")
    terms = DRAW_TERMS[mechanism](Shared(rng, accounts, outsiders, start, bond, schedule))
    fewest = chosen.panel.get_fewest(terms)
    terms = draw_newcomers(terms, accounts, outsiders, fewest)
    funds = draw_funds(rng, accounts, terms, fewest)
    beacon_value = rng.choice((ZERO32, rng.randbytes(32), rng.randbytes(32)))
    token = TokenBook()
    for account, amount in funds.items():
        token.process_mint(account, amount)
        token.process_approve(account, FEDERATION, UINT256_MAX)
    federation = Federation(chosen, terms, address=FEDERATION, chain_id=CHAIN_ID, token=token)
    player = PLAYERS[mechanism](rng, federation, accounts, outsiders, illegal=illegal)
    env = Env(start, rng.choice((1, 300, 20_000_000)), compute_entropy(beacon_value))
    return World(rng, federation, funds, beacon_value, player, env)
