"""Numbers read off records, and the claims made of them."""

import statistics
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.experiments import claims, metrics, report, runs_of_swarms
from clients.experiments.figure import Axis, Figure, PaperClaim, Preset, Variant
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
    planned = rounds + draw(st.just(0) | st.integers(1, 30))  # above: it came to a halt
    return {"rounds": rounds, "accuracy": accuracy, "outcomes": outcomes, **groups,
            "settings": {"rounds": planned}}  # fmt: skip


@given(records())
def test_survival_is_the_area_under_who_is_still_in(record: dict[str, Any]) -> None:
    alive = metrics.carry_on(record, metrics.measure("honest_alive").get(record))
    assert len(alive) == record["settings"]["rounds"]
    assert all(one >= other for one, other in pairwise(alive))
    assert all(-1e-9 <= one <= 1 for one in alive)
    survival = metrics.metric("honest_survival").get(record, 1)
    # Who is put out in round r was in until then.
    assert survival == pytest.approx(sum(alive) + len(record["honest_out"]) / record["honest"])
    assert metrics.metric("honest_out").get(record, 1) == pytest.approx(1 - alive[-1])
    assert metrics.metric("malicious_survival").get(record, 1) == record["settings"]["rounds"]
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


@given(records(), st.integers(1, 60))
def test_a_halted_run_counts_as_one_whose_last_value_stood_on(record: dict[str, Any], last: int) -> None:
    planned = record["settings"]["rounds"]
    halted = planned - record["rounds"]
    played = {
        **record, "rounds": planned, "accuracy": record["accuracy"] + record["accuracy"][-1:] * halted,
        "outcomes": record["outcomes"] + "U" * halted,
    }  # fmt: skip
    for name in ("accuracy", "best", "converged", "honest_survival", "honest_out"):
        assert metrics.metric(name).get(record, last) == metrics.metric(name).get(played, last)
    for name in ("accuracy", "honest_alive", "accepted", "rejected"):
        values = metrics.measure(name).get(record)
        assert metrics.carry_on(record, values) == list(metrics.measure(name).get(played))
    if halted >= last:
        assert metrics.metric("accuracy").get(record, last) == pytest.approx(record["accuracy"][-1])


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
    axis = Axis("x", "x", tuple(Variant(label) for label in labels))
    seeds = tuple(range(1, 1 + len(next(iter(next(iter(numbers.values())).values())))))
    figure = Figure("p", "f", "", "", "swarm", {}, tuple(map(Variant, numbers)), (axis,), {}, (), (), ())
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
CLAIM = PaperClaim("c", "", "difference", "accuracy", of="ours", minus="theirs")


@pytest.mark.parametrize(
    ("claim", "means", "holds"),
    [
        (replace(CLAIM, at_least=0.0), [0.05, 0.2, 0.3], [True, True, True]),
        (replace(CLAIM, at_least=0.1), [0.05, 0.2, 0.3], [False, True, True]),
        (replace(CLAIM, kind="ratio", at_least=1.1), [1.0625, 4 / 3, 2.0], [False, True, True]),
        (replace(CLAIM, kind="widening", along="x"), [0.05, 0.2, 0.3], [None, True, True]),
        (replace(CLAIM, kind="level", at_most=0.8), [0.85, 0.8, 0.6], [False, True, True]),
        (replace(CLAIM, kind="level", at_most=0.8, where={"x": ["0.2"]}, along="x"), [0.8], [True]),
        (replace(CLAIM, kind="trend", along="x", direction="falls"), [0.85, 0.8, 0.6], [None, True, True]),
        (replace(CLAIM, kind="trend", along="x", direction="rises"), [0.85, 0.8, 0.6], [None, False, False]),
        (replace(CLAIM, kind="range", along="x", at_most=0.3), [0.25], [True]),
    ],
)
def test_claims_are_tested_at_every_place(claim: PaperClaim, means: list[float], holds: list[bool]) -> None:
    found = claims.check(RESULTS, claim)
    assert [one["mean"] for one in found["found"]] == pytest.approx(means, abs=1e-6)
    assert [one["holds"] for one in found["found"]] == holds
    assert found["holds"] == all(one for one in holds if one is not None)
    assert {one["seeds"] for one in found["found"]} == {2}


@pytest.mark.parametrize(
    ("claim", "seeds"),
    [
        (replace(CLAIM, at_least=0.1), [1, 2, 2]),
        (replace(CLAIM, kind="ratio", at_least=2.0), [0, 0, 1]),
        (replace(CLAIM, kind="level", at_most=0.8), [1, 2, 2]),
        (replace(CLAIM, kind="widening", along="x"), [None, 2, 2]),
        (replace(CLAIM, kind="trend", along="x", direction="falls"), [None, 1, 2]),
        (replace(CLAIM, kind="range", along="x", at_most=0.3), [None]),
    ],
)
def test_in_how_many_seeds_a_claim_holds_is_told(claim: PaperClaim, seeds: list[int | None]) -> None:
    assert [one["seeds_hold"] for one in claims.check(RESULTS, claim)["found"]] == seeds


