"""Participants apart: each with a store, a journal and a driver of its own, on one federation.

The federation is the specification's, behind a wrapper that makes it look like somebody else's chain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.engine.config import SwarmConfig, build
from clients.engine.driver import Driver, Stalled
from clients.engine.journal import Journal
from clients.engine.launch import Launched, enter_all, get_beacon_value, get_terms
from clients.engine.learners import build_bench
from clients.engine.settled import Settled, get_untold
from clients.learning.codec import encode
from clients.learning.meters import Meters
from clients.mechanisms.base import Conduct, Entry, Rules
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.participant import Participant
from clients.mechanisms.stake_vote import CONDUCT
from clients.ports.keys import SeededSalts, derive_keys
from clients.ports.store.memory import MemoryStore
from clients.protocol.rounds import SEAL_BLOCKS
from clients.protocol.simulator import SpecChain
from clients.roles.keeper import LAST_TURN
from clients.types.chain import Call
from clients.types.cid import Cid
from clients.types.errors import OutOfPatience, RequestError, UnavailableError
from clients.types.federation import Event, Phase, Status
from clients.types.store import ContentMissing

COUNT = 5


class Network:
    """What connects the stores: reading asks every peer, as IPFS does; holding is each one's own affair."""

    def __init__(self) -> None:
        self.homes: list[MemoryStore] = []

    def join(self) -> "PeerStore":
        store = PeerStore(self)
        self.homes.append(store)
        return store


class PeerStore(MemoryStore):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        for home in self._network.homes:
            if home.has(cid):
                return MemoryStore.get(home, cid, max_bytes=max_bytes)
        raise ContentMissing(cid, "nobody has it")


@pytest.fixture(scope="module")
def config() -> SwarmConfig:
    settings = {"clients": COUNT, "proposers": 2, "malicious": 0, "model": "logistic", "device": "cpu"}
    return build({"mechanism": "stake_vote", "rules": "paper", **settings})


class World:
    """One federation and its participants, driven in turn by `play`."""

    conduct: Conduct[Any, Any] = CONDUCT
    own: Mapping[str, Any] = {"tolerance": 1.0}
    """Settings with which everybody approves."""
    build_network: Callable[[], Network] = Network

    def __init__(self, config: SwarmConfig, folder: Path, **terms: Any) -> None:
        self.config, self.folder = config, folder
        self.keys = derive_keys(config.seed, COUNT)
        self.bench = build_bench(config)
        genesis = encode(self.bench.initial_weights(), self.bench.schema)
        self.network = self.build_network()
        first = self.network.join()
        self.terms = replace(get_terms(config, first.put(genesis).digest), **terms)
        stake = config.stake
        funds = {key.address: stake for key in self.keys}
        self.chain = SpecChain(
            self.conduct.spec, self.terms, funds, beacon_value=get_beacon_value(config.seed)
        )
        enter_all(Launched(self.chain, "spec", self.chain), Entry(), self.terms, list(funds), stake)
        self.drivers = [self.driver(index) for index in range(COUNT)]

    def driver(self, index: int, **changes: Any) -> Driver:
        meters = Meters()
        store = self.network.join()
        cohort = Cohort(self.bench, store, meters, "accuracy", self.config.seed)
        one = Participant(index, self.keys[index].address, SeededSalts(self.config.seed, index))
        options = {
            "chain": self.chain,
            "store": store,
            "cohort": cohort,
            "participants": [one],
            "rules": Rules(self.conduct, self.terms, replace(self.config.own, **self.own)),
            "journal": Journal(self.folder / f"journal{index}-{len(self.network.homes)}"),
            "meters": meters,
            "history": 1,
        }
        return Driver(**{**options, **changes})

    def play(self, rounds: int, told: Callable[[int, Status], None] = lambda index, status: None) -> None:
        """Give every driver a sweep in turn until round `rounds` is settled and told to all."""
        done = [0] * COUNT
        for _ in range(400):
            for index, driver in enumerate(self.drivers):
                status = driver._look()
                for settled in get_untold(driver.chain, status, done[index]):
                    done[index] = settled.round
                    told(index, settled)
                    driver._let_go(settled)
                driver._clock = lambda: 1e9  # long waited: any keeper may act
                driver.sweep(status)
            if min(done) >= rounds:
                return
        raise AssertionError(done)


def test_with_a_store_each_everybody_ends_up_holding_the_accepted_model(
    config: SwarmConfig, tmp_path: Path
) -> None:
    world = World(config, tmp_path)
    told: list[tuple[int, int, bytes]] = []
    world.play(3, lambda index, status: told.append((index, status.round, status.head)))
    assert sorted((index, number) for index, number, _ in told) == [
        (index, number) for index in range(COUNT) for number in (1, 2, 3)
    ]
    assert len({head for _, number, head in told if number == 3}) == 1
    for digest in (world.chain.status().head, world.terms.genesis):
        assert all(driver.store.has(Cid.from_digest(digest)) for driver in world.drivers)
    assert world.chain.status().round >= 3


