"""`python -m deploy.devnet`: Anvil and Kubo in the foreground, with the contracts; Ctrl-C ends both."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from clients.ports.binaries import ROOT
from clients.ports.chain.deployment import record_path
from clients.ports.chain.link import open_link
from clients.ports.chain.nodes import AnvilNode
from clients.ports.chain.token import Token
from clients.ports.keys import dev_key
from clients.ports.store.kubo import KuboNode
from clients.types.errors import FedJuryError, UnavailableError
from deploy.federation import deploy_stake_vote
from deploy.options import TOKEN, add_terms, read_terms

NAME = "devnet"
_ACCOUNTS = 10  # Anvil gives as many their ether
_TOKENS = 1000 * TOKEN
_PLACEHOLDER = "0x" + "01".rjust(64, "0")


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m deploy.devnet", description=__doc__)
    parser.add_argument("--port", type=int, default=8545, metavar="N", help="Anvil's port (default 8545)")
    parser.add_argument("--block-time", type=int, default=1, metavar="S", help="seconds a block (default 1)")
    parser.add_argument("--chain-only", action="store_true", help="no Kubo")
    parser.add_argument("--folder", type=Path, default=ROOT / "deployments", help="where the record goes")
    parser.set_defaults(token=None)
    add_terms(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit status."""
    given = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by others, it tidies up as well
    try:
        with ExitStack() as stack:
            node, lines = start(given, stack)
            print("\n".join(lines), flush=True)
            while node.running:
                time.sleep(0.5)
            raise UnavailableError("Anvil has ended by itself.")
    except FedJuryError as error:
        print(f"devnet: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("devnet: ended", flush=True)
        return 130


def start(given: argparse.Namespace, stack: ExitStack) -> tuple[AnvilNode, list[str]]:
    """Start what was asked for; return the chain's node and what to tell the user. `stack` ends it all."""
    given.genesis = given.genesis or (None if given.terms else _PLACEHOLDER)
    terms = read_terms(given)
    keys = [dev_key(number) for number in range(_ACCOUNTS)]
    # On the wall clock, since those who use it wait for deadlines as they would elsewhere.
    clock = AnvilNode(port=given.port, genesis_time=None, block_time=given.block_time)
    node = stack.enter_context(clock)
    lines = []
    with open_link(node.url, keys) as link:
        deployment = deploy_stake_vote(link, keys[0].address, terms, name=NAME)
        tokens = Token(link, deployment.token.address)
        tokens.mint(keys[0].address, [(key.address, _TOKENS) for key in keys])
    record = record_path(given.folder, deployment.chain_id, NAME)
    deployment.save(record)
    lines += [
        f"chain       {node.url} (id {deployment.chain_id})",
        f"federation  {deployment.federation.address}",
        f"token       {deployment.token.address}",
        f"record      {record}",
        f"accounts    --dev-key 0 … {_ACCOUNTS - 1}, {_TOKENS // TOKEN} tokens each",
    ]
    if not given.chain_only:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="fedjury-devnet-"))
        kubo = stack.enter_context(KuboNode(Path(scratch)))
        lines.insert(1, f"store       {kubo.address}")
    lines.append("Ctrl-C ends it.")
    return node, lines


if __name__ == "__main__":
    sys.exit(main())
