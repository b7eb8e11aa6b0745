"""Pledged updates, each participant with a store of its own: nobody else has a file before the phase Propose,
and whoever pledged proposes that, whenever its process dies."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.engine.config import SwarmConfig
from clients.engine.driver import Driver
from clients.engine.journal import Journal
from clients.engine.settled import Settled
from clients.learning.meters import Meters
from clients.mechanisms.cohort import Cohort
from clients.ports.store import compute_cid
from clients.types.chain import Call, Receipt
from clients.types.cid import Cid
from clients.types.errors import UnavailableError
from clients.types.federation import Act, Event, Outcome, Phase, Schedule
from tests.integration.test_driver import COUNT, PeerStore, World, config

__all__ = ["config"]  # a fixture

PLEDGE = 600


class Died(Exception):
    """The process of a participant was killed."""


@dataclass
class Steps:
    """Counts what participants do to the outside, and kills whoever takes step `last`."""

    last: int = -1
    taken: int = 0

    def take(self) -> None:
        self.taken += 1
        if self.taken == self.last:
            raise Died


class Watched(World):
    """A federation with pledges. Every file that is put and every proposal that is sent is looked at."""

    def __init__(self, config: SwarmConfig, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = Steps()
        self.early: list[Cid] = []
        super().__init__(config, folder, schedule=Schedule(pledge=PLEDGE))
        self.phase = lambda: self.chain.status().phase
        send, put, note = self.chain.send, PeerStore.put, Journal.note_waiting

        def watch_send(calls: Sequence[Call], **options: Any) -> list[Receipt]:
            self.steps.take()
            for call in calls:
                if call.method == "propose":
                    assert any(home.has(Cid.from_digest(call.args[1])) for home in self.network.homes)  # type: ignore[arg-type]
            receipts = send(calls, **options)
            self.steps.take()
            return receipts

        def watch_put(store: PeerStore, data: bytes) -> Cid:
            self.steps.take()
            cid = put(store, data)
            if self.phase() is Phase.PLEDGE:
                self.early.append(cid)
            self.steps.take()
            return cid

        def watch_note(journal: Journal, *args: Any) -> None:
            self.steps.take()
            note(journal, *args)
            self.steps.take()

        self.chain.send = watch_send  # type: ignore[method-assign]
        monkeypatch.setattr(PeerStore, "put", watch_put)
        monkeypatch.setattr(Journal, "note_waiting", watch_note)

    def restart(self, index: int) -> None:
        """Start a participant's process again. What it trains comes out otherwise."""
        old = self.drivers[index]
        old.journal.close()
        cohort = Cohort(self.bench, old.store, Meters(), "accuracy", self.config.seed + 1)
        journal = Journal(old.journal.folder)
        self.drivers[index] = self.driver(index, store=old.store, cohort=cohort, journal=journal)

    def run_until(self, over: Callable[[], bool]) -> None:
        """Drive everybody until `over`; time passes where nobody has anything to do."""
        for _ in range(200):
            acted = False
            for index in range(COUNT):
                if over():
                    return
                driver = self.drivers[index]
                driver._clock = lambda: 1e9
                try:
                    acted |= driver.sweep(driver._look())
                except Died:
                    self.restart(index)
                    acted = True
            if not acted:
                self.chain.advance(seconds=60)
        raise AssertionError(self.chain.status())

    def is_settled(self) -> bool:
        return self.chain.status().record.outcome != Outcome.NONE

    def named(self, name: str) -> list[Event]:
        return [event for event in self.chain.events() if event.name == name]

    def find(self, act: Act) -> list[int]:
        """Return the participants that did `act` in this round."""
        status = self.chain.status()
        records = [self.chain.member(key.address).record for key in self.keys]
        return [n for n, one in enumerate(records) if one.round == status.round and act in one.acts]


