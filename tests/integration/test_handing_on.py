"""A juror hands on what it judged: whoever couldn't have an update in time can have it when it publishes."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from clients.engine.config import SwarmConfig, build
from clients.engine.driver import Driver
from clients.mechanisms.stake_jury import CONDUCT
from clients.ports.store.memory import MemoryStore
from clients.roles.judging import get_numbers
from clients.types.cid import Cid
from clients.types.federation import Event, Outcome, Phase, Role
from clients.types.store import ContentMissing
from tests.integration.test_driver import COUNT, Network, PeerStore, World

CONFIG = {"mechanism": "stake_jury", "clients": COUNT, "proposers": 2, "malicious": 0, "model": "logistic"}


class Keeping(PeerStore):
    """A store like an IPFS node's: it serves what was read until garbage is collected, and what is pinned for
    good. `cut`: stores that it doesn't reach."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.read: set[Cid] = set()
        self.cut: list[MemoryStore] = []

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        for home in self._network.homes:
            if home not in self.cut and home.has(cid):
                data = MemoryStore.get(home, cid, max_bytes=max_bytes)
                if not self.has(cid):
                    MemoryStore.put(self, data)
                    self.read.add(cid)
                return data
        raise ContentMissing(cid, "nobody within reach has it")

    def put(self, data: bytes) -> Cid:
        cid = super().put(data)
        self.read.discard(cid)
        return cid

    def pin(self, cid: Cid) -> None:
        super().pin(cid)
        self.read.discard(cid)

    def collect(self) -> None:
        """Drop what isn't pinned."""
        for cid in self.read:
            self.release(cid)
        self.read.clear()


class KeepingNetwork(Network):
    def join(self) -> Keeping:
        store = Keeping(self)
        self.homes.append(store)
        return store


class JuryWorld(World):
    """A federation of stake_jury in which everybody approves."""

    conduct = CONDUCT
    own = MappingProxyType({"threshold": "1"})
    build_network = KeepingNetwork

    def driver(self, index: int, **changes: Any) -> Driver:
        return super().driver(index, sleep=lambda seconds: None, **changes)

    def run_until(self, over: Callable[[], bool]) -> None:
        """Let everybody do what is due, a minute at a time."""
        for _ in range(400):
            for driver in self.drivers:
                if over():
                    return
                driver._clock = lambda: 1e9  # long waited: any keeper may act
                driver.sweep(driver._look())
            self.chain.advance(seconds=60)
        raise AssertionError(self.chain.status())

    def find(self, role: Role) -> list[int]:
        return [n for n, key in enumerate(self.keys) if role in self.chain.member(key.address).roles]

    def named(self, name: str) -> list[Event]:
        return [event for event in self.chain.events() if event.name == name]

    def get_store(self, index: int) -> Keeping:
        store = self.drivers[index].store
        assert isinstance(store, Keeping)
        return store


@pytest.fixture(scope="module")
def config() -> SwarmConfig:
    return build({**CONFIG, "device": "cpu"})


def test_who_could_not_have_an_update_in_time_publishes_it_all_the_same(
    config: SwarmConfig, tmp_path: Path
) -> None:
    world = JuryWorld(config, tmp_path)
    world.run_until(lambda: world.chain.status().phase is Phase.COMMIT)
    first, second = (event.args for event in world.named("Proposed"))
    withholds, serves = (
        next(n for n, key in enumerate(world.keys) if key.address == args["proposer"])
        for args in (first, second)
    )
    *_, late = world.find(Role.VOTER)
    reached = (world.get_store(late), world.get_store(serves))
    world.get_store(late).cut = [home for home in world.network.homes if home not in reached]
    world.run_until(lambda: world.chain.status().phase is Phase.REVEAL)
    cid = Cid.from_digest(first["digest"])  # type: ignore[arg-type]
    world.get_store(withholds).release(cid)
    world.get_store(late).cut = []
    for home in world.network.homes:
        assert isinstance(home, Keeping)
        home.collect()
    assert not world.get_store(late).has(cid)
    world.run_until(lambda: world.chain.status().record.outcome is not Outcome.NONE)
    ballots = {event.args["voter"]: event.args["ballot"] for event in world.named("Revealed")}
    had = {who: get_numbers(ballot[32:]) for who, ballot in ballots.items()}  # type: ignore[index]
    assert had.pop(world.keys[late].address) == {1}
    assert list(had.values()) == [{0, 1}] * 2
    record = world.chain.status().record
    assert record.outcome is Outcome.ACCEPTED
    assert (record.publications, record.leading_count) == (3, 3)
    assert {event.args["selection"] for event in world.named("Published")} == {0b11}
    assert {world.chain.member(key.address).balance for key in world.keys} == {config.stake}


def settle(world: JuryWorld) -> dict[object, tuple[set[int], set[int]]]:
    """Play the round on until it is settled; return what each juror found good and could have."""
    world.run_until(lambda: world.chain.status().record.outcome is not Outcome.NONE)
    ballots = {event.args["voter"]: event.args["ballot"] for event in world.named("Revealed")}
    assert {world.chain.member(key.address).balance for key in world.keys} == {world.config.stake}
    assert all(world.chain.member(key.address).record.round == 1 for key in world.keys), "nobody missed it"
    return {who: (get_numbers(one[:32]), get_numbers(one[32:])) for who, one in ballots.items()}  # type: ignore[index]


def test_jurors_to_whom_nobody_serves_anything_say_so(config: SwarmConfig, tmp_path: Path) -> None:
    """They make a quorum, do their duty, and lose nothing."""
    world = JuryWorld(config, tmp_path)
    world.run_until(lambda: world.chain.status().phase is Phase.COMMIT)
    for proposer in world.find(Role.PROPOSER):
        for event in world.named("Proposed"):
            world.get_store(proposer).release(Cid.from_digest(event.args["digest"]))  # type: ignore[arg-type]
    assert list(settle(world).values()) == [(set(), set())] * 3
    record = world.chain.status().record
    assert (record.reveals, record.publications, record.outcome) == (3, 3, Outcome.REJECTED)
    assert world.chain.status().head == world.terms.genesis


def test_a_juror_whose_line_is_down_loses_nothing_while_the_others_go_on(
    config: SwarmConfig, tmp_path: Path
) -> None:
    """It votes on nothing, can't make the model, and repeats what has a majority without it."""
    world = JuryWorld(config, tmp_path)
    world.run_until(lambda: world.chain.status().phase is Phase.COMMIT)
    *_, lone = world.find(Role.VOTER)
    world.drivers[lone].cohort.load(world.terms.genesis)  # before: without the head nobody can judge
    world.get_store(lone).cut = [home for home in world.network.homes if home is not world.get_store(lone)]
    ballots = settle(world)
    assert ballots.pop(world.keys[lone].address) == (set(), set())
    assert list(ballots.values()) == [({0, 1}, {0, 1})] * 2
    record = world.chain.status().record
    assert (record.outcome, record.publications, record.leading_count) == (Outcome.ACCEPTED, 3, 3)
    *_, last = world.named("Published")
    assert last.args["publisher"] == world.keys[lone].address
