"""Development nodes of our own, on a free port of 127.0.0.1; they end with this process."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from clients.ports.binaries import find, node_environment
from clients.ports.chain.abi import as_int
from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.patience import Patience
from clients.ports.chain.process import Server, free_port
from clients.ports.chain.rpc import RpcError
from clients.types.errors import UnavailableError

DEV_CHAIN_ID = 31337
GENESIS_TIME = 1_700_000_000
_GAS_LIMIT = 10**11
_START_S = 60.0
_ATTEMPTS = 3  # another process may take the free port before the node does


class DevNode:
    """A node that lives as long as its `with` block.

    It mines when told to, so that a batch of transactions makes one block in the order in which they were
    sent; or every `block_time` seconds. Its clock starts at `genesis_time`, not at the wall clock.
    """

    name = "node"

    def __init__(
        self,
        *,
        port: int | None = None,
        chain_id: int = DEV_CHAIN_ID,
        genesis_time: int | None = GENESIS_TIME,
        block_time: float | None = None,
        log: Path | None = None,
        binary: Path | None = None,
    ) -> None:
        self._port = port
        self._chain_id = chain_id
        self._genesis_time = genesis_time
        self._block_time = block_time
        self._log = log
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._binary = binary
        self._server: Server | None = None

    def command(self, port: int) -> tuple[list[str], Path | None]:
        """Return the command that starts the node, and the folder to start it in."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Return the URL at which the node listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int | None:
        """Return the port on which the node listens; the same one after a restart."""
        return self._port

    @property
    def running(self) -> bool:
        """Return whether the node is running."""
        return self._server is not None and self._server.running

    @property
    def pid(self) -> int | None:
        """Return the node's process, while it runs."""
        return self._server.pid if self._server else None

    def start(self) -> Self:
        """Start the node and wait until it answers. UnavailableError if it doesn't."""
        fixed = self._port
        for attempt in range(_ATTEMPTS):
            self._port = fixed or free_port()
            command, folder = self.command(self._port)
            log = self._log or Path(self._home().name) / f"{self.name}.log"
            self._server = Server(self.name, command, log, folder=folder, environment=node_environment())
            try:
                self._server.wait_until(self._answers, _START_S)
                return self
            except UnavailableError:
                self.stop()
                self._port = fixed
                if fixed or attempt + 1 == _ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """End the node. Stopping twice changes nothing."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _home(self) -> tempfile.TemporaryDirectory[str]:
        """Return a scratch folder that is deleted with the node."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="fedjury-")
        return self._scratch

    def _answers(self) -> bool:
        rpc = NodeRpc(self.url, timeout=2.0, patience=Patience(tries=1))
        try:
            # Somebody else's node may answer on this port: ours must be running as well.
            found = as_int(rpc.request("eth_chainId"))
            return found == self._chain_id and self._server is not None and self._server.running
        except (UnavailableError, RpcError, TypeError, ValueError):
            return False
        finally:
            rpc.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class AnvilNode(DevNode):
    """Foundry's Anvil."""

    name = "anvil"

    def command(self, port: int) -> tuple[list[str], Path | None]:
        """Return Anvil's command line."""
        binary = self._binary or find("anvil")
        if binary is None:
            raise UnavailableError(
                "no Anvil on this machine: run `make setup`, or choose --chain eth-tester."
            )
        mining = ["--block-time", str(self._block_time)] if self._block_time else ["--no-mining"]
        clock = ["--timestamp", str(self._genesis_time)] if self._genesis_time is not None else []
        options = {"--host": "127.0.0.1", "--port": port, "--chain-id": self._chain_id, "--order": "fifo",
                   "--gas-limit": _GAS_LIMIT, "--hardfork": "prague", "--prune-history": 512}  # fmt: skip
        flags = [part for option, value in options.items() for part in (option, str(value))]
        return [str(binary), *flags, *mining, *clock], None


class HardhatNode(DevNode):
    """Hardhat's node, with its own configuration: it uses neither the project's nor its caches."""

    name = "hardhat"

    def command(self, port: int) -> tuple[list[str], Path | None]:
        """Return the command line of Hardhat's node, and the folder that holds its configuration."""
        binary = self._binary or find("hardhat")
        if binary is None:
            raise UnavailableError(
                "no Hardhat on this machine: run `make setup`, or choose --chain eth-tester."
            )
        modules = next((one for one in binary.absolute().parents if one.name == "node_modules"), None)
        if modules is None:
            raise UnavailableError(f"{binary} is not in a node_modules folder, where Hardhat wants to be.")
        folder = Path(self._home().name)
        (folder / "package.json").write_text('{"type": "module", "private": true}')
        (folder / "hardhat.config.js").write_text(f"export default {json.dumps(self._configuration())};")
        here = folder / "node_modules"
        here.unlink(missing_ok=True)
        here.symlink_to(modules)
        command = [str(here / ".bin" / "hardhat"), "node", "--hostname", "127.0.0.1", "--port", str(port)]
        return command, folder

    def _configuration(self) -> dict[str, object]:
        clock: dict[str, object] = {}
        if self._genesis_time is not None:
            clock["initialDate"] = datetime.fromtimestamp(self._genesis_time, UTC).isoformat()
        node = {
            "type": "edr-simulated",
            "chainId": self._chain_id,
            "hardfork": "prague",
            "blockGasLimit": _GAS_LIMIT,
            "mining": {
                "auto": False,
                "interval": round((self._block_time or 0) * 1000),
                "mempool": {"order": "fifo"},
            },
            "accounts": [],
            **clock,
        }
        return {"networks": {"node": node}}
