"""A run's pictures: learning curve, balances, accepted and rejected rounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from clients.engine.config import TOKEN
from clients.engine.results import RoundLine

INK = "#2b2d42"
HONEST = "#2a9d8f"
MALICIOUS = "#d1495b"
QUIET = "#9aa0a6"
COLOURS = {"ACCEPTED": HONEST, "REJECTED": MALICIOUS, "UNDECIDED": QUIET}


def draw_all(lines: Sequence[RoundLine], folder: Path, title: str) -> list[Path]:
    """Draw every figure of a run into `folder` as SVG and PNG; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context({"svg.hashsalt": "fedjury", "axes.spines.top": False, "axes.spines.right": False}):
        return [
            path
            for name, draw in (("accuracy", _accuracy), ("balances", _balances), ("verdicts", _verdicts))
            for path in _save(lines, folder / name, title, draw)
        ]


def _save(lines: Sequence[RoundLine], stem: Path, title: str, draw: Any) -> list[Path]:
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    draw(axes, lines)
    axes.set_xlabel("round")
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    paths = [stem.with_suffix(suffix) for suffix in (".svg", ".png")]
    for path in paths:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    return paths


def _accuracy(axes: Any, lines: Sequence[RoundLine]) -> None:
    rounds = [line.round for line in lines]
    axes.plot(rounds, [line.accuracy for line in lines], color=INK, lw=1.6, label="accepted model")
    for line in lines:
        if not line.accepted:
            axes.axvline(line.round, color=COLOURS[line.outcome], lw=0.8, alpha=0.5, zorder=0)
    axes.set_ylabel("test accuracy")
    axes.set_ylim(0, 1)
    axes.legend(
        frameon=False, loc="lower right", title="vertical lines: rounds not accepted", title_fontsize=8
    )


def _balances(axes: Any, lines: Sequence[RoundLine]) -> None:
    rounds = [line.round for line in lines]
    for name, colour in (("honest", HONEST), ("malicious", MALICIOUS)):
        means = [getattr(line, f"{name}_mean_balance") / TOKEN for line in lines]
        axes.plot(rounds, means, color=colour, lw=1.6, label=name)
    axes.set_ylabel("mean stake, tokens")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _verdicts(axes: Any, lines: Sequence[RoundLine]) -> None:
    for outcome, colour in COLOURS.items():
        chosen = [line for line in lines if line.outcome == outcome]
        axes.bar([line.round for line in chosen], [line.votes_for for line in chosen], color=colour,
                 label=outcome.lower())  # fmt: skip
        axes.bar(
            [line.round for line in chosen],
            [-line.votes_against for line in chosen],
            color=colour,
            alpha=0.45,
        )
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_ylabel("votes against / for")
    axes.legend(frameon=False, ncols=3, loc="upper right", fontsize=8)
