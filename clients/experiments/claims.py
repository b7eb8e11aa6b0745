"""Whether a paper's claims hold in our results: a test per claim, and its numbers.

A claim covers every place of its figure that its `where` admits, even if the preset has no runs there: a
claim that wasn't tested doesn't hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from clients.experiments import metrics
from clients.experiments.figure import SERIES, PaperClaim, listed
from clients.experiments.results import Results
from clients.experiments.strict import Table
from clients.experiments.tables import show
from clients.types.errors import RequestError, unknown_name

NO_RUNS = "no runs"
Seeded = dict[int, float]
"""A number by the seed of its run."""


@dataclass(frozen=True, slots=True)
class Found:
    """One number of a claim, and whether it is as the claim says."""

    at: str
    mean: float | None
    """None: there are no runs."""
    deviation: float | None
    seeds: int
    holds: bool | None
    """None for a base of comparison, which neither holds nor doesn't."""
    seeds_hold: int | None = None
    """In how many seeds the claim holds alone; None if a single seed can't say."""
    missing: tuple[str, ...] = ()
    """For a range: the places without runs."""


def _along(results: Results, claim: PaperClaim) -> str:
    """Return the axis along which the claim is made: the one it names, or the only one left open."""
    return claim.along or next((one.name for one in results.plan.axes if one.name not in claim.where), "")


def _labels(results: Results, axis: str, claim: PaperClaim) -> list[str]:
    """Return the labels along an axis at which the claim is made, including those that the preset leaves
    out."""
    if not axis:
        return [""]
    points = {one.name: one.points for one in results.figure.axes} | {SERIES: results.figure.series}
    chosen = listed(claim.where[axis]) if axis in claim.where else None
    return [one.label for one in points[axis] if chosen is None or one.label in chosen]


def _values(results: Results, claim: PaperClaim, labels: Mapping[str, str]) -> Seeded:
    """Return the claim's metric at the place with these labels, by seed; empty if there are no runs."""
    single = {axis: one for axis, chosen in claim.where.items() if len(listed(chosen)) == 1
              for one in listed(chosen)}  # fmt: skip
    at = results.place(claim.where, **(single | {axis: one for axis, one in labels.items() if axis}))
    metric = metrics.metric(claim.metric)
    return {run["seed"]: metric.get(run, results.last(run)) for run in results.records(at)}


def _judge(
    at: str, values: Seeded, holds: Callable[[float], bool], *, base: bool = False, surely: bool = False
) -> Found:
    """Return whether a place's values hold by their mean, and in how many seeds they hold.

    A `base` is only a base of comparison. `surely`: both ends of the mean's 95 % interval must hold.
    """
    if not values:
        return Found(at, None, None, 0, False)
    mean, deviation = metrics.spread(list(values.values()))
    if base:
        return Found(at, mean, deviation, len(values), None)
    half = metrics.get_half_interval(deviation, len(values)) if surely else 0.0
    holding = holds(mean - half) and holds(mean + half)
    return Found(at, mean, deviation, len(values), holding, sum(map(holds, values.values())))


def _within(claim: PaperClaim) -> Callable[[float], bool]:
    return lambda value: claim.at_least <= value <= claim.at_most


def _minus(ours: float, theirs: float) -> float:
    return round(ours - theirs, 9)  # 0.9 - 0.8 is a tenth


