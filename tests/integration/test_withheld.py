"""One update that is withheld, or served late: how long it delays the jury, and who has it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.engine.config import SwarmConfig, build
from clients.engine.driver import Driver
from clients.engine.launch import get_terms
from clients.roles.judging import get_numbers
from clients.types.cid import Cid
from clients.types.federation import Outcome, Phase
from clients.types.store import ContentMissing
from tests.integration.test_driver import Network
from tests.integration.test_handing_on import CONFIG, JuryWorld, Keeping

STEP = 5
"""Seconds between two looks of a participant."""


class Withholding(Keeping):
    """A store in which a file of somebody else's isn't to be had before its time. It counts tries in vain."""

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        network = self._network
        assert isinstance(network, LateNetwork)
        if cid in network.late and not self.has(cid) and network.now() < network.late[cid]:
            network.tries += 1
            raise ContentMissing(cid, "its proposer doesn't serve it yet")
        return super().get(cid, max_bytes=max_bytes)


class LateNetwork(Network):
    def __init__(self) -> None:
        super().__init__()
        self.late: dict[Cid, float] = {}
        self.tries = 0
        self.now: Any = lambda: 0.0

    def join(self) -> Withholding:
        store = Withholding(self)
        self.homes.append(store)
        return store


class TimedWorld(JuryWorld):
    """A federation in which participants wait by the chain's clock."""

    build_network = LateNetwork

    def driver(self, index: int, **changes: Any) -> Driver:
        return super().driver(index, clock=lambda: float(self.chain.now()), **changes)

    def run_while(self, phase: Phase) -> None:
        """Let everybody do what is due until the phase is another."""
        for _ in range(3000):
            for driver in self.drivers:
                if self.chain.status().phase is not phase:
                    return
                driver.sweep(driver._look())
            self.chain.advance(seconds=STEP)
        raise AssertionError(self.chain.status())


@pytest.fixture(scope="module")
def config() -> SwarmConfig:
    return build({**CONFIG, "device": "cpu"})


@pytest.mark.parametrize("length", [120, 3600])
@pytest.mark.parametrize("late", [0.0, 0.4, 0.6, None])
def test_jurors_wait_for_half_of_the_length_of_their_phase_and_no_longer(
    config: SwarmConfig, tmp_path: Path, length: int, late: float | None
) -> None:
    """`late`: when an update is served, as a share of the length; None: never."""
    schedule = replace(get_terms(config, b"\1" * 32).schedule, commit=length)
    world = TimedWorld(config, tmp_path, schedule=schedule, decoy_odds=0)
    network = world.network
    assert isinstance(network, LateNetwork)
    network.now = world.chain.now
    for phase in (Phase.OPEN, Phase.DRAW, Phase.PLEDGE, Phase.PROPOSE):
        world.run_while(phase)
    status, began = world.chain.status(), world.chain.now()
    assert status.propose_end - began > 2 * 3600 - 1000, "everybody proposed at once"
    first, _ = (event.args for event in world.named("Proposed"))
    cid = Cid.from_digest(first["digest"])  # type: ignore[arg-type]
    network.late[cid] = float("inf") if late is None else began + late * length
    world.run_while(Phase.COMMIT)
    took = world.chain.now() - began
    tries = network.tries
    world.run_while(Phase.REVEAL)
    had = [get_numbers(event.args["ballot"][32:]) for event in world.named("Revealed")]  # type: ignore[index]
    in_time = late is not None and late < 0.5
    assert had == [{0, 1} if in_time else {1}] * 3
    assert took <= (late if in_time and late is not None else 0.5) * length + 3 * STEP
    assert bool(tries) == (late != 0.0)
    world.run_while(Phase.PUBLISH)
    world.run_while(Phase.SETTLE)
    assert world.chain.status().record.outcome is Outcome.ACCEPTED
    assert {world.chain.member(key.address).balance for key in world.keys} == {config.stake}, "nobody pays"
