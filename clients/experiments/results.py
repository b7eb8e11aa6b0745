"""A figure's results: small files with what was run, by which versions, and the outcome."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.experiments import metrics
from clients.experiments.archive import Archive, compare, versions_for
from clients.experiments.figure import PER_ROUND, SERIES, Figure, listed
from clients.experiments.plan import Plan, make
from clients.experiments.strict import Table
from clients.types.errors import RequestError, UnavailableError

RUNS, META, TABLE, MARKDOWN = "runs.jsonl", "meta.json", "table.json", "table.md"
_ALWAYS = ("rounds", "seconds", "wall_seconds")
DRAWN = {
    "verdicts": ("outcomes",),
    "gas": ("gas", "proposals", "ballots", "bytes", "honest", "malicious"),
    "epochs": ("epochs",),
    "vad": ("vad",),
    "roc": ("vad", "judged"),
    "stakes": ("stakes",),
    "winners": ("winners", "malicious_out"),
}
"""The fields of records that kinds of pictures draw besides their values."""


@dataclass(frozen=True, slots=True)
class Results:
    """The runs of a figure at a preset, each with the places in the figure that it fills."""

    plan: Plan
    runs: tuple[Table, ...]

    @property
    def figure(self) -> Figure:
        """The figure."""
        return self.plan.figure

    @property
    def seeds(self) -> int:
        """How many seeds each place has."""
        return len(self.plan.scale.seeds)

    def last(self, record: Table) -> int:
        """Return the number of last planned rounds over which a final value of the run is the mean."""
        return self.plan.scale.last or max(1, metrics.count_planned(record) // 4)

    def records(self, at: Table) -> list[Table]:
        """Return the runs at a place, in the order of their seeds; none if the figure has none there."""
        wanted = {axis: str(label) for axis, label in at.items()}
        return [run for run in self.runs if any(wanted.items() <= cell.items() for cell in run["cells"])]

    def values(self, at: Table, name: str) -> list[float]:
        """Return a metric of each run at a place."""
        metric = metrics.metric(name)
        return [metric.get(record, self.last(record)) for record in self.records(at)]

    def labels(self, name: str, where: Table) -> list[str]:
        """Return the labels along an axis, as far as `where` admits them; one empty label for no axis."""
        if not name:
            return [""]
        wanted = where.get(name)
        labels = self.plan.labels(name)
        if wanted is None:
            return labels
        chosen = listed(wanted)
        return [label for label in labels if label in chosen]

    def place(self, where: Table, **labels: str) -> Table:
        """Return where on every axis the given labels are; an axis left open must have one label alone."""
        at = {axis: label for axis, label in labels.items() if axis}
        for axis in [*(axis.name for axis in self.plan.axes), SERIES]:
            if axis in at:
                continue
            left = self.labels(axis, where)
            if len(left) != 1:
                raise RequestError(
                    f"{self.figure.full_name}: {axis} has {len(left)} points where one is meant; "
                    f"name one in `where`: {', '.join(self.plan.labels(axis))}."
                )
            at[axis] = left[0]
        return at


def needed_fields(figure: Figure) -> set[str]:
    """Return the fields of records that the figure's pictures, tables and claims read."""
    fields = set(_ALWAYS)
    for picture in figure.pictures:
        per_round = picture.kind in PER_ROUND
        for name in picture.values:
            fields |= set((metrics.measure(name) if per_round else metrics.metric(name)).fields)
        fields |= set(DRAWN.get(picture.kind, ()))
    for name in [table.metric for table in figure.tables] + [claim.metric for claim in figure.claims]:
        fields |= set(metrics.metric(name).fields)
    return fields


def collect(plan: Plan, archive: Archive) -> Results:
    """Return the results of a plan whose runs are all whole; `RequestError` where they aren't of a kind."""
    fields = needed_fields(plan.figure)
    runs: list[Table] = []
    data: dict[str, tuple[str, str]] = {}
    for digest, request in plan.requests.items():
        record = archive.record(request)
        source = str(request.settings.get("dataset", ""))
        known = data.setdefault(source, (record.get("data", ""), digest))
        if record.get("data", "") != known[0] and _same_split(plan, digest, known[1]):
            raise RequestError(
                f"{plan.figure.full_name}: {source} wasn't the same data in the runs {known[1]} and {digest}."
                " Was FEDJURY_DATA changed in between? Run again with --replace."
            )
        cells = [cell.at for cell in plan.cells if cell.request.digest == digest]
        runs.append(
            {
                "run": digest,
                "cells": [dict(one) for one in cells],
                "seed": request.settings["seed"],
                "settings": request.settings,
                "versions": record["versions"],
                **{name: value for name, value in record.items() if name in fields},
            }
        )
    return Results(plan, tuple(runs))


def _same_split(plan: Plan, one: str, other: str) -> bool:
    """Return whether two runs divide the data alike, so that their fingerprints must be the same."""
    names = ("partition", "clients", "seed", "validation")
    first, second = (plan.requests[digest].settings for digest in (one, other))
    return all(first.get(name) == second.get(name) for name in names)


def load(folder: Path, figure: Figure, preset: str) -> Results:
    """Return the results saved in `folder`; `RequestError` where they are of other settings."""
    path = folder / RUNS
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise UnavailableError(
            f"{path} can't be read: {error.strerror}. Make it: python -m clients.experiments "
            f"{figure.full_name} --preset {preset}"
        ) from error
    except ValueError as error:
        raise RequestError(f"{path} is damaged: {error}.") from error
    plan = make(figure, preset)
    if not _fit(lines, plan):
        raise RequestError(
            f"{path} holds runs of other settings than {figure.full_name} has now: "
            "run it again with --replace."
        )
    return Results(plan, tuple(lines))


def _fit(lines: Sequence[Table], plan: Plan) -> bool:
    """Return whether saved runs are those of a plan, place by place and setting by setting.

    A setting that there was not yet when they were saved doesn't count.
    """
    there = {
        (tuple(sorted(cell.items())), line["seed"]): line["settings"]
        for line in lines
        for cell in line["cells"]
    }
    wanted = {(tuple(sorted(cell.at.items())), cell.seed): cell.request.settings for cell in plan.cells}
    return there.keys() == wanted.keys() and all(
        settings.items() >= there[place].items() for place, settings in wanted.items()
    )


def check_replaceable(folder: Path, plan: Plan) -> None:
    """Refuse to write over results of other settings or versions than a plan's would be now."""
    path = folder / RUNS
    if not path.exists():
        return
    there = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if not _fit(there, plan):
        differs = "of other settings"
    else:
        here = ((versions_for(line["settings"]), line["versions"]) for line in there)
        differs = next((found for one, other in here if (found := compare(one, other))), "")
    if differs:
        raise RequestError(
            f"{folder} holds results of others: {differs}. They aren't mixed or overwritten: "
            "choose another --out, or --replace them."
        )
