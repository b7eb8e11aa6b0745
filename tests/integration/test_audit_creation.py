"""Federations that have our code and our terms, and were created in another way: the audit says so."""

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from clients.audit import _compile
from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.checkpoint import Point
from clients.auditing.code import Compiled, compute_created
from clients.auditing.findings import CreationCheck
from clients.auditing.nodesource import NodeSource
from clients.ports.chain import Link, Token, Web3Devnet, open_chain, setup_members
from clients.ports.chain.abi import as_int
from clients.ports.chain.flights import Step
from clients.ports.chain.rpc import RpcError
from clients.ports.chain.terms import abi_of
from clients.types.chain import Call
from clients.types.federation import Address
from tests.integration.chain_federation import FUNDS, World, join, opened, play_round

pytestmark = pytest.mark.slow

SLOTS = 64
NODES = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("anvil", "hardhat")]
HOMES = ["eth-tester", *NODES]


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with opened(request.param) as one:
        yield one


def audit(source: NodeSource, **options: Any) -> AuditResult:
    scope = Scope(first_block=source.find_first_block())
    return Auditor(source, scope, known=_compile(source), contract="StakeVote", **options).run()


def create(world: World, data: bytes) -> Address:
    """Return the address of the contract that the deployer creates with `data`."""
    step = Step(world.deployer.address, None, data, "deploy something else", 20_000_000)
    [mined] = world.link.sender.send([step])
    assert mined.ok
    assert mined.created
    return mined.created


def play(world: World, federation: Address, members: Sequence[Address]) -> Web3Devnet:
    """Let `members` join a federation of the world's terms, and play a round."""
    chain = open_chain(world.link, federation, abi=abi_of("stake_vote"))
    assert isinstance(chain, Web3Devnet)
    token = world.deployment.token.address
    setup_members(world.link, token, federation, world.accounts, FUNDS, minter=world.deployer.address)
    join(chain, members)
    play_round(chain, members)
    return chain


# ------------------------------------------------------------------ a constructor of the deployer's own


def push(value: int, size: int = 2) -> bytes:
    """Return the instruction that pushes `value`."""
    return bytes([0x5F + size]) + value.to_bytes(size, "big")


def copy(at: int, size: int) -> bytes:
    """Return the instructions that copy a part of the code to the memory's beginning."""
    return push(size) + push(at) + push(0) + b"\x39"  # CODECOPY


def assemble(write: Callable[[int], bytes], data: bytes) -> bytes:
    """Return instructions with `data` behind them; `write` takes the place of the data."""
    return write(len(write(0))) + data


def make_evil(storage: dict[int, int], kept: bytes, runtime: bytes) -> bytes:
    """Return a creation code that writes `storage`, creates the keeper, and returns `runtime`."""
    keeper = assemble(lambda at: copy(at, len(kept)) + push(len(kept)) + push(0) + b"\xf3", kept)

    def write(at: int) -> bytes:
        stores = [push(value, 32) + push(slot, 32) + b"\x55" for slot, value in storage.items()]
        created = copy(at, len(keeper)) + push(len(keeper)) + push(0) + push(0) + b"\xf0\x50"  # CREATE, POP
        return (
            b"".join(stores)
            + created
            + copy(at + len(keeper), len(runtime))
            + push(len(runtime))
            + push(0)
            + b"\xf3"  # RETURN
        )

    return assemble(write, keeper + runtime)


def read(link: Link, account: Address, slot: int) -> int:
    return as_int(link.rpc.request("eth_getStorageAt", account, hex(slot), "latest"))


def compute_slot(account: Address, slot: int) -> int:
    """Return where a mapping at `slot` has the value of `account`."""
    return int.from_bytes(keccak(encode(["address", "uint256"], [account, slot])), "big")


