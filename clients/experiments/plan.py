"""Expands a figure and a preset into runs, each identified by the digest of its resolved settings."""

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.experiments.figure import SERIES, Axis, Figure, Preset, Variant, listed, select
from clients.experiments.runners import RUNNERS
from clients.experiments.strict import Table
from clients.types.errors import RequestError, unknown_name

SHARE = "_share"
_SHARES = {"malicious_share": "malicious", "proposer_share": "proposers", "liar_share": "liars"}


@dataclass(frozen=True, slots=True)
class Request:
    """One run: its runner, and every setting that affects its lines."""

    runner: str
    settings: Table

    @property
    def digest(self) -> str:
        """Return the run's identifier: 16 hexadecimal digits of its settings' SHA-256."""
        text = json.dumps([self.runner, self.settings], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def rounds(self) -> int:
        """Return how many rounds it has."""
        return int(self.settings["rounds"])


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in a figure, and the run that belongs there."""

    at: dict[str, str]
    """The labels on each axis and of the series."""
    seed: int
    request: Request


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs that a figure needs at a preset."""

    figure: Figure
    preset: str
    scale: Preset
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]

    @property
    def requests(self) -> dict[str, Request]:
        """Return the runs by digest, each once."""
        return {cell.request.digest: cell.request for cell in self.cells}

    def labels(self, name: str) -> list[str]:
        """Return the labels along an axis, or those of the series, in order."""
        axes = {axis.name: axis.points for axis in self.axes} | {SERIES: self.figure.series}
        return [point.label for point in axes[name]]

    def axis_label(self, name: str) -> str:
        """Return an axis's label in pictures and tables; empty for the series, or for no axis."""
        return next((axis.label for axis in self.axes if axis.name == name), "")


def make(figure: Figure, preset: str) -> Plan:
    """Return the plan; `RequestError` if the figure lacks the preset or a setting is impossible."""
    if preset not in figure.presets:
        raise unknown_name(f"preset of {figure.full_name}", preset, figure.presets)
    scale = figure.presets[preset]
    axes = tuple(_thin(axis, scale) for axis in figure.axes)
    cells = [
        _cell(figure, scale, dict(zip((axis.name for axis in axes), points, strict=True)), series, seed)
        for series in figure.series
        for points in itertools.product(*(axis.points for axis in axes))
        if _is_run(series, axes, points)
        for seed in scale.seeds
    ]
    return Plan(figure, preset, scale, axes, tuple(cells))


def _thin(axis: Axis, scale: Preset) -> Axis:
    if axis.name not in scale.axes:
        return axis
    return Axis(axis.name, axis.label, select(axis.points, scale.axes[axis.name], axis.name))


def _is_run(series: Variant, axes: Sequence[Axis], points: Sequence[Variant]) -> bool:
    for axis, point in zip(axes, points, strict=True):
        labels = series.only.get(axis.name)
        if labels is not None and point.label not in listed(labels):
            return False
    return True


def _cell(figure: Figure, scale: Preset, points: dict[str, Variant], series: Variant, seed: int) -> Cell:
    settings: Table = {}
    for layer in (figure.settings, scale.settings, *(p.settings for p in points.values()), series.settings):
        settings |= layer
        # A count overrides a share, and the other way round.
        for share, count in _SHARES.items():
            if share in layer:
                settings.pop(count, None)
            elif count in layer:
                settings.pop(share, None)
    at = {name: point.label for name, point in points.items()} | {SERIES: series.label}
    try:
        request = resolve(figure.runner, settings | {"seed": seed})
    except RequestError as error:
        raise RequestError(f"{figure.full_name} at {at}: {error}") from error
    return Cell(at, seed, request)


def resolve(runner: str, settings: Table) -> Request:
    """Return the run with these settings, shares turned into counts and every default filled in."""
    if runner not in RUNNERS:
        raise unknown_name("runner", runner, RUNNERS)
    return Request(runner, RUNNERS[runner].resolve(_count(settings)))


def _count(settings: Table) -> Table:
    counted: dict[str, Any] = {}
    for name, value in settings.items():
        if not name.endswith(SHARE):
            counted[name] = value
            continue
        if name not in _SHARES:
            raise unknown_name("setting", name, _SHARES)
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            raise RequestError(f"{name} = {value!r}: it must lie between 0 and 1.")
        clients = settings.get("clients")
        if not isinstance(clients, int):
            raise RequestError(f"{name} needs clients, a whole number.")
        counted[_SHARES[name]] = round(value * clients)
    return counted
