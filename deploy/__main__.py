"""`python -m deploy`: compiles the contracts, deploys them to any chain, and writes a record for others."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clients.ports.binaries import ROOT
from clients.ports.chain.deployment import Deployment, record_path
from clients.ports.chain.fees import add_ceiling, parse_ceiling
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.link import Link, open_link
from clients.ports.chain.patience import Patience
from clients.ports.command import Parser, guard
from clients.ports.files import write_whole
from clients.ports.keys import open_key
from clients.ports.urls import WAYS
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError
from deploy.federation import add_to_pool, deploy_federation
from deploy.learning import add_learning, read_learning
from deploy.options import add_pool, add_terms, read_history, read_pool, read_rules, read_terms
from deploy.refusing import add_unsafe, check_weaknesses, tell_idle_rounds
from deploy.sources import write_sources
from deploy.terms import parse_bytes32


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = Parser(
        prog="python -m deploy",
        description="Deploy a federation and write deployments/<chain id>/<name>.json.",
    )
    parser.add_argument("--rpc", required=True, metavar="URL", help=f"a node of the chain: {WAYS}")
    parser.add_argument("--name", required=True, help="the deployment's name")
    parser.add_argument("--chain-id", type=int, metavar="N", help="refuse any other chain than this")
    key = parser.add_argument_group("the account that deploys and pays")
    who = key.add_mutually_exclusive_group(required=True)
    who.add_argument("--keystore", type=Path, metavar="FILE", help="an encrypted key file")
    who.add_argument("--dev-key", metavar="N", help="a public test key of Anvil's, by number")
    key.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="default: $FEDJURY_PASSPHRASE, else asked for"
    )
    add_ceiling(key)
    money = parser.add_argument_group("token and randomness")
    money.add_argument("--token", metavar="ADDRESS", help="the ERC-20 to stake (default: a new one)")
    money.add_argument(
        "--supply",
        default="0",
        metavar="TOKENS",
        help="how many tokens a new token gives the deployer (default 0)",
    )
    add_pool(money)
    money.add_argument(
        "--beacon-value", metavar="0x…", help="a fixed source of randomness; development chains only"
    )
    add_terms(parser, pause=60)
    add_unsafe(parser)
    add_learning(parser)
    parser.add_argument("--folder", type=Path, default=ROOT / "deployments", help="where records go")
    parser.add_argument("--force", action="store_true", help="write over another deployment of this name")
    parser.add_argument(
        "--timeout",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds to wait for a transaction, and to sit out a node that wants fewer requests",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    return guard(lambda: _run(parser().parse_args(argv)))


def _run(given: argparse.Namespace) -> int:
    deployment, path = deploy(given)
    contract = deployment.federation
    print(f"{deployment.name}: {contract.contract} at {contract.address} on chain {deployment.chain_id}")
    print(f"token at {deployment.token.address}")
    print(f"record: {path}")
    return 0


def deploy(given: argparse.Namespace) -> tuple[Deployment, Path]:
    """Deploy as the command line asks; return the deployment and its record's path."""
    terms, history, learning = read_terms(given), read_history(given), read_learning(given)
    weaknesses = check_weaknesses(terms, read_rules(given), unsafe=given.unsafe_terms)
    for warning in filter(None, (weaknesses, tell_idle_rounds(terms))):
        print(f"warning: {warning}", file=sys.stderr)
    supply, pool = parse_amount("--supply", given.supply), read_pool(given)
    beacon = parse_bytes32(given.beacon_value) if given.beacon_value else None
    record_path(given.folder, 0, given.name)  # refuses a bad name before anything costs gas
    fees = parse_ceiling(given.fee_ceiling)
    key = open_key(given.dev_key, given.keystore, given.passphrase_file)
    patience = Patience(refused=given.timeout)
    options = {"chain_id": given.chain_id, "mined_within": given.timeout, "patience": patience, "fees": fees}
    with open_link(given.rpc, [key], **options) as link:
        path = record_path(given.folder, link.chain_id, given.name)
        if path.exists() and not given.force:
            raise RequestError(f"{path} records another deployment. Choose another --name, or --force.")
        log = path.with_suffix(".pending")
        _note(link, log, force=given.force)
        deployment = deploy_federation(
            link,
            key.address,
            terms,
            name=given.name,
            beacon_value=beacon,
            supply=supply,
            history=history,
            learning=learning,
        )
        write_sources(path, deployment)
        deployment.save(path)
        if pool:
            add_to_pool(deployment.open(link), deployment.deployer, pool)
        log.unlink(missing_ok=True)
    return deployment, path


def _note(link: Link, log: Path, *, force: bool) -> None:
    """Write every transaction down before it is sent, so that an interrupted deployment can be found."""
    if log.exists() and not force:
        raise RequestError(
            f"a deployment of this name was cut short; {log} has its transactions. "
            "See what became of them, then remove that file or use --force."
        )
    lines: list[str] = []

    def write(entry: JournalEntry) -> None:
        lines.append(
            f"{entry.label}: nonce {entry.nonce} of {entry.sender}, transaction {entry.transaction}\n"
        )
        write_whole(log, "".join(lines))

    link.sender.journal = write


if __name__ == "__main__":
    sys.exit(main())
