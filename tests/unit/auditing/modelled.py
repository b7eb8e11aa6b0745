"""Rounds with real, small models: what is proposed, what is made of it, and a store that holds all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np

from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import encode
from clients.learning.schema import Schema, Weights
from clients.ports.store.memory import MemoryStore
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.simulator import SpecChain
from clients.types.chain import Call
from clients.types.federation import (
    ZERO32,
    Address,
    Role,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from tests.unit.auditing.played import Playground

SCHEMA = Schema.of({"layer.weight": np.zeros((3, 4), np.float32), "layer.bias": np.zeros(3, np.float32)})
ACCOUNTS = [f"0x{number:040x}" for number in range(1, 8)]
COMMON = {
    "token": "0x" + "0" * 40,
    "beacon": "0x" + "0" * 40,
    "bond": 1000,
    "managers": (),
    "founders": (),
    "newcomers": 0,
    "max_samples": 1000,
    "max_epochs": 5,
    "schedule": Schedule(open=1, propose=60, commit=60, reveal=60, publish=60, unbonding=1000),
}


def draw_weights(rng: Random) -> Weights:
    flat = np.array([rng.uniform(-1, 1) for _ in range(SCHEMA.size)], np.float32)
    return SCHEMA.split(flat)


@dataclass
class Modelled:
    """A federation whose members propose, judge and publish models."""

    mechanism: str
    rng: Random = field(default_factory=lambda: Random(5))
    store: MemoryStore = field(default_factory=MemoryStore)
    updates: dict[int, list[bytes]] = field(default_factory=dict)
    """By round, the digests in the order of their numbers."""
    heads: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        genesis = self.store.put(encode(draw_weights(self.rng), SCHEMA)).digest
        if self.mechanism == "stake_vote":
            terms: object = StakeVoteTerms(
                **COMMON, genesis=genesis, proposer_stake=10, voter_stake=10, proposers=3, min_voters=3,
                quorum_bps=5000, attribution=False,
            )  # type: ignore[arg-type]  # fmt: skip
        elif self.mechanism == "stake_jury":
            terms = StakeJuryTerms(
                **COMMON, genesis=genesis, fee=0, floor=100, proposer_stake=10, voter_stake=10, proposers=3,
                voters=0, min_voters=3, update_shares=6, seat_shares=1, profit_bps=1000, decoy_odds=0,
                absent_after=0,
            )  # type: ignore[arg-type]  # fmt: skip
        else:
            terms = VbflTerms(
                **COMMON, genesis=genesis, unit_reward=1, update_units=0, proposers=3, validators=2, miners=2,
                kick_rounds=9, pow_bits=0,
            )  # type: ignore[arg-type]  # fmt: skip
        funds = dict.fromkeys(ACCOUNTS, 10_000)
        chain = SpecChain(MECHANISMS[self.mechanism], terms, funds, beacon_value=b"\7" * 32)
        self.ground = Playground(chain, b"\7" * 32)
        for account in ACCOUNTS:
            self.call(account, "join", 2000)
        self.call(ACCOUNTS[0], "fund", 5000)

    def call(self, account: Address, method: str, *args: object) -> None:
        [receipt] = self.ground.send(Call(account, method, args))
        assert receipt.error is None, receipt

    def with_role(self, role: Role) -> list[Address]:
        return [member.account for member in self.ground.chain.members() if role in member.roles]

    def play_round(
        self,
        *,
        forge: Callable[[int, bytes], bytes] = lambda number, data: data,
        reject: bool = False,
        head: Callable[[bytes], bytes] = lambda digest: digest,
        publish: Callable[[int, bytes], bytes] = lambda place, digest: digest,
    ) -> int:
        """Play a round and return its number. `forge` changes an update's file, `head` the model that all
        agree on, `publish` what the publisher at a place says."""
        self.call(ACCOUNTS[0], "open")
        self.call(ACCOUNTS[0], "draw")
        number = self.ground.chain.status().round
        contributions = self.propose(number, forge)
        digest = head(self.store.put(encode(fedavg(contributions, SCHEMA), SCHEMA)).digest)
        judged = self.mechanism != "stake_vote"
        if judged:
            had = (2 ** len(contributions) - 1).to_bytes(32, "big")
            ballot = (bytes(32) if reject else had) + (had if self.mechanism == "stake_jury" else b"")
        else:
            ballot = ZERO32 if reject else digest
        self.judge(number, self.with_role(Role.VOTER), ballot)
        if judged:
            said = (ZERO32, 0) if reject else (digest, 2 ** len(contributions) - 1)
            for place, account in enumerate(self.with_role(Role.PUBLISHER)):
                mine = said[0] if reject else publish(place, said[0])
                self.call(account, "publish", number, mine, said[1], ZERO32)
        self.call(ACCOUNTS[0], "settle")
        self.heads[number] = digest
        return number

    def play_void(self) -> int:
        """Play a round whose seed nobody draws in time; return its number."""
        self.call(ACCOUNTS[0], "open")
        self.ground.advance(300, 300)
        self.call(ACCOUNTS[0], "settle")
        return self.ground.chain.status().round

    def propose(self, number: int, forge: Callable[[int, bytes], bytes]) -> list[Contribution]:
        self.updates[number] = []
        contributions = []
        for place, account in enumerate(self.with_role(Role.PROPOSER)):
            weights, samples = draw_weights(self.rng), self.rng.randrange(1, 900)
            digest = self.store.put(forge(place, encode(weights, SCHEMA))).digest
            self.call(account, "propose", number, digest, samples, 1)
            self.updates[number].append(digest)
            contributions.append(Contribution(weights, samples))
        return contributions

    def judge(self, number: int, voters: Sequence[Address], ballot: bytes) -> None:
        core = self.ground.chain.core
        for voter in voters:
            salt = voter.encode()[-32:]
            self.call(voter, "commit", number, core.compute_commitment(number, voter, ballot, salt))
        for voter in voters:
            self.call(voter, "reveal", number, ballot, voter.encode()[-32:])


def broken(data: bytes, at: int = -4, to: bytes = b"\0\0\xc0\x7f") -> bytes:
    """Return a file with other bytes at a place: by default NaN as the last weight."""
    changed = bytearray(data)
    changed[at : at + len(to) or None] = to
    return bytes(changed)


__all__ = ["ACCOUNTS", "SCHEMA", "Modelled", "broken", "draw_weights", "replace"]
