"""The audit of federations on real chains: nothing is found in those that keep to the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from clients.audit import _compile
from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.checkpoint import Point
from clients.auditing.findings import CreationCheck
from clients.auditing.nodesource import NodeSource
from clients.ports.chain import Link, open_link
from clients.ports.keys import Key, derive_keys
from clients.protocol.simulator import compute_entropy
from clients.protocol.state import Env
from clients.types.mechanisms import KINDS
from tests.integration.chain_federation import join, opened, play_round
from tests.integration.test_differential_chain import build_pair, let_pass

pytestmark = pytest.mark.slow

STEPS = {"eth-tester": 90, "anvil": 300}


@pytest.fixture(scope="module")
def keys() -> list[Key]:
    return derive_keys(0, 13, label="audited")


@pytest.fixture(scope="module")
def link(request: pytest.FixtureRequest, keys: list[Key]) -> Iterator[Link]:
    with open_link(request.param, keys) as opened:
        yield opened


def play(link: Link, keys: list[Key], mechanism: str, seed: str, steps: int) -> NodeSource:
    """Play a federation on `link`; return what an audit reads of it."""
    chain, spec, player = build_pair(Random(f"audit-{mechanism}-{seed}"), link, keys, mechanism)
    source = NodeSource(link, chain.federation)
    source.find_first_block()  # and remember it: Anvil forgets old states
    for _ in range(steps):
        move = player.play(Env(spec.now() - 1, spec.block(), compute_entropy(bytes(32))))
        let_pass(chain, move)
        let_pass(spec, move)
        chain.send([move.call])
        spec.send([move.call])
    return source


def audit(source: NodeSource, **options: object) -> AuditResult:
    scope = Scope(first_block=source.find_first_block())
    known = _compile(source)
    contract = KINDS[source.mechanism].contract
    return Auditor(source, scope, known=known, contract=contract, history=True, **options).run()  # type: ignore[arg-type]


@pytest.mark.parametrize("mechanism", KINDS)
@pytest.mark.parametrize(
    "link",
    ["eth-tester", pytest.param("anvil", marks=[pytest.mark.needs("anvil"), pytest.mark.slow])],
    indirect=True,
)
def test_a_clean_run_has_no_findings(link: Link, keys: list[Key], mechanism: str) -> None:
    source = play(link, keys, mechanism, "clean2", STEPS[link.kind])
    assert source.mechanism == mechanism
    verdict = audit(source)
    assert [one.sentence for one in verdict.findings] == []
    assert verdict.creation == CreationCheck.COMPARED
    assert verdict.rounds > 0
    assert len(verdict.history) == verdict.rounds
    assert verdict.first.number == source.find_first_block()
    assert replace(audit(source), first=verdict.first) == verdict


@pytest.mark.needs("anvil")
def test_blocks_that_are_gone_are_stepped_back_from() -> None:
    with opened("anvil") as world:
        link, kept = world.link, list[Sequence[Point]]()
        join(world.chain, world.accounts)
        play_round(world.chain, world.accounts)
        source = NodeSource(link, world.chain.federation)
        assert audit(source, save=kept.append).findings == ()
        snapshot = link.rpc.request("evm_snapshot")
        play_round(world.chain, world.accounts)
        play_round(world.chain, world.accounts)
        first = audit(source, points=kept[-1], save=kept.append)
        assert link.rpc.request("evm_revert", snapshot)
        link.sender._air.forget_used()  # as they are on the chain now
        play_round(world.chain, world.accounts, against=4)
        play_round(world.chain, world.accounts)
        later = audit(source, points=kept[-1])
        assert first.findings == later.findings == ()
        assert (first.rounds, later.rounds) == (3, 3)
        assert later.transcript == audit(source).transcript != first.transcript
