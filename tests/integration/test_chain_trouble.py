"""Nodes that are slow, gone, back again, or not what they should be; and ours, which never stay behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.ports.chain import (
    AnvilNode,
    HardhatNode,
    Link,
    Web3Chain,
    Web3Devnet,
    open_chain,
    open_link,
    setup_members,
)
from clients.ports.chain.patience import Patience
from clients.ports.chain.process import free_port
from clients.ports.keys import derive_keys, dev_key
from clients.types.chain import Call
from clients.types.errors import ProtocolError, UnavailableError, UnminedError
from clients.types.federation import Phase, Standing
from deploy.federation import deploy_federation
from tests.integration.chain_federation import FUNDS, join, opened, play_round, terms

ROOT = Path(__file__).resolve().parents[2]
HARDHAT = [pytest.mark.needs("hardhat"), pytest.mark.slow]
pytestmark = [pytest.mark.needs("anvil"), pytest.mark.needs("node"), pytest.mark.slow]


class Proxy:
    """A TCP proxy to a node that can be told to hang, or to cut every connection."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.mode = "pass"
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            if self.mode == "cut":
                client.close()
                continue
            node = socket.create_connection(("127.0.0.1", self.target))
            self._open.append(node)
            for source, target in ((client, node), (node, client)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self.mode == "hang":
                    continue
                if self.mode == "cut":
                    break
                target.sendall(data)
        except OSError:
            pass
        source.close()
        target.close()

    def close(self) -> None:
        self._server.close()
        for one in self._open:
            one.close()


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilNode]:
    """Somebody's node: it mines by itself, on the wall clock."""
    with AnvilNode(block_time=0.3, genesis_time=None) as node:
        yield node


@pytest.fixture
def proxy(anvil: AnvilNode) -> Iterator[Proxy]:
    assert anvil.port is not None
    proxy = Proxy(anvil.port)
    yield proxy
    proxy.close()


def federation(link: Link, **changes: object) -> Web3Chain:
    deployer = dev_key(0).address
    return deploy_federation(link, deployer, terms(**changes)).open(link)


# ---------------------------------------------------------------------- somebody's node


@pytest.mark.parametrize("scheme", ["http", pytest.param("ws", marks=pytest.mark.slow)])
def test_a_whole_round_on_somebodys_node(anvil: AnvilNode, scheme: str) -> None:
    keys = [dev_key(number) for number in range(6)]
    accounts = [key.address for key in keys]
    with open_link(anvil.url.replace("http", scheme), keys) as link:
        chain = federation(link, proposers=1, min_voters=3)
        assert not isinstance(chain, Web3Devnet)
        tokens = link_tokens(chain, accounts)
        receipts = chain.send([Call(account, "join", (2000,)) for account in accounts])
        assert [receipt.error for receipt in receipts] == [None] * 6
        # Other senders' calls come in any order; the registry says in which.
        accounts = [member.account for member in chain.members()]
        [settled] = play_round(chain, accounts)[-1]
        assert settled.error is None
        assert chain.status().head != chain.view("terms")[0][2]
        assert chain.tokens(accounts[0]) == tokens - 2000
        refused, *_ = chain.send([Call(accounts[0], "settle"), Call(accounts[1], "join", (1000,))])
        assert refused.error == ProtocolError("WrongPhase", Phase.OPEN, Phase.SETTLE)
        assert refused.gas == 0
        assert refused.transaction == ""


def link_tokens(chain: Web3Chain, accounts: list[str]) -> int:
    setup_members(chain.link, chain.token, chain.federation, accounts, FUNDS, minter=dev_key(0).address)
    return FUNDS


def test_a_call_that_only_the_next_block_allows_is_left_to_the_chain(anvil: AnvilNode) -> None:
    """`draw` fails in the block of `open`, as which a node may answer; it goes out all the same."""
    keys = [dev_key(number) for number in range(4)]
    with open_link(anvil.url, keys) as link:
        chain = federation(link, proposers=1)
        accounts = [key.address for key in keys]
        link_tokens(chain, accounts)
        join(chain, accounts)
        for method in ("open", "draw"):
            [receipt] = chain.send([Call(accounts[0], method)])
            assert receipt.error is None


def test_a_key_used_elsewhere_as_well_gets_fresh_nonces(anvil: AnvilNode) -> None:
    key = dev_key(3)
    with open_link(anvil.url, [dev_key(0), key]) as one, open_link(anvil.url, [key]) as other:
        chain = federation(one)
        twin = Web3Chain(other, chain.federation)
        refusal = ProtocolError("NotMember", key.address, Standing.STRANGER)
        # Without confirmation each of these uses a nonce up.
        first, second = (open_chain(link, chain.federation, confirm=False) for link in (one, other))
        for party in (first, second, second, first, second, first):
            [receipt] = party.send([Call(key.address, "exit")])
            assert receipt.error == refusal
            assert receipt.gas > 0
        assert twin.member(key.address).record.standing is Standing.STRANGER


