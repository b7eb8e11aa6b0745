"""Every home of the chain behaves the same: eth-tester, Anvil and the Hardhat node, the real ones."""

import random
from collections.abc import Iterator
from itertools import chain as joined

import pytest

from clients.ports.chain import Web3Chain, open_chain
from clients.ports.chain.flights import JournalEntry
from clients.ports.keys import derive_keys, dev_key
from clients.protocol.simulator import SpecChain
from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.chain import Call, Devnet
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import Act, Outcome, Phase, Role, Standing
from tests.integration.chain_federation import (
    BEACON_VALUE,
    FUNDS,
    World,
    commitment,
    draw,
    found,
    join,
    opened,
    play_round,
    terms,
)

HOMES = [
    "eth-tester",
    pytest.param("anvil", marks=pytest.mark.needs("anvil")),
    pytest.param("hardhat", marks=[pytest.mark.needs("hardhat"), pytest.mark.slow]),
]
pytestmark = pytest.mark.needs("node")  # it compiles


@pytest.fixture(scope="module", params=HOMES)
def home(request: pytest.FixtureRequest) -> Iterator[World]:
    with opened(request.param, 6) as world:
        yield world


@pytest.fixture
def world(home: World) -> World:
    """A fresh federation on the module's chain."""
    return found(home.link, home.keys, home.deployer)


def errors(receipts: list) -> list[ProtocolError | None]:
    return [receipt.error for receipt in receipts]


def test_is_a_devnet(world: World) -> None:
    chain: Devnet = world.chain
    assert chain.chain_id == 31337
    assert chain.federation == world.deployment.federation.address


def test_an_identity_is_of_one_federation_in_one_life_of_a_chain(world: World) -> None:
    again = open_chain(world.link, world.chain.federation)
    other = found(world.link, world.keys, world.deployer).chain
    chain_id, federation, first = world.chain.identity().split(":")
    assert (chain_id, federation) == ("31337", world.chain.federation)
    assert first.startswith("0x")
    assert len(first) == 66
    assert again.identity() == world.chain.identity() != other.identity()


def test_what_is_on_its_way_counts_as_pending(world: World) -> None:
    account, link = world.accounts[0], world.link
    latest, held = world.chain.pending(account)
    assert latest == held
    data = {"to": account, "value": 0, "gas": 21_000, "chainId": 31337, "nonce": latest}
    data |= {"type": 2, "maxFeePerGas": 10**12, "maxPriorityFeePerGas": 10**9}
    link.ask("eth_sendRawTransaction", world.keys[0].sign(data).raw)
    assert world.chain.pending(account) == (latest, latest + 1)
    world.chain.advance()
    assert world.chain.pending(account) == (latest + 1, latest + 1)
    [receipt] = world.chain.send([Call(account, "exit")])  # that one went past our own count of nonces
    assert receipt.error == ProtocolError("NotMember", account, Standing.STRANGER)


def test_a_batch_is_executed_in_the_order_given(world: World) -> None:
    accounts = world.accounts
    random.Random(7).shuffle(accounts)
    join(world.chain, accounts)
    assert [member.account for member in world.chain.members()] == accounts
    assert len({event.block for event in world.chain.events()}) == 1, "a batch is a block"


