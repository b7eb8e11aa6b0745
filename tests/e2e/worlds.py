"""Federations on a real Anvil with their models in a real Kubo, for the audit page to look at."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from eth_utils.crypto import keccak

from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import encode
from clients.learning.schema import Weights
from clients.ports.binaries import ROOT
from clients.ports.chain import AnvilNode, Link, open_link
from clients.ports.keys import derive_keys, dev_key
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode
from clients.protocol.hashing import compute_pledge
from clients.protocol.simulator import compute_entropy
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import Address, Schedule
from tests.integration.chain_federation import World, commitment, draw, found, join
from tests.integration.test_differential_chain import build_pair, let_pass

SWARM: dict[str, Any] = {
    "model": "logistic", "clients": 8, "malicious": 2, "rounds": 10, "local-epochs": 1, "tokens": "30",
    "device": "cpu",
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "stake_vote": {"rules": "paper", "proposers": 2, "clients": 10, "malicious": 4},
    "stake_jury": {"proposers": 3, "clients": 9},
    "vbfl": {"rules": "paper", "proposers": 4, "validators": 2, "miners": 2},
}
PLAYED = {"bflc": 2, "blade": 54}
"""Mechanisms without clients, and seeds with which their players come to every outcome."""
MOVES = 260
KEYS = [*derive_keys(0, 13, label="page"), *derive_keys(5, 6, label="hostile"), dev_key(0),
        *derive_keys(6, 8, label="pledging")]  # fmt: skip
TENSORS = {"<script>alert(1)</script>": (2, 3), "layer\u202e.weight": (300,), "bias": (4,)}
"""Names that a stranger might choose."""


@dataclass
class Place:
    """Where what a page looks at is: the chain and address of each federation, and an IPFS node's doors."""

    gateway: str
    api: str
    federations: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, rpc: str, address: str) -> None:
        """Note a federation."""
        self.federations[name] = {"rpc": rpc, "address": address}


@contextmanager
def nodes(folder: Path) -> Iterator[tuple[Place, Link]]:
    """Start Kubo, and an Anvil that mines when told to."""
    with open_link("anvil", KEYS) as link, KuboNode(folder / "kubo") as kubo:
        yield Place(kubo.gateway, kubo.address), link


def words_of(mechanism: str, rpc: str, place: Place, out: Path, **changes: Any) -> list[str]:
    """Return the words of the command that runs a federation's clients."""
    settings = {**SWARM, **OWN[mechanism], **changes}
    settings |= {"mechanism": mechanism, "chain": rpc, "store": place.api, "out": out}
    return [word for name, value in settings.items() for word in (f"--{name}", str(value))]


def play(link: Link, keys: Sequence[Any], mechanism: str) -> str:
    """Let a player make its moves, sensible ones and others, in a federation; return its address."""
    chain, spec, player = build_pair(
        Random(f"page-{mechanism}-{PLAYED[mechanism]}"), link, list(keys), mechanism
    )
    for _ in range(MOVES):
        move = player.play(Env(spec.now() - 1, spec.block(), compute_entropy(bytes(32))))
        let_pass(chain, move)
        let_pass(spec, move)
        chain.send([move.call])
        spec.send([move.call])
    return str(chain.federation)


PLEDGING = Schedule(open=1, pledge=3600, propose=3600, commit=3600, reveal=3600, publish=0, unbonding=86_400)


