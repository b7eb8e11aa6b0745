"""A federation on any home of the chain, for the tests beside this file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from clients.ports.chain import Link, Token, Web3Devnet, open_link, setup_members
from clients.ports.chain.deployment import Deployment
from clients.ports.keys import Key, SeededSalts, derive_keys, dev_key
from clients.types.chain import Call, Chain
from clients.types.federation import ZERO_ADDRESS, Address, Role, Schedule, StakeVoteTerms
from deploy.federation import deploy_federation

BEACON_VALUE = keccak(text="the tests' beacon")
SCHEDULE = Schedule(open=1, propose=3600, commit=3600, reveal=3600, publish=0, unbonding=86_400)
FUNDS = 10_000


def terms(**changes: object) -> StakeVoteTerms:
    """Return small terms for a handful of members."""
    values = {
        "token": ZERO_ADDRESS,
        "beacon": ZERO_ADDRESS,
        "genesis": keccak(text="genesis"),
        "bond": 1000,
        "proposer_stake": 300,
        "voter_stake": 200,
        "managers": (),
        "founders": (),
        "newcomers": 0,
        "proposers": 2,
        "min_voters": 2,
        "quorum_bps": 5000,
        "max_samples": 10**6,
        "max_epochs": 100,
        "attribution": False,
        "schedule": SCHEDULE,
    }
    return StakeVoteTerms(**(values | changes))


@dataclass
class World:
    """A fresh federation whose members have tokens and have not joined."""

    link: Link
    chain: Web3Devnet
    deployment: Deployment
    keys: Sequence[Key]
    deployer: Key

    @property
    def accounts(self) -> list[Address]:
        return [key.address for key in self.keys]

    @property
    def tokens(self) -> Token:
        return Token(self.link, self.deployment.token.address)


@contextmanager
def opened(home: str, count: int = 6, *, seed: int = 1, **changes: object) -> Iterator[World]:
    """Open `home` with a federation on it."""
    keys, deployer = derive_keys(seed, count), dev_key(0)
    with open_link(home, [deployer, *keys]) as link:
        yield found(link, keys, deployer, **changes)


def found(link: Link, keys: Sequence[Key], deployer: Key, **changes: object) -> World:
    """Deploy a federation for `keys` on `link`."""
    deployment = deploy_federation(link, deployer.address, terms(**changes), beacon_value=BEACON_VALUE)
    chain = deployment.open(link)
    assert isinstance(chain, Web3Devnet)
    accounts = [key.address for key in keys]
    setup_members(link, deployment.token.address, chain.federation, accounts, FUNDS, minter=deployer.address)
    return World(link, chain, deployment, keys, deployer)


def commitment(chain: Chain, round: int, voter: Address, ballot: bytes, salt: bytes) -> bytes:
    """Return what `commitmentOf` returns."""
    kinds = ["uint256", "address", "uint256", "address", "bytes", "bytes32"]
    return keccak(encode(kinds, [chain.chain_id, chain.federation, round, voter, ballot, salt]))


def join(chain: Chain, accounts: Sequence[Address], stake: int = 2000) -> None:
    """Let all of `accounts` join."""
    receipts = chain.send([Call(account, "join", (stake,)) for account in accounts])
    assert [receipt.error for receipt in receipts] == [None] * len(accounts)


def draw(chain: Chain, anybody: Address) -> tuple[list[Address], list[Address]]:
    """Open and draw a round; return its proposers and voters."""
    for method in ("open", "draw"):
        [receipt] = chain.send([Call(anybody, method)])
        assert receipt.error is None, receipt
    members = chain.members()
    proposers = [member.account for member in members if member.roles is Role.PROPOSER]
    return proposers, [member.account for member in members if member.roles is Role.VOTER]


def play_round(chain: Chain, accounts: Sequence[Address], against: int = 0) -> list[list[object]]:
    """Play a round to its end; `against` of the voters reject. Return all receipts, batch by batch."""
    proposers, voters = draw(chain, accounts[0])
    number = chain.status().round
    ballots = {
        voter: bytes(32) if place < against else keccak(text=f"model {number}")
        for place, voter in enumerate(voters)
    }
    salts = {who: SeededSalts(1, accounts.index(who)).salt(0, "", number) for who in voters}
    batches = [
        [Call(who, "propose", (number, keccak(text=who), 100, 5)) for who in proposers],
        [
            Call(who, "commit", (number, commitment(chain, number, who, ballots[who], salts[who])))
            for who in voters
        ],
        [Call(who, "reveal", (number, ballots[who], salts[who])) for who in voters],
        [Call(accounts[0], "settle")],
    ]
    return [list(chain.send(batch)) for batch in batches]
