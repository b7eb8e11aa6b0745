"""Pictures like those of arXiv 2101.03300: a device's epochs, vad and its ROC, stakes, block winners."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from clients.engine.figures import INK, QUIET, STYLE
from clients.experiments import metrics
from clients.experiments.drawing import COLOURS, MARKS, add_legend
from clients.experiments.figure import SERIES, Picture
from clients.experiments.results import Results
from clients.experiments.strict import Table

HONEST, MALICIOUS = COLOURS[2], COLOURS[1]
HALVES = ("first half", "second half")
"""The halves of a run, compared separately: the model changes fastest at first."""


def _canvas(results: Results, picture: Picture, rows: int, columns: int, size: tuple[float, float]) -> Any:
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            rows, columns, squeeze=False, sharex=True, sharey=True, figsize=size, layout="constrained"
        )
    figure.suptitle(picture.title or results.figure.title, fontsize=10, x=0.01, ha="left")
    return figure, grid


def _round_axis(axes: Any) -> None:
    axes.set_xlabel("round")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))


def draw_epochs(results: Results, picture: Picture) -> Any:
    """One device's accuracy after each local epoch, and the global model's, of the first seed."""
    record = results.records(results.place(picture.where))[0]
    figure, grid = _canvas(results, picture, 1, 1, (6.4, 3.1))
    axes = grid[0][0]
    epochs = np.array(record["epochs"])  # per round the device's epochs, then the global model
    peaks, local = epochs[:, -1], epochs.shape[1] - 1
    for number, start in enumerate([np.nan, *peaks[:-1]]):
        x, y = number + np.arange(local + 1) / local, [start, *epochs[number, :-1]]
        axes.plot(x, y, "-o", color=COLOURS[0], ms=2.5, lw=1, label=None if number else "device, each epoch")
    rounds = np.arange(1, len(peaks) + 1)
    axes.plot(rounds, peaks, "--D", color=COLOURS[1], ms=4, lw=1.2, label="global model")
    _round_axis(axes)
    axes.set_ylabel("test accuracy")
    add_legend(figure, axes)
    return figure


def draw_vad(results: Results, picture: Picture) -> Any:
    """Every vad of the first seed over the rounds, and the fixed threshold."""
    record = results.records(results.place(picture.where))[0]
    figure, grid = _canvas(results, picture, 1, 1, (6.4, 3.4))
    axes = grid[0][0]
    rng = np.random.default_rng(1)  # spreads the dots of a round a little, so that they don't overlap
    for group, colour, mark, shift in (("honest", HONEST, ".", -0.15), ("malicious", MALICIOUS, "x", 0.15)):
        for number in range(record["rounds"]):
            values = metrics.pool_vad(record, group, slice(number, number + 1))
            x = number + 1 + shift + rng.uniform(-0.12, 0.12, len(values))
            label = f"{group} workers" if number == 0 else None
            axes.plot(x, values, mark, color=colour, ms=3, mew=0.7, label=label)
    threshold = float(record["settings"]["threshold"])
    axes.axhline(threshold, color=INK, lw=0.9, ls="--", label=f"vad = {threshold:g}")
    _round_axis(axes)
    axes.set_ylabel("vad")
    add_legend(figure, axes)
    return figure


def draw_roc(results: Results, picture: Picture) -> Any:
    """What each fixed threshold would do, and what each rule did, in each half of the rounds.

    There is a panel for each point of the axis `panels`, three in a row, and a rule for each series.
    """
    panels = results.labels(picture.panels, picture.where)
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure, grid = _canvas(results, picture, rows, columns, (2.7 * columns + 0.6, 2.5 * rows + 0.9))
    for place, panel in enumerate(panels):
        axes = grid[place // columns][place % columns]
        for number, series in enumerate(results.labels(SERIES, picture.where)):
            records = results.records({picture.panels: panel, SERIES: series})
            if number == 0:
                _draw_any_threshold(axes, records)
            points = [_operate(records, half) for half in HALVES]
            axes.plot(*zip(*points, strict=True), "-", color=COLOURS[number], lw=0.8)
            for point, half, inside in zip(points, HALVES, ("white", COLOURS[number]), strict=True):
                look = {"color": COLOURS[number], "ms": 6, "mfc": inside}
                axes.plot(*point, MARKS[number], **look, label=f"{series}, {half}")
        axes.set_title(f"({chr(ord('a') + place)}) {panel}", fontsize=9, loc="left")
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.05)
    for axes in grid[-1]:
        axes.set_xlabel("votes against honest updates")
    for axes in grid[:, 0]:
        axes.set_ylabel("votes against malicious")
    add_legend(figure, grid[0][0])
    return figure


def _rounds(record: Table, half: str) -> slice:
    middle = record["rounds"] // 2
    return slice(0, middle) if half == HALVES[0] else slice(middle, None)


def _draw_any_threshold(axes: Any, records: Sequence[Table]) -> None:
    """Draw the ROC curves of vad, all seeds together."""
    thresholds = np.linspace(1.001, -1.001, 401)
    for half, style in zip(HALVES, (":", "-"), strict=True):
        shares = []
        for group in ("honest", "malicious"):
            vads = [
                one for record in records for one in metrics.pool_vad(record, group, _rounds(record, half))
            ]
            shares.append(1 - np.searchsorted(np.sort(vads), thresholds, "right") / max(len(vads), 1))
        axes.plot(*shares, ls=style, color=QUIET, lw=1.2, label=f"any one threshold, {half}")


def _operate(records: Sequence[Table], half: str) -> tuple[float, float]:
    """Return the shares of votes against honest and against malicious updates under a rule."""
    rounds = [one for record in records for one in record["judged"][_rounds(record, half)]]
    caught, malicious, flagged, honest = (sum(column) for column in zip(*rounds, strict=True))
    return flagged / max(honest, 1), caught / max(malicious, 1)


def draw_stakes(results: Results, picture: Picture) -> Any:
    """Every device's stake over the rounds: a row of panels per series, a panel per seed."""
    series = results.labels(SERIES, picture.where)
    seeds = results.plan.scale.seeds
    figure, grid = _canvas(
        results, picture, len(series), len(seeds), (2.2 * len(seeds) + 0.8, 1.7 * len(series) + 0.8)
    )
    for row, line in zip(grid, series, strict=True):
        records = results.records(results.place(picture.where, **{SERIES: line}))
        for axes, record in zip(row, records, strict=True):
            for group, colour, style in (("honest", HONEST, "-"), ("malicious", MALICIOUS, "--")):
                for number, stakes in enumerate(record["stakes"][group]):
                    x = np.arange(1, len(stakes) + 1)
                    label = f"{group} devices" if number == 0 else None
                    width = 0.6 if group == "honest" else 1.4
                    axes.plot(x, stakes, style, color=colour, lw=width, label=label)
            axes.set_title(f"{line}, seed {record['seed']}", fontsize=9, loc="left")
    for axes in grid[-1]:
        _round_axis(axes)
    for axes in grid[:, 0]:
        axes.set_ylabel("tokens")
    add_legend(figure, grid[0][0])
    return figure