@pytest.fixture
def world(config: SwarmConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(config, tmp_path, monkeypatch)


def digests(world: Watched, index: int) -> set[object]:
    me = world.keys[index].address
    return {event.args["digest"] for event in world.named("Proposed") if event.args["proposer"] == me}


def test_no_file_is_in_a_store_before_all_are_pledged(world: Watched) -> None:
    for number in (1, 2):
        world.run_until(lambda number=number: world.chain.status().settled == number)  # type: ignore[misc]
    assert len(world.named("Pledged")) == len(world.named("Proposed")) == 4
    assert world.early == []
    assert world.chain.status().record.outcome is Outcome.ACCEPTED


def count_steps(config: SwarmConfig, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    world = Watched(config, folder, monkeypatch)
    world.run_until(lambda: bool(world.chain.status().record.commits))
    return world.steps.taken


@pytest.fixture(scope="module")
def steps(config: SwarmConfig, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many steps all participants take together until the phase Propose is over."""
    with pytest.MonkeyPatch.context() as patch:
        return count_steps(config, tmp_path_factory.mktemp("steps"), patch)


def test_whoever_is_killed_at_any_step_proposes_what_it_pledged(
    steps: int, config: SwarmConfig, tmp_path: Path
) -> None:
    assert steps > 10
    for last in range(1, steps + 1):
        with pytest.MonkeyPatch.context() as patch:
            world = Watched(config, tmp_path / str(last), patch)
            world.steps.last = last
            world.run_until(world.is_settled)
            status = world.chain.status()
            assert (status.record.pledges, status.record.broken_pledges) == (2, 0), last
            assert status.record.outcome is Outcome.ACCEPTED
            assert world.early == []


def test_who_comes_back_in_propose_does_not_train_again(
    world: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run_until(lambda: world.phase() is Phase.PROPOSE)
    pledged = world.find(Act.PLEDGED)
    folders = [world.drivers[index].journal.folder / "waiting" for index in pledged]
    names = [[path.name for path in folder.iterdir()] for folder in folders]
    assert all(path.stat().st_mode & 0o077 == 0 for folder in folders for path in folder.iterdir())
    for index in pledged:
        world.restart(index)
    monkeypatch.setattr(Cohort, "train", lambda *_, **__: pytest.fail("it trains again"))
    world.run_until(lambda: world.find(Act.PROPOSED) == pledged)
    proposed = [[str(Cid.from_digest(digest)) for digest in digests(world, index)] for index in pledged]  # type: ignore[arg-type]
    assert proposed == names
    assert all(map(len, names))


def test_a_file_waits_no_longer_than_its_round(world: Watched) -> None:
    world.run_until(world.is_settled)
    for index, driver in enumerate(world.drivers):
        driver._let_go(world.chain.status())
        assert not list((driver.journal.folder / "waiting").glob("*"))
        world.restart(index)
        assert world.drivers[index].journal.waiting(1) == []


def test_who_pledges_too_late_does_not_propose_and_shows_its_file_to_nobody(world: Watched) -> None:
    world.run_until(lambda: world.phase() is Phase.PLEDGE)
    send, late = world.chain.send, set[str]()

    def lose(calls: Sequence[Call], **options: Any) -> list[Receipt]:
        if calls[0].method == "pledge" and late <= {calls[0].sender}:
            late.add(calls[0].sender)
            world.chain.advance(seconds=60)
            return []  # nobody mines it
        return send(calls, **options)

    world.chain.send = lose  # type: ignore[method-assign]
    world.run_until(world.is_settled)
    status = world.chain.status()
    assert (status.record.pledges, status.record.proposals) == (1, 1)
    [index] = [index for index, key in enumerate(world.keys) if key.address in late]
    [waiting] = world.drivers[index].journal.waiting(1)
    [file] = waiting.files
    assert not any(home.has(compute_cid(file)) for home in world.network.homes)


def test_where_the_store_refuses_nothing_is_proposed_and_the_reason_is_said(
    world: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.run_until(lambda: world.phase() is Phase.PROPOSE)
    index = world.find(Act.PLEDGED)[0]
    works = PeerStore.put

    def refuse(store: PeerStore, data: bytes) -> Cid:
        raise UnavailableError("the store is full.")

    class Stop(Exception):
        pass

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            assert world.find(Act.PROPOSED) == []
            monkeypatch.setattr(PeerStore, "put", works)
        if len(slept) == 3:
            raise Stop

    monkeypatch.setattr(PeerStore, "put", refuse)
    driver: Driver = world.drivers[index]
    driver._sleep, driver._outage_seconds = sleep, 60.0

    def tell(settled: Settled) -> Settled:
        return settled

    with caplog.at_level(logging.WARNING), pytest.raises(Stop):
        list(driver.run(1, tell))
    assert "the store is full. Trying again." in caplog.messages
    assert world.find(Act.PROPOSED) == [index]
