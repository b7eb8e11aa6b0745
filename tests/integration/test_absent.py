"""Members that stay away from a federation of `stake_jury`: the others report them, put them out, and go on.

The federation is the specification's, or a contract's on a node at a URL, with a clock that runs as those
who are present wait for the others. Learning is exact and quick (`ExactBench`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from clients.engine.config import SwarmConfig, build
from clients.engine.driver import Driver
from clients.engine.journal import Journal
from clients.engine.launch import Launched, enter_all, get_beacon_value, get_terms
from clients.engine.settled import Settled
from clients.learning.meters import Meters
from clients.mechanisms.base import Rules
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.participant import Participant
from clients.mechanisms.stake_jury import CONDUCT
from clients.ports.chain import AnvilNode, open_link, setup_members
from clients.ports.keys import SeededSalts, dev_key
from clients.ports.store.memory import MemoryStore
from clients.protocol.simulator import SpecChain
from clients.roles.keeper import PATIENCE
from clients.types.chain import Call, Chain
from clients.types.federation import Outcome, Schedule, StakeJuryTerms, Standing
from deploy.federation import deploy_federation
from tests.integration.exact_bench import ExactBench

MEMBERS, ABSENT, ABSENT_AFTER, ROUNDS = 10, 3, 2, 7
SCHEDULE = Schedule(pledge=300, propose=300, commit=300, reveal=300, publish=300)
POLL = 5
KEYS = [dev_key(number) for number in range(MEMBERS)]
ACCOUNTS = [key.address for key in KEYS]


Found = Callable[[StakeJuryTerms, SwarmConfig], tuple[Chain, Callable[[int], None]]]
"""Founds a federation with all accounts in it; returns it, and what sets its clock forward by so many
seconds."""


@dataclass
class World:
    """A federation of ten, of whom the last three never act, and the driver of the others."""

    chain: Chain
    driver: Driver
    present: list[str]
    absent: list[str]
    stake: int
    slept: float = 0.0

    def run(self, rounds: int) -> Iterator[Settled]:
        return self.driver.run(rounds, lambda settled: settled)


def specify(terms: StakeJuryTerms, config: SwarmConfig) -> tuple[Chain, Callable[[int], None]]:
    funds, beacon_value = dict.fromkeys(ACCOUNTS, config.stake), get_beacon_value(config.seed)
    chain = SpecChain(CONDUCT.spec, terms, funds, beacon_value=beacon_value)
    enter_all(Launched(chain, "spec", chain), CONDUCT.entry, terms, ACCOUNTS, config.stake)
    return chain, chain.advance


def found(folder: Path, home: Found = specify, **terms: Any) -> World:
    config = build(
        {"mechanism": "stake_jury", "clients": MEMBERS, "proposers": 3, "malicious": 0, "device": "cpu"}
    )
    store, meters = MemoryStore(), Meters()
    cohort = Cohort(ExactBench(), store, meters, "accuracy", config.seed)  # type: ignore[arg-type]
    plain: Any = get_terms(config, store.put(cohort.genesis()).digest)
    own: StakeJuryTerms = replace(
        plain, **{"schedule": SCHEDULE, "founders": tuple(ACCOUNTS), "absent_after": ABSENT_AFTER, **terms}
    )
    chain, advance = home(own, config)
    here = MEMBERS - ABSENT
    driver = Driver(
        chain=chain,
        store=store,
        cohort=cohort,
        participants=[
            Participant(index, account, SeededSalts(config.seed, index))
            for index, account in enumerate(ACCOUNTS[:here])
        ],
        rules=Rules(CONDUCT, own, config.own),  # type: ignore[arg-type]
        journal=Journal(folder / "journal"),
        meters=meters,
        poll_seconds=POLL,
        clock=lambda: world.slept,
        sleep=lambda seconds: sleep(seconds),
    )
    world = World(chain, driver, ACCOUNTS[:here], ACCOUNTS[here:], config.stake)

    def sleep(seconds: float) -> None:
        world.slept += seconds
        advance(int(seconds))

    return world


def count_members(number: int) -> int:
    """Return how many are in round `number`: one of those who are absent is put out a round."""
    return MEMBERS - min(max(number - ABSENT_AFTER, 0), ABSENT)


def find_missed(settled: Settled) -> list[object]:
    """Return whom the round's keepers reported."""
    return [event.args["account"] for event in settled.log.named("Missed")]


