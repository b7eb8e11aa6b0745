"""Contracts with one changed line, on a real chain: the audit finds them by code and by what they do."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

import deploy.federation
from clients.audit import _compile
from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.nodesource import NodeSource
from clients.ports.binaries import node_environment
from clients.ports.chain import Link, open_link
from clients.ports.keys import Key, derive_keys, dev_key
from clients.protocol.hashing import compute_pledge
from clients.types.chain import Call
from clients.types.federation import Address
from deploy.compiler import Artifact, _settings, artifact, read_sources, solc_binary
from tests.integration.chain_federation import SCHEDULE, World, commitment, draw, found, join, play_round

pytestmark = pytest.mark.slow

LEAF = "contracts/federations/StakeVote.sol"


@dataclass(frozen=True)
class Change:
    """A changed line, how to play so that it matters, and what the audit must say besides the code."""

    unit: str
    line: str
    instead: str
    play: Callable[[World], None]
    kind: str
    terms: Mapping[str, object] = field(default_factory=dict)


def play_rounds(world: World) -> None:
    join(world.chain, world.accounts)
    for against in (4, 0, 0):
        play_round(world.chain, world.accounts, against)


def play_poor(world: World) -> None:
    """Let proposers lose, who have no more than the bond, and then act again."""
    join(world.chain, world.accounts, 1000)
    play_round(world.chain, world.accounts, 4)
    world.chain.send([Call(world.accounts[0], "collect", (account,)) for account in world.accounts])


def play_tie(world: World) -> None:
    join(world.chain, world.accounts)
    play_round(world.chain, world.accounts, 2)


def play_late(world: World) -> None:
    """Let one voter reveal when it is too late."""
    chain, accounts = world.chain, world.accounts
    join(chain, accounts)
    proposers, voters = draw(chain, accounts[0])
    ballot, salt = b"\1" * 32, b"\2" * 32
    chain.send([Call(who, "propose", (1, who.encode()[:32], 100, 5)) for who in proposers])
    chain.send([Call(who, "commit", (1, commitment(chain, 1, who, ballot, salt))) for who in voters])
    chain.send([Call(who, "reveal", (1, ballot, salt)) for who in voters[1:]])
    chain.advance(3 * 3600 + 30)
    [late] = chain.send([Call(voters[0], "reveal", (1, ballot, salt))])
    assert late.error is None


def play_impatient(world: World) -> None:
    chain, accounts = world.chain, world.accounts
    join(chain, accounts)
    chain.send([Call(accounts[0], "exit")])
    [out] = chain.send([Call(accounts[0], "withdraw")])
    assert out.error is None


def play_false(world: World) -> None:
    """Let one voter reveal another ballot than it committed to."""
    chain, accounts = world.chain, world.accounts
    join(chain, accounts)
    proposers, voters = draw(chain, accounts[0])
    salt = b"\2" * 32
    chain.send([Call(who, "propose", (1, who.encode()[:32], 100, 5)) for who in proposers])
    chain.send([Call(who, "commit", (1, commitment(chain, 1, who, b"\1" * 32, salt))) for who in voters])
    [first, *_] = chain.send([Call(who, "reveal", (1, b"\3" * 32, salt)) for who in voters])
    assert first.error is None


PLEDGING = {"schedule": replace(SCHEDULE, pledge=3600)}


def pledge(world: World) -> list[Address]:
    """Let all members join, and the proposers of a first round pledge; return the proposers."""
    chain = world.chain
    join(chain, world.accounts)
    proposers, _ = draw(chain, world.accounts[0])
    made = [compute_pledge(chain.chain_id, chain.federation, 1, who, *claim(who)) for who in proposers]
    calls = [Call(who, "pledge", (1, one)) for who, one in zip(proposers, made, strict=True)]
    assert [one.error for one in chain.send(calls)] == [None] * len(calls)
    return proposers


def claim(who: Address) -> tuple[bytes, int, int]:
    """Return the digest, samples and epochs of a proposer's update."""
    return who.encode()[:32], 100, 5


def play_unpledged(world: World) -> None:
    """Let one proposer propose more samples than it pledged."""
    first, _ = pledge(world)
    digest, samples, epochs = claim(first)
    [proposed] = world.chain.send([Call(first, "propose", (1, digest, samples + 1, epochs))])
    assert proposed.error is None


def play_broken(world: World) -> None:
    """Let one proposer break its pledge, and have the round booked."""
    chain, (first, second) = world.chain, pledge(world)
    chain.send([Call(first, "propose", (1, *claim(first)))])
    chain.advance(4 * 3600)
    [settled] = chain.send([Call(first, "settle")])
    [booked] = chain.send([Call(first, "collect", (second,))])
    assert (settled.error, booked.error) == (None, None)


