"""Pictures like the papers': curves with their spread, verdicts, and values along an axis."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from clients.engine.figures import INK, QUIET, STYLE
from clients.experiments import metrics, pictures_of_vbfl
from clients.experiments.drawing import (
    COLOURS,
    DASHES,
    MARKS,
    add_legend,
    draw_curve,
    make_grid,
    name_line,
    name_panel,
    pad,
)
from clients.experiments.figure import Picture
from clients.experiments.results import Results
from clients.experiments.strict import Table
from clients.ports.files import write_whole
from clients.types.errors import RequestError, unknown_name

ACCEPTED, REJECTED, UNDECIDED = COLOURS[0], COLOURS[1], QUIET


def draw(results: Results, picture: Picture) -> Any:
    """Return the picture as a matplotlib figure; `RequestError` if the results lack what it needs."""
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
    """Return a figure as SVG, the same text for the same figure, with coordinates cut to a hundredth of a
    point."""
    import io

    with plt.rc_context({**STYLE, "svg.fonttype": "none"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    # Only within tags: between them is text, not coordinates.
    short = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d\d)\d+", r"\1", tag[0]), text.getvalue())
    return "\n".join(line.rstrip() for line in short.splitlines()) + "\n"


def _curves(results: Results, picture: Picture) -> Any:
    """A value of each round: the mean over the seeds, and a deviation to both sides."""
    panels = results.labels(picture.panels, picture.where)
    lines = results.labels(picture.lines, picture.where)
    figure, grid = make_grid(results, picture, panels)
    for place, (axes, panel) in enumerate(zip(grid, panels, strict=True)):
        for number, line in enumerate(lines):
            at = results.place(picture.where, **{picture.panels: panel, picture.lines: line})
            for turn, name in enumerate(picture.values):
                curves = [pad(record, name) for record in results.records(at)]
                if not curves:
                    continue
                look = _look(number, turn, len(lines), len(picture.values), numeric=True)
                draw_curve(axes, np.array(curves), look, name_line(results, picture, line, name))
        axes.set_xlabel("round")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_title(name_panel(results, picture, panel, place), fontsize=9, loc="left")
    grid[0].set_ylabel(picture.ylabel or metrics.measure(picture.values[0]).label)
    add_legend(figure, grid[0])
    return figure


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
        ticks = {0.0: "slash", 1.0: "award"} | ({0.5: "undecided"} if "U" in records[0]["outcomes"] else {})
        above.set_yticks(list(ticks), list(ticks.values()), fontsize=7)
        above.set_ylim(-0.5, 1.5)
        above.set_title(name_panel(results, picture, panel, place), fontsize=9, loc="left")
        for number, name in enumerate(("accepted", "rejected")):
            curves = np.array([pad(record, name) for record in records])
            draw_curve(below, curves, _look(0, number, 1, 2, numeric=True), metrics.measure(name).label)
        below.set_xlabel("round")
    grid[1][0].set_ylabel("rounds so far")
    add_legend(figure, grid[1][0])
    return figure


def _values(results: Results, picture: Picture) -> Any:
    """Metrics along an axis: mean and deviation over the seeds."""
    panels = results.labels(picture.panels, picture.where)
    lines = results.labels(picture.lines, picture.where)
    if not picture.x:
        raise RequestError(f"{results.figure.full_name}: picture {picture.name} needs an axis x.")
    labels = results.labels(picture.x, picture.where)
    numeric = all(re.fullmatch(r"-?\d+(\.\d+)?", label) for label in labels)
    figure, grid = make_grid(results, picture, panels)
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
                _dots(axes, points, name, {**look, "label": name_line(results, picture, line, name)})
        if not numeric:
            axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)
        axes.set_xlabel(results.plan.axis_label(picture.x))
        if panel:
            axes.set_title(name_panel(results, picture, panel, place), fontsize=9, loc="left")
    grid[0].set_ylabel(picture.ylabel or metrics.metric(picture.values[0]).label)
    add_legend(figure, grid[0])
    return figure


def _look(number: int, turn: int, lines: int, values: int, numeric: bool) -> Table:
    """Return the look of a line's value: lines differ in colour, values in mark, and all in place."""
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
    """Return the gas of one call of each action: each proposer and voter calls once, the others once per
    round."""
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
    {
        "curves": _curves,
        "verdicts": _verdicts,
        "values": _values,
        "gas": _gas,
        "epochs": pictures_of_vbfl.draw_epochs,
        "vad": pictures_of_vbfl.draw_vad,
        "roc": pictures_of_vbfl.draw_roc,
        "stakes": pictures_of_vbfl.draw_stakes,
        "winners": pictures_of_vbfl.draw_winners,
    }
)
