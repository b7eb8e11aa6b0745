"""Rounds a second of the specification without learning, and what share of them is hashing.

    python -m benchmarks.spec_rounds [--proposers 12] [--voters 8] [--rounds 600] [--repeats 5]

A round is what clients do with a chain: open, draw, status and members, every proposal, commitment and
reveal, settle, and the members again for the balances. The hash floor is how many such rounds a second
mere keccak256 of as many inputs would allow; `ratio` is the round's time over that of its hashes, of the
processor, since other processes slow the clock alone.
"""

import argparse
import json
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

import clients.protocol.hashing as hashing
from clients.protocol.draw import compute_positions
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call
from clients.types.federation import Address, Role, Schedule, StakeVoteTerms

BOND = 10**18
CAPITAL = 64 * BOND


def build_chain(proposers: int, voters: int) -> SpecChain[StakeVoteTerms]:
    """Return a chain on which `proposers + voters` members have joined."""
    terms = StakeVoteTerms(
        token="0x" + "0" * 40,
        beacon="0x" + "0" * 40,
        genesis=b"\1" * 32,
        bond=BOND,
        managers=(),
        founders=(),
        newcomers=0,
        proposer_stake=BOND // 2,
        voter_stake=BOND // 2,
        proposers=proposers,
        min_voters=voters,
        quorum_bps=5_000,
        max_samples=100_000,
        max_epochs=100,
        attribution=False,
        schedule=Schedule(),
    )
    accounts = [f"0x{number:040x}" for number in range(1, proposers + voters + 1)]
    chain = SpecChain(STAKE_VOTE, terms, dict.fromkeys(accounts, CAPITAL), beacon_value=b"\7" * 32)
    chain.send([Call(account, "join", (CAPITAL,)) for account in accounts])
    return chain


def play_round(chain: SpecChain[StakeVoteTerms], anybody: Address) -> None:
    """Play a round in which one voter lies: the richest one, so that nobody is ever banned."""
    chain.send([Call(anybody, "open")])
    chain.send([Call(anybody, "draw")])
    number = chain.status().round
    members = chain.members()
    digest = number.to_bytes(32, "big")
    proposers = [member.account for member in members if member.roles is Role.PROPOSER]
    voters = [member.account for member in members if member.roles is Role.VOTER]
    chain.send([Call(account, "propose", (number, digest, 3_000, 1)) for account in proposers])
    ballots = dict.fromkeys(voters, digest)
    ballots[max(members, key=lambda member: (member.roles is Role.VOTER, member.balance)).account] = bytes(32)
    salt = b"\5" * 32
    chain.send(
        [
            Call(
                account,
                "commit",
                (number, chain.core.compute_commitment(number, account, ballot, salt)),
            )
            for account, ballot in ballots.items()
        ]
    )
    chain.send([Call(account, "reveal", (number, ballot, salt)) for account, ballot in ballots.items()])
    receipts = chain.send([Call(anybody, "settle")])
    assert receipts[0].error is None, receipts[0].error
    chain.members()


def count_hashes(act: Callable[[], None]) -> int:
    """Return how many times `act` hashes with nothing cached."""
    count = 0
    plain = hashing.keccak

    def counted(data: bytes) -> bytes:
        nonlocal count
        count += 1
        return plain(data)

    compute_positions.cache_clear()
    hashing.keccak = counted
    try:
        act()
    finally:
        hashing.keccak = plain
    return count


def measure(act: Callable[[], None], times: int) -> tuple[float, float]:
    """Return the seconds that `times` calls of `act` take: by the clock, and of the processor."""
    start, busy = perf_counter(), process_time()
    for _ in range(times):
        act()
    return perf_counter() - start, process_time() - busy


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--proposers", type=int, default=12)
    parser.add_argument("--voters", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()

    chain = build_chain(options.proposers, options.voters)
    anybody = chain.core.state.ledger.registry[0]
    hashes = count_hashes(lambda: play_round(chain, anybody))
    words = bytes(96)
    wall, played, hashed = [], [], []
    for _ in range(options.repeats):
        clock, busy = measure(lambda: play_round(chain, anybody), options.rounds)
        wall.append(clock / options.rounds)
        played.append(busy / options.rounds)
        hashed.append(measure(lambda: hashing.keccak(words), options.rounds * hashes)[1] / options.rounds)
    print(
        json.dumps(
            {
                "clients": options.proposers + options.voters,
                "rounds_per_second": round(1 / median(wall), 1),
                "rounds_per_cpu_second": round(1 / median(played), 1),
                "hashes_per_round": hashes,
                "hash_floor_rounds_per_cpu_second": round(1 / median(hashed), 1),
                "ratio": round(median(a / b for a, b in zip(played, hashed, strict=True)), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
