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
from clients.experiments.plan import Plan, Request, make
from clients.ports.command import Parser, guard
from clients.ports.urls import shown
from clients.types.errors import RequestError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    return guard(
        lambda: _run(_parser().parse_args(words), words),
        lambda: "Stopped. What is done is kept; the same command goes on.",
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clients.experiments", description=__doc__)
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help=f"PAPER/FIGURE or PAPER: {', '.join(papers())}"
    )
    parser.add_argument("--preset", choices=PRESETS, default="smoke", help="scale (default: smoke)")
    parser.add_argument("--jobs", type=int, default=0, help="runs at a time (default: one per core)")
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
        "--replace", action="store_true", help="repeat runs of other versions, and overwrite their results"
    )
    parser.add_argument("--list", action="store_true", help="show what would run; run nothing")
    parser.add_argument(
        "--over", nargs=2, metavar=("CHAIN", "STORE"),
        help="repeat one run of each figure over CHAIN and STORE, and check that its lines are the same",
    )  # fmt: skip
    return parser


def _run(options: argparse.Namespace, words: list[str]) -> int:
    from rich.console import Console

    from clients.experiments.saving import rehearse
    from clients.learning.cores import count_cores

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    if options.jobs < 0:
        raise RequestError(f"--jobs {options.jobs}: at least 1, or 0 for one a core.")
    jobs = options.jobs or count_cores()
    console = Console()
    plans = [make(figure, options.preset) for name in options.names for figure in find(name)]
    for plan in plans:
        rehearse(plan)
    if options.list:
        _list(plans, options.runs, console)
        return 0
    command = shlex.join(["python", "-m", "clients.experiments", *map(shown, words)])
    _Work(plans, options, command, console).run(jobs)
    return 0


class _Work:
    """Figures in progress: each is saved and drawn as soon as its last run is complete."""

    def __init__(
        self, plans: Sequence[Plan], options: argparse.Namespace, command: str, console: Any
    ) -> None:
        from clients.experiments.archive import Archive
        from clients.experiments.saving import get_commit

        self._plans = plans
        self._options = options
        self._command = command
        self._console = console
        self._archive = Archive(options.runs)
        self._began = time.monotonic()
        self._commit = get_commit()
        self._left: dict[str, set[str]] = {}

    def run(self, jobs: int) -> None:
        """Do the remaining runs."""
        from clients.experiments.pool import run_all, weigh
        from clients.experiments.results import check_replaceable
        from clients.experiments.saving import check_writable

        check_writable(self._options.runs, "--runs")
        for plan in self._plans:
            check_writable(self._folder(plan), "--out")
        requests: dict[str, Request] = {}
        for plan in self._plans:
            mine = sorted(plan.requests.values(), key=weigh, reverse=True)
            requests |= {one.digest: one for one in mine}
            if self._options.replace:
                for one in mine:
                    self._archive.forget_others(one)
            else:
                check_replaceable(self._folder(plan), plan)
            self._left[plan.figure.full_name] = {one.digest for one in mine if not self._archive.is_done(one)}
        todo = len(set().union(*self._left.values()))
        self._console.print(f"{len(requests)} runs, {len(requests) - todo} of them there", highlight=False)
        for plan in self._plans:
            if not self._left[plan.figure.full_name]:
                self._finish(plan)
        run_all(list(requests.values()), self._archive, jobs, self._console, self._on_done)

    def _on_done(self, request: Request) -> None:
        for plan in self._plans:
            left = self._left[plan.figure.full_name]
            if request.digest in left:
                left.discard(request.digest)
                if not left:
                    self._finish(plan)

    def _folder(self, plan: Plan) -> Path:
        folder: Path = self._options.out / plan.figure.paper / plan.figure.name / plan.preset
        return folder

    def _finish(self, plan: Plan) -> None:
        from clients.experiments import pictures, results
        from clients.experiments.over import compare_over
        from clients.experiments.saving import save

        folder = self._folder(plan)
        found = results.collect(plan, self._archive)
        save(found, folder, self._command, self._commit, time.monotonic() - self._began)
        pictures.save_all(found, folder)
        self._console.print(f"{plan.figure.full_name}: {folder}", highlight=False, soft_wrap=True)
        if self._options.over:
            told = compare_over(plan, self._archive, folder, *self._options.over)
            self._console.print(f"  {told}", highlight=False, soft_wrap=True)


def _list(plans: Sequence[Plan], runs: Path, console: Any) -> None:
    from clients.experiments.archive import Archive

    archive = Archive(runs)
    for plan in plans:
        requests = list(plan.requests.values())
        done, others = 0, 0
        for one in requests:
            try:
                done += archive.is_done(one)
            except RequestError:
                others += 1
        rounds = sum(one.rounds for one in requests)
        console.print(
            f"{plan.figure.full_name}: {plan.figure.title}; {len(requests)} runs, {rounds} rounds, "
            f"{done} there" + (f", {others} of other versions" if others else ""),
            highlight=False, soft_wrap=True,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
