"""`python -m clients.audit`: checks a federation's history against the rules, and trusts no client.

It reads events and state, replays them on the specification, fetches every model and recomputes each accepted
one. It reports each discrepancy in a sentence.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.checkpoint import load_points, save_points
from clients.auditing.code import Compiled
from clients.auditing.findings import get_status, is_creation_unknown, is_unexplained
from clients.auditing.nodesource import NodeSource
from clients.auditing.report import build_report, load_report, save_report, sign_report
from clients.auditing.source import Source
from clients.auditing.words import CREATION_UNKNOWN
from clients.ports.chain.deployment import Deployment
from clients.ports.chain.link import Link, open_link
from clients.ports.chain.patience import Patience
from clients.ports.chain.terms import arguments_of, pack_terms
from clients.ports.command import Parser, guard
from clients.ports.keys import Key, open_key
from clients.ports.store.opening import open_store
from clients.ports.urls import WAYS, is_url
from clients.types.errors import RequestError, UnavailableError
from clients.types.keeping import check_history
from clients.types.mechanisms import KINDS
from clients.types.store import Store

_ROUNDS = re.compile(r"(\d{1,12})?\.\.(\d{1,12})?|(\d{1,12})")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = argparse.Namespace(checkpoint=None)  # until the command line is parsed
    return guard(lambda: _run(_parser().parse_args(argv, options)), lambda: _farewell(options))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clients.audit", description=__doc__)
    add = parser.add_argument
    add("--rpc", metavar="URL", help=f"an Ethereum node: {WAYS}")
    add("--federation", metavar="ADDRESS", help="the federation's address")
    add("--deployment", type=Path, help="deployments/<chain id>/<name>.json, instead of the address")
    add("--store", help="where the models are: dir:PATH, or an IPFS node's multiaddr or URL")
    add("--history", type=int, metavar="N", help="rounds for which models are kept (default: the record's)")
    add("--rounds", metavar="A..B", default="..", help="which rounds to report on (default: all)")
    add("--first-block", type=int, metavar="N", help="the federation's first block (default: searched for)")
    add("--no-models", action="store_true", help="skip learning data; needs no store")
    add("--no-code", action="store_true", help="don't compare the contract's code with ours")
    add("--json", action="store_true", help="print the report as JSON")
    add("--checkpoint", type=Path, metavar="FILE", help="resume from this file next time, or after Ctrl-C")
    add("--report", type=Path, metavar="FILE", help="write a signed report: JSON, or .html to print")
    add("--keystore", type=Path, help="encrypted key file that signs the report")
    add("--passphrase-file", type=Path, help="file whose first line opens the keystore")
    add("--dev-key", metavar="N", help="sign with Anvil's public test key N: for trials only")
    add(
        "--verify-report",
        type=Path,
        metavar="FILE",
        help="check a signed report, JSON or page, and nothing else",
    )
    add("--timeout", type=float, default=30.0, metavar="SECONDS", help="for an answer of the node or store")
    add("--outage", type=float, default=300.0, metavar="SECONDS",
        help="how long to wait for a node that goes away, or wants fewer requests")  # fmt: skip
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.verify_report is not None:
        return _verify(options)
    scope, key = _read_scope(options), _read_key(options)
    record = Deployment.load(options.deployment) if options.deployment is not None else None
    kept = _read_history(options, record)
    with ExitStack() as stack:
        store = _open_store(options, stack)
        link = stack.enter_context(_open_chain(options))
        source = _find_source(link, options, record)
        scope = _place(scope, source, options)
        result = _audit(source, link, scope, store, kept, options)
        report = build_report(
            source, scope, result, first_hash=link.first_hash(), models=store is not None, kept=kept
        )
    if key is not None:
        report = sign_report(report, key)
        save_report(options.report, report)
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        _tell(report)
    return get_status(report)


def _read_scope(options: argparse.Namespace) -> Scope:
    match = _ROUNDS.fullmatch(options.rounds.strip())
    if not match:
        raise RequestError(f"--rounds {options.rounds[:40]!r}: A..B, A.., ..B or one round.")
    first, last, one = match.groups()
    low = int(one or first or 1)
    high = int(one) if one else int(last) if last else None
    if low < 1 or (high is not None and high < low):
        raise RequestError(f"--rounds {options.rounds}: rounds are counted from 1, and A comes before B.")
    if options.first_block is not None and options.first_block < 0:
        raise RequestError(f"--first-block {options.first_block}: blocks are counted from 0.")
    return Scope(low, high)


def _read_history(options: argparse.Namespace, record: Deployment | None) -> int | None:
    """Return for how many rounds models are kept, or None if neither option nor record says."""
    if options.history is not None:
        return check_history(options.history, "--history")
    return record.history if record else None


def _read_key(options: argparse.Namespace) -> Key | None:
    if options.report is not None:
        return open_key(options.dev_key, options.keystore, options.passphrase_file)
    if options.keystore is not None or options.dev_key is not None:
        raise RequestError("a key signs a report: name its file with --report.")
    return None


def _open_store(options: argparse.Namespace, stack: ExitStack) -> Store | None:
    spec = options.store
    if options.no_models:
        if spec is not None:
            raise RequestError("--store and --no-models contradict each other.")
        return None
    if spec in (None, "auto", "memory", "dir", "kubo"):
        raise RequestError(
            "name the store that holds the models: --store dir:PATH, /ip4/HOST/tcp/PORT or http://HOST:PORT "
            "of an IPFS node; or skip the models with --no-models."
        )
    folder = Path(spec.removeprefix("dir:")).expanduser()
    if spec.startswith("dir:") and not folder.is_dir():
        raise UnavailableError(f"the store's folder {folder} doesn't exist.")
    store = open_store(spec, root=Path(), timeout_s=options.timeout)
    stack.callback(store.close)
    return store


def _open_chain(options: argparse.Namespace) -> Link:
    if not options.rpc or not is_url(options.rpc):
        raise RequestError(f"name the chain: --rpc with an Ethereum node, as {WAYS}.")
    if (options.federation is None) == (options.deployment is None):
        raise RequestError("name the federation: --federation ADDRESS or --deployment FILE.")
    patience = Patience(refused=options.outage, outage=options.outage)
    return open_link(options.rpc, timeout=options.timeout, patience=patience)


def _find_source(link: Link, options: argparse.Namespace, record: Deployment | None) -> NodeSource:
    if record is None:
        return NodeSource(link, options.federation, created=options.first_block)
    if record.chain_id != link.chain_id:
        raise UnavailableError(
            f"chain at {link.rpc.where} has id {link.chain_id}, the deployment's is {record.chain_id}."
        )
    # Mechanism, terms and code are read from the chain, whatever the record says. Its block is a guess.
    block = record.federation.block
    created = block if type(block) is int and block > 0 else options.first_block
    return NodeSource(link, record.federation.address, created=created)


def _place(scope: Scope, source: NodeSource, options: argparse.Namespace) -> Scope:
    first = source.find_first_block() if options.first_block is None else options.first_block
    return Scope(scope.first, scope.last, first)


def _audit(
    source: Source,
    link: Link,
    scope: Scope,
    store: Store | None,
    kept: int | None,
    options: argparse.Namespace,
) -> AuditResult:
    owner = {
        "chain": source.chain_id,
        "first_hash": link.first_hash(),
        "federation": source.federation,
        "mechanism": source.mechanism,
        "terms": pack_terms(source.terms),
        "rounds": [scope.first, scope.last],
        "first_block": scope.first_block,
        "models": store is not None,
        "history": kept,
    }
    owner = json.loads(json.dumps(owner))
    file = options.checkpoint
    with _progress() as tell:
        return Auditor(
            source,
            scope,
            store=store,
            kept=kept,
            known=None if options.no_code else _compile(source),
            contract=KINDS[source.mechanism].contract,
            points=load_points(file, owner) if file else (),
            save=partial(save_points, file, owner) if file else None,
            history=options.json or options.report is not None,
            tell=tell,
        ).run()


def _compile(source: Source) -> dict[str, Compiled]:
    """Return our contracts as compiled; the federation's also with its creation code for these terms."""
    from deploy.compiler import artifacts  # late: it may have to compile

    known = {kind.contract: artifacts()[kind.contract] for kind in KINDS.values()}
    wanted = KINDS[source.mechanism].contract
    compiled = {name: Compiled(one.deployed_bytecode) for name, one in known.items()}
    arguments = arguments_of(source.terms)
    creation, encoded = known[wanted].build_creation(arguments), known[wanted].encode_arguments(arguments)
    return {**compiled, wanted: Compiled(known[wanted].deployed_bytecode, creation, encoded)}


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """Show the audit's progress on stderr, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading the chain", total=None)

        def tell(block: int, last: int, round: int) -> None:
            progress.update(task, completed=block, total=last, description=f"round {round}, block {block}")

        yield tell


def _tell(report: Mapping[str, Any]) -> None:
    _tell_sentences(report)
    first, last = report["rounds"]["first"], report["rounds"]["last"] or "the end"
    count, tip = len(report["findings"]), report["blocks"]["last"]
    print(
        f"{'Nothing' if not count else '1 thing' if count == 1 else f'{count} things'} that doesn't add up"
        f" in rounds {first} to {last} of {report['mechanism']} federation {report['federation']} on chain "
        f"{report['chain']['id']}: {report['rounds']['settled']} rounds settled by block {tip['number']} "
        f"({tip['hash']})"
        f"{'' if report['models'] else ', models left out'}"
        f"{', and it ended early with too many findings' if report['ended_early'] else ''}."
    )
    if not count and is_unexplained(report):
        print(
            "But models are missing, and this audit can't tell whether they may be: give --deployment with a "
            "record that says for how many rounds they are kept, or --history N."
        )


def _tell_sentences(report: Mapping[str, Any]) -> None:
    for one in (*report["findings"], *report["gone"]):
        print(one["sentence"])
    if is_creation_unknown(report):
        print(CREATION_UNKNOWN)


def _verify(options: argparse.Namespace) -> int:
    """Check that a report is what its signer signed, and print what it says."""
    report: dict[str, Any] = load_report(options.verify_report)
    print(report["signature"]["statement"])
    print(f"Signed by {report['signature']['signer']}, and not changed since.")
    _tell_sentences(report)
    return get_status(report)


def _farewell(options: argparse.Namespace) -> str:
    if options.checkpoint is None:
        return "Stopped. With --checkpoint FILE an audit can resume where it stopped."
    return f"Stopped. The same command resumes from {options.checkpoint}."


if __name__ == "__main__":
    sys.exit(main())