def plant_stake(world: World, thief: Address) -> Address:
    """Create a federation in which `thief` has left with a stake that it never paid; return its address.

    All else is as in the world's own federation: code, terms, and the storage that our constructor writes.
    """
    link, twin = world.link, world.chain.federation
    storage = {slot: value for slot in range(SLOTS) if (value := read(link, twin, slot))}
    join(world.chain, world.accounts)
    world.chain.send([Call(world.accounts[0], "exit")])
    records = {slot: read(link, twin, compute_slot(world.accounts[0], slot)) for slot in range(SLOTS)}
    [place] = [slot for slot, value in records.items() if value]
    storage[compute_slot(thief, place)] = records[place]
    source = NodeSource(link, twin)
    ours, tip = _compile(source)["StakeVote"], source.tip().number
    built = source.build(ours.creation, tip)
    assert built == source.code(twin, tip)
    return create(world, make_evil(storage, b"\0" + ours.arguments, built))


@pytest.mark.parametrize("world", NODES, indirect=True)
def test_a_stake_that_another_constructor_wrote_is_found_by_the_creation_alone(world: World) -> None:
    *members, thief = world.accounts
    federation, kept = plant_stake(world, thief), list[Sequence[Point]]()
    chain = play(world, federation, members)
    source = NodeSource(world.link, federation)
    first = audit(source, save=kept.append)
    [finding] = first.findings
    assert (finding.kind, finding.what) == ("code", "what created the contract")
    assert (finding.account, finding.block) == (world.deployer.address, source.find_first_block())
    assert finding.found.startswith("other data: ")
    play_round(chain, members)
    later = audit(source, points=kept[-1])
    assert later.findings == first.findings
    assert (later.rounds, later.creation) == (2, CreationCheck.COMPARED)
    # What was planted is worth what it seems.
    chain.advance(10 * 86_400)
    tokens = Token(world.link, world.deployment.token.address)
    before = tokens.balance(thief)
    [taken] = chain.send([Call(thief, "withdraw")])
    assert taken.error is None
    assert tokens.balance(thief) - before == 2000


# ------------------------------------------------------------------ a contract that creates, and other data


def build_factory(creation: bytes) -> bytes:
    """Return code that creates a contract by `creation`, and is none itself."""
    return assemble(
        lambda at: copy(at, len(creation)) + push(len(creation)) + push(0) + push(0) + b"\xf0\x00", creation
    )


@pytest.mark.parametrize("world", HOMES, indirect=True)
@pytest.mark.parametrize("guess", [None, 1])
def test_a_creation_by_a_contract_cannot_be_compared(world: World, guess: int | None) -> None:
    ours = _compile(NodeSource(world.link, world.chain.federation))["StakeVote"]
    federation = compute_created(create(world, build_factory(ours.creation)), 1)
    source = NodeSource(world.link, federation, created=guess)
    block = source.tip().number
    play(world, federation, world.accounts)
    verdict = audit(source)
    [finding] = verdict.findings
    assert (finding.kind, finding.found.split(",")[0]) == ("code", "a contract created it")
    assert (finding.block, verdict.first.number) == (block, block)
    assert verdict.creation == CreationCheck.COMPARED


@pytest.mark.parametrize("world", ["eth-tester"], indirect=True)
def test_every_byte_of_the_transaction_counts(world: World) -> None:
    ours = _compile(NodeSource(world.link, world.chain.federation))["StakeVote"]
    federation = create(world, ours.creation + b"\0")  # a byte that the constructor doesn't read
    play(world, federation, world.accounts)
    [finding] = audit(NodeSource(world.link, federation)).findings
    assert finding.found == f"other data: {len(ours.creation) + 1} bytes, not {len(ours.creation)}"


# ------------------------------------------------------------------ what is named, and what is forgotten


@pytest.mark.parametrize("world", HOMES, indirect=True)
def test_a_creation_is_found_whatever_block_is_named(world: World) -> None:
    join(world.chain, world.accounts)
    federation, record = world.chain.federation, world.deployment.federation
    [*others] = range(NodeSource(world.link, federation).tip().number + 3)
    for guess in (None, *others):
        source = NodeSource(world.link, federation, created=guess)
        found = source.find_creation()
        assert found is not None
        assert (found.block, found.transaction) == (record.block, record.transaction)
        assert (found.sender, found.data) == (world.deployer.address, creation_of(source).creation)
        assert source.find_first_block() == record.block