def test_an_account_without_ether_says_so(anvil: AnvilNode) -> None:
    [poor] = derive_keys(99, 1)
    with open_link(anvil.url, [dev_key(0), poor]) as link:
        chain = open_chain(link, federation(link).federation, confirm=False)
        with pytest.raises(UnavailableError, match=r"ether for gas"):
            chain.send([Call(poor.address, "open")])


def test_another_chain_than_the_deployments(anvil: AnvilNode) -> None:
    with pytest.raises(UnavailableError, match=r"has id 31337, but id 5 is expected"):
        open_link(anvil.url, chain_id=5)
    with AnvilNode(chain_id=777) as other:
        with open_link(anvil.url, [dev_key(0)]) as link:
            deployment = deploy_federation(link, dev_key(0).address, terms())
        with open_link(other.url) as link, pytest.raises(UnavailableError, match=r"777.*31337"):
            deployment.open(link)


# ---------------------------------------------------------------------- trouble on the way


def test_a_node_that_hangs_is_given_up(proxy: Proxy) -> None:
    with open_link(proxy.url, [dev_key(0)], timeout=0.5, patience=Patience(tries=2)) as link:
        chain = federation(link)
        proxy.mode = "hang"
        with pytest.raises(UnavailableError, match=r"after 2 tries: no answer within 0.5 s"):
            chain.status()
        proxy.mode = "pass"
        assert chain.status().phase is Phase.OPEN


def test_a_lost_connection_is_made_again(proxy: Proxy) -> None:
    with open_link(proxy.url, [dev_key(0)]) as link:
        chain = federation(link)
        proxy.mode = "cut"
        before = proxy.connections
        threading.Timer(0.25, lambda: setattr(proxy, "mode", "pass")).start()
        assert chain.events() == []
        assert proxy.connections > before


def test_a_websocket_is_opened_again(proxy: Proxy) -> None:
    with open_link(proxy.url.replace("http", "ws")) as link:
        block = link.block()
        proxy.mode = "cut"
        threading.Timer(0.25, lambda: setattr(proxy, "mode", "pass")).start()
        assert link.block() >= block


def test_nobody_there(anvil: AnvilNode) -> None:
    for scheme in ("http", "ws"):
        with pytest.raises(UnavailableError, match=r"after \d tries.*Is a node running there\?"):
            open_link(f"{scheme}://127.0.0.1:{free_port()}/secret")


def test_a_transaction_that_takes_too_long_is_left_in_the_air() -> None:
    with AnvilNode() as node, open_link(node.url, [dev_key(0)], mined_within=0.5) as link:
        sent: list[str] = []
        link.sender.journal = lambda entry: sent.append(entry.transaction)
        with pytest.raises(UnminedError, match=r"not mined within 0\.5.*with the same nonce"):
            federation(link)
        assert len(sent) == 1
        link.ask("evm_mine")
        mined = link.sender.find(sent[0])
        assert mined is not None
        assert mined.ok


@pytest.mark.parametrize("kind", [AnvilNode, pytest.param(HardhatNode, marks=HARDHAT)])
def test_a_node_killed_and_started_again_on_its_port(kind: type[AnvilNode]) -> None:
    with kind() as node, open_link(node.url) as link:
        assert link.chain_id == 31337
        assert node.pid is not None
        os.killpg(node.pid, signal.SIGKILL)
        wait_gone(node.pid)
        with pytest.raises(UnavailableError, match="connection refused or lost"):
            link.block()
        node.stop()
        port = node.port
        node.start()
        assert node.port == port
        assert link.block() == 0
        with pytest.raises(UnavailableError, match="no contract at"):
            Web3Chain(link, dev_key(0).address)


# ---------------------------------------------------------------------- our own nodes


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("home", ["anvil", pytest.param("hardhat", marks=HARDHAT)])
def test_our_node_ends_with_us_even_when_we_are_killed(home: str) -> None:
    program = (
        "import sys, time\n"
        "from clients.ports.chain import open_link\n"
        f"link = open_link({home!r})\n"
        "print(link._node.pid, link.url, flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, url = process.stdout.readline().split()
    assert alive(int(pid))
    assert url.startswith("http://127.0.0.1:")
    process.kill()
    process.wait()
    wait_gone(int(pid))
    with pytest.raises(UnavailableError):
        open_link(url)


def test_closing_ends_the_node() -> None:
    with opened("anvil", 4) as world:
        node = world.link._node
        assert node is not None
        pid = node.pid
        assert pid is not None
        assert alive(pid)
    assert not alive(pid)
    world.link.close()  # closing twice changes nothing


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UnavailableError, match=r"anvil"):
        AnvilNode(port=taken.getsockname()[1]).start()
    broken = tmp_path / "anvil"
    broken.write_text("#!/bin/sh\necho it is broken\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(UnavailableError, match=r"(?s)status 3.*it is broken"):
        AnvilNode(binary=broken).start()
    with pytest.raises(UnavailableError, match="can't start anvil"):
        AnvilNode(binary=tmp_path / "absent").start()
