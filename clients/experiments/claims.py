"""Whether what a paper says holds in our results: a test a claim, and its numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from clients.experiments import metrics
from clients.experiments.figure import SERIES, Claim
from clients.experiments.results import Results
from clients.experiments.strict import Table
from clients.experiments.tables import show
from clients.types.errors import RequestError, unknown_name


@dataclass(frozen=True, slots=True)
class Found:
    """One number that a claim is about, and whether it is as the claim says."""

    at: str
    mean: float
    deviation: float | None
    seeds: int
    holds: bool


def _along(results: Results, claim: Claim) -> str:
    """Return the axis along which the claim is made: what it says, or the only one that is left open."""
    return claim.along or next((one.name for one in results.plan.axes if one.name not in claim.where), "")


def _places(results: Results, claim: Claim) -> list[Table]:
    """Return each place but for the series at which the claim is made."""
    axis = _along(results, claim)
    labels = results.labels(axis, claim.where)
    return [{axis: label} if axis else {} for label in labels]


def _difference(results: Results, claim: Claim) -> list[Found]:
    """The metric of series `of` less that of `minus`, seed by seed, is within bounds at every place."""
    return _compare(results, claim, lambda ours, theirs: ours - theirs)


def _ratio(results: Results, claim: Claim) -> list[Found]:
    """The metric of series `of` as a multiple of that of `minus`, seed by seed, is within bounds."""
    return _compare(results, claim, lambda ours, theirs: ours / theirs if theirs else float("inf"))


def _compare(results: Results, claim: Claim, how: Callable[[float, float], float]) -> list[Found]:
    found = []
    for place in _places(results, claim):
        at = [results.place(claim.where, **{**place, SERIES: series}) for series in (claim.of, claim.minus)]
        ours, theirs = (_by_seed(results, one, claim.metric) for one in at)
        pairs = [how(ours[seed], theirs[seed]) for seed in ours if seed in theirs]
        if pairs:
            found.append(_judge(claim, place, pairs))
    return found


def _by_seed(results: Results, at: Table, name: str) -> dict[int, float]:
    metric = metrics.metric(name)
    return {run["seed"]: metric.get(run, results.last(run)) for run in results.records(at)}


def _level(results: Results, claim: Claim) -> list[Found]:
    """The metric of series `of` is within bounds at every place."""
    found = []
    for place in _places(results, claim):
        at = results.place(claim.where, **(place | ({SERIES: claim.of} if claim.of else {})))
        values = results.values(at, claim.metric)
        if values:
            found.append(_judge(claim, place, values))
    return found


def _judge(claim: Claim, place: Table, values: list[float]) -> Found:
    mean, deviation = metrics.spread(values)
    label = next(iter(place.values()), "")
    return Found(str(label), mean, deviation, len(values), claim.at_least <= mean <= claim.at_most)


def _widening(results: Results, claim: Claim) -> list[Found]:
    """The difference of `_difference` is nowhere along an axis smaller than at its first point."""
    found = _difference(results, claim)
    first = found[0].mean if found else 0.0
    return [replace(one, holds=one.mean >= first) for one in found]


def _rows(results: Results, claim: Claim) -> Iterator[list[tuple[str, list[float]]]]:
    """Yield for each point of `each` the labels along the other axis, and the metric's values there."""
    for one in results.labels(claim.each, claim.where):
        row = []
        for label in results.labels(claim.along, claim.where):
            at = {claim.each: one, claim.along: label, SERIES: claim.of}
            values = results.values(results.place(claim.where, **at), claim.metric)
            if values:
                row.append((" ".join(filter(None, (_called(results, claim.each, one), label))), values))
        yield row


def _called(results: Results, axis: str, label: str) -> str:
    return f"({results.plan.axis_label(axis)} = {label})" if axis else ""


def _trend(results: Results, claim: Claim) -> list[Found]:
    """The metric of series `of` falls, or rises, from each point along an axis to the next."""
    if claim.direction not in ("falls", "rises"):
        raise RequestError(f"claim {claim.name}: direction must be falls or rises.")
    found = []
    for row in _rows(results, claim):
        before = None
        for label, values in row:
            mean, deviation = metrics.spread(values)
            holds = before is None or (mean < before if claim.direction == "falls" else mean > before)
            found.append(Found(label, mean, deviation, len(values), holds))
            before = mean
    return found


def _range(results: Results, claim: Claim) -> list[Found]:
    """The means of the metric along an axis are within bounds of one another: one width, no deviation."""
    found = []
    for one, row in zip(results.labels(claim.each, claim.where), _rows(results, claim), strict=True):
        means = [metrics.spread(values)[0] for _, values in row]
        if means:
            width = max(means) - min(means)
            seeds = min(len(values) for _, values in row)
            found.append(Found(one, width, None, seeds, claim.at_least <= width <= claim.at_most))
    return found


KINDS: Mapping[str, Callable[[Results, Claim], list[Found]]] = MappingProxyType(
    {
        "difference": _difference,
        "ratio": _ratio,
        "level": _level,
        "trend": _trend,
        "range": _range,
        "widening": _widening,
    }
)


def check(results: Results, claim: Claim) -> Table:
    """Return the claim with what was found."""
    if claim.kind not in KINDS:
        raise unknown_name("kind of claim", claim.kind, KINDS)
    found = KINDS[claim.kind](results, claim)
    axis = claim.each if claim.kind == "range" else _along(results, claim)
    label = results.plan.axis_label(axis) or axis
    return {
        "name": claim.name,
        "text": claim.text,
        "number": claim.number,
        "found": [
            {
                "at": f"{label} = {one.at}" if one.at else "",
                "shown": show(
                    one.mean, one.deviation, percent=claim.percent, digits=1 if claim.percent else 2
                ),
                "mean": round(one.mean, 6),
                "sd": None if one.deviation is None else round(one.deviation, 6),
                "seeds": one.seeds,
                "holds": one.holds,
            }
            for one in found
        ],
        "holds": bool(found) and all(one.holds for one in found),
        "note": claim.note,
    }


def check_all(results: Results) -> list[Table]:
    """Return every claim of the figure with what was found."""
    return [check(results, claim) for claim in results.figure.claims]
