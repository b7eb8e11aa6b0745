"""A figure of a paper as data: what to run, what to draw, what is claimed.

Figures are in `clients/experiments/<paper>/<figure>.toml`; a file whose name begins with `_` only serves to
be extended. Settings override one another in this order: `[settings]`, the preset's, the axes' values, the
series'. A setting that ends in `_share` is a share of the clients, rounded to a whole number of them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.experiments.metrics import MEASURES, METRICS
from clients.experiments.strict import Table, fill, merge, read
from clients.types.errors import RequestError, unknown_name

HOME = Path(__file__).resolve().parent
PRESETS = ("smoke", "laptop", "paper")
SERIES = "series"
"""The name of the series as an axis, which no other axis may have."""
PICTURES = ("curves", "verdicts", "values", "gas", "epochs", "vad", "roc", "stakes", "winners")
PER_ROUND = ("curves", "verdicts")
"""The kinds of picture that show values of every round; others show metrics."""
CLAIMS = ("difference", "ratio", "level", "trend", "range", "widening")
COMPARING = ("difference", "ratio", "widening")
"""The kinds of claim that compare two series."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One value on an axis, or one series: its label, and the settings that it stands for."""

    label: str
    settings: Table = field(default_factory=dict)
    only: Table = field(default_factory=dict)
    """For a series: axis -> the labels at which it is run; on other axes at all labels."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A sweep: `values` of one `setting`, or points that stand for several settings."""

    name: str
    label: str
    points: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """A scale: seeds, settings, and fewer points on some axes."""

    seeds: tuple[int, ...] = ()
    settings: Table = field(default_factory=dict)
    axes: Table = field(default_factory=dict)
    last: int = 0
    """A final value is the mean over this many last rounds; 0: the last quarter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. `kind` is one of `PICTURES`; the other fields depend on the kind."""

    kind: str
    name: str
    title: str = ""
    values: tuple[str, ...] = ()
    """Per-round values, or metrics, to draw."""
    panels: str = ""
    """The axis (or `series`) of which each point gets a panel."""
    lines: str = SERIES
    """The axis (or `series`) of which each point gets a line."""
    x: str = ""
    """The axis along the bottom, if it isn't the rounds."""
    where: Table = field(default_factory=dict)
    """Only these labels: axis -> labels."""
    ylabel: str = ""
    see: str = ""
    """What the picture shows, in a sentence or two."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """One table of numbers: mean and deviation over the seeds of `metric`."""

    name: str
    title: str
    metric: str
    rows: str = SERIES
    columns: str = ""
    where: Table = field(default_factory=dict)
    percent: bool = False
    digits: int = 2


@dataclass(frozen=True, slots=True)
class PaperClaim:
    """A statement of the paper, as a test of the results; `kind` is one of `CLAIMS`."""

    name: str
    text: str
    kind: str
    metric: str
    of: str = ""
    minus: str = ""
    at_least: float = -float("inf")
    at_most: float = float("inf")
    along: str = ""
    direction: str = ""
    each: str = ""
    """The axis at each of whose points a trend or a range has to hold."""
    where: Table = field(default_factory=dict)
    surely: bool = False
    """Whether the bounds hold for the 95 % interval of the mean, and not only for the mean."""
    number: str = ""
    """The paper's own number, if it gives one."""
    percent: bool = True
    note: str = ""
    """Why the claim doesn't hold, or holds only partly."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, complete."""

    paper: str
    name: str
    title: str
    about: str
    runner: str
    settings: Table
    series: tuple[Variant, ...]
    axes: tuple[Axis, ...]
    presets: dict[str, Preset]
    pictures: tuple[Picture, ...]
    tables: tuple[Numbers, ...]
    claims: tuple[PaperClaim, ...]

    @property
    def full_name(self) -> str:
        """`<paper>/<figure>`."""
        return f"{self.paper}/{self.name}"


@dataclass(frozen=True, slots=True)
class _File:
    """The top level of a figure's file, as it is written."""

    title: str
    about: str = ""
    extends: str = ""
    runner: str = "swarm"
    settings: Table = field(default_factory=dict)
    series: tuple[Table, ...] = ()
    axes: Table = field(default_factory=dict)
    presets: Table = field(default_factory=dict)
    pictures: tuple[Table, ...] = ()
    tables: tuple[Table, ...] = ()
    claims: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class _Axis:
    label: str
    setting: str = ""
    values: tuple[Any, ...] = ()
    points: tuple[Table, ...] = ()


def papers(home: Path = HOME) -> list[str]:
    """Return the papers that have experiments."""
    return sorted(path.name for path in home.iterdir() if any(path.glob("[!_]*.toml")))


def names(paper: str, home: Path = HOME) -> list[str]:
    """Return a paper's figures, in the order of their numbers."""
    found = [path.stem for path in (home / paper).glob("[!_]*.toml")]
    return sorted(found, key=_natural)