CHANGES = {
    "half of the reward": Change(
        "contracts/payouts/StakeRedistribution.sol", "pool / r.proposals", "pool / r.proposals / 2",
        play_rounds, "payout",
    ),
    "nobody is banned": Change(
        "contracts/guards/Solvency.sol", "m.stake < _floor", "m.stake < _floor / 2", play_poor, "ban"
    ),
    "a tie passes": Change(
        "contracts/verdicts/DigestMajority.sol", "uint256(r.leadingCount) * 2 > r.reveals",
        "uint256(r.leadingCount) * 2 >= r.reveals", play_tie, "outcome",
    ),
    "a minute more to reveal": Change(
        "contracts/libraries/RoundClock.sol", "commitEnd(r, s) + s.reveal", "commitEnd(r, s) + s.reveal + 60",
        play_late, "phase",
    ),
    "withdrawn at once": Change(
        "contracts/Membership.sol", "_requireTime(m.unbondsAt);", "", play_impatient, "phase"
    ),
    "any ballot will do": Change(
        "contracts/Federation.sol",
        "if (revealed != committed) revert CommitmentMismatch(msg.sender, committed, revealed);", "",
        play_false, "commitment",
    ),
    "any update will do": Change(
        "contracts/Federation.sol",
        "if (r.pledges != 0) _requirePledged(m, round, digest, samples, epochs);", "",
        play_unpledged, "pledge", PLEDGING,
    ),
    "a broken pledge costs nothing": Change(
        "contracts/payouts/StakeRedistribution.sol",
        "if (m.acts & Acts.PLEDGED != 0) return -int256(uint256(_proposerStake));",
        "if (m.acts & Acts.PLEDGED != 0) return 0;",
        play_broken, "payout", PLEDGING,
    ),
}  # fmt: skip


@cache
def compile_changed() -> Mapping[str, Artifact]:
    """Return StakeVote as compiled with each of the changes."""
    from solcx import compile_standard

    sources: dict[str, str] = {}
    for place, change in enumerate(CHANGES.values()):
        for unit, text in read_sources().items():
            if not unit.startswith("contracts/"):
                sources[unit] = text
                continue
            if unit == change.unit:
                assert text.count(change.line) == 1, change
                text = text.replace(change.line, change.instead)
            sources[f"v{place}/{unit}"] = text
    outputs = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
    wanted = {f"v{place}/{LEAF}": {"StakeVote": outputs} for place in range(len(CHANGES))}
    request = {
        "language": "Solidity",
        "sources": {unit: {"content": text} for unit, text in sources.items()},
        # These leaves by way of Yul would take a minute, and without it fit if size is what counts.
        "settings": {
            **_settings()["settings"],
            "viaIR": False,
            "optimizer": {"enabled": True, "runs": 1},
            "outputSelection": wanted,
        },
    }
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = node_environment()["PATH"]
    try:
        output = compile_standard(request, solc_binary=solc_binary())
    finally:
        os.environ["PATH"] = path
    made = [output["contracts"][f"v{place}/{LEAF}"]["StakeVote"] for place in range(len(CHANGES))]
    return {
        name: replace(
            artifact("StakeVote"),
            bytecode=bytes.fromhex(one["evm"]["bytecode"]["object"]),
            deployed_bytecode=bytes.fromhex(one["evm"]["deployedBytecode"]["object"]),
        )
        for name, one in zip(CHANGES, made, strict=True)
    }


@pytest.fixture(scope="module")
def keys() -> list[Key]:
    return derive_keys(4, 6, label="changed")


@pytest.fixture(scope="module")
def link(keys: list[Key]) -> Iterator[Link]:
    with open_link("eth-tester", [dev_key(0), *keys]) as opened:
        yield opened


def audit(source: NodeSource) -> AuditResult:
    return Auditor(source, Scope(), known=_compile(source), contract="StakeVote").run()


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_line_is_found_by_code_and_by_behaviour(
    name: str, link: Link, keys: list[Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    change, changed = CHANGES[name], compile_changed()[name]
    with monkeypatch.context() as patched:
        patched.setattr(
            deploy.federation, "artifact", lambda one: changed if one == "StakeVote" else artifact(one)
        )
        world = found(link, keys, dev_key(0), **change.terms)
    change.play(world)
    findings = audit(NodeSource(link, world.chain.federation)).findings
    told = json.dumps([one.sentence for one in findings], indent=1)
    assert "code" in {one.kind for one in findings}, told
    behaviour = [one for one in findings if one.kind != "code"]
    assert behaviour, told
    assert behaviour[0].kind == change.kind, told


def test_the_same_play_on_our_contract_has_no_findings(link: Link, keys: list[Key]) -> None:
    plays = [(play_rounds, {}), (play_poor, {}), (play_tie, {}), (play_broken, PLEDGING)]
    for play, changes in plays:
        world = found(link, keys, dev_key(0), **changes)
        play(world)
        assert [one.sentence for one in audit(NodeSource(link, world.chain.federation)).findings] == []


def test_forged_immutables_are_found(link: Link, keys: list[Key], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deploys may put other values into the code than the terms that it shows."""
    from clients.auditing.code import compute_terms_book, find_immutables

    world = found(link, keys, dev_key(0))
    source = NodeSource(link, world.chain.federation)
    code = source.code(source.federation, source.tip().number)
    places = find_immutables(artifact("StakeVote").deployed_bytecode)
    assert places
    truth, book = NodeSource.code, compute_terms_book(source.federation)
    forged = {source.federation: code}
    monkeypatch.setattr(NodeSource, "code", lambda self, who, at: forged.get(who) or truth(self, who, at))
    assert list(audit(source).findings) == []
    for place in (0, *(place + 31 for place in places)):
        forged[source.federation] = code[:place] + bytes([code[place] ^ 1]) + code[place + 1 :]
        assert [one.kind for one in audit(source).findings] == ["code"]
    kept = source.code(book, source.tip().number)
    forged = {book: kept[:-1] + bytes([kept[-1] ^ 1])}
    [finding] = audit(source).findings
    assert (finding.kind, finding.what) == ("code", "the contract that keeps the terms")
