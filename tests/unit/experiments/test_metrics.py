"""Numbers read off records, and the claims made of them."""

import statistics
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.experiments import claims, metrics
from clients.experiments.figure import Axis, Claim, Figure, Point, Preset
from clients.experiments.plan import Cell, Plan, Request
from clients.experiments.results import Results
from clients.experiments.tables import show
from clients.types.errors import RequestError


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    rounds, members = draw(st.integers(1, 30)), draw(st.integers(1, 9))
    out = draw(st.lists(st.integers(1, rounds), max_size=members))
    accuracy = draw(st.lists(st.floats(0, 1), min_size=rounds, max_size=rounds))
    outcomes = draw(st.text("ARU", min_size=rounds, max_size=rounds))
    groups = {"honest": members, "honest_out": sorted(out), "malicious": 0, "malicious_out": []}
    return {"rounds": rounds, "accuracy": accuracy, "outcomes": outcomes, **groups}


@given(records())
def test_survival_is_the_area_under_who_is_still_in(record: dict[str, Any]) -> None:
    alive = list(metrics.measure("honest_alive").get(record))
    assert all(one >= other for one, other in pairwise(alive))
    assert all(-1e-9 <= one <= 1 for one in alive)
    survival = metrics.metric("honest_survival").get(record, 1)
    # Who is put out in round r was in until then.
    assert survival == pytest.approx(sum(alive) + len(record["honest_out"]) / record["honest"])
    assert metrics.metric("honest_out").get(record, 1) == pytest.approx(1 - alive[-1])
    assert metrics.metric("malicious_survival").get(record, 1) == record["rounds"]
    assert metrics.metric("malicious_out").get(record, 1) == 0


@given(records(), st.integers(1, 9))
def test_what_is_counted_adds_up(record: dict[str, Any], last: int) -> None:
    accepted, rejected = (list(metrics.measure(name).get(record)) for name in ("accepted", "rejected"))
    undecided = metrics.metric("undecided").get(record, last) * record["rounds"]
    assert accepted[-1] + rejected[-1] + undecided == pytest.approx(record["rounds"])
    assert metrics.metric("rejected").get(record, last) * record["rounds"] == pytest.approx(rejected[-1])
    final = metrics.metric("accuracy").get(record, last)
    assert min(record["accuracy"]) - 1e-9 <= final <= max(record["accuracy"]) + 1e-9
    first = int(metrics.metric("converged").get(record, last))
    assert record["accuracy"][first - 1] >= final - 0.01
    assert all(one < final - 0.01 for one in record["accuracy"][: first - 1])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8))
def test_spread_is_mean_and_deviation(values: list[float]) -> None:
    mean, deviation = metrics.spread(values)
    assert mean == pytest.approx(statistics.fmean(values))
    assert deviation >= 0
    assert metrics.spread([one + 1 for one in values])[1] == pytest.approx(deviation, abs=1e-6)


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(RequestError, match="Did you mean 'accuracy'"):
        metrics.metric("acuracy")
    with pytest.raises(RequestError, match="Did you mean 'honest_alive'"):
        metrics.measure("honest_alife")


def made(numbers: dict[str, dict[str, list[float]]]) -> Results:
    """Return results whose accuracy at a series and a point of the axis `x` is as given, a number a seed."""
    labels = list(next(iter(numbers.values())))
    axis = Axis("x", "x", tuple(Point(label) for label in labels))
    seeds = tuple(range(1, 1 + len(next(iter(next(iter(numbers.values())).values())))))
    figure = Figure("p", "f", "", "", "swarm", {}, tuple(map(Point, numbers)), (axis,), {}, (), (), ())
    cells, runs = [], []
    for series, places in numbers.items():
        for label, values in places.items():
            for seed, value in zip(seeds, values, strict=True):
                request = Request("swarm", {"seed": seed, "series": series, "x": label, "rounds": 1})
                cells.append(Cell({"x": label, "series": series}, seed, request))
                runs.append({"run": request.digest, "cells": [cells[-1].at], "seed": seed, "rounds": 1,
                             "settings": request.settings, "accuracy": [value]})  # fmt: skip
    return Results(Plan(figure, "smoke", Preset(seeds), (axis,), tuple(cells)), tuple(runs))


RESULTS = made(
    {
        "ours": {"0.1": [0.9, 0.8], "0.2": [0.8, 0.8], "0.3": [0.7, 0.5]},
        "theirs": {"0.1": [0.8, 0.8], "0.2": [0.6, 0.6], "0.3": [0.3, 0.3]},
    }
)
CLAIM = Claim("c", "", "difference", "accuracy", of="ours", minus="theirs")


@pytest.mark.parametrize(
    ("claim", "means", "holds"),
    [
        (replace(CLAIM, at_least=0.0), [0.05, 0.2, 0.3], [True, True, True]),
        (replace(CLAIM, at_least=0.1), [0.05, 0.2, 0.3], [False, True, True]),
        (replace(CLAIM, kind="ratio", at_least=1.1), [1.0625, 4 / 3, 2.0], [False, True, True]),
        (replace(CLAIM, kind="widening", along="x"), [0.05, 0.2, 0.3], [True, True, True]),
        (replace(CLAIM, kind="level", at_most=0.8), [0.85, 0.8, 0.6], [False, True, True]),
        (replace(CLAIM, kind="level", at_most=0.8, where={"x": ["0.2"]}, along="x"), [0.8], [True]),
        (replace(CLAIM, kind="trend", along="x", direction="falls"), [0.85, 0.8, 0.6], [True, True, True]),
        (replace(CLAIM, kind="trend", along="x", direction="rises"), [0.85, 0.8, 0.6], [True, False, False]),
        (replace(CLAIM, kind="range", along="x", at_most=0.3), [0.25], [True]),
    ],
)
def test_claims_are_tested_at_every_place(claim: Claim, means: list[float], holds: list[bool]) -> None:
    found = claims.check(RESULTS, claim)
    assert [one["mean"] for one in found["found"]] == pytest.approx(means, abs=1e-6)
    assert [one["holds"] for one in found["found"]] == holds
    assert found["holds"] == all(holds)
    assert {one["seeds"] for one in found["found"]} == {2}


def test_differences_are_taken_seed_by_seed() -> None:
    found = claims.check(RESULTS, CLAIM)["found"]
    assert found[0]["sd"] == pytest.approx(statistics.stdev([0.1, 0.0]), abs=1e-6)
    assert found[1]["sd"] == pytest.approx(0)


def test_a_place_left_open_is_an_error() -> None:
    with pytest.raises(RequestError, match="x has 3 points where one is meant"):
        RESULTS.place({}, series="ours")
    with pytest.raises(RequestError, match="direction"):
        claims.check(RESULTS, replace(CLAIM, kind="trend", along="x"))
    with pytest.raises(RequestError, match="Did you mean 'trend'"):
        claims.check(RESULTS, replace(CLAIM, kind="trends"))


def test_numbers_are_shown_with_their_deviation() -> None:
    assert show(0.66123, 0.00456, percent=True, digits=1) == "66.1 ± 0.5 %"
    assert show(3.14159, 0.5, percent=False) == "3.14 ± 0.50"