def _natural(name: str) -> tuple[bool, int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return not name.startswith("fig"), int(digits or 0), name


def find(name: str, home: Path = HOME) -> list[Figure]:
    """Return the figure `PAPER/FIGURE`, or all those of `PAPER`; `RequestError` for an unknown name."""
    paper, slash, figure = name.partition("/")
    if paper not in papers(home):
        raise unknown_name("paper", paper, papers(home))
    known = names(paper, home)
    if slash and figure not in known:
        raise unknown_name(f"figure of {paper}", figure, known)
    return [load(paper, one, home) for one in ([figure] if slash else known)]


def load(paper: str, name: str, home: Path = HOME) -> Figure:
    """Return the figure in `<paper>/<name>.toml`; `RequestError` says what is wrong in it."""
    where = f"{paper}/{name}.toml"
    file = fill(_File, _read(home / paper, name), where)
    axes = tuple(_axis(key, table, where) for key, table in file.axes.items())
    for key in file.presets:
        if key not in PRESETS:
            raise unknown_name(f"preset in {where}", key, PRESETS)
    series = tuple(fill(Variant, one, f"{where} [[series]]") for one in file.series) or (Variant(""),)
    figure = Figure(
        paper=paper,
        name=name,
        title=file.title,
        about=file.about,
        runner=file.runner,
        settings=file.settings,
        series=series,
        axes=axes,
        presets={key: _preset(table, f"{where} [presets.{key}]") for key, table in file.presets.items()},
        pictures=tuple(fill(Picture, one, f"{where} [[pictures]]") for one in file.pictures),
        tables=tuple(fill(Numbers, one, f"{where} [[tables]]") for one in file.tables),
        claims=tuple(fill(PaperClaim, one, f"{where} [[claims]]") for one in file.claims),
    )
    _check(figure, where)
    _check_kinds(figure, where)
    return figure


def _read(folder: Path, name: str) -> Table:
    table = read(folder / f"{name}.toml")
    above = table.get("extends")
    if not above:
        return table
    if not (folder / f"{above}.toml").exists():
        raise unknown_name(f"file that {name}.toml extends", above, [p.stem for p in folder.glob("_*.toml")])
    return merge(_read(folder, str(above)), table)


def _preset(table: Any, where: str) -> Preset:
    preset = fill(Preset, table, where)
    if not preset.seeds:
        raise RequestError(f"{where}: seeds is missing.")
    return preset


def _axis(name: str, table: Any, where: str) -> Axis:
    where = f"{where} [axes.{name}]"
    if name == SERIES:
        raise RequestError(f"{where}: the series are an axis of that name already; choose another.")
    axis = fill(_Axis, table, where)
    if bool(axis.points) == bool(axis.setting):
        raise RequestError(f"{where}: give either a setting with its values, or points.")
    if axis.setting:
        if not axis.values:
            raise RequestError(f"{where}: values is missing.")
        points = tuple(Variant(str(value), {axis.setting: value}) for value in axis.values)
    else:
        points = tuple(fill(Variant, one, where) for one in axis.points)
    return Axis(name, axis.label, points)


def listed(labels: Any) -> list[str]:
    """Return a file's labels, a list or a single one, as a list of text."""
    return [str(label) for label in (labels if isinstance(labels, list) else [labels])]


def select(points: tuple[Variant, ...], labels: Any, where: str) -> tuple[Variant, ...]:
    """Return the points with these labels; `RequestError` for an unknown label."""
    known = {point.label: point for point in points}
    wanted = listed(labels)
    for label in wanted:
        if label not in known:
            raise unknown_name(f"point in {where}", label, known)
    return tuple(known[label] for label in wanted)


def _check(figure: Figure, where: str) -> None:
    """Raise `RequestError` for unknown axes and labels, wherever a figure names them."""
    points = {axis.name: axis.points for axis in figure.axes} | {SERIES: figure.series}
    for preset, given in figure.presets.items():
        for axis, labels in given.axes.items():
            _known("axis", axis, points, where)
            select(points[axis], labels, f"{where} [presets.{preset}] {axis}")
    named: list[tuple[str, Table]] = []
    for picture in figure.pictures:
        named += [(axis, picture.where) for axis in (picture.panels, picture.lines, picture.x)]
    for table in figure.tables:
        named += [(axis, table.where) for axis in (table.rows, table.columns)]
    named += [(axis, claim.where) for claim in figure.claims for axis in (claim.along, claim.each)]
    named += [("", series.only) for series in figure.series]
    for axis, chosen in named:
        for one in (axis, *chosen):
            if one:
                _known("axis", one, points, where)
        for one, labels in chosen.items():
            select(points[one], labels, f"{where}: {one}")
    for claim in figure.claims:
        select(figure.series, [one for one in (claim.of, claim.minus) if one], f"{where} [[claims]]")


def _check_kinds(figure: Figure, where: str) -> None:
    """Raise `RequestError` for unknown kinds and metrics, and for entries that lack what their kind needs."""
    for picture in figure.pictures:
        what = f"{where}: picture {picture.name}"
        _known("kind of picture", picture.kind, PICTURES, what)
        for name in picture.values:
            if picture.kind in PER_ROUND:
                _known("per-round value", name, MEASURES, what)
            else:
                _known("metric", name, METRICS, what)
        if picture.kind in ("curves", "values") and not picture.values:
            raise RequestError(f"{what}: values is missing.")
        if picture.kind == "values" and not picture.x:
            raise RequestError(f"{what}: x is missing, the axis that runs along the bottom.")
    for table in figure.tables:
        _known("metric", table.metric, METRICS, f"{where}: table {table.name}")
    for claim in figure.claims:
        what = f"{where}: claim {claim.name}"
        _known("kind of claim", claim.kind, CLAIMS, what)
        _known("metric", claim.metric, METRICS, what)
        if claim.kind in COMPARING and not (claim.of and claim.minus):
            raise RequestError(f"{what}: of and minus must name the two series that it compares.")
        if claim.kind in ("trend", "range") and not claim.along:
            raise RequestError(f"{what}: along is missing, the axis along which it is made.")
        if claim.kind == "trend" and claim.direction not in ("falls", "rises"):
            raise RequestError(f"{what}: direction must be falls or rises.")


def _known(kind: str, name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise unknown_name(f"{kind} in {where}", name, known)
