"""Deploys a swarm's federation: on the specification alone, on a chain of our own, or on a node at a URL."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from clients.engine.config import SwarmConfig
from clients.engine.journal import Journal
from clients.mechanisms import CONDUCTS
from clients.mechanisms.base import Entry
from clients.ports.chain import Link, Web3Chain, Web3Devnet, open_link, setup_members
from clients.ports.chain.deployment import Deployment
from clients.ports.chain.flights import Step
from clients.ports.keys import Key, derive_keys, dev_key
from clients.protocol.simulator import BEACON, TOKEN, SpecChain
from clients.types.chain import Call, Chain, Devnet
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import SAMPLES_MAX, Address, Standing
from clients.types.mechanisms import KINDS, Terms
from deploy.federation import DEV_CHAINS, add_to_pool, deploy_federation

GAS_MONEY = 10**18
"""Wei given to each participant on a development chain, to pay for its transactions."""


@dataclass(frozen=True, slots=True)
class Launched:
    """A deployed federation. `devnet` is the same chain if it is our own and dies with the run, else None."""

    chain: Chain
    name: str
    devnet: Devnet | None = None
    deployment: dict[str, Any] = field(default_factory=dict)


def get_terms(config: SwarmConfig, genesis: bytes, samples: int = SAMPLES_MAX) -> Terms:
    """Return the terms that the settings ask for; the deployer fills in token and beacon.

    `samples`: how many the largest participant has, and so the most that anybody may claim.
    """
    terms: Terms = CONDUCTS[config.mechanism].get_terms(config.own, config, genesis, samples)
    return terms


def get_beacon_value(seed: int) -> bytes:
    """Return the value of the devnet's beacon, so that a seed gives the same draws on any chain."""
    return sha256(f"fedjury:beacon:{seed}".encode()).digest()


def launch(config: SwarmConfig, terms: Terms, keys: Sequence[Key], journal: Journal) -> Launched:
    """Return a new federation on the chain that the settings name, every key's account funded."""
    conduct = CONDUCTS[config.mechanism]
    price = conduct.entry.get_price(terms, config.stake)
    funds = {key.address: price for key in keys}
    if config.mechanism not in KINDS and config.chain not in ("auto", "spec"):
        raise RequestError(
            f"mechanism {config.mechanism} has no contract: run it on the specification, --chain spec."
        )
    if config.chain == "spec" or config.mechanism not in KINDS:
        spec = SpecChain(conduct.spec, terms, funds, beacon_value=get_beacon_value(config.seed))
        contract = KINDS[config.mechanism].contract if config.mechanism in KINDS else ""
        return Launched(
            spec,
            "spec",
            spec,
            {
                "chain": "spec",
                "chain_id": spec.chain_id,
                "contracts": {"federation": contract, "token": "JuryToken", "beacon": "FixedBeacon"},
                "federation": spec.federation,
                "token": TOKEN,
                "beacon": BEACON,
                "history": config.history,
                "learning": config.agreement(),
            },
        )
    theirs = config.on_node
    deployer = get_deployer(config)
    link = open_link(config.chain, [deployer, *keys], journal=journal.note_sent if theirs else None)
    try:
        deployment = _deploy(link, config, terms, deployer.address, funds)
        chain = deployment.open(link)
    except BaseException:
        link.close()
        raise
    devnet = chain if isinstance(chain, Web3Devnet) else None
    return Launched(chain, config.chain if theirs else link.kind, devnet, deployment.document())


def _deploy(
    link: Link, config: SwarmConfig, terms: Terms, deployer: Address, funds: Mapping[Address, int]
) -> Deployment:
    if link.chain_id not in DEV_CHAINS:
        raise RequestError(
            f"chain {link.chain_id} at {link.rpc.where} is no development chain, "
            "and a swarm holds every participant's key. There, deploy with `python -m deploy` and run "
            "each participant with `python -m clients.node`."
        )
    deployment = deploy_federation(
        link,
        deployer,
        terms,
        name="swarm",
        beacon_value=get_beacon_value(config.seed),
        history=config.history,
        learning=config.agreement(),
    )
    if link.control is None:
        link.sender.send([Step(deployer, one, b"", "fund", 21_000, GAS_MONEY) for one in funds])
    token, federation = deployment.token.address, deployment.federation.address
    setup_members(link, token, federation, list(funds), max(funds.values()), minter=deployer)
    return deployment