@pytest.mark.parametrize("decoy_odds", [0, 3])
def test_who_never_acts_is_put_out_one_a_round_after_two_and_the_others_go_on(
    tmp_path: Path, decoy_odds: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "clients.engine.driver")
    world = found(tmp_path, decoy_odds=decoy_odds)
    seconds: dict[int, float] = {}
    for settled in world.run(ROUNDS):
        number, before = settled.status.round, sum(seconds.values())
        seconds[number] = world.slept - before
        assert settled.status.record.outcome is Outcome.ACCEPTED
        assert settled.status.record.members == count_members(number)
        assert find_missed(settled) == (world.absent if number <= ABSENT_AFTER else [])
        assert [member.account for member in settled.members] == world.present
        assert all(member.balance >= world.stake for member in settled.members), "the honest lose nothing"
    assert sorted(seconds) == list(range(1, ROUNDS + 1))
    assert {member.account for member in world.chain.members()} == set(world.present)
    for account in world.absent:
        member = world.chain.member(account)
        assert (member.record.standing, member.balance) == (Standing.LEAVING, world.stake)
    evicted = [event.args["account"] for event in world.chain.events() if event.name == "Evicted"]
    assert sorted(map(str, evicted)) == sorted(world.absent)
    empty = ABSENT_AFTER + ABSENT
    assert max(seconds[number] for number in range(empty, ROUNDS + 1)) <= 4 * PATIENCE, "nobody is waited for"
    assert min(seconds[number] for number in range(1, empty)) > 4 * PATIENCE
    assert "was refused" not in caplog.text, "keepers' calls don't collide"


def test_reports_take_no_time(tmp_path: Path) -> None:
    """Rounds last as long as where nobody is put out, and so nobody reports."""
    worlds = [found(tmp_path / str(limit), absent_after=limit) for limit in (0, 100)]
    told = [list(map(find_missed, world.run(3))) for world in worlds]
    assert told == [[[]] * 3, [worlds[0].absent] * 3]
    assert worlds[0].slept == worlds[1].slept


@pytest.fixture
def anvil() -> Iterator[Found]:
    """Founds federations on an Anvil whose clock goes by itself, as on a chain of others."""
    with AnvilNode(block_time=1, genesis_time=None) as node, open_link(node.url, KEYS) as link:
        assert link.control is None

        def home(terms: StakeJuryTerms, config: SwarmConfig) -> tuple[Chain, Callable[[int], None]]:
            beacon_value = get_beacon_value(config.seed)
            deployed = deploy_federation(link, ACCOUNTS[0], terms, beacon_value=beacon_value)
            token, federation = deployed.token.address, deployed.federation.address
            setup_members(link, token, federation, ACCOUNTS, config.stake, minter=ACCOUNTS[0])
            chain = deployed.open(link)
            chain.send([Call(account, "join", (config.stake,)) for account in ACCOUNTS])

            def advance(seconds: int) -> None:
                link.rpc.request("evm_increaseTime", seconds)
                link.rpc.request("evm_mine")

            return chain, advance

        yield home


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_so_it_is_on_a_chain_of_others(anvil: Found, tmp_path: Path) -> None:
    world = found(tmp_path, anvil)
    rounds = [
        (settled.status.record.members, find_missed(settled)) for settled in world.run(ABSENT_AFTER + ABSENT)
    ]
    assert [members for members, _ in rounds] == [count_members(number + 1) for number in range(len(rounds))]
    assert [set(missed) for _, missed in rounds] == [set(world.absent)] * ABSENT_AFTER + [set()] * ABSENT
    assert {world.chain.member(account).balance for account in ACCOUNTS} == {world.stake}
