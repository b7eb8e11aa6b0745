"""Controls a development chain: its blocks, its clock and its ether."""

from collections.abc import Sequence

from clients.ports.chain.abi import as_int
from clients.ports.chain.rpc import Rpc, RpcError, reading
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Address

_KINDS = ("anvil", "hardhat", "tester")


class Control:
    """Mines blocks and sets the clock of a chain of our own.

    It sets every block's time, by default one second after its parent's, so a run's times don't depend on how
    long anything took.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        client = str(rpc.request("web3_clientVersion")).lower()
        self._kind = next((kind for kind in _KINDS if kind in client), None)
        if self._kind is None:
            raise UnavailableError(
                f"chain at {rpc.where}: {client} is no development chain; its clock can't be set."
            )
        if self._kind == "anvil":
            # Without this, Anvil adds elapsed wall-clock time to the blocks of one request.
            rpc.request("anvil_setBlockTimestampInterval", 1)
        with reading(rpc.where, "eth_getBlockByNumber"):
            self._time = as_int(rpc.request("eth_getBlockByNumber", "latest", False)["timestamp"])

    def mine(self, *, seconds: int = 1, blocks: int = 1) -> None:
        """Mine `blocks` blocks, the first of them `seconds` (at least 1) after the latest one."""
        if seconds < 0 or blocks < 0:
            raise RequestError(f"can't mine {blocks} blocks in {seconds} seconds: time runs forward only.")
        if not blocks:
            return
        first = self._time + max(1, seconds)
        try:
            # One request at a time: nodes may execute the parts of a batch in any order.
            self._rpc.request("evm_setNextBlockTimestamp", first)
            interval = () if self._kind == "anvil" else (hex(1),)
            self._rpc.request(f"{self._kind}_mine", hex(blocks), *interval)
        except RpcError as error:
            raise UnavailableError(f"chain at {self._rpc.where} does not mine: {error}") from None
        self._time = first + blocks - 1

    def seal(self) -> None:
        """Mine a block of the pending transactions."""
        self.mine()

    def endow(self, accounts: Sequence[Address], wei: int) -> None:
        """Set each account's ether to `wei`."""
        for answer in self._rpc.batch([(f"{self._kind}_setBalance", (one, hex(wei))) for one in accounts]):
            if isinstance(answer, RpcError):
                raise UnavailableError(f"chain at {self._rpc.where} gives no ether: {answer}")
