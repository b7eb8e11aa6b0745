"""`python -m deploy`, against a real node."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from eth_utils.hexadecimal import decode_hex
from solcx import compile_standard

from clients.ports.binaries import node_environment
from clients.ports.chain import AnvilNode, Token, Web3Chain, open_link
from clients.ports.chain.deployment import Deployment, record_path
from clients.ports.chain.process import free_port
from clients.ports.keys import dev_key
from clients.ports.store import compute_cid
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode
from clients.types.chain import Call
from clients.types.cid import Cid
from clients.types.errors import RequestError, UnavailableError
from deploy import __main__ as command
from deploy import devnet
from deploy.compiler import artifact, solc_binary

ROOT = Path(__file__).resolve().parents[2]
GENESIS = Cid.from_digest(bytes(range(32)))
pytestmark = [pytest.mark.needs("anvil"), pytest.mark.needs("node")]


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilNode]:
    with AnvilNode(block_time=0.2) as node:
        yield node


def deploy(node: AnvilNode, folder: Path, *words: object, name: str = "mine", key: bool = True) -> int:
    given = ["--rpc", node.url, "--name", name, "--folder", folder, "--genesis", GENESIS, *words]
    given += ["--unsafe-terms"]  # of which these tests aren't
    return command.main([str(word) for word in given + (["--dev-key", 0] if key else [])])


def test_a_record_that_leads_to_the_federation(anvil: AnvilNode, tmp_path: Path) -> None:
    assert (
        deploy(
            anvil, tmp_path, "--bond", 5, "--floor", 4, "--proposer-stake", "0.3", "--voter-stake", "7e-18"
        )
        == 0
    )
    path = tmp_path / "31337" / "mine.json"
    assert path == record_path(tmp_path, 31337, "mine")
    data = json.loads(path.read_text())
    assert data["genesis_cid"] == str(GENESIS)
    assert data["chain_id"] == 31337
    assert {data["federation"]["contract"], data["token"]["contract"]} == {"StakeJury", "JuryToken"}
    assert data["compiler"]["version"] == "0.8.37"
    deployment = Deployment.load(path)
    assert deployment.document() == data
    terms = deployment.terms
    assert (terms.bond, terms.proposer_stake, terms.voter_stake) == (5 * 10**18, 3 * 10**17, 7)
    assert not list(path.parent.glob("*.pending"))
    with open_link(anvil.url, [dev_key(0), dev_key(1)]) as link:
        chain = deployment.open(link)
        assert chain.status().head == GENESIS.digest
        assert chain.token == deployment.token.address
        member = dev_key(1).address
        token = Token(link, chain.token)
        token.mint(dev_key(0).address, [(member, 10**19)])
        token.approve([member], chain.federation)
        [receipt] = chain.send([Call(member, "join", (5 * 10**18,))])
        assert receipt.error is None
        assert [event.name for event in chain.events()] == ["Joined"]


@pytest.mark.slow
def test_the_sources_beside_it_compile_to_what_is_on_chain(anvil: AnvilNode, tmp_path: Path) -> None:
    assert deploy(anvil, tmp_path) == 0
    request = json.loads((tmp_path / "31337" / "sources" / "mine.json").read_text())
    # the other leaves would take the compiler most of a minute
    wanted = {artifact(name).source: {name: ["evm.bytecode.object"]} for name in ("StakeJury", "JuryToken")}
    request["settings"]["outputSelection"] = wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", node_environment()["PATH"])
        output = compile_standard(request, solc_binary=solc_binary())
    for contract in ("StakeJury", "JuryToken"):
        compiled = output["contracts"][artifact(contract).source][contract]["evm"]["bytecode"]["object"]
        assert bytes.fromhex(compiled) == artifact(contract).bytecode


@pytest.mark.slow
def test_the_metadata_beside_it_tells_how_to_make_what_is_on_chain(anvil: AnvilNode, tmp_path: Path) -> None:
    """As Sourcify does: sources by their hashes, settings and target from the metadata, and nothing else."""
    assert deploy(anvil, tmp_path, "--beacon-value", "0x" + "12" * 32) == 0
    deployment = Deployment.load(record_path(tmp_path, 31337, "mine"))
    sources = json.loads((tmp_path / "31337" / "sources" / "mine.json").read_text())["sources"]
    by_hash = {keccak(text=one["content"]): one["content"] for one in sources.values()}
    assert deployment.beacon is not None
    for contract in (deployment.federation, deployment.token, deployment.beacon):
        file = tmp_path / "31337" / "sources" / "mine" / f"{contract.contract}.metadata.json"
        metadata = json.loads(file.read_text())
        [(unit, name)] = metadata["settings"].pop("compilationTarget").items()
        assert name == contract.contract
        assert metadata["output"]["abi"] == artifact(name).abi
        selection = {unit: {name: ["evm.bytecode.object"]}}
        request = {
            "language": metadata["language"],
            "sources": {
                path: {"content": by_hash[decode_hex(one["keccak256"])]}
                for path, one in metadata["sources"].items()
            },
            "settings": metadata["settings"] | {"outputSelection": selection},
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", node_environment()["PATH"])
            output = compile_standard(request, solc_binary=solc_binary())
        compiled = bytes.fromhex(output["contracts"][unit][name]["evm"]["bytecode"]["object"])
        with open_link(anvil.url) as link:
            sent = link.rpc.request("eth_getTransactionByHash", contract.transaction)["input"]
        assert bytes.fromhex(sent[2:]).startswith(compiled)


def test_another_deployment_is_not_written_over(
    anvil: AnvilNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy(anvil, tmp_path) == 0
    path = record_path(tmp_path, 31337, "mine")
    first = path.read_text()
    assert deploy(anvil, tmp_path) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == first
    assert deploy(anvil, tmp_path, name="other") == 0
    assert deploy(anvil, tmp_path, "--force") == 0
    assert path.read_text() != first


def test_a_deployment_cut_short_is_found_again(
    anvil: AnvilNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "write_sources", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert deploy(anvil, tmp_path) == 130
    monkeypatch.undo()
    log = tmp_path / "31337" / "mine.pending"
    lines = log.read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["deploy JuryToken", "deploy StakeJury"]
    assert deploy(anvil, tmp_path) == 2
    assert "cut short" in capsys.readouterr().err
    with open_link(anvil.url) as link:
        mined = [link.sender.find(line.split()[-1]) for line in lines]
        assert all(one is not None and one.ok for one in mined)


def test_terms_from_a_file_and_the_command_line(anvil: AnvilNode, tmp_path: Path) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(
        "bond = 2_000\nproposer_stake = 0.123456789012345678\nvoter_stake = '1.5'\nseats = 3\n"
        "[schedule]\npropose = 77\n"
    )
    assert deploy(anvil, tmp_path, "--terms", file, "--proposers", 2, "--reveal-seconds", 5) == 0
    terms = Deployment.load(record_path(tmp_path, 31337, "mine")).terms
    assert (terms.bond, terms.proposer_stake) == (2000 * 10**18, 123_456_789_012_345_678)
    assert (terms.voter_stake, terms.proposers) == (15 * 10**17, 2)
    assert (terms.schedule.propose, terms.schedule.reveal, terms.schedule.commit) == (77, 5, 3600)
    assert terms.schedule.open == 60


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--bond", "0"], 2, "StakeJury refuses these terms: bond = 0 tokens: it must be at least"),
        (["--voter-stake", "17"], 2, "voter_stake = 17 tokens: it must be at most 8 tokens, the floor"),
        (["--bond", "16e18"], 2, "bond: 16e18 looks like base units; amounts are tokens: write 16."),
        (["--supply", "16e18"], 2, "--supply: 16e18 looks like base units; amounts are tokens: write 16."),
        (
            ["--pool", str(10**19)],
            2,
            f"--pool: {10**19} looks like base units; amounts are tokens: write 10.",
        ),
        (["--pool", "much"], 2, "--pool = 'much' is no amount of tokens"),
        (
            ["--rules", "paper", "--max-samples", "9", "--quorum-bps", "10001"],
            2,
            "quorum_bps = 10001: it must be at most 10000, which is all of it; lower --quorum-bps.",
        ),
        (["--quorum-bps", "1"], 2, "--quorum-bps is a term of stake_vote under the paper's rules"),
        (
            ["--unbonding-seconds", "1"],
            2,
            "schedule.unbonding = 1 seconds: it must be at least",
        ),
        (["--proposers", "-1"], 2, "proposers"),
        (["--proposers", "many"], 2, "proposers"),
        (["--proposers", str(2**40)], 2, "proposers = 1099511627776 is too much: 4294967295 at most."),
        (["--open-seconds", str(2**70)], 2, "schedule.open = 1180591620717411303424 seconds is too much"),
        (["--name", "../up"], 2, "deployment name"),
        (["--token", "0x12"], 2, "not an address"),
        (["--token", "0x" + "ab" * 20], 3, "no contract at"),
        (["--genesis", "bafy"], 2, "CID"),
        (["--beacon-value", "0x12"], 2, "32 bytes"),
        (["--chain-id", "1"], 3, "id 1 is expected"),
        (["--terms", "/nowhere/terms.toml"], 2, "can't be read"),
        (["--dev-key", "x"], 2, "development key"),
        (["--genesis", ""], 2, "python -m clients.genesis --save"),
    ],
)
def test_bad_requests_cost_nothing(
    anvil: AnvilNode,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    says: str,
) -> None:
    def nonce(rpc_url: str) -> Any:
        with open_link(rpc_url) as link:
            return link.ask("eth_getTransactionCount", dev_key(0).address, "latest")

    before = nonce(anvil.url)
    assert (
        deploy(anvil, tmp_path, *words, *([] if "--dev-key" in words else ["--dev-key", 0]), key=False)
        == status
    )
    assert says in capsys.readouterr().err
    assert nonce(anvil.url) == before
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bonds = 1", "'bond'"),
        ("[schedule]\nproposed = 1", "'propose'"),
        ("bond = [", "TOML"),
        ("schedule = 3", "table"),
    ],
)
def test_bad_terms_files(
    anvil: AnvilNode, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(text)
    assert deploy(anvil, tmp_path, "--terms", file) == 2
    assert says in capsys.readouterr().err


def test_a_chain_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    words = [
        "--rpc",
        url,
        "--name",
        "a",
        "--dev-key",
        "0",
        "--genesis",
        str(GENESIS),
        "--folder",
        str(tmp_path),
        "--unsafe-terms",
    ]
    assert command.main(words) == 3
    assert "Is a node running there?" in capsys.readouterr().err


def test_with_a_key_file(
    anvil: AnvilNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = b"\x42" * 32
    file = tmp_path / "key.json"
    file.write_text(json.dumps(Account.encrypt(secret, "open", kdf="pbkdf2", iterations=2)))
    monkeypatch.setenv("FEDJURY_PASSPHRASE", "wrong")
    assert deploy(anvil, tmp_path / "d", "--keystore", file, key=False) == 2
    assert "passphrase" in capsys.readouterr().err
    monkeypatch.setenv("FEDJURY_PASSPHRASE", "open")
    assert deploy(anvil, tmp_path / "d", "--keystore", file, key=False) == 3
    assert "ether" in capsys.readouterr().err
    address = Account.from_key(secret).address
    with open_link(anvil.url) as link:
        link.ask("anvil_setBalance", address, hex(10**19))
    assert deploy(anvil, tmp_path / "e", "--keystore", file, key=False) == 0
    path = record_path(tmp_path / "e", 31337, "mine")
    assert Deployment.load(path).deployer == address
    assert secret.hex() not in path.read_text()


def test_play_money_stays_on_development_chains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with AnvilNode(chain_id=123_456, block_time=0.2) as node:
        assert deploy(node, tmp_path, "--beacon-value", "0x" + "11" * 32) == 2
        assert "beacon" in capsys.readouterr().err
        assert deploy(node, tmp_path) == 2
        assert "--supply" in capsys.readouterr().err
        assert deploy(node, tmp_path / "poor", "--supply", 6.5, "--pool", 10) == 2
        assert "lacks 3.5 tokens of the 10 that the pool is to get" in capsys.readouterr().err
        assert deploy(node, tmp_path / "fresh", "--supply", 100, "--pool", 10) == 0
        with open_link(node.url) as link:
            deployment = Deployment.load(record_path(tmp_path / "fresh", 123_456, "mine"))
            token = Token(link, deployment.token.address)
            assert token.balance(dev_key(0).address) == 90 * 10**18
            assert deployment.open(link).status().pool == 10 * 10**18
            assert int(link.ask("eth_call", token._call("minter"), "latest"), 16) == 0


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("600660005260206000f3", "has 6 decimals"),  # returns 6, whatever is asked
        ("60006000fd", "doesn't say how many decimals it has"),  # reverts
        ("00", "doesn't say how many decimals it has"),  # returns nothing
    ],
)
def test_a_token_in_which_amounts_mean_something_else_is_refused(
    anvil: AnvilNode, tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, says: str
) -> None:
    token = "0x" + "cd" * 20
    with open_link(anvil.url) as link:
        link.ask("anvil_setCode", token, "0x" + code)
        before = link.ask("eth_getTransactionCount", dev_key(0).address, "latest")
        assert deploy(anvil, tmp_path, "--token", token) == 2
        assert says in capsys.readouterr().err
        assert link.ask("eth_getTransactionCount", dev_key(0).address, "latest") == before


def test_a_token_that_is_there_is_staked(anvil: AnvilNode, tmp_path: Path) -> None:
    assert deploy(anvil, tmp_path, name="first") == 0
    there = Deployment.load(record_path(tmp_path, 31337, "first")).token.address
    assert deploy(anvil, tmp_path, "--token", there) == 0
    deployment = Deployment.load(record_path(tmp_path, 31337, "mine"))
    assert deployment.terms.token == deployment.token.address == there


def test_a_fixed_beacon_on_request(anvil: AnvilNode, tmp_path: Path) -> None:
    assert deploy(anvil, tmp_path, "--beacon-value", "0x" + "11" * 32) == 0
    deployment = Deployment.load(record_path(tmp_path, 31337, "mine"))
    assert deployment.beacon is not None
    with open_link(anvil.url) as link:
        assert deployment.open(link).view("beacon") == (deployment.beacon.address,)


@pytest.mark.parametrize(
    "change", [{"terms": 1}, {"federation": {}}, {"name": None, "extra": 1}, {"terms": {}}]
)
def test_records_that_are_none(anvil: AnvilNode, tmp_path: Path, change: dict[str, Any]) -> None:
    assert deploy(anvil, tmp_path) == 0
    path = record_path(tmp_path, 31337, "mine")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RequestError, match="not the record of a deployment"):
        Deployment.load(path)
    path.write_text("{")
    with pytest.raises(RequestError, match="not JSON"):
        Deployment.load(path)
    with pytest.raises(UnavailableError, match="can't be read"):
        Deployment.load(path / "absent")


@pytest.mark.slow
def test_the_devnet_runs_until_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    model = tmp_path / "genesis.safetensors"
    model.write_bytes(b"a model")
    words = ["--port", port, "--folder", tmp_path, "--chain-only", "--genesis-file", model]
    words += ["--mechanism", "vbfl", "--pool", 7]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.devnet", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        told = "".join(lines)
        assert f"http://127.0.0.1:{port}" in told
        deployment = Deployment.load(record_path(tmp_path, 31337, "devnet"))
        assert deployment.federation.address in told
        assert deployment.terms.genesis == compute_cid(b"a model").digest
        assert deployment.terms.schedule.open == 5
        assert deployment.mechanism == "stake_jury", "which stands for vbfl by the hardened rules"
        with open_link(f"http://127.0.0.1:{port}", [dev_key(1)]) as link:
            chain = deployment.open(link)
            assert isinstance(chain, Web3Chain)
            assert {chain.tokens(dev_key(number).address) for number in (0, 1)} == {1000 * 10**18}
            assert chain.status().pool == 7 * 10**18
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5)


@pytest.mark.needs("kubo")
@pytest.mark.slow
def test_the_devnet_holds_its_genesis_and_ends_with_either_node(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"a model")
    words = ["--port", free_port(), "--folder", tmp_path, "--genesis-file", tmp_path / "model"]
    given = devnet.parser().parse_args([str(word) for word in words])
    with ExitStack() as stack:
        nodes, lines = devnet.start(given, stack)
        assert set(nodes) == {"Anvil", "Kubo"}
        address = next(line.split()[1] for line in lines if line.startswith("store"))
        deployment = Deployment.load(record_path(tmp_path, 31337, "devnet"))
        genesis = Cid.from_digest(deployment.terms.genesis)
        with closing(KuboStore(address)) as store:
            assert store.get(genesis, max_bytes=100) == b"a model"
        kubo = nodes["Kubo"]
        assert isinstance(kubo, KuboNode)
        assert kubo.running
        kubo.stop()
        assert not kubo.running
        assert nodes["Anvil"].running


def test_a_devnet_whose_store_ends_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Node:
        def __init__(self, running: bool) -> None:
            self.running = running

    monkeypatch.setattr(devnet, "start", lambda *_: ({"Anvil": Node(True), "Kubo": Node(False)}, ["up"]))
    assert devnet.main([]) == 3
    assert "Kubo has ended by itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ([], 2, "python -m clients.genesis --save FILE"),
        (["--genesis-file", "/nowhere"], 3, "clients.genesis --save /nowhere"),
        (["--genesis-file", __file__, "--genesis", str(GENESIS)], 2, "give one of them"),
    ],
)
def test_a_devnet_without_a_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, says: str
) -> None:
    assert devnet.main(["--folder", str(tmp_path), *words]) == status
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