def test_who_slept_through_rounds_is_told_of_each_later(config: SwarmConfig, tmp_path: Path) -> None:
    world = World(config, tmp_path)
    seen: dict[int, bytes] = {}
    world.play(3, lambda index, status: seen.__setitem__(status.round, status.head))
    late = world.driver(0)
    missed = get_untold(late.chain, late._look(), 0)
    assert [status.round for status in missed][:3] == [1, 2, 3]
    for status in missed[:3]:
        assert status.head == seen[status.round]
        assert status.record == world.chain.round(status.round)
        assert len(late._read(status).log.proposals()) == status.record.proposals


def test_logs_that_lack_a_proposal_are_not_judged_by(config: SwarmConfig, tmp_path: Path) -> None:
    world = World(config, tmp_path)
    world.play(1)
    driver = world.drivers[0]
    status = replace(get_untold(driver.chain, driver._look(), 0)[0], seal_block=0)
    real = world.chain.events

    def lagging(first_block: int = 0) -> list[Event]:
        events = real(first_block)
        last = max(place for place, event in enumerate(events) if event.name == "Proposed")
        return [event for place, event in enumerate(events) if place != last]

    world.chain.events = lagging  # type: ignore[method-assign]
    log = driver._read(status).log
    assert len(log.named("Proposed")) == status.record.proposals - 1
    with pytest.raises(UnavailableError, match="proposals"):
        log.proposals()
    world.chain.events = real  # type: ignore[method-assign]
    assert len(driver._read(status).log.proposals()) == status.record.proposals


def test_whoever_is_there_alone_draws_before_the_seed_is_lost(config: SwarmConfig, tmp_path: Path) -> None:
    """By the chain's blocks, though its program started a moment ago and it is the last in turn."""
    world = World(config, tmp_path)
    world.chain.advance(seconds=world.terms.schedule.open)
    world.chain.send([Call(world.keys[0].address, "open")])
    status = world.chain.status()
    assert status.phase is Phase.DRAW
    last = (status.round - 1) % COUNT  # as in `keeper.get_rank`
    alone = world.driver(last, clock=lambda: 0.0)
    assert not alone.sweep(world.chain.status())
    world.chain.advance(blocks=LAST_TURN)
    assert alone.sweep(world.chain.status())
    assert world.chain.status().phase is not Phase.DRAW
    assert world.chain.block() <= status.seal_block + SEAL_BLOCKS


def test_a_journal_serves_one_federation_and_one_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(RequestError, match="another process"):
        Journal(tmp_path)
    journal.claim("31337:0xA:0x1")
    journal.close()
    again = Journal(tmp_path)
    again.claim("31337:0xA:0x1")
    with pytest.raises(RequestError, match="a folder of its own"):
        again.claim("31337:0xA:0x2")


def test_an_outage_is_sat_out_for_as_long_as_asked(config: SwarmConfig, tmp_path: Path) -> None:
    world = World(config, tmp_path)
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    calls: list[Sequence[Any]] = []

    def down() -> Status:
        calls.append(())
        raise UnavailableError("the node is down.")

    driver = world.driver(0, outage_seconds=600.0, clock=lambda: now, sleep=sleep)
    world.chain.status = down  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        list(driver.run(1, lambda settled: None))
    assert 600 <= now < 700
    assert len(calls) > 10


def test_what_was_waited_for_in_vain_is_not_waited_for_again(config: SwarmConfig, tmp_path: Path) -> None:
    def refuse() -> Status:
        raise OutOfPatience("the node wants fewer requests.")

    world = World(config, tmp_path)
    driver = world.driver(0, outage_seconds=600.0, sleep=lambda seconds: pytest.fail("it waits once more"))
    world.chain.status = refuse  # type: ignore[method-assign]
    with pytest.raises(OutOfPatience):
        list(driver.run(1, lambda settled: None))


def test_a_closed_federation_with_too_few_members_ends(config: SwarmConfig, tmp_path: Path) -> None:
    world = World(config, tmp_path)
    more = replace(world.terms, min_voters=COUNT + 1 - world.terms.proposers)
    driver = world.driver(0, closed=True, rules=Rules(CONDUCT, more, config.own), sleep=lambda seconds: None)
    with pytest.raises(Stalled, match="5 members are left, 6 are needed"):
        list(driver.run(1, lambda settled: None))


def test_claims_of_more_samples_than_can_be_summed_are_voted_against(
    config: SwarmConfig, tmp_path: Path
) -> None:
    world = World(config, tmp_path)
    world.play(1)
    driver = world.drivers[0]
    status = get_untold(driver.chain, driver._look(), 0)[0]
    greedy = [replace(proposal, samples=2**31 - 1) for proposal in driver._read(status).log.proposals()]
    candidate = driver.cohort.aggregate(greedy)
    assert candidate.digest is None
    assert "samples" in candidate.fault


def test_a_round_whose_telling_fails_is_told_again(config: SwarmConfig, tmp_path: Path) -> None:
    world = World(config, tmp_path)
    world.play(2)
    told: list[int] = []

    def report(settled: Settled) -> int:
        told.append(settled.status.round)
        if told == [1]:
            raise UnavailableError("the store is away for a moment.")
        return settled.status.round

    late = world.driver(0, outage_seconds=60.0, sleep=lambda seconds: None)
    assert list(late.run(2, report)) == [1, 2]
    assert told == [1, 1, 2]