def test_many_transactions_of_one_sender_keep_their_order(world: World) -> None:
    who = world.accounts[0]
    calls = [Call(who, "join", (1000,)), *(Call(who, "deposit", (amount,)) for amount in range(1, 41))]
    receipts = world.chain.send(calls)
    assert errors(receipts) == [None] * 41
    stakes = [event.args["stake"] for receipt in receipts for event in receipt.events]
    assert stakes == [1000 + n * (n + 1) // 2 for n in range(41)]


def test_refusals_carry_the_contracts_own_errors(world: World) -> None:
    chain, (a, b, *_) = world.chain, world.accounts
    poor, funds = world.deployer.address, world.chain.tokens(b)
    cases = [
        (Call(a, "join", (999,)), ProtocolError("StakeTooLow", 999, 1000)),
        (Call(a, "join", (2**96,)), ProtocolError("AmountTooLarge", 2**96, 2**96 - 1)),
        (Call(a, "exit"), ProtocolError("NotMember", a, Standing.STRANGER)),
        (Call(a, "withdraw"), ProtocolError("NothingToWithdraw", a)),
        (Call(a, "open"), ProtocolError("TooFewMembers", 0, 4)),
        (Call(a, "draw"), ProtocolError("WrongPhase", Phase.OPEN, Phase.DRAW)),
        (Call(a, "propose", (1, b"\1" * 32, 1, 1)), ProtocolError("WrongRound", 1, 0)),
        (Call(a, "settle"), ProtocolError("WrongPhase", Phase.OPEN, Phase.SETTLE)),
        (Call(a, "collect", (b,)), ProtocolError("NotMember", b, Standing.STRANGER)),
        (
            Call(poor, "join", (1000,)),
            ProtocolError("ERC20InsufficientAllowance", chain.federation, 0, 1000),
        ),
        (Call(b, "join", (2 * funds,)), ProtocolError("ERC20InsufficientBalance", b, funds, 2 * funds)),
    ]
    receipts = chain.send([call for call, _ in cases])
    assert errors(receipts) == [error for _, error in cases]
    assert all(receipt.events == () for receipt in receipts)
    assert chain.events() == []


def test_a_refusal_within_a_batch_sees_what_came_before_it(world: World) -> None:
    a, b, *_ = world.accounts
    join(world.chain, world.accounts[1:])
    calls = [
        Call(a, "join", (1000,)),
        Call(a, "join", (1000,)),
        Call(b, "open"),
        Call(a, "open"),
        Call(b, "exit"),
    ]
    assert errors(world.chain.send(calls)) == [
        None,
        ProtocolError("AlreadyMember", a, Standing.MEMBER),
        None,
        ProtocolError("WrongPhase", Phase.DRAW, Phase.OPEN),
        ProtocolError("WrongPhase", Phase.DRAW, Phase.OPEN),
    ]


@pytest.mark.parametrize("confirm", [False, True])
def test_confirmed_calls_have_the_same_outcome(world: World, confirm: bool) -> None:
    chain = open_chain(world.link, world.chain.federation, confirm=confirm)
    a, b, c, d, *_ = world.accounts
    calls = [
        Call(a, "join", (1000,)),
        Call(a, "deposit", (0,)),  # refused, and only after the join for this reason
        Call(b, "join", (1000,)),
        Call(c, "join", (1,)),
        Call(c, "join", (1000,)),
        Call(d, "join", (1000,)),
        Call(a, "open"),
        Call(b, "open"),
    ]
    receipts = chain.send(calls)
    assert errors(receipts) == [
        None,
        ProtocolError("ZeroAmount"),
        None,
        ProtocolError("StakeTooLow", 1, 1000),
        None,
        None,
        None,
        ProtocolError("WrongPhase", Phase.DRAW, Phase.OPEN),
    ]
    refused = [receipt for receipt in receipts if receipt.error]
    if confirm:
        assert [receipt.gas for receipt in refused] == [0, 0, 0]
    else:
        assert all(receipt.gas > 21_000 for receipt in refused)


def test_a_round(world: World) -> None:
    chain, accounts = world.chain, world.accounts
    join(chain, accounts)
    proposers, voters = draw(chain, accounts[2])
    assert len(proposers), len(voters) == (2, 4)
    status = chain.status()
    assert (status.phase, status.round, status.members, status.proposers) == (Phase.PROPOSE, 1, 6, 2)
    assert status.propose_end == status.record.drawn_at + 3600
    member = chain.member(proposers[0])
    assert (member.roles, member.record.acts, member.balance) == (Role.PROPOSER, Act.NONE, 2000)

    digest = b"\7" * 32
    chain.send([Call(who, "propose", (1, digest, 10, 5)) for who in proposers])
    salt = b"\5" * 32
    [receipt] = chain.send([Call(voters[0], "commit", (1, commitment(chain, 1, voters[0], digest, salt)))])
    assert receipt.events[0].args["voter"] == voters[0]
    assert chain.view("commitmentOf", 1, voters[0], digest, salt)[0] == receipt.events[0].args["commitment"]
    chain.advance(seconds=chain.status().commit_end - chain.now() + 1)
    assert chain.status().phase is Phase.REVEAL
    wrong, right = chain.send(
        [Call(voters[0], "reveal", (1, bytes(32), salt)), Call(voters[0], "reveal", (1, digest, salt))]
    )
    assert wrong.error is not None
    assert wrong.error.name == "CommitmentMismatch"
    assert right.error is None
    [receipt] = chain.send([Call(accounts[0], "settle")])
    event = receipt.events[-1]
    assert event.name == "Settled"
    assert event.args["outcome"] == Outcome.UNDECIDED  # one of four is below the quorum
    assert event.args["head"] == world.deployment.terms.genesis
    assert (event.block, event.transaction) == (chain.block(), receipt.transaction)
    assert chain.round(1).outcome is Outcome.UNDECIDED
    names = [event.name for event in chain.events()]
    expected = ["Joined"] * 6 + [
        "Opened",
        "Drawn",
        "Proposed",
        "Proposed",
        "Committed",
        "Revealed",
        "Settled",
    ]
    assert names == expected
    assert [event.name for event in chain.events(first_block=chain.block())] == ["Settled"]


def test_rounds_are_the_specifications(world: World) -> None:
    """The same calls give the same decisions, money and events as on the specification alone."""
    accounts = world.accounts
    spec = SpecChain(STAKE_VOTE, terms(), dict.fromkeys(accounts, FUNDS), beacon_value=BEACON_VALUE)
    tokens = {account: world.chain.tokens(account) for account in accounts}
    for chain in (world.chain, spec):
        join(chain, accounts)
    for against in (0, 1, 3, 4, 2):
        ours, theirs = (play_round(chain, accounts, against) for chain in (world.chain, spec))
        for mine, its in zip(joined(*ours), joined(*theirs), strict=True):
            assert mine.error == its.error is None
            assert comparable(mine.events) == comparable(its.events)
        mine, its = world.chain.status(), spec.status()
        assert (mine.phase, mine.head, mine.pool, mine.seed) == (its.phase, its.head, its.pool, its.seed)
        assert world.chain.members() == spec.members()
    assert [(event.name, comparable([event])) for event in world.chain.events()] == [
        (event.name, comparable([event])) for event in spec.events()
    ]
    for account in accounts:
        assert tokens[account] - world.chain.tokens(account) == FUNDS - spec.tokens(account)


def comparable(events: object) -> list[object]:
    """Leave out what names a chain's own blocks and contracts."""
    loose = {"sealBlock", "unbondsAt", "commitment"}
    return [(event.name, {k: v for k, v in event.args.items() if k not in loose}) for event in events]


def test_the_clock_is_ours(world: World) -> None:
    chain = world.chain
    block, now = chain.block(), chain.now()
    chain.advance()
    assert (chain.block(), chain.now()) == (block + 1, now + 1)
    chain.advance(seconds=5000, blocks=3)
    assert (chain.block(), chain.now()) == (block + 4, now + 1 + 5000 + 2)
    chain.advance(seconds=0, blocks=800)  # enough for the wall clock to move meanwhile
    assert (chain.block(), chain.now()) == (block + 804, now + 5803)
    chain.send([Call(world.accounts[0], "join", (1000,))])
    assert (chain.block(), chain.now()) == (block + 805, now + 5804)
    with pytest.raises(RequestError, match="forward"):
        chain.advance(seconds=-1)


def test_a_seed_not_drawn_in_256_blocks_is_lost(world: World) -> None:
    join(world.chain, world.accounts)
    world.chain.send([Call(world.accounts[0], "open")])
    world.chain.advance(blocks=257)
    assert world.chain.status().phase is Phase.SETTLE
    assert errors(world.chain.send([Call(world.accounts[0], "draw")])) == [
        ProtocolError("WrongPhase", Phase.SETTLE, Phase.DRAW)
    ]


def test_bans_and_evictions_take_lists(world: World) -> None:
    """A list as long as the registry still fits the gas that is allowed for it."""
    chain, accounts = world.chain, world.accounts
    join(chain, accounts, 1000)
    play_round(chain, accounts, against=4)
    for account in accounts:
        chain.send([Call(accounts[0], "collect", (account,))])
    banned = [member.account for member in chain.members() if member.record.standing is Standing.BANNED]
    assert len(banned) == 2
    [receipt] = chain.send([Call(accounts[0], "evict", (accounts,))])
    assert receipt.error is None
    assert [event.args["account"] for event in receipt.events] == [a for a in accounts if a in banned]


def test_whoever_has_no_key_here_cannot_send(world: World) -> None:
    stranger = dev_key(9).address
    with pytest.raises(RequestError, match="no key for"):
        world.chain.send([Call(stranger, "open")])
    join(world.chain, world.accounts)  # and nothing is stuck after that


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("opne", ()), "opne"),
        (("join", ()), "takes 1 argument"),
        (("join", ("much",)), "join"),
        (("join", (-1,)), "join"),
        (("propose", (1, b"short" * 20, 1, 1)), "propose"),
    ],
)
def test_ill_formed_calls_are_refused_here(world: World, call: tuple, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        world.chain.send([Call(world.accounts[0], *call)])


def test_another_contract_is_told_apart(world: World) -> None:
    token = world.deployment.token.address
    with pytest.raises(UnavailableError, match="not a federation"):
        Web3Chain(world.link, token)
    with pytest.raises(UnavailableError, match="no contract at"):
        Web3Chain(world.link, dev_key(5).address)
    with pytest.raises(UnavailableError, match="another contract"):
        Web3Chain(world.link, world.chain.federation, code_hash="0x" + "12" * 32)


def test_every_transaction_is_journalled_before_it_is_sent(world: World) -> None:
    noted: list[JournalEntry] = []
    block = world.chain.block()

    def note(entry: JournalEntry) -> None:
        assert world.link.sender.find(entry.transaction) is None
        assert world.chain.block() == block
        noted.append(entry)

    world.link.sender.journal = note
    calls = [Call(account, "join", (1000,)) for account in world.accounts]
    try:
        receipts = world.chain.send(calls)
    finally:
        world.link.sender.journal = None
    assert [entry.transaction for entry in noted] == [receipt.transaction for receipt in receipts]
    assert [entry.sender for entry in noted] == world.accounts


def test_seats_come_in_pages(home: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = found(home.link, home.keys, home.deployer)
    join(world.chain, world.accounts)
    whole = world.chain.members()
    for page in (1, 2, 4, 6, 7):
        monkeypatch.setattr("clients.ports.chain.web3chain._PAGE", page)
        assert world.chain.members() == whole


@pytest.mark.slow
@pytest.mark.parametrize("spec", HOMES)
def test_a_hundred_and_fifty_members_join_at_once(spec: str) -> None:
    keys = derive_keys(2, 150)
    with opened(spec, 150, seed=2) as world:
        join(world.chain, [key.address for key in keys])
        assert [member.account for member in world.chain.members()] == [key.address for key in keys]


@pytest.mark.parametrize("spec", HOMES)
def test_a_chain_of_our_own_is_the_same_each_time(spec: str) -> None:
    """Nothing of the wall clock or of chance is in it: a journal of calls replays to the same chain."""

    def history() -> object:
        with opened(spec, 5) as world:
            join(world.chain, world.accounts)
            play_round(world.chain, world.accounts, against=1)
            return world.chain.events(), world.chain.now(), world.chain.block()

    assert history() == history()
