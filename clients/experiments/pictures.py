"""Pictures in the manner of the papers': curves with their spread, verdicts, and values along an axis."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from clients.engine.figures import INK, QUIET, STYLE
from clients.experiments import metrics
from clients.experiments.figure import SERIES, Picture
from clients.experiments.results import Results
from clients.experiments.strict import Table
from clients.ports.files import write_whole
from clients.types.errors import RequestError, unknown_name

# Okabe and Ito's colours, for every kind of colour vision; lines differ in dashes and marks too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK, "#b8a800", QUIET)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), "-")
MARKS = "osD^vPX*<"
ACCEPTED, REJECTED, UNDECIDED = COLOURS[0], COLOURS[1], QUIET


def draw(results: Results, picture: Picture) -> Any:
    """Return the picture as a matplotlib figure; `RequestError` where it asks for what isn't there."""
    if picture.kind not in KINDS:
        raise unknown_name("kind of picture", picture.kind, KINDS)
    with plt.rc_context({**STYLE, "svg.fonttype": "none", "path.simplify": True}):
        return KINDS[picture.kind](results, picture)


def save_all(results: Results, folder: Path) -> list[Path]:
    """Draw every picture of the figure into `folder` as SVG; return the paths."""
    paths = []
    for picture in results.figure.pictures:
        path = folder / f"{picture.name}.svg"
        figure = draw(results, picture)
        try:
            write_whole(path, to_svg(figure))
        finally:
            plt.close(figure)
        paths.append(path)
    return paths


def to_svg(figure: Any) -> str:
    """Return a figure as SVG, the same text for the same figure, numbers cut to a hundredth of a point."""
    import io

    with plt.rc_context({**STYLE, "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    short = re.sub(r"(\d+\.\d\d)\d+", r"\1", text.getvalue())
    return "\n".join(line.rstrip() for line in short.splitlines()) + "\n"


def _curves(results: Results, picture: Picture) -> Any:
    """A value of each round: the mean over the seeds, and a deviation to both sides."""
    panels = results.labels(picture.panels, picture.where)
    lines = results.labels(picture.lines, picture.where)
    figure, grid = _grid(results, picture, panels)
    for place, (axes, panel) in enumerate(zip(grid, panels, strict=True)):
        for number, line in enumerate(lines):
            at = results.place(picture.where, **{picture.panels: panel, picture.lines: line})
            for turn, name in enumerate(picture.values):
                curves = [_padded(results, record, name) for record in results.records(at)]
                if not curves:
                    continue
                look = _look(number, turn, len(lines), len(picture.values), numeric=True)
                _curve(axes, np.array(curves), look, _name(results, picture, line, name))
        axes.set_xlabel("round")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_title(_panel(results, picture, panel, place), fontsize=9, loc="left")
    grid[0].set_ylabel(picture.ylabel or metrics.measure(picture.values[0]).label)
    _legend(figure, grid[0])
    return figure


def _curve(axes: Any, values: Any, look: Table, label: str) -> None:
    """Draw the mean of `values`, seeds×rounds, and a deviation to both sides."""
    rounds = np.arange(1, values.shape[1] + 1)
    mean, deviation = values.mean(axis=0), values.std(axis=0, ddof=1 if len(values) > 1 else 0)
    axes.plot(rounds, mean, color=look["color"], ls=look["ls"], lw=1.2, label=label)
    if len(values) > 1:
        axes.fill_between(rounds, mean - deviation, mean + deviation, color=look["color"], alpha=0.15, lw=0)


def _padded(results: Results, record: Table, name: str) -> list[float]:
    """Return the values of all rounds; of a federation that came to a halt, the last stands on."""
    values = list(metrics.measure(name).get(record))
    wanted = int(record["settings"]["rounds"])
    return values + values[-1:] * (wanted - len(values))


def _verdicts(results: Results, picture: Picture) -> Any:
    """Which rounds were award and which slash rounds, of the first seed; and their counts as they add up."""
    panels = results.labels(picture.panels, picture.where)
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            2, len(panels), squeeze=False, sharex=True, figsize=(2.7 * len(panels) + 0.6, 3.6),
            height_ratios=(1, 3), layout="constrained",
        )  # fmt: skip
    figure.suptitle(picture.title or results.figure.title, fontsize=10, x=0.01, ha="left")
    for place, panel in enumerate(panels):
        above, below = grid[0][place], grid[1][place]
        at = results.place(picture.where, **{picture.panels: panel})
        records = results.records(at)
        for letter, colour, low in (("A", ACCEPTED, 1), ("R", REJECTED, 0), ("U", UNDECIDED, 0.5)):
            rounds = [n for n, one in enumerate(records[0]["outcomes"], 1) if one == letter]
            above.plot(rounds, [low] * len(rounds), "|", color=colour, ms=6, mew=0.8)
        above.set_yticks([0, 1], ["slash", "award"])
        above.set_ylim(-0.5, 1.5)
        above.set_title(_panel(results, picture, panel, place), fontsize=9, loc="left")
        for number, name in enumerate(("accepted", "rejected")):
            curves = np.array([_padded(results, record, name) for record in records])
            _curve(below, curves, _look(0, number, 1, 2, numeric=True), metrics.measure(name).label)
        below.set_xlabel("round")
    grid[1][0].set_ylabel("rounds so far")
    _legend(figure, grid[1][0])
    return figure


def _values(results: Results, picture: Picture) -> Any:
    """Metrics along an axis: mean and deviation over the seeds."""
    panels = results.labels(picture.panels, picture.where)
    lines = results.labels(picture.lines, picture.where)
    if not picture.x:
        raise RequestError(f"{results.figure.full_name}: picture {picture.name} needs an axis x.")
    labels = results.labels(picture.x, picture.where)
    numeric = all(re.fullmatch(r"-?\d+(\.\d+)?", label) for label in labels)
    figure, grid = _grid(results, picture, panels)
    for place, (axes, panel) in enumerate(zip(grid, panels, strict=True)):
        for number, line in enumerate(lines):
            for turn, name in enumerate(picture.values):
                points = []
                for spot, label in enumerate(labels):
                    at = {picture.panels: panel, picture.lines: line, picture.x: label}
                    values = results.values(results.place(picture.where, **at), name)
                    if values:
                        points.append((float(label) if numeric else float(spot), *metrics.spread(values)))
                look = _look(number, turn, len(lines), len(picture.values), numeric)
                _dots(axes, points, name, {**look, "label": _name(results, picture, line, name)})
        if not numeric:
            axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)
        axes.set_xlabel(next(axis.label for axis in results.plan.axes if axis.name == picture.x))
        if panel:
            axes.set_title(_panel(results, picture, panel, place), fontsize=9, loc="left")
    grid[0].set_ylabel(picture.ylabel or metrics.metric(picture.values[0]).label)
    _legend(figure, grid[0])
    return figure


