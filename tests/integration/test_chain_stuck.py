"""Transactions that aren't mined, on a real node: dropped, held back, priced out, forgotten in a restart."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from clients.engine.config import build
from clients.engine.driver import Driver
from clients.engine.journal import Journal
from clients.engine.launch import get_terms, resume_sent
from clients.engine.learners import build_bench
from clients.learning.codec import encode
from clients.learning.meters import Meters
from clients.mechanisms.base import Rules
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.participant import Participant
from clients.mechanisms.stake_vote import CONDUCT
from clients.ports.chain import AnvilNode, Web3Chain, setup_members
from clients.ports.chain.abi import Abi, packaged
from clients.ports.chain.fees import GWEI, Fees
from clients.ports.chain.flights import JournalEntry, Step
from clients.ports.keys import KeyedSalts, dev_key
from clients.ports.store.memory import MemoryStore
from clients.types.chain import Call
from clients.types.errors import UnavailableError, UnminedError
from clients.types.federation import Outcome, Phase, Schedule
from deploy.federation import deploy_federation
from tests.integration.chain_elsewhere import Elsewhere
from tests.integration.chain_federation import terms

pytestmark = [pytest.mark.needs("anvil"), pytest.mark.needs("node"), pytest.mark.slow]

COUNT = 4
KEYS = [dev_key(number) for number in range(COUNT)]
REVEAL = Abi(packaged("federation")).call("reveal", (1, b"", bytes(32)))[:4]


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with AnvilNode() as node:
        yield Elsewhere(node)


def pay(chain: Elsewhere, **options: Any) -> Step:
    """Return a payment that makes sense for a minute."""
    fixed = {"value": 1, "until": int(chain.time) + 60}
    return Step(KEYS[0].address, KEYS[1].address, b"", "pay", 21_000, **{**fixed, **options})


def price(chain: Elsewhere, wei: int) -> None:
    chain.request("anvil_setNextBlockBaseFeePerGas", hex(wei))


def base_fee(chain: Elsewhere) -> int:
    return int(chain.request("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)


# ---------------------------------------------------------------------- one transaction


def test_a_dropped_transaction_is_handed_over_again(elsewhere: Elsewhere) -> None:
    signed: list[JournalEntry] = []

    def drop(number: int) -> None:
        if number == 0:
            elsewhere.request("anvil_dropTransaction", signed[0].transaction)

    elsewhere.each_block = drop
    [mined] = elsewhere.link(KEYS, signed.append).sender.send([pay(elsewhere)])
    assert mined.ok
    assert [entry.transaction for entry in signed] == [mined.transaction]


def test_a_base_fee_that_rises_a_thousandfold_prices_nobody_out(elsewhere: Elsewhere) -> None:
    signed: list[JournalEntry] = []
    before = base_fee(elsewhere)
    elsewhere.each_block = lambda number: price(elsewhere, 900 * before) if number == 0 else None
    [mined] = elsewhere.link(KEYS, signed.append).sender.send([pay(elsewhere)])
    assert mined.ok
    assert len(signed) > 1
    assert {entry.nonce for entry in signed} == {0}
    assert elsewhere.request("eth_getTransactionCount", KEYS[0].address, "latest") == "0x1"


def test_above_the_ceiling_it_waits_until_gas_is_cheaper(elsewhere: Elsewhere) -> None:
    """Base fees fall by an eighth with every empty block."""
    elsewhere.each_block = lambda number: price(elsewhere, 30 * GWEI) if number == 0 else None
    signed: list[JournalEntry] = []
    link = elsewhere.link(KEYS, signed.append, Fees(ceiling=15 * GWEI))
    [mined] = link.sender.send([pay(elsewhere)])
    assert mined.ok
    assert max(entry.offer.most for entry in signed if entry.offer) <= 15 * GWEI


def test_a_node_restored_from_its_state_has_forgotten_its_pool(elsewhere: Elsewhere) -> None:
    first = elsewhere.link(KEYS)
    first.sender.send([pay(elsewhere)])
    elsewhere.each_block = lambda number: elsewhere.restart() if number == elsewhere.blocks == 3 else None
    signed: list[JournalEntry] = []
    while elsewhere.blocks < 3:
        elsewhere.sleep(1.0)
    [mined] = elsewhere.link(KEYS, signed.append).sender.send([pay(elsewhere, value=2)])
    assert mined.ok
    assert len(signed) == 1


def test_we_may_be_killed_and_the_node_restored(elsewhere: Elsewhere) -> None:
    signed: list[JournalEntry] = []
    link = elsewhere.link(KEYS, signed.append)
    act = pay(elsewhere, until=None)
    elsewhere.each_block = lambda number: elsewhere.request("anvil_dropAllTransactions")
    with pytest.raises(UnminedError):
        link.sender.send([act], wait=5)
    elsewhere.each_block = lambda number: None
    elsewhere.restart()
    again = elsewhere.link(KEYS, signed.append)
    again.sender.adopt(signed)
    [mined] = again.sender.send([act])
    assert mined.transaction == signed[0].transaction
    assert {entry.nonce for entry in signed} == {0}


def test_a_deployment_by_nodes_that_lag(elsewhere: Elsewhere) -> None:
    elsewhere.lag = 2
    link = elsewhere.link(KEYS)
    for _ in range(3):
        record = deploy_federation(link, KEYS[0].address, terms())
    elsewhere.lag = 0
    assert record.open(link).view("terms")[0][0] == record.token.address


# ---------------------------------------------------------------------- a federation


class Killed(BaseException):
    """Stands for the end of a process."""


@dataclass
class Member:
    """One participant with a store, a journal, a link and a driver of its own, as a process would have."""

    world: "Federation"
    index: int
    journal: Journal = field(init=False)
    chain: Web3Chain = field(init=False)
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        world, key = self.world, KEYS[self.index]
        self.journal = Journal(world.folder / f"journal{self.index}")
        link = world.elsewhere.link([key], self.journal.note_sent)
        self.chain = world.record.open(link)
        resume_sent(self.chain, [key.address], self.journal, sleep=world.elsewhere.sleep)
        meters = Meters()
        self.driver = Driver(
            chain=self.chain,
            store=world.store,
            cohort=Cohort(world.bench, world.store, meters, "accuracy", world.config.seed),
            participants=[Participant(self.index, key.address, KeyedSalts(key))],
            rules=Rules(CONDUCT, world.terms, world.config.own),
            journal=self.journal,
            meters=meters,
            poll_seconds=1.0,
            clock=world.elsewhere.clock,
            sleep=world.elsewhere.sleep,
        )

    def restart(self) -> None:
        self.journal.close()
        self.start()


class Federation:
    """A deployed federation whose members take turns on one chain."""

    def __init__(self, elsewhere: Elsewhere, folder: Path) -> None:
        self.elsewhere, self.folder = elsewhere, folder
        settings = {"clients": COUNT, "proposers": 1, "malicious": 0, "model": "logistic", "device": "cpu"}
        self.config = build({"rules": "paper", **settings, "local_epochs": 1, "tolerance": 1.0})
        self.bench = build_bench(self.config)
        self.store = MemoryStore()
        genesis = self.store.put(encode(self.bench.initial_weights(), self.bench.schema)).digest
        schedule = Schedule(open=1, propose=120, commit=120, reveal=120, publish=0, unbonding=3600)
        link = elsewhere.link(KEYS)
        asked = replace(get_terms(self.config, genesis), schedule=schedule)
        self.record = deploy_federation(link, KEYS[0].address, asked)
        self.terms = self.record.terms
        self.stake = self.config.stake
        chain = self.record.open(link)
        accounts = [key.address for key in KEYS]
        setup_members(link, chain.token, chain.federation, accounts, self.stake, minter=accounts[0])
        for account in accounts:
            [receipt] = chain.send([Call(account, "join", (self.stake,))])
            assert receipt.error is None
        self.members = [Member(self, index) for index in range(COUNT)]

    def play(self, rounds: int = 1) -> None:
        """Let everybody act in turn until round `rounds` is settled."""
        for _ in range(400):
            for member in self.members:
                try:
                    status = member.driver._look()
                    if status.round >= rounds and status.record.outcome is not Outcome.NONE:
                        return
                    member.driver.sweep(status)
                except Killed:
                    member.restart()
                except UnavailableError:
                    pass
            self.elsewhere.sleep(1.0)
        raise AssertionError("the round doesn't end")

    def check(self) -> None:
        """See that every vote counted and nobody lost anything."""
        chain = self.members[0].chain
        record = chain.round(1)
        assert record.outcome is Outcome.ACCEPTED
        assert record.reveals == record.commits == COUNT - 1
        assert all(member.balance >= self.stake for member in chain.members())
        methods = [event.name for event in chain.events()]
        assert methods.count("Revealed") == COUNT - 1


def held(world: Federation) -> None:
    """The first reveal stays pending until another transaction takes its nonce."""
    world.elsewhere.hold(REVEAL)


def thousandfold(world: Federation) -> None:
    """The base fee rises a thousandfold as soon as there is a reveal in the pool."""
    chain = world.elsewhere
    reveals: list[int] = []

    def rise(number: int) -> None:
        if reveals == [1]:
            reveals.append(2)
            price(chain, 1000 * min(base_fee(chain), GWEI * 9 // 10))

    chain.each_block = rise
    chain.on_send = lambda sent: reveals.append(1) if not reveals and sent.data[:4] == REVEAL else None  # type: ignore[func-returns-value]


def forgotten(world: Federation) -> None:
    """The node forgets its pool before most blocks, and once it is killed and restored from its state."""
    chain = world.elsewhere
    phase = world.members[0].chain

    def forget(number: int) -> None:
        if number % 4:
            chain.request("anvil_dropAllTransactions")
        elif phase.status().phase is Phase.REVEAL and not hasattr(chain, "restored"):
            chain.restored = True  # type: ignore[attr-defined]
            chain.restart()

    chain.each_block = forget


def killed(world: Federation) -> None:
    """A participant is killed while its reveal is held, first between signing and sending."""
    world.elsewhere.hold(REVEAL)
    whole, deaths = world.elsewhere.on_send, [0]

    def on_send(sent: Any) -> str | None:
        if sent.data[:4] == REVEAL and deaths[0] < 2:
            deaths[0] += 1
            if deaths[0] == 2:
                whole(sent)
            raise Killed
        world.elsewhere.on_send = whole
        return whole(sent)

    world.elsewhere.on_send = on_send


@pytest.mark.parametrize("trouble", [held, thousandfold, forgotten, killed])
def test_trouble_with_a_reveal_costs_nobody_a_vote(
    elsewhere: Elsewhere, tmp_path: Path, trouble: Callable[[Federation], None]
) -> None:
    world = Federation(elsewhere, tmp_path)
    trouble(world)
    world.play()
    elsewhere.each_block = lambda number: None
    world.check()
    reveals = [sent for sent in elsewhere.sent if sent.data[:4] == REVEAL]
    assert len({(one.sender, one.nonce) for one in reveals}) == COUNT - 1, "one act has one nonce"
    assert max(Counter(one.sender for one in reveals).values()) > 1, "there was trouble"
    assert trouble is forgotten or len({one.hash for one in reveals}) > COUNT - 1, "it was replaced"
    assert max(one.most for one in reveals) <= Fees().ceiling
