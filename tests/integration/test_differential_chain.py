"""Real chains, through web3.py, do in every step what the specification does, under each mechanism.

Clocks, block numbers and addresses are the chain's, so everything must be equal, deadlines included.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from clients.ports.chain import Link, Token, Web3Devnet, open_link
from clients.ports.chain.terms import abi_of
from clients.ports.keys import Key, derive_keys
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.simulator import SpecChain, compute_entropy
from clients.protocol.state import Env
from clients.types.chain import Devnet
from clients.types.federation import ZERO_ADDRESS
from clients.types.mechanisms import KINDS
from deploy.federation import deploy_federation
from tests.spec.manners import PLAYERS
from tests.spec.player import Move, Player
from tests.spec.worlds import DRAW_TERMS, Shared, draw_funds, draw_schedule

STEPS = 60
SEQUENCES = {"eth-tester": 20, "anvil": 20, "hardhat": 4}
"""How many for each mechanism."""
QUICK = 1
"""As many on eth-tester are not slow."""


def build_cases() -> list[object]:
    cases = []
    for kind, count in SEQUENCES.items():
        for mechanism in KINDS:
            for number in range(count):
                marks = [] if kind == "eth-tester" else [pytest.mark.needs(kind)]
                if kind != "eth-tester" or number >= QUICK:
                    marks.append(pytest.mark.slow)
                name = f"{kind}-{mechanism}-{number}"
                cases.append(pytest.param(kind, mechanism, number, marks=marks, id=name))
    return cases


@pytest.fixture(scope="module")
def keys() -> list[Key]:
    return derive_keys(0, 13, label="differential")


@pytest.fixture(scope="module")
def link(request: pytest.FixtureRequest, keys: list[Key]) -> Iterator[Link]:
    with open_link(request.param, keys) as opened:
        yield opened


def build_pair(
    rng: Random, link: Link, keys: list[Key], name: str
) -> tuple[Web3Devnet, SpecChain[Any], Player]:
    """Deploy a federation, and put the same one beside it on the specification."""
    deployer, *others = (key.address for key in keys)
    accounts, outsiders = others[: rng.choice((4, 5, 6, 8, 10))], others[10:]
    mechanism, bond = MECHANISMS[name], rng.choice((1, 2, rng.randrange(3, 100), 10**18, 2**95))
    schedule = draw_schedule(rng, Random(f"pledge {rng.getstate()}"), publishes=name != "stake_vote")
    drawn = DRAW_TERMS[name](Shared(rng, accounts, outsiders, link.now() + 5, bond, schedule))
    terms = replace(drawn, token=ZERO_ADDRESS, beacon=ZERO_ADDRESS)
    funds = draw_funds(rng, accounts, terms, mechanism.panel.get_fewest(terms))
    beacon_value = rng.randbytes(32)
    deployed = deploy_federation(link, deployer, terms, beacon_value=beacon_value)
    token = Token(link, deployed.token.address)
    token.mint(deployer, list(funds.items()))
    token.approve(accounts, deployed.federation.address)
    chain = Web3Devnet(link, deployed.federation.address, abi=abi_of(name))
    spec = SpecChain(
        mechanism,
        terms,
        funds,
        beacon_value=beacon_value,
        address=chain.federation,
        time=chain.now() - 1,
        block=chain.block(),
    )
    return chain, spec, PLAYERS[name](rng, spec.core, accounts, outsiders)


def let_pass(chain: Devnet, move: Move) -> None:
    """Set the clock so that the next block carries the move's time: blocks are a second apart."""
    if move.seconds > 1 or move.blocks > 1:
        chain.advance(max(move.seconds - 1, 0), max(move.blocks - 1, 1))


@pytest.mark.parametrize(("link", "mechanism", "number"), build_cases(), indirect=["link"])
def test_every_step_comes_to_the_same(mechanism: str, number: int, link: Link, keys: list[Key]) -> None:
    chain, spec, player = build_pair(Random(f"chain-{mechanism}-{number}"), link, keys, mechanism)
    start = chain.block()
    for step in range(STEPS):
        move = player.play(Env(spec.now() - 1, spec.block(), compute_entropy(bytes(32))))
        call, where = move.call, f"step {step}: {move.call}"
        let_pass(chain, move)
        let_pass(spec, move)
        (found,), (expected,) = chain.send([call]), spec.send([call])
        assert found.error == expected.error, where
        assert [(e.name, e.args) for e in found.events] == [(e.name, e.args) for e in expected.events], where
        assert chain.status() == spec.status(), where
        assert chain.member(call.sender) == spec.member(call.sender), where
    assert chain.members() == spec.members()
    for account in (*player.accounts, chain.federation):
        assert chain.member(account) == spec.member(account)
        assert chain.tokens(account) == spec.tokens(account)
    for settled in range(spec.core.round_number + 1):
        assert chain.round(settled) == spec.round(settled)
    found_events, expected_events = chain.events(start), spec.events(start)
    assert [(e.name, e.args, e.block) for e in found_events] == [
        (e.name, e.args, e.block) for e in expected_events
    ]
