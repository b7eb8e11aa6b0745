"""`python -m clients.experiments`: one figure of a paper, or all of it."""

import argparse
import logging
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clients.experiments.figure import PRESETS, find, papers
from clients.experiments.plan import Plan, make
from clients.ports.command import guard
from clients.types.errors import RequestError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    return guard(
        lambda: _run(options, words),
        lambda: "Stopped. What is done is kept; the same command goes on.",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clients.experiments", description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help=f"PAPER/FIGURE or PAPER: {', '.join(papers())}"
    )
    parser.add_argument("--preset", choices=PRESETS, default="smoke", help="scale (default: smoke)")
    parser.add_argument("--jobs", type=int, default=0, help="runs at a time (default: one a core)")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), help="folder for results (default: results)"
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs/experiments"),
        help="folder that keeps runs (default: %(default)s)",
    )
    parser.add_argument(
        "--replace", action="store_true", help="do runs of other versions again, and write over their results"
    )
    parser.add_argument("--list", action="store_true", help="say what would be run; run nothing")
    parser.add_argument(
        "--over", nargs=2, metavar=("CHAIN", "STORE"),
        help="do one run of each figure over CHAIN and STORE too, and see that its lines are the same",
    )  # fmt: skip
    return parser


def _run(options: argparse.Namespace, words: list[str]) -> int:
    from rich.console import Console

    from clients.experiments.pool import cores

    if options.jobs < 0:
        raise RequestError(f"--jobs {options.jobs}: at least 1, or 0 for one a core.")
    jobs = options.jobs or cores()
    console = Console()
    plans = [make(figure, options.preset) for name in options.names for figure in find(name)]
    if options.list:
        _list(plans, options.runs, console)
        return 0
    command = shlex.join(["python", "-m", "clients.experiments", *words])
    for plan in plans:
        _one(plan, options, jobs, command, console)
    return 0


def _one(plan: Plan, options: argparse.Namespace, jobs: int, command: str, console: Any) -> None:
    from clients.experiments import pictures, results
    from clients.experiments.archive import Archive
    from clients.experiments.over import compare_over
    from clients.experiments.pool import run_all

    began = time.monotonic()
    archive = Archive(options.runs)
    folder = options.out / plan.figure.paper / plan.figure.name / plan.preset
    requests = list(plan.requests.values())
    if options.replace:
        for request in requests:
            archive.forget_others(request)
    console.print(f"{plan.figure.full_name}: {plan.figure.title} ({len(requests)} runs)", highlight=False)
    run_all(requests, archive, jobs, console)
    found = results.collect(plan, archive)
    if not options.replace:
        results.check_replaceable(folder, found)
    results.save(found, folder, command, time.monotonic() - began)
    pictures.save_all(found, folder)
    console.print(f"  {folder}", highlight=False)
    if options.over:
        told = compare_over(plan, archive, folder, *options.over)
        console.print(f"  {told}", highlight=False)


def _list(plans: Sequence[Plan], runs: Path, console: Any) -> None:
    from clients.experiments.archive import DONE, Archive

    archive = Archive(runs)
    for plan in plans:
        requests = list(plan.requests.values())
        done = sum((archive.folder(one) / DONE).exists() for one in requests)
        rounds = sum(one.rounds for one in requests)
        console.print(
            f"{plan.figure.full_name}: {plan.figure.title}; {len(requests)} runs, {rounds} rounds, "
            f"{done} there",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
