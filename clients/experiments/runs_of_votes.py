"""Runs of votes alone on the specification: what a lying voter wins or loses, for Theorem 1.

Nobody trains. Every proposal is good, so honest voters approve and liars reject, all in the same way: the
collusion of §4.5 of arXiv 2307.00543.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import comb
from pathlib import Path

from clients.engine.launch import get_beacon_value
from clients.experiments.records import keep, read_from
from clients.experiments.strict import Table, fill
from clients.protocol.hashing import get_checksummed
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.errors import RequestError
from clients.types.federation import ZERO_ADDRESS, Role, StakeVoteTerms
from clients.types.mechanisms import KINDS
from clients.types.terms import PAPER

RECORD = "votes.json"
STAKE = 2**4 * 3**3 * 5**2 * 7 * 11 * 13
"""Base units of a voter's stake, divisible by most majorities: so no dust blurs the mean."""
_GENESIS, _BALLOT, _SALT = b"\3" * 32, b"\1" * 32, b"\2" * 32


@dataclass(frozen=True, slots=True)
class VoteGame:
    """The settings: of `clients` members `liars` lie; `voters` are drawn to vote, the rest to propose."""

    clients: int = 20
    voters: int = 9
    liars: int = 4
    rounds: int = 300
    seed: int = 1

    def __post_init__(self) -> None:
        """Check them."""
        if not 1 <= self.voters < self.clients:
            raise RequestError(f"voters = {self.voters}: of {self.clients} clients, one at least proposes.")
        if not 1 <= self.liars <= self.clients:
            raise RequestError(f"liars = {self.liars}: it must lie between 1 and {self.clients}.")
        if self.rounds < 1 or self.seed < 0:
            raise RequestError("rounds must be above 0 and seed not below.")


def resolve(settings: Table) -> Table:
    """Return every setting of the run."""
    return asdict(fill(VoteGame, settings, "the settings of votes"))


def compute_expected_return(clients: int, voters: int, liars: int) -> float:
    """Return the mean gain of a drawn liar in stakes γv: eq. (4), weighed over who else is drawn.

    Of `V` voters `k` lie. Where 2k < V each loses its stake, where 2k > V it gains (V - k)/k, in a tie 0.
    """
    total = 0.0
    for k in range(1, min(liars, voters) + 1):
        odds = comb(liars - 1, k - 1) * comb(clients - liars, voters - k) / comb(clients - 1, voters - 1)
        total += odds * (-1.0 if 2 * k < voters else 0.0 if 2 * k == voters else (voters - k) / k)
    return total


def play(game: VoteGame, tick: Callable[[int], None]) -> list[int]:
    """Play the rounds; return what every lying vote gained, in base units: a stake is `STAKE` of them."""
    terms = StakeVoteTerms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=_GENESIS,
        bond=STAKE,
        managers=(),
        founders=(),
        newcomers=0,
        proposer_stake=0,
        voter_stake=STAKE,
        proposers=game.clients - game.voters,
        min_voters=game.voters,
        quorum_bps=10_000,
        max_samples=1,
        max_epochs=1,
        attribution=False,
        schedule=KINDS[STAKE_VOTE.name].get_schedule(PAPER),
    )
    accounts = [get_checksummed(f"0x{number:040x}") for number in range(1, game.clients + 1)]
    funds = STAKE * (game.rounds + 1)  # so that nobody is put out, whatever it loses
    chain = SpecChain(
        STAKE_VOTE, terms, dict.fromkeys(accounts, funds), beacon_value=get_beacon_value(game.seed)
    )
    chain.send([Call(account, "join", (funds,)) for account in accounts])
    lying = set(accounts[: game.liars])
    gains: list[int] = []
    for number in range(1, game.rounds + 1):
        gains += _play(chain, number, accounts[0], lying)
        tick(1)
    return gains


def run(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Play the rounds, and write down what liars gained on the mean, in stakes, and how often they won."""
    began = time.monotonic()
    game = VoteGame(**settings)
    gains = play(game, tick)
    record = {
        "rounds": game.rounds,
        "return": round(sum(gains) / len(gains) / STAKE, 6) if gains else 0.0,
        "expected": round(compute_expected_return(game.clients, game.voters, game.liars), 6),
        "won": round(sum(gain > 0 for gain in gains) / max(len(gains), 1), 6),
        "votes": len(gains),
        "wall_seconds": round(time.monotonic() - began, 3),
    }
    keep(folder / RECORD, record)


def _play(chain: SpecChain[StakeVoteTerms], number: int, clerk: str, lying: set[str]) -> list[int]:
    """Play one round; return what each drawn liar gained, in base units."""
    chain.send([Call(clerk, "open")])
    chain.send([Call(clerk, "draw")])
    before = {member.account: member for member in chain.members()}
    proposers = [one for one, member in before.items() if member.roles is Role.PROPOSER]
    voters = [one for one, member in before.items() if member.roles is Role.VOTER]
    ballots = {one: bytes(32) if one in lying else _BALLOT for one in voters}
    commitments = {one: chain.core.compute_commitment(number, one, b, _SALT) for one, b in ballots.items()}
    chain.send([Call(one, "propose", (number, _BALLOT, 1, 1)) for one in proposers])
    chain.send([Call(one, "commit", (number, commitment)) for one, commitment in commitments.items()])
    chain.send([Call(one, "reveal", (number, ballot, _SALT)) for one, ballot in ballots.items()])
    (receipt,) = chain.send([Call(clerk, "settle")])
    if receipt.error is not None:
        raise receipt.error
    return [chain.member(one).balance - before[one].balance for one in voters if one in lying]


read = read_from(RECORD)
"""Return the run's record."""
