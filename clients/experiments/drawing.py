"""What all kinds of picture share: colours, panels, names, curves and legends."""

from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt

from clients.engine.figures import INK, QUIET, STYLE
from clients.experiments import metrics
from clients.experiments.figure import SERIES, Picture
from clients.experiments.results import Results
from clients.experiments.strict import Table

# Okabe and Ito's colours, for every kind of colour vision; lines differ in dashes and marks too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK, "#b8a800", QUIET)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), "-")
MARKS = "osD^vPX*<"


def draw_curve(axes: Any, values: Any, look: Table, label: str) -> None:
    """Draw the mean of `values`, seeds×rounds, and a deviation to both sides, clipped to possible values.

    No value is below 0; values that never exceed 1 are shares, which can't.
    """
    rounds = np.arange(1, values.shape[1] + 1)
    mean, deviation = values.mean(axis=0), values.std(axis=0, ddof=1 if len(values) > 1 else 0)
    axes.plot(rounds, mean, color=look["color"], ls=look["ls"], lw=1.2, label=label)
    if len(values) > 1:
        top = 1.0 if values.max() <= 1 else None
        low, high = (np.clip(mean + turn * deviation, 0.0, top) for turn in (-1, 1))
        axes.fill_between(rounds, low, high, color=look["color"], alpha=0.15, lw=0)


def pad(record: Table, name: str) -> list[float]:
    """Return the values of all planned rounds; if the federation came to a halt, the last value is
    repeated."""
    return metrics.carry_on(record, metrics.measure(name).get(record))


def make_grid(results: Results, picture: Picture, panels: Sequence[str]) -> tuple[Any, list[Any]]:
    """Return a figure with a row of panels, all of one height."""
    width = 2.7 * len(panels) + 0.6 if len(panels) > 1 else 6.4
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            1, len(panels), squeeze=False, sharey=True, figsize=(width, 3.1), layout="constrained"
        )
    figure.suptitle(picture.title or results.figure.title, fontsize=10, x=0.01, ha="left")
    return figure, list(grid[0])


def name_panel(results: Results, picture: Picture, panel: str, place: int) -> str:
    """Return the title of the panel at `place`; empty for no panel."""
    if not panel:
        return ""
    label = results.plan.axis_label(picture.panels)
    return f"({chr(ord('a') + place)}) {label + ' = ' if label else ''}{panel}"


def name_line(results: Results, picture: Picture, line: str, value: str) -> str:
    """Return a line's name: its point if there are several, and its value if there are several."""
    several = len(results.labels(picture.lines, picture.where)) > 1
    parts = []
    if several and line:
        axis = results.plan.axis_label(picture.lines)
        parts.append(line if picture.lines == SERIES else f"{axis} = {line}")
    if len(picture.values) > 1 or not parts:
        known = metrics.MEASURES if picture.kind in ("curves", "verdicts") else metrics.METRICS
        parts.append(known[value].label)
    return ", ".join(parts)


def add_legend(figure: Any, axes: Any) -> None:
    """Put a legend of what `axes` shows below the figure, in as many columns as fit."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        fits = int(figure.get_figwidth() * 14 / (max(map(len, labels)) + 8))
        figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=max(1, min(len(labels), fits)),
            frameon=False,
            fontsize=8,
        )
