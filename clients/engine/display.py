"""What a person sees: a live table on a terminal; in a pipe, only the last rounds and the outcome."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from clients.engine.results import RoundLine, tell_troubles
from clients.learning.meters import PARTS
from clients.types.federation import TOKEN, Address
from clients.types.learning import Task

SHOWN = 12
WIDE = 140
"""Terminal columns from which on the table shows the time of every part."""
STYLES = {"ACCEPTED": "green", "REJECTED": "red", "UNDECIDED": "yellow"}


def tell_download(file: str, done: int, total: int) -> None:
    """Show on a terminal how much of a data file is downloaded; print nothing elsewhere."""
    if sys.stderr.isatty():
        share = f"{done / total:4.0%}" if total else f"{done / 1e6:.0f} MB"
        print(f"\rfetching {file}: {share}", end="\n" if done == total else "", file=sys.stderr, flush=True)


class Display:
    """A table of the last rounds, updated as they settle. Use as a context manager."""

    def __init__(self, rounds: int, title: str, task: Task, console: Console | None = None) -> None:
        self._console = console or Console()
        self._title = title
        self._about = task
        self._lines: list[RoundLine] = []
        self._progress = Progress(
            TextColumn("round"), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("left"),
            TimeRemainingColumn(), console=self._console,
        )  # fmt: skip
        self._task = self._progress.add_task("rounds", total=rounds)
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._render)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, *lines: RoundLine) -> None:
        """Add settled rounds, and name the participants that sat them out for trouble of their own."""
        self._lines.extend(lines)
        for sentence in (sentence for line in lines for sentence in tell_troubles(line)):
            self._console.print(sentence, style="yellow", highlight=False, markup=False, soft_wrap=True)
        self._progress.update(self._task, completed=len(self._lines))

    def tell(self, *news: str) -> None:
        """Say how the work is done."""
        for sentence in news:
            self._console.print(sentence, style="dim", highlight=False, markup=False, soft_wrap=True)

    def _render(self) -> Table:
        grid = Table.grid()
        wide = self._console.width >= WIDE
        grid.add_row(get_table(self._lines[-SHOWN:], self._title, self._about, wide=wide))
        grid.add_row(self._progress)
        return grid


def get_table(lines: Sequence[RoundLine], title: str, task: Task, *, wide: bool = True) -> Table:
    """Return the table of `lines`: verdict, score and a guess's, votes, stakes, gas; and if `wide`, times."""
    parts = (*PARTS, "total") if wide else ("total",)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("round", justify="right")
    table.add_column("verdict")
    for name in (task.score, "guess", "for", "against", "honest", "malicious", "out", "gas"):
        table.add_column(name, justify="right", style="dim" if name == "guess" else None)
    for part in parts:
        table.add_column(f"{part} s", justify="right", style="dim" if part != "total" else None)
    out = 0
    for line in lines:
        out += len(line.banned)
        table.add_row(
            str(line.round),
            Text(line.outcome.lower(), style=STYLES.get(line.outcome, "")),
            task.tell(line.accuracy),
            "–" if line.guess is None else task.tell(line.guess),
            str(line.votes_for),
            str(line.votes_against),
            f"{line.honest_mean_balance / TOKEN:.1f}",
            f"{line.malicious_mean_balance / TOKEN:.1f}",
            str(len(line.banned)) if line.banned else "",
            f"{sum(line.gas.values()) / 1e6:.2f}M" if any(line.gas.values()) else "–",
            *(f"{line.seconds.get(part, 0.0):.2f}" for part in parts),
        )
    return table


def get_verdict(
    lines: Sequence[RoundLine],
    honest: Sequence[Address],
    malicious: Sequence[Address],
    start: int,
    task: Task,
) -> str:
    """Return the closing sentence of a run: how many rounds were accepted, who lost what, how many updates
    were decoys, how good the model is."""
    last = lines[-1]
    banned = {account for line in lines for account in line.banned}
    accepted = sum(line.accepted for line in lines)
    parts = [f"{accepted} of {len(lines)} rounds were accepted"]
    for name, group in (("malicious", malicious), ("honest", honest)):
        change = sum(last.balances.get(one, 0) - start for one in group) / TOKEN
        removed = len(banned & set(group))
        if change or removed:
            verb = "lost" if change < 0 else "won"
            parts.append(
                f"the {len(group)} {name} participants together {verb} {abs(change):.1f} tokens"
                f" and {removed} of them {'is' if removed == 1 else 'are'} out"
            )
    refused = sum(len(line.refused) for line in lines)
    if refused:
        parts.append(f"the chain refused {refused} of their cheats")
    if len(parts) == 1:
        parts.append("no stake changed hands")
    decoys = sum(len(line.own.get("decoys", ())) for line in lines)
    if decoys:
        updates = sum(len(line.proposers) for line in lines)
        parts.append(f"{decoys} of {updates} updates {'was a decoy' if decoys == 1 else 'were decoys'}")
    score = task.tell(last.accuracy)
    quality = f"is {score} accurate" if task.scores_shares else f"has an R² of {score}"
    quality += " on the test set"
    if last.guess is not None:
        quality += f", where {task.guess} alone gives {task.tell(last.guess)}"
    if last.auroc is not None:
        quality += f" (mean AUROC {last.auroc:.3f}, where a guess gives 0.5)"
    return f"{'; '.join(parts)}. The accepted model {quality}: {last.head_cid}"