@pytest.mark.parametrize("left_out", ["0.1", "0.2", "0.3"])
@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (replace(CLAIM, at_least=0.0), [True, True, True]),
        (replace(CLAIM, kind="ratio", at_least=0.0), [True, True, True]),
        (replace(CLAIM, kind="level", at_least=0.0), [True, True, True]),
        (replace(CLAIM, kind="widening", along="x"), [None, True, True]),
        (replace(CLAIM, kind="trend", along="x", direction="falls"), [None, True, True]),
    ],
)
@pytest.mark.parametrize("how", ["preset", "runs"])
def test_where_there_are_no_runs_a_claim_doesnt_hold(
    claim: PaperClaim, holds: list[bool | None], left_out: str, how: str
) -> None:
    """Be it that the preset leaves the point out, or that the series isn't run there."""
    assert claims.check(RESULTS, claim)["holds"]
    found = claims.check(without(left_out, how), claim)
    assert not found["holds"]
    assert len(found["found"]) == 3
    for one, held in zip(found["found"], holds, strict=True):
        if one["at"] == f"x = {left_out}":
            assert (one["shown"], one["mean"], one["seeds"], one["holds"]) == ("no runs", None, 0, False)
        elif left_out != "0.1":
            assert one["holds"] == held
        elif claim.kind == "widening":
            assert one["holds"] is False  # than what it should widen isn't known


def test_a_range_says_where_there_are_no_runs() -> None:
    (found,) = claims.check(without("0.2"), replace(CLAIM, kind="range", along="x", at_most=1.0))["found"]
    assert found["shown"] == "25.0 %, no runs at x = 0.2"
    assert found["holds"] is False


def without(label: str, how: str = "runs") -> Results:
    """Return `RESULTS` less the runs of a point."""
    runs = tuple(run for run in RESULTS.runs if all(cell["x"] != label for cell in run["cells"]))
    plan = RESULTS.plan
    (axis,) = plan.axes
    if how == "preset":
        axis = replace(axis, points=tuple(one for one in axis.points if one.label != label))
    return Results(replace(plan, axes=(axis,)), runs)


def test_the_documentation_tells_seeds_and_marks() -> None:
    table = claims.check(without("0.2"), replace(CLAIM, at_least=0.1))
    assert [report.tell_found(one) for one in table["found"]] == [
        "x = 0.1: 5.0 ± 7.1 % (1/2) ✗",
        "x = 0.2: no runs ✗",
        "x = 0.3: 30.0 ± 14.1 % (2/2)",
    ]
    assert report.count_seeds(table) == "2"
    table["found"][0]["seeds"] = 5
    assert report.count_seeds(table) == "2–5"
    assert report.count_seeds({"found": []}) == "0"
    base = claims.check(RESULTS, replace(CLAIM, kind="trend", along="x", direction="falls"))["found"][0]
    assert report.tell_found(base) == "x = 0.1: 85.0 ± 7.1 %"


def test_an_updates_size_doesnt_hang_on_what_was_read() -> None:
    saved = {"bytes": {"up": 0, "down": 700}, "proposals": 6}
    assert metrics.metric("update_bytes").get(saved, 1) == 100
    again = {**saved, "bytes": {"up": 0, "down": 900}, "update_bytes": 100}
    assert metrics.metric("update_bytes").get(again, 1) == 100


def test_a_run_keeps_the_size_of_its_updates(tmp_path: Path) -> None:
    """Everything that is read is a model, and all have this size."""
    settings = runs_of_swarms.resolve(
        {"clients": 6, "proposers": 2, "rounds": 1, "local_epochs": 1, "model": "logistic"}
    )
    runs_of_swarms.run(settings, tmp_path, lambda rounds: None)
    record = runs_of_swarms.read(settings, tmp_path)
    assert record["update_bytes"] > 0
    assert record["bytes"]["down"] % record["update_bytes"] == 0


def test_a_final_value_is_of_the_last_quarter_of_the_plan() -> None:
    """Of 8 rounds 4 were played: the last 2 planned ones have the value of the 4th."""
    record = {**RESULTS.runs[0], "rounds": 4, "accuracy": [0.1, 0.2, 0.3, 0.6], "settings": {"rounds": 8}}
    halted = replace(RESULTS, runs=(record,))
    assert halted.last(record) == 2
    assert halted.values(record["cells"][0], "accuracy") == [0.6]


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