def play_pledging(link: Link, api: str) -> tuple[str, dict[str, Any]]:
    """Play rounds with pledges: one that is broken in an accepted round, all kept in a rejected one, and a
    third round that stands in Pledge, with one of three pledges."""
    rng = np.random.default_rng(9)
    with closing(KuboStore(api)) as store:
        genesis = store.put(encode(make_weights(rng)))
        world = found(
            link, derive_keys(6, 8, label="pledging"), dev_key(0),
            genesis=genesis.digest, proposers=3, schedule=PLEDGING,
        )  # fmt: skip
        join(world.chain, world.accounts)
        weights = [make_weights(rng) for _ in range(3)]
        made = store.put(encode(fedavg([Contribution(one, 100) for one in weights[:2]])))
        files = [store.put(encode(one)).digest for one in weights]
        [breaker] = play_round(world, files, made.digest, broken=1)
        play_round(world, files, bytes(32))
        proposers, _ = draw(world.chain, world.accounts[0])
        pledge(world, dict(zip(proposers[:1], files, strict=False)))
    return str(world.chain.federation), {"breaker": breaker}


def pledge(world: World, digests: Mapping[Address, bytes]) -> None:
    """Let each proposer pledge an update."""
    chain = world.chain
    number = chain.status().round
    where = chain.chain_id, chain.federation, number
    send(
        world,
        [
            Call(who, "pledge", (number, compute_pledge(*where, who, one, *CLAIM)))
            for who, one in digests.items()
        ],
    )


def send(world: World, calls: Sequence[Call]) -> None:
    """Send calls that all go through."""
    assert [receipt.error for receipt in world.chain.send(calls)] == [None] * len(calls)


def make_weights(rng: np.random.Generator) -> Weights:
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in TENSORS.items()}


def play_hostile(link: Link, api: str) -> tuple[str, dict[str, Any]]:
    """Play three rounds with strangers' content: odd names, wrong files, a lying majority.

    Round 1 is honest. In round 2 an update is no model, and the voters reject. In round 3 they accept what
    the updates don't make.
    """
    rng = np.random.default_rng(7)
    with closing(KuboStore(api)) as store:
        genesis = store.put(encode(make_weights(rng)))
        keys = derive_keys(5, 6, label="hostile")
        world = found(link, keys, dev_key(0), genesis=genesis.digest)
        join(world.chain, world.accounts)
        good = [make_weights(rng), make_weights(rng)]
        made = store.put(encode(fedavg([Contribution(weights, 100) for weights in good])))
        files = [store.put(encode(weights)) for weights in good]
        nan = bytearray(encode(make_weights(rng)))
        nan[-4:] = b"\x00\x00\xc0\x7f"
        bad = [store.put(b"<html><script>alert(2)</script></html>"), store.put(bytes(nan))]
        play_round(world, [file.digest for file in files], made.digest)
        play_round(world, [file.digest for file in bad], bytes(32))
        play_round(world, [file.digest for file in files], keccak(text="a lie"))
        notes = {
            "files": [str(file) for file in files], "bad": [str(file) for file in bad], "made": str(made),
            "genesis": str(genesis), "accounts": world.accounts,
        }  # fmt: skip
    return str(world.chain.federation), notes


CLAIM = 100, 5
"""Samples and epochs of every update."""


def play_round(world: World, digests: Sequence[bytes], ballot: bytes, *, broken: int = 0) -> list[Address]:
    """Play a round in which all voters cast one ballot; return the proposers of broken pledges.

    `digests`: the proposers' updates, pledged first where the terms ask for it. The last `broken` of them
    aren't proposed.
    """
    chain, accounts = world.chain, world.accounts
    schedule = world.deployment.terms.schedule
    proposers, voters = draw(chain, accounts[0])
    number, salt = chain.status().round, keccak(text="salt")
    updates = list(zip(proposers, digests, strict=True))
    if schedule.pledge:
        pledge(world, dict(updates))
    kept = len(updates) - broken
    send(world, [Call(who, "propose", (number, one, *CLAIM)) for who, one in updates[:kept]])
    if broken:
        chain.advance(schedule.pledge + schedule.propose)
    calls = [
        [Call(who, "commit", (number, commitment(chain, number, who, ballot, salt))) for who in voters],
        [Call(who, "reveal", (number, ballot, salt)) for who in voters],
        [Call(accounts[0], "settle")],
    ]
    for batch in calls:
        send(world, batch)
    return proposers[kept:]


