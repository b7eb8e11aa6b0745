"""A link to a chain, independent of any contract: where requests go, who signs, who sets the clock."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from clients.ports.binaries import find
from clients.ports.chain.abi import as_bytes, as_int, get_bytes, get_int
from clients.ports.chain.control import Control
from clients.ports.chain.fees import GWEI, Fees
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.nodes import GENESIS_TIME, AnvilNode, DevNode, HardhatNode
from clients.ports.chain.patience import Patience
from clients.ports.chain.rpc import Rpc, RpcError, reading
from clients.ports.chain.sender import Sender
from clients.ports.urls import is_url, read_url
from clients.types.errors import RequestError, UnavailableError, unknown_name
from clients.types.keys import Signer

HOMES = ("auto", "eth-tester", "anvil", "hardhat")
_PLENTY = 10**24  # wei: a million ether of play money
_PLAY_FEES = Fees(fixed=(1000 * GWEI, GWEI))


class Link:
    """A chain, and the accounts that act on it through us.

    Only chains of our own have a `control`. `kind` is what `auto` was resolved to: `eth-tester`, `anvil`,
    `hardhat` or `url`. Closing the link ends the node that was started for it.
    """

    def __init__(
        self,
        kind: str,
        rpc: Rpc,
        chain_id: int,
        sender: Sender,
        *,
        control: Control | None = None,
        node: DevNode | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.kind = kind
        self.rpc = rpc
        self.chain_id = chain_id
        self.sender = sender
        self.control = control
        self._node = node
        self._clock = clock

    @property
    def url(self) -> str | None:
        """Return the URL of the node that was started for this link."""
        return self._node.url if self._node else None

    def block(self) -> int:
        """Return the latest block's number."""
        return self.number("eth_blockNumber")

    def now(self) -> int:
        """Return the time that the next block would carry at the earliest, in seconds."""
        with reading(self.rpc.where, "eth_getBlockByNumber"):
            earliest = get_int(self.rpc.request("eth_getBlockByNumber", "latest", False), "timestamp") + 1
        return earliest if self.control else max(earliest, int(self._clock()))

    def first_hash(self) -> str:
        """Return the hash of block 0, as 0x and lower-case hexadecimal digits."""
        with reading(self.rpc.where, "eth_getBlockByNumber"):
            block = self.rpc.request("eth_getBlockByNumber", "0x0", False)
            return "0x" + get_bytes(block, "hash", 32).hex()

    def number(self, method: str, *params: object) -> int:
        """Return a result that is a number."""
        with reading(self.rpc.where, method):
            return as_int(self.rpc.request(method, *params))

    def data(self, method: str, *params: object) -> bytes:
        """Return a result that is bytes."""
        with reading(self.rpc.where, method):
            return as_bytes(self.rpc.request(method, *params))

    def ask(self, method: str, *params: object) -> Any:
        """Return a result that no working node refuses. UnavailableError otherwise."""
        try:
            return self.rpc.request(method, *params)
        except RpcError as error:
            raise UnavailableError(f"chain at {self.rpc.where}: {error}") from None

    def close(self) -> None:
        """Close the connection, and end the node that was started for it."""
        self.rpc.close()
        if self._node is not None:
            self._node.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def resolve(spec: str) -> str:
    """Return what `spec` stands for: `auto` is Anvil if it is installed, else eth-tester.

    RequestError for an unknown name, and for a URL with a user name or a password in it.
    """
    if is_url(spec) and "@" not in spec.partition("://")[2].split("/", 1)[0].split("?", 1)[0]:
        return "url"
    if "@" in spec or "/" in spec:
        # The message doesn't quote the URL: it may hold a secret.
        raise RequestError(
            "a chain's URL is http(s):// or ws(s)://, a host and maybe a port and a path. A user name and a "
            "password in it could be read by others on this machine, in the list of processes: give env:NAME "
            "for an environment variable with the whole URL, or file:PATH for a file."
        )
    if spec not in HOMES:
        raise unknown_name("chain", spec, [*HOMES, "http://…", "ws://…", "env:NAME", "file:PATH"])
    if spec == "auto":
        return "anvil" if find("anvil") else "eth-tester"
    return spec


def open_link(
    spec: str,
    keys: Sequence[Signer] = (),
    *,
    chain_id: int | None = None,
    genesis_time: int = GENESIS_TIME,
    journal: Callable[[JournalEntry], None] | None = None,
    timeout: float = 10.0,
    patience: Patience | None = None,
    mined_within: float = 120.0,
    fees: Fees | None = None,
) -> Link:
    """Open a chain: `auto`, `eth-tester`, `anvil`, `hardhat`, a node's URL, or a reference to a URL.

    `keys` sign, and have plenty of ether on chains of our own. `timeout`: seconds for one answer of the node;
    `mined_within`: seconds for a transaction to be mined; `patience`: how the node's trouble is waited out.
    `chain_id`: the id that a URL's chain must have. RequestError for an unknown name, UnavailableError if
    there is no such chain.
    """
    kind = resolve(spec)
    if kind == "eth-tester":
        from clients.ports.chain.tester import TesterRpc  # late: py-evm takes seconds to import

        tester = TesterRpc(genesis_time=genesis_time)
        return _own(kind, tester, keys, journal, mined_within, None)
    if kind == "url":
        rpc = NodeRpc(read_url(spec), timeout=timeout, patience=patience)
        try:
            found = _chain_id(rpc)
        except BaseException:
            rpc.close()
            raise
        if chain_id not in (None, found):
            rpc.close()
            raise UnavailableError(
                f"chain at {rpc.where} has id {found}, but id {chain_id} is expected. Give the URL of a node "
                f"of chain {chain_id}."
            )
        sender = Sender(rpc, found, keys, fees=fees, journal=journal, timeout=mined_within)
        return Link(kind, rpc, found, sender)
    node = (AnvilNode if kind == "anvil" else HardhatNode)(genesis_time=genesis_time).start()
    try:
        return _own(kind, NodeRpc(node.url, timeout=max(timeout, 60.0)), keys, journal, mined_within, node)
    except BaseException:
        node.stop()
        raise


def _own(
    kind: str,
    rpc: Rpc,
    keys: Sequence[Signer],
    journal: Callable[[JournalEntry], None] | None,
    timeout: float,
    node: DevNode | None,
) -> Link:
    chain_id = _chain_id(rpc)
    control = Control(rpc)
    control.endow([key.address for key in keys], _PLENTY)
    sender = Sender(rpc, chain_id, keys, fees=_PLAY_FEES, seal=control.seal, journal=journal, timeout=timeout)
    return Link(kind, rpc, chain_id, sender, control=control, node=node)


def _chain_id(rpc: Rpc) -> int:
    try:
        return as_int(rpc.request("eth_chainId"))
    except (RpcError, TypeError, ValueError) as error:
        why = f" ({error.message})" if isinstance(error, RpcError) else ""
        raise UnavailableError(
            f"what answers at {rpc.where} is not an Ethereum node: it has no chain id{why}."
        ) from None