def _over(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else float("inf")


def _compared(
    results: Results, claim: PaperClaim, how: Callable[[float, float], float]
) -> list[tuple[str, Seeded]]:
    """Return for every place the comparison of series `of` with `minus`, in each seed that both have."""
    axis, found = _along(results, claim), []
    for label in _labels(results, axis, claim):
        ours, theirs = (
            _values(results, claim, {axis: label, SERIES: series}) for series in (claim.of, claim.minus)
        )
        found.append((label, {seed: how(ours[seed], theirs[seed]) for seed in ours if seed in theirs}))
    return found


def _difference(results: Results, claim: PaperClaim) -> list[Found]:
    """The metric of series `of` minus that of `minus`, seed by seed, is within bounds at every place."""
    return [
        _judge(label, pairs, _within(claim), surely=claim.surely)
        for label, pairs in _compared(results, claim, _minus)
    ]


def _ratio(results: Results, claim: PaperClaim) -> list[Found]:
    """The metric of series `of` as a multiple of that of `minus`, seed by seed, is within bounds."""
    return [_judge(label, pairs, _within(claim)) for label, pairs in _compared(results, claim, _over)]


def _level(results: Results, claim: PaperClaim) -> list[Found]:
    """The metric of series `of` is within bounds at every place."""
    axis = _along(results, claim)
    series = {SERIES: claim.of} if claim.of else {}
    return [
        _judge(label, _values(results, claim, {**series, axis: label}), _within(claim))
        for label in _labels(results, axis, claim)
    ]


def _widening(results: Results, claim: PaperClaim) -> list[Found]:
    """The difference of `_difference` is nowhere along an axis smaller than at its first point."""
    (start, first), *others = _compared(results, claim, _minus)
    return [
        _judge(start, first, bool, base=True),
        *(_follow(label, first, values, lambda one, base: one >= base) for label, values in others),
    ]


def _follow(at: str, base: Seeded, values: Seeded, holds: Callable[[float, float], bool]) -> Found:
    """Return whether values relate to a base's as required: by the means, and in how many of the shared
    seeds."""
    if not base:
        return replace(_judge(at, values, lambda one: False), seeds_hold=None)
    mean, _ = metrics.spread(list(base.values()))
    found = _judge(at, values, lambda one: holds(one, mean))
    if not values:
        return found
    return replace(found, seeds_hold=sum(holds(values[one], base[one]) for one in values if one in base))


def _rows(results: Results, claim: PaperClaim) -> list[tuple[str, list[tuple[str, Seeded]]]]:
    """Return for each point of `each` the labels along the other axis, and the metric's values there."""
    series = {SERIES: claim.of} if claim.of else {}
    return [
        (
            one,
            [
                (label, _values(results, claim, {**series, claim.each: one, claim.along: label}))
                for label in _labels(results, claim.along, claim)
            ],
        )
        for one in _labels(results, claim.each, claim)
    ]


def _trend(results: Results, claim: PaperClaim) -> list[Found]:
    """The metric of series `of` falls, or rises, from each point along an axis to the next.

    The first point with runs is the base of comparison for the next, and neither holds nor doesn't.
    """
    if claim.direction not in ("falls", "rises"):
        raise RequestError(f"claim {claim.name}: direction must be falls or rises.")
    way = -1 if claim.direction == "falls" else 1
    axis = results.plan.axis_label(claim.each)
    found = []
    for one, row in _rows(results, claim):
        before: Seeded = {}
        for label, values in row:
            at = f"({axis} = {one}) {label}" if claim.each else label
            if before:
                found.append(_follow(at, before, values, lambda this, last: (this - last) * way > 0))
            else:
                found.append(_judge(at, values, bool, base=True))
            before = values or before
    return found


def _range(results: Results, claim: PaperClaim) -> list[Found]:
    """The means of the metric along an axis differ by at most the bound: one width, no deviation."""
    found = []
    for one, row in _rows(results, claim):
        there = [values for _, values in row if values]
        missing = tuple(label for label, values in row if not values)
        if not there:
            found.append(Found(one, None, None, 0, False))
            continue
        means = [metrics.spread(list(values.values()))[0] for values in there]
        width = max(means) - min(means)
        holds = not missing and _within(claim)(width)
        found.append(Found(one, width, None, min(map(len, there)), holds, missing=missing))
    return found


KINDS: Mapping[str, Callable[[Results, PaperClaim], list[Found]]] = MappingProxyType(
    {
        "difference": _difference,
        "ratio": _ratio,
        "level": _level,
        "trend": _trend,
        "range": _range,
        "widening": _widening,
    }
)


def check(results: Results, claim: PaperClaim) -> Table:
    """Return the claim with its finding at every place. The claim holds if the mean holds at each place.

    `holds` is None for a base of comparison. `seeds_hold` says in how many of `seeds` the claim holds alone,
    and is None if a single seed can't say.
    """
    if claim.kind not in KINDS:
        raise unknown_name("kind of claim", claim.kind, KINDS)
    found = KINDS[claim.kind](results, claim)
    axis = claim.each if claim.kind == "range" else _along(results, claim)
    label = results.plan.axis_label(axis) or axis
    judged = [one.holds for one in found if one.holds is not None]
    return {
        "name": claim.name,
        "text": claim.text,
        "number": claim.number,
        "found": [
            {
                "at": f"{label} = {one.at}" if one.at else "",
                "shown": _show(results, claim, one),
                "mean": None if one.mean is None else round(one.mean, 6),
                "sd": None if one.deviation is None else round(one.deviation, 6),
                "seeds": one.seeds,
                "seeds_hold": one.seeds_hold,
                "holds": one.holds,
            }
            for one in found
        ],
        "holds": bool(judged) and all(judged),
        "note": claim.note,
    }


def _show(results: Results, claim: PaperClaim, found: Found) -> str:
    if found.mean is None:
        return NO_RUNS
    text = show(found.mean, found.deviation, percent=claim.percent, digits=1 if claim.percent else 2)
    if not found.missing:
        return text
    where = ", ".join(found.missing)
    return f"{text}, {NO_RUNS} at {results.plan.axis_label(claim.along)} = {where}"


def check_all(results: Results) -> list[Table]:
    """Return every claim of the figure with its findings."""
    return [check(results, claim) for claim in results.figure.claims]