def make_long(link: Link, rounds: int) -> str:
    """Return a federation of so many settled rounds: three played, the records of the others written for it.

    What a list reads is the same: the contract's own answers. Playing them all would take an hour.
    """
    world = found(link, KEYS[13:19], KEYS[19])
    join(world.chain, world.accounts)
    for ballot in (keccak(text="a model"), bytes(32), keccak(text="a model")):
        play_round(world, [keccak(text="one"), keccak(text="two")], ballot)
    address = world.chain.federation
    records = {number: [read_slot(link, address, slot) for slot in slots_of(number)] for number in (1, 2)}
    writes = [(0, int(read_slot(link, address, 0), 16) >> 40 << 40 | rounds)]
    for number in range(4, rounds + 1):
        values = records[2 if number % 3 == 0 else 1]
        writes += [(slot, int(value, 16)) for slot, value in zip(slots_of(number), values, strict=True)]
    calls = [("anvil_setStorageAt", (address, f"0x{slot:064x}", f"0x{value:064x}")) for slot, value in writes]
    for at in range(0, len(calls), 2_000):
        assert all(answer is True for answer in link.rpc.batch(calls[at : at + 2_000]))
    status = world.chain.status()
    assert (status.round, status.record.reveals) == (rounds, 4)
    return str(address)


def slots_of(number: int) -> tuple[int, int]:
    """Return the two storage slots of a round's record: the mapping is the contract's third variable."""
    first = int.from_bytes(keccak(encode_words(number, 2)), "big")
    return first, first + 1


def encode_words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def read_slot(link: Link, address: str, slot: int) -> str:
    return str(link.rpc.request("eth_getStorageAt", address, f"0x{slot:064x}", "latest"))


@contextmanager
def everything(folder: Path) -> Iterator[Place]:
    """All mechanisms' federations, played, with their nodes still there."""
    with nodes(folder) as (place, link), ExitStack() as stack:
        # most of their time they wait for blocks, so they go beside all else; on a chain each, since they
        # have the same accounts
        runs = {mechanism: Run(stack, mechanism, place, folder / mechanism) for mechanism in OWN}
        assert link.url is not None
        for mechanism in PLAYED:
            place.add(mechanism, link.url, play(link, KEYS[:13], mechanism))
        hostile, place.notes["hostile"] = play_hostile(link, place.api)
        place.add("hostile", link.url, hostile)
        pledging, place.notes["pledging"] = play_pledging(link, place.api)
        place.add("pledging", link.url, pledging)
        place.add("long", link.url, make_long(link, 10_000))
        for mechanism, run in runs.items():
            place.add(mechanism, run.rpc, run.end())
        live = Run(stack, "stake_vote", place, folder / "live", rounds=4)
        place.add("live", live.rpc, live.address())
        yield place


class Run:
    """A federation's clients in a process of their own, on a chain of their own; `stack` ends both."""

    def __init__(self, stack: ExitStack, mechanism: str, place: Place, out: Path, **changes: Any) -> None:
        self._out = out
        self.rpc = stack.enter_context(AnvilNode(block_time=0.2, genesis_time=None)).url
        words = words_of(mechanism, self.rpc, place, out, **changes)
        self._log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clients.swarm", *words],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        stack.callback(self._process.wait)
        stack.callback(self._process.terminate)

    def end(self) -> str:
        """Wait until it is done; return the federation's address."""
        if self._process.wait():
            self._log.seek(0)
            raise AssertionError(self._log.read().decode(errors="replace"))
        return self.address()

    def address(self) -> str:
        """Return the federation's address, once it is deployed."""
        record = self._out / "deployment.json"
        for _ in range(1200):
            if record.exists() or self._process.poll():
                break
            time.sleep(0.1)
        return str(json.loads(record.read_text())["federation"]["address"])
