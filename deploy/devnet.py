"""`python -m deploy.devnet`: Anvil and Kubo in the foreground, with the contracts; Ctrl-C ends both."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

from clients.ports.binaries import ROOT
from clients.ports.chain.deployment import record_path
from clients.ports.chain.link import open_link
from clients.ports.chain.nodes import AnvilNode
from clients.ports.chain.token import Token
from clients.ports.command import Parser, guard
from clients.ports.keys import dev_key
from clients.ports.store import compute_cid
from clients.ports.store.ipfs import KuboStore
from clients.ports.store.kubo import KuboNode
from clients.types.cid import Cid
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import TOKEN
from deploy.federation import add_to_pool, deploy_federation
from deploy.learning import add_learning, read_learning
from deploy.options import add_pool, add_terms, read_history, read_pool, read_terms
from deploy.refusing import tell_shortly

NAME = "devnet"
_ACCOUNTS = 10  # Anvil gives ether to as many
_TOKENS = 1000


class Running(Protocol):
    """A node that may end by itself."""

    @property
    def running(self) -> bool:
        """Return whether the node still runs."""
        ...


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = Parser(prog="python -m deploy.devnet", description=__doc__)
    parser.add_argument("--port", type=int, default=8545, metavar="N", help="Anvil's port (default 8545)")
    parser.add_argument("--block-time", type=int, default=1, metavar="S", help="seconds a block (default 1)")
    parser.add_argument("--chain-only", action="store_true", help="no Kubo")
    parser.add_argument(
        "--genesis-file", type=Path, metavar="FILE", help="the model to start from, which goes into the store"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "deployments", help="where the record goes")
    add_pool(parser)
    parser.set_defaults(token=None)
    add_terms(parser, pause=5)
    add_learning(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit status."""
    return guard(lambda: _run(parser().parse_args(argv)), lambda: "Ended.")


def _run(given: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up after SIGTERM as after Ctrl-C
    with ExitStack() as stack:
        nodes, lines = start(given, stack)
        print("\n".join(lines), flush=True)
        while True:
            for name, node in nodes.items():
                if not node.running:
                    raise UnavailableError(f"{name} has ended by itself.")
            time.sleep(0.5)


def start(given: argparse.Namespace, stack: ExitStack) -> tuple[dict[str, Running], list[str]]:
    """Start the nodes and deploy; return the nodes by name, and the lines for the user. `stack` ends them.

    The record is written last, so that everything it names exists by then.
    """
    genesis = _read_genesis(given)
    terms, history, learning = read_terms(given), read_history(given), read_learning(given)
    pool = read_pool(given)
    if warning := tell_shortly(terms):
        print(f"warning: {warning}", file=sys.stderr, flush=True)
    keys = [dev_key(number) for number in range(_ACCOUNTS)]
    nodes: dict[str, Running] = {}
    lines = []
    if not given.chain_only:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="fedjury-devnet-"))
        kubo = stack.enter_context(KuboNode(Path(scratch)))
        nodes["Kubo"] = kubo
        lines += [f"store       {kubo.address}", f"gateway     {kubo.gateway}"]
        if genesis is not None:
            with closing(KuboStore(kubo.address)) as store:
                store.put(genesis)
    # On the wall clock, since users wait for deadlines as they would elsewhere.
    clock = AnvilNode(port=given.port, genesis_time=None, block_time=given.block_time)
    node = stack.enter_context(clock)
    nodes["Anvil"] = node
    with open_link(node.url, keys) as link:
        deployment = deploy_federation(
            link, keys[0].address, terms, name=NAME, history=history, learning=learning
        )
        if pool:
            add_to_pool(deployment.open(link), keys[0].address, pool)
        tokens = Token(link, deployment.token.address)
        tokens.mint(keys[0].address, [(key.address, _TOKENS * TOKEN) for key in keys])
    record = record_path(given.folder, deployment.chain_id, NAME)
    deployment.save(record)
    return nodes, [
        f"chain       {node.url} (id {deployment.chain_id})",
        *lines,
        f"genesis     {Cid.from_digest(terms.genesis)}",
        f"federation  {deployment.federation.address}",
        f"token       {deployment.token.address}",
        f"record      {record}",
        f"accounts    --dev-key 0 … {_ACCOUNTS - 1}, {_TOKENS} tokens each",
        "Ctrl-C ends it.",
    ]


def _read_genesis(given: argparse.Namespace) -> bytes | None:
    """Return the bytes of the genesis file, if one is given, and set its CID as the terms' genesis."""
    if given.genesis_file is None:
        return None
    if given.genesis is not None:
        raise RequestError("--genesis and --genesis-file name the same thing: give one of them.")
    try:
        data: bytes = given.genesis_file.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"genesis {given.genesis_file} can't be read: {error.strerror}. "
            f"`python -m clients.genesis --save {given.genesis_file}` makes one."
        ) from None
    given.genesis = str(compute_cid(data))
    return data


if __name__ == "__main__":
    sys.exit(main())
