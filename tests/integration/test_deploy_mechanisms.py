"""Each of the federations deploys to real nodes, and says of itself what was asked for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients import node
from clients.mechanisms import CONDUCTS
from clients.ports.chain import AnvilNode, Link, Web3Chain, open_link
from clients.ports.chain.deployment import Deployment, find_mechanism, record_path
from clients.ports.chain.terms import terms_of
from clients.ports.keys import dev_key
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import (
    TOKEN,
    ZERO_ADDRESS,
    BflcTerms,
    BladeTerms,
    Election,
    Phase,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from clients.types.mechanisms import KINDS, Terms
from deploy import __main__ as command
from deploy.federation import deploy_federation

HOMES = ["eth-tester", pytest.param("anvil", marks=pytest.mark.needs("anvil"))]
pytestmark = pytest.mark.needs("node")  # it compiles
SCHEDULE = Schedule(open=1, propose=20, commit=30, reveal=40, publish=50, unbonding=200)
GENESIS = bytes(range(32))
DEPLOYER = dev_key(0)
START: tuple[str, str, bytes, int] = (ZERO_ADDRESS, ZERO_ADDRESS, GENESIS, 16 * TOKEN)
MANAGERS = tuple(dev_key(number).address for number in (1, 2, 3))
FOUNDERS = tuple(dev_key(number).address for number in range(9))
TERMS: dict[str, Terms] = {
    "stake_vote": StakeVoteTerms(
        *START, (), (), 0, 3, 2, 7, 5, 6000, 2**20, 4095, attribution=True,
        schedule=replace(SCHEDULE, publish=0),
    ),
    "stake_jury": StakeJuryTerms(
        *START, 7, MANAGERS, (), 0, 9, 5, 3, 6, 24, 3, 6, 1, 1000, 5, 9, 2**20, 10,
        replace(SCHEDULE, pledge=10),
    ),
    "vbfl": VbflTerms(*START, MANAGERS[:1], FOUNDERS, 2, 5, 24, 12, 5, 3, 2**20, 10, 6, 12, SCHEDULE),
    "bflc": BflcTerms(
        *START, 7, MANAGERS, (), 0, 4, 6, 12, 2**20, 10, 2000,
        int(Election.FACTORS), 3000, 1000, SCHEDULE,
    ),
    "blade": BladeTerms(
        *START, MANAGERS, dev_key(1).address, 1000 * TOKEN, b"fedavg".ljust(32, b"\0"), 10, 2**39, 2**39 + 9,
        10, 3, 5, 2**20, 10, 1000, 8, 29, SCHEDULE,
    ),
}  # fmt: skip
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "stake_vote": ({"proposers": 257}, "proposers = 257"),
    "stake_jury": ({"voters": 2}, "voters = 2"),
    "vbfl": ({"pow_bits": 65}, "pow_bits = 65"),
    "bflc": ({"managers": (ZERO_ADDRESS,)}, rf"managers = \[{ZERO_ADDRESS}\]"),
    "blade": ({"challenge": 30}, "challenge = 30 seconds"),
}


@pytest.fixture(scope="module", params=HOMES)
def link(request: pytest.FixtureRequest) -> Iterator[Link]:
    with open_link(request.param, [DEPLOYER]) as opened:
        yield opened


@pytest.mark.parametrize("mechanism", KINDS)
def test_terms_read_back_are_those_asked_for(mechanism: str, link: Link, tmp_path: Path) -> None:
    asked = TERMS[mechanism]
    deployment = deploy_federation(link, DEPLOYER.address, asked, beacon_value=b"\5" * 32)
    assert deployment.mechanism == mechanism
    assert deployment.federation.contract == KINDS[mechanism].contract
    deployment.save(tmp_path / "record.json")
    assert Deployment.load(tmp_path / "record.json") == deployment
    chain = deployment.open(link)
    assert deployment.beacon is not None
    told = terms_of(mechanism, chain.view("terms")[0])
    assert told == deployment.terms
    assert told == replace(asked, token=deployment.token.address, beacon=deployment.beacon.address)
    status = chain.status()
    assert (status.phase, status.round, status.head) == (Phase.OPEN, 0, GENESIS)
    assert find_mechanism(link, chain.federation) == mechanism


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ProtocolError("EmptyRevert"), "doesn't say which mechanism it has.*older than this client"),
        (("tarot",), f"has the mechanism 'tarot', and this client knows {', '.join(KINDS)}"),
    ],
)
def test_a_mechanism_that_is_not_named_or_not_known_is_told_in_a_sentence(
    answer: Exception | tuple[str], says: str, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = deploy_federation(link, DEPLOYER.address, TERMS["vbfl"]).federation.address

    def view(chain: Web3Chain, method: str, *args: object) -> tuple[str]:
        assert (method, args) == ("mechanism", ())
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Web3Chain, "view", view)
    with pytest.raises(UnavailableError, match=says):
        find_mechanism(link, where)


@pytest.mark.parametrize("mechanism", KINDS)
def test_wrong_terms_are_found_out_before_anything_is_paid_for(mechanism: str, link: Link) -> None:
    changes, says = WRONG[mechanism]
    block = link.block()
    with pytest.raises(RequestError, match=f"{KINDS[mechanism].contract} refuses these terms: {says}"):
        deploy_federation(link, DEPLOYER.address, replace(TERMS[mechanism], **changes))
    assert link.block() == block


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilNode]:
    with AnvilNode(block_time=0.2) as running:
        yield running


PAPER = 'rules = "paper"\nmax_samples = 700\n'
"""What leads to a contract for which another stands by default."""
FILES = {
    "stake_vote": f"{PAPER}proposers = 2\nattribution = true",
    "stake_jury": "seats = 2\nvoters = 4\nfloor = 5",
    "vbfl": f"{PAPER}workers = 4\nvalidators = 2\nminers = 1",
    "bflc": f'{PAPER}managers = ["{dev_key(1).address}"]\nelection = "random"',
    "blade": f'publisher = "{dev_key(1).address}"\nbidding_ends = 2040-01-01T00:00:00Z\n'
    "deadline = 2041-01-01T00:00:00Z",
}


@pytest.mark.needs("anvil")
@pytest.mark.parametrize(
    ("mechanism", "own", "voters"),
    [("stake_vote", [], 23), ("vbfl", [], 15), ("bflc", ["--managers", dev_key(1).address], 15)],
)
def test_by_the_hardened_rules_the_command_deploys_what_stands_for_a_mechanism(
    mechanism: str,
    own: list[str],
    voters: int,
    anvil: AnvilNode,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--rpc", anvil.url, "--name", mechanism, "--dev-key", "0", "--folder", str(tmp_path)]
    words += ["--mechanism", mechanism, "--genesis", f"0x{GENESIS.hex()}", *own]
    if not own:  # strangers must not come in as many as they like
        words += ["--founders", *FOUNDERS]
    assert command.main(words) == 0, "under these terms no known strategy pays"
    assert f"{mechanism}: StakeJury at 0x" in capsys.readouterr().out
    deployment = Deployment.load(record_path(tmp_path, 31337, mechanism))
    assert isinstance(deployment.terms, StakeJuryTerms)
    assert deployment.terms.voters == voters


@pytest.mark.needs("anvil")
@pytest.mark.parametrize("mechanism", KINDS)
def test_the_command_deploys_by_a_file(
    mechanism: str, anvil: AnvilNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(f'mechanism = "{mechanism}"\ngenesis = "0x{GENESIS.hex()}"\n{FILES[mechanism]}\n')
    words = ["--rpc", anvil.url, "--name", "mine", "--dev-key", 0, "--folder", tmp_path, "--terms", file]
    words += ["--pool", "0.001", "--unsafe-terms"]
    assert command.main([str(word) for word in words]) == 0
    assert f"mine: {KINDS[mechanism].contract} at 0x" in capsys.readouterr().out
    path = record_path(tmp_path, 31337, "mine")
    assert json.loads(path.read_text())["mechanism"] == mechanism
    with open_link(anvil.url) as opened:
        deployment = Deployment.load(path)
        assert terms_of(mechanism, deployment.open(opened).view("terms")[0]) == deployment.terms
        assert deployment.open(opened).status().pool == 10**15
    # Its record says to participants what they can't take part in yet.
    given = ["--rpc", anvil.url, "--dev-key", "1", "--store", f"dir:{tmp_path}", "--clients", "2"]
    given += ["--journal", str(tmp_path / "journal")]
    if mechanism not in CONDUCTS:
        for named in (["--deployment", str(path)], ["--federation", deployment.federation.address]):
            assert node.main([*given, *named]) == 2
            assert f"{mechanism} has no client yet" in capsys.readouterr().err