def relaunch(
    config: SwarmConfig, document: dict[str, Any], where: str, keys: Sequence[Key], journal: Journal
) -> Launched:
    """Return the federation that an earlier run deployed on a chain that outlives runs."""
    deployment = Deployment.parse(document, where)
    all_keys = [get_deployer(config), *keys]
    link = open_link(config.chain, all_keys, chain_id=deployment.chain_id, journal=journal.note_sent)
    try:
        chain = deployment.open(link)
        resume_sent(chain, [key.address for key in keys], journal)
    except BaseException:
        link.close()
        raise
    return Launched(chain, config.chain, None, document)


def get_deployer(config: SwarmConfig) -> Key:
    """Return the key of the account that deploys a swarm's federation and fills its pool."""
    return dev_key(0) if config.on_node else derive_keys(config.seed, 1, label="deployer")[0]


def fill_pool(chain: Chain, sponsor: Address, amount: int) -> None:
    """Fill the federation's pool to at least `amount` base units of play money."""
    short = amount - chain.status().pool
    if short <= 0:
        return
    if isinstance(chain, Web3Chain):
        add_to_pool(chain, sponsor, short)
    elif isinstance(chain, SpecChain):
        chain.core.state.token.process_mint(sponsor, short)
        chain.core.state.token.process_approve(sponsor, chain.federation, short)
        chain.send([Call(sponsor, "fund", (short,))])


def resume_sent(
    chain: Web3Chain,
    accounts: Sequence[Address],
    journal: Journal,
    *,
    seconds: float = 120.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Continue the transactions that an earlier process sent and that aren't mined yet, with their nonces.

    If the node holds transactions of `accounts` that we didn't send, wait for them; after `seconds` raise
    `UnavailableError` with their nonces.
    """
    open_entries = chain.link.sender.adopt(journal.sent())
    journal.keep_sent(open_entries)
    known = {(entry.sender, entry.nonce) for entry in open_entries}
    unknown: dict[Address, list[int]] = {}
    for attempt in range(max(1, int(seconds))):
        if attempt:
            sleep(1.0)
        held = {one: range(*chain.pending(one)) for one in accounts if one in unknown or not attempt}
        unknown = {
            one: strange
            for one, nonces in held.items()
            if (strange := [nonce for nonce in nonces if (one, nonce) not in known])
        }
        if not unknown:
            return
    account, nonces = next(iter(unknown.items()))
    raise UnavailableError(
        f"the node holds transactions of {account} that this journal knows nothing of (nonce {nonces[0]}"
        f"{f' to {nonces[-1]}' if len(nonces) > 1 else ''}), and they are not mined. Is another client using "
        "the same key? Start again when they are mined, or replace them with the wallet that sent them."
    )


def enter_all(
    launched: Launched, entry: Entry[Any], terms: Terms, accounts: Sequence[Address], stake: int
) -> None:
    """Let `accounts` in with `stake`, in this order: the seed fixes the registry's order too.

    In a resumed federation, accounts that are or were members stay as they are.
    """
    chain = launched.chain
    members = {member.account for member in chain.members()}
    absent = [account for account in accounts if account not in members]
    if chain.status().round:
        absent = [one for one in absent if chain.member(one).record.standing == Standing.STRANGER]
    calls = entry.get_calls(terms, absent, stake)
    # A chain of our own keeps the order of a batch; on others, wait for each call to keep the order.
    for batch in [calls] if launched.devnet is not None else [[one] for one in calls]:
        for receipt in chain.send(batch):
            if receipt.error is not None:
                raise receipt.error
