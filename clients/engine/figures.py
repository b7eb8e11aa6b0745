"""A run's pictures: learning curve, votes and verdicts, mean stakes; and all three stacked."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter, MaxNLocator

from clients.engine.results import RoundLine
from clients.types.federation import TOKEN
from clients.types.learning import Task

# Okabe and Ito's colours differ for every kind of colour vision; important things differ in form too.
INK = "#2b2d42"
HONEST = "#0072b2"
MALICIOUS = "#d55e00"
QUIET = "#8a8f98"
COLOURS = {"ACCEPTED": HONEST, "REJECTED": MALICIOUS, "UNDECIDED": QUIET}
MARKS = {"REJECTED": "x", "UNDECIDED": "|"}
STYLE: Any = {
    "svg.hashsalt": "fedjury",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "font.size": 9,
}

Draw = Callable[[Any, Sequence[RoundLine]], None]


def draw_all(lines: Sequence[RoundLine], folder: Path, title: str, task: Task) -> list[Path]:
    """Draw every figure of a run into `folder` as SVG and PNG; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    accuracy: Draw = partial(_accuracy, task=task)
    single: dict[str, Draw] = {"accuracy": accuracy, "balances": _balances, "verdicts": _verdicts}
    paths = []
    for name, draw in single.items():
        with _sheet(1, (7, 3.4), title) as (figure, [axes]):
            draw(axes, lines)
            paths += _save(figure, axes, lines, folder / name)
    voted = any(line.votes_for or line.votes_against for line in lines)
    together = (accuracy, _verdicts, _balances) if voted else (accuracy, _balances)
    with _sheet(len(together), (7.5, 2.3 * len(together)), title) as (figure, panels):
        for axes, draw in zip(panels, together, strict=True):
            draw(axes, lines)
        paths += _save(figure, panels[-1], lines, folder / "overview")
    return paths


@contextmanager
def _sheet(rows: int, size: tuple[float, float], title: str) -> Iterator[tuple[Any, list[Any]]]:
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(rows, squeeze=False, sharex=True, figsize=size, layout="constrained")
        try:
            figure.suptitle(title, fontsize=10, x=0.01, ha="left")
            figure.align_ylabels()
            yield figure, list(grid[:, 0])
        finally:
            plt.close(figure)


def _save(figure: Any, axes: Any, lines: Sequence[RoundLine], stem: Path) -> list[Path]:
    axes.set_xlabel("round")
    axes.set_xlim(lines[0].round - 0.6, lines[-1].round + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    paths = [stem.with_suffix(suffix) for suffix in (".svg", ".png")]
    for path in paths:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    return paths


def _accuracy(axes: Any, lines: Sequence[RoundLine], task: Task) -> None:
    rounds = [line.round for line in lines]
    marker = "o" if len(lines) == 1 else None
    axes.plot(
        rounds, [line.accuracy for line in lines], color=INK, lw=1.6, marker=marker, label="accepted model"
    )
    ranked = [(line.round, line.auroc) for line in lines if line.auroc is not None]
    if ranked:
        axes.plot(*zip(*ranked, strict=True), color=QUIET, lw=1.4, ls="--", label="its mean AUROC")
    if lines[-1].guess is not None:
        axes.axhline(lines[-1].guess, color=QUIET, lw=0.9, ls=":", label=f"{task.guess} alone")
    for outcome, mark in MARKS.items():
        kept = [line for line in lines if line.outcome == outcome]
        if kept:
            axes.plot([line.round for line in kept], [line.accuracy for line in kept], mark, ms=7, mew=2,
                      color=COLOURS[outcome], label=f"{outcome.lower()}: the model stays")  # fmt: skip
    axes.set_ylabel(f"test {task.score}")
    if task.scores_shares:
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    else:
        # A score far below a guess is bad; how bad doesn't matter.
        axes.set_ylim(max(-1.02, min(-0.02, *(line.accuracy for line in lines)) * 1.02), 1.02)
    _explain(axes)


def _verdicts(axes: Any, lines: Sequence[RoundLine]) -> None:
    for outcome, colour in COLOURS.items():
        chosen = [line for line in lines if line.outcome == outcome]
        if chosen:
            rounds = [line.round for line in chosen]
            hatch = "" if outcome == "ACCEPTED" else "////" if outcome == "REJECTED" else "...."
            style = {"color": colour, "edgecolor": "white", "lw": 0, "hatch": hatch}
            axes.bar(rounds, [line.votes_for for line in chosen], label=outcome.lower(), **style)
            axes.bar(rounds, [-line.votes_against for line in chosen], alpha=0.5, **style)
    axes.axhline(0, color=INK, lw=0.8)
    # where members publish, these are the publications of another digest and of the leading one
    published = any(line.publisher for line in lines)
    axes.set_ylabel(f"{'publications' if published else 'votes'} against   for")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda votes, _: f"{abs(votes):.0f}"))
    _explain(axes)


def _balances(axes: Any, lines: Sequence[RoundLine]) -> None:
    rounds = [line.round for line in lines]
    marker = "o" if len(lines) == 1 else None
    for name, colour, dashes in (("honest", HONEST, "-"), ("malicious", MALICIOUS, "--")):
        means = [getattr(line, f"{name}_mean_balance") / TOKEN for line in lines]
        if any(means):
            axes.plot(rounds, means, color=colour, lw=1.8, ls=dashes, marker=marker, label=name)
    out = [(line.round, len(line.banned)) for line in lines if line.banned]
    for place, (round_number, count) in enumerate(out):
        axes.axvline(
            round_number, color=QUIET, lw=0.9, ls=":", zorder=0, label="" if place else "members banned"
        )
        axes.annotate(
            str(count), (round_number, 0), (2, 2), textcoords="offset points", color=QUIET, fontsize=8
        )
    axes.set_ylabel("mean stake, tokens")
    axes.set_ylim(bottom=0)
    _explain(axes)


def _explain(axes: Any) -> None:
    """Put the legend above the panel, where no data is."""
    entries = len(axes.get_legend_handles_labels()[1])
    if entries:
        axes.legend(
            frameon=False, loc="lower right", bbox_to_anchor=(1, 0.99), borderaxespad=0,
            ncols=entries, fontsize=8, handlelength=1.6, columnspacing=1.4,
        )  # fmt: skip
