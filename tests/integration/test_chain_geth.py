"""A private network by proof of authority, as a consortium runs it: geth with Clique, rules of London."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from clients.ports import binaries
from clients.ports.chain import Web3Devnet, open_link, setup_members
from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.patience import Patience
from clients.ports.chain.process import Server, free_port
from clients.ports.chain.rpc import RpcError
from clients.ports.keys import Key, dev_key
from clients.types.chain import Call
from clients.types.errors import ProtocolError, UnavailableError
from clients.types.federation import Outcome, Phase
from deploy.federation import deploy_federation
from tests.integration.chain_federation import FUNDS, play_round, terms

CHAIN_ID = 1337
SECRET = b"\x33" * 32
FORKS = [
    "homestead",
    "eip150",
    "eip155",
    "eip158",
    "byzantium",
    "constantinople",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
]
pytestmark = [
    pytest.mark.skipif(binaries.find("geth") is None, reason="needs geth: make geth"),
    pytest.mark.needs("node"),
    pytest.mark.slow,
]


def genesis(signer: str, rich: list[str]) -> dict[str, object]:
    forks = {f"{fork}Block": 0 for fork in FORKS}
    return {
        "config": {"chainId": CHAIN_ID, **forks, "clique": {"period": 1, "epoch": 30_000}},
        "difficulty": "1",
        "gasLimit": hex(30_000_000),
        "extraData": "0x" + "00" * 32 + signer[2:].lower() + "00" * 65,
        "alloc": {account[2:]: {"balance": hex(10**21)} for account in rich},
    }


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    geth = binaries.find("geth")
    assert geth is not None
    folder, signer = tmp_path_factory.mktemp("geth"), Key(SECRET).address
    rich = [dev_key(number).address for number in range(6)]
    (folder / "genesis.json").write_text(json.dumps(genesis(signer, rich)))
    (folder / "phrase").write_text("open")
    (folder / "keystore").mkdir()
    file = Account.encrypt(SECRET, "open", kdf="pbkdf2", iterations=2)
    (folder / "keystore" / "signer").write_text(json.dumps(file))
    subprocess.run(
        [geth, "--datadir", folder, "init", folder / "genesis.json"], check=True, capture_output=True
    )
    port = free_port()
    options = {
        "--datadir": folder, "--networkid": CHAIN_ID, "--http.port": port, "--http.api": "eth,net,web3",
        "--authrpc.port": free_port(), "--port": free_port(), "--maxpeers": 0, "--syncmode": "full",
        "--unlock": signer, "--password": folder / "phrase", "--miner.etherbase": signer,
    }  # fmt: skip
    flags = ["--http", "--nodiscover", "--ipcdisable", "--mine", "--allow-insecure-unlock"]
    command = [str(geth), *map(str, [part for pair in options.items() for part in pair]), *flags]
    server = Server("geth", command, Path(folder) / "log")
    node = NodeRpc(f"http://127.0.0.1:{port}", timeout=2, patience=Patience(tries=1))

    def sealing() -> bool:
        try:
            return int(node.request("eth_blockNumber"), 16) > 0
        except (UnavailableError, RpcError):
            return False

    try:
        server.wait_until(sealing, 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def test_a_round_on_a_private_network(url: str) -> None:
    keys = [dev_key(number) for number in range(6)]
    accounts = [key.address for key in keys]
    with open_link(url, keys, chain_id=CHAIN_ID) as link:
        deployment = deploy_federation(link, accounts[0], terms())
        chain = deployment.open(link)
        assert not isinstance(chain, Web3Devnet)
        setup_members(link, chain.token, chain.federation, accounts, FUNDS, minter=accounts[0])
        receipts = chain.send([Call(account, "join", (2000,)) for account in accounts])
        assert [receipt.error for receipt in receipts] == [None] * 6
        accounts = [member.account for member in chain.members()]
        for number, against in ((1, 0), (2, 4)):
            batches = play_round(chain, accounts, against)
            assert [receipt.error for batch in batches for receipt in batch] == [None] * 11
            outcome = Outcome.REJECTED if against else Outcome.ACCEPTED
            assert chain.round(number).outcome is outcome
        refused, *others = chain.send([Call(account, "settle") for account in accounts])
        assert refused.error == ProtocolError("WrongPhase", Phase.OPEN, Phase.SETTLE)
        assert {receipt.gas for receipt in [refused, *others]} == {0}
        names = [event.name for event in chain.events()]
        assert names.count("Settled") == 2
        assert chain.now() >= chain.status().rest_until > 0


def test_what_reverts_on_chain_is_explained_without_traces(url: str) -> None:
    """This node gives no traces; the call is made again on the block that refused it."""
    keys = [dev_key(number) for number in range(2)]
    accounts = [key.address for key in keys]
    with open_link(url, keys) as link:
        deployment = deploy_federation(link, accounts[0], terms())
        chain = Web3Devnet(link, deployment.federation.address, confirm=False)
        setup_members(link, chain.token, chain.federation, accounts, FUNDS, minter=accounts[0])
        calls = [
            Call(accounts[0], "join", (2000,)),
            Call(accounts[0], "join", (2000,)),
            Call(accounts[1], "open"),
        ]
        joined, again, early = chain.send(calls)
        assert joined.error is None
        assert again.error == ProtocolError("AlreadyMember", accounts[0], 1)
        assert early.error is not None
        assert early.error.name == "TooFewMembers"
        assert again.gas > 0