def _look(number: int, turn: int, lines: int, values: int, numeric: bool) -> Table:
    """Return how a line's value looks: lines differ in colour, their values in mark, and all in place."""
    order, count = number * values + turn, lines * values
    colour = COLOURS[(number if lines > 1 else turn) % len(COLOURS)]
    return {
        "shift": 0.0 if numeric else (order - (count - 1) / 2) * 0.7 / count,
        "color": colour,
        "marker": MARKS[(turn if lines > 1 and values > 1 else order) % len(MARKS)],
        "mfc": "white" if lines > 1 and turn else colour,
        "ls": DASHES[order % len(DASHES)] if numeric else "",
    }


def _dots(axes: Any, points: Sequence[tuple[float, ...]], name: str, look: Table) -> None:
    if not points:
        return
    x, mean, deviation = (np.array(column) for column in zip(*points, strict=True))
    if name == "expected":
        axes.plot(x, mean, color=INK, lw=1.2, ls="--", label=look["label"], zorder=1)
        return
    shift = look.pop("shift")
    axes.errorbar(x + shift, mean, deviation, capsize=2, elinewidth=0.9, ms=4.5, lw=1.2, **look)


def _gas(results: Results, picture: Picture) -> Any:
    """Gas of one call of each action, over the runs of one place."""
    totals: dict[str, float] = {}
    for record in results.records(results.place(picture.where)):
        for action, gas in per_call(record).items():
            totals[action] = totals.get(action, 0.0) + gas / results.seeds
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(6, 2.6), layout="constrained")
    figure.suptitle(picture.title or results.figure.title, fontsize=10, x=0.01, ha="left")
    axes.barh(list(totals), list(totals.values()), color=COLOURS[0])
    for place, gas in enumerate(totals.values()):
        axes.annotate(
            f"{gas:,.0f}", (gas, place), (3, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.invert_yaxis()
    axes.set_xlabel("gas a call")
    axes.margins(x=0.15)
    return figure


def per_call(record: Table) -> dict[str, float]:
    """Return the gas of one call of each action: who proposes and votes calls once, the rest once a round."""
    calls: dict[str, int] = {
        "propose": record["proposals"],
        "commit": record["ballots"],
        "reveal": record["ballots"],
    }
    return {
        action: gas / max(calls.get(action, int(record["rounds"])), 1)
        for action, gas in record["gas"].items()
    }


KINDS: Mapping[str, Callable[[Results, Picture], Any]] = MappingProxyType(
    {"curves": _curves, "verdicts": _verdicts, "values": _values, "gas": _gas}
)


# ------------------------------------------------------------------ what they share


def _grid(results: Results, picture: Picture, panels: Sequence[str]) -> tuple[Any, list[Any]]:
    width = 2.7 * len(panels) + 0.6 if len(panels) > 1 else 6.4
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            1, len(panels), squeeze=False, sharey=True, figsize=(width, 3.1), layout="constrained"
        )
    figure.suptitle(picture.title or results.figure.title, fontsize=10, x=0.01, ha="left")
    return figure, list(grid[0])


def _panel(results: Results, picture: Picture, panel: str, place: int) -> str:
    if not panel:
        return ""
    label = next((axis.label for axis in results.plan.axes if axis.name == picture.panels), "")
    return f"({chr(ord('a') + place)}) {label + ' = ' if label else ''}{panel}"


def _name(results: Results, picture: Picture, line: str, value: str) -> str:
    """Return what a line is called: by its point where there are several, by its value where there are."""
    several = len(results.labels(picture.lines, picture.where)) > 1
    parts = []
    if several and line:
        axis = next((one.label for one in results.plan.axes if one.name == picture.lines), "")
        parts.append(line if picture.lines == SERIES else f"{axis} = {line}")
    if len(picture.values) > 1 or not parts:
        known = metrics.MEASURES if picture.kind in ("curves", "verdicts") else metrics.METRICS
        parts.append(known[value].label)
    return ", ".join(parts)


def _legend(figure: Any, axes: Any) -> None:
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