def creation_of(source: NodeSource) -> Compiled:
    return _compile(source)["StakeVote"]


class Forgetful:
    """A node that has forgotten the states after some blocks. `says`: its answer about one of them."""

    def __init__(self, link: Link, gone: Container[int], says: Callable[[str], object]) -> None:
        self._rpc, self._gone, self._says = link.rpc, gone, says
        self.where = link.rpc.where

    def batch(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self._answer(method, params) for method, params in asked]

    def request(self, method: str, *params: Any) -> Any:
        [answer] = self.batch([(method, params)])
        if isinstance(answer, RpcError):
            raise answer
        return answer

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        old = method in STATES and params[1] != "latest" and int(params[1], 16) in self._gone
        return self._says(method) if old else self._rpc.batch([(method, params)])[0]

    def close(self) -> None:
        """Do nothing: the link closes its own."""


STATES = {"eth_getCode": "0x", "eth_getTransactionCount": "0x0"}
GONE = "missing trie node 1f (path ) state 0x1f is not available"
FORGOTTEN: dict[str, Callable[[str], object]] = {
    "an error": lambda method: RpcError(method, -32000, GONE),
    "nothing": lambda method: STATES[method],
    "null": lambda method: None,
}


@pytest.mark.parametrize("world", ["eth-tester"], indirect=True)
@pytest.mark.parametrize("says", FORGOTTEN)
def test_a_node_that_forgets_states_is_not_passed_over(
    world: World, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, federation = world.link, world.chain.federation
    factory = create(world, build_factory(creation_of(NodeSource(link, federation)).creation))
    strange = compute_created(factory, 1)
    for one in (federation, strange):
        play(world, one, world.accounts)
    forgetful = Forgetful(link, range(NodeSource(link, federation).tip().number), FORGOTTEN[says])
    monkeypatch.setattr(link, "rpc", forgetful)
    for guess in (None, world.deployment.federation.block):  # the first by looking through the chain
        known = audit(NodeSource(link, federation, created=guess))
        assert (known.findings, known.creation) == ((), CreationCheck.COMPARED)
        monkeypatch.setattr("clients.auditing.creation.EARLY", 0)
    for one, guess in ((federation, None), (federation, 1), (strange, None)):
        unknown = audit(NodeSource(link, one, created=guess))
        assert (unknown.findings, unknown.creation) == ((), CreationCheck.UNKNOWN)
        assert unknown.rounds == 1


class Once:
    """A block that is missing the first time that it is asked for."""

    def __init__(self, number: int) -> None:
        self._numbers: set[object] = {number}

    def __contains__(self, number: object) -> bool:
        missing = number in self._numbers
        self._numbers -= {number}
        return missing


@pytest.mark.parametrize("world", ["eth-tester"], indirect=True)
@pytest.mark.parametrize("says", FORGOTTEN)
@pytest.mark.parametrize("make", [Once, lambda number: [number]])
def test_a_state_that_is_missing_accuses_nobody(
    world: World, says: str, make: Callable[[int], Container[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    join(world.chain, world.accounts)
    rpc, record = world.link.rpc, world.deployment.federation
    monkeypatch.setattr("clients.auditing.creation.EARLY", 0)
    tip, found = NodeSource(world.link, record.address).tip().number, 0
    for gone in range(tip):
        monkeypatch.setattr(world.link, "rpc", rpc)
        monkeypatch.setattr(world.link, "rpc", Forgetful(world.link, make(gone), FORGOTTEN[says]))
        creation = NodeSource(world.link, record.address).find_creation()
        assert creation is None or creation.transaction == record.transaction
        found += creation is not None
    assert 0 < found < tip  # the search asks about some of them