def draw_winners(results: Results, picture: Picture) -> Any:
    """The rounds in which a malicious miner won the block: a row per run."""
    runs = [
        (f"{line}, seed {record['seed']}", record)
        for line in results.labels(SERIES, picture.where)
        for record in results.records(results.place(picture.where, **{SERIES: line}))
    ]
    figure, grid = _canvas(results, picture, 1, 1, (6.4, 0.28 * len(runs) + 1.3))
    axes = grid[0][0]
    for row, (_, record) in enumerate(runs):
        axes.axhline(row, color=QUIET, lw=0.5, zorder=0)
        rounds = [number for number, one in enumerate(record["winners"], 1) if one == "M"]
        label = "a malicious miner won" if row == 0 else None
        axes.plot(rounds, [row] * len(rounds), "o", color=MALICIOUS, ms=5, mfc="white", label=label)
        out = record["malicious_out"]
        label = "a malicious device is blacklisted" if row == 0 else None
        axes.plot(out, [row] * len(out), "|", color=INK, ms=9, label=label)
    axes.set_yticks(range(len(runs)), [called for called, _ in runs])
    axes.invert_yaxis()
    axes.set_xlim(0, max(record["rounds"] for _, record in runs) + 1)
    _round_axis(axes)
    add_legend(figure, axes)
    return figure
