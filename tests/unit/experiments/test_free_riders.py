"""Free riders before real juries: what they send, and what a run of them writes down."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.experiments import report
from clients.experiments.metrics import metric
from clients.experiments.results import RUNS, TABLE
from clients.experiments.runs_of_free_riders import SHORT, TRAINED, WAYS, FreeRider, read, resolve, run
from clients.roles.evidence import find_idle
from clients.types.errors import RequestError

SMALL = {
    "dataset": "digits",
    "model": "logistic",
    "clients": 9,
    "proposers": 4,
    "rounds": 4,
    "local_epochs": 1,
    "free_riders": 2,
}


def know(seed: int, size: int = 400) -> FreeRider:
    rng = np.random.default_rng(seed)
    before = rng.standard_normal(size)
    update = before + 0.1 * rng.standard_normal(size)
    head = before + 0.1 * rng.standard_normal(size)
    return FreeRider(head, before, update, float(np.linalg.norm(update - before)), rng)


def cosine(one: Any, other: Any) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@given(st.integers(0, 2**32), st.sampled_from(sorted(WAYS)))
def test_no_way_looks_idle_beside_usual_updates(seed: int, way: str) -> None:
    known = know(seed)
    length = float(np.linalg.norm(WAYS[way](known) - known.head))
    assert find_idle({0: length, 1: known.usual, 2: known.usual}, {0, 1, 2}) == set()


@given(st.integers(0, 2**32))
def test_a_blurred_step_keeps_its_length_and_half_of_its_direction(seed: int) -> None:
    known = know(seed)
    step = known.update - known.before
    for way, near in (("again", 1.0), ("again_blurred", 0.5**0.5), ("again_very_blurred", 0.1**0.5)):
        sent = WAYS[way](known) - known.head
        assert np.linalg.norm(sent) == pytest.approx(np.linalg.norm(step))
        assert cosine(sent, step) == pytest.approx(near, abs=0.2)  # of 400 numbers: four deviations
    average = WAYS["average"](known) - known.head
    assert cosine(average, known.head - known.before) == pytest.approx(1)


@given(st.integers(0, 2**32))
def test_noise_is_as_long_as_usual_or_short(seed: int) -> None:
    known = know(seed)
    for way, share in (("noise", 1.0), ("short_noise", SHORT)):
        assert np.linalg.norm(WAYS[way](known) - known.head) == pytest.approx(share * known.usual)


def test_where_the_head_stood_still_its_step_again_is_the_head() -> None:
    known = know(1)
    still = FreeRider(known.head, known.head, known.update, known.usual, known.rng)
    for way in ("average", "average_blurred"):
        assert np.array_equal(WAYS[way](still), known.head)


def play(folder: Path, **settings: Any) -> dict[str, Any]:
    folder.mkdir()
    told: list[int] = []
    whole = resolve({**SMALL, **settings})
    run(whole, folder, told.append)
    assert sum(told) == whole["rounds"]
    record = read(whole, folder)
    assert record.pop("wall_seconds") > 0
    return record


def test_a_run_is_the_same_again_and_only_free_riders_differ(tmp_path: Path) -> None:
    trained = play(tmp_path / "trained", way=TRAINED)
    again = play(tmp_path / "again", way="again")
    assert again == play(tmp_path / "once more", way="again")
    assert again["accuracy"][0] == trained["accuracy"][0]  # in round 1 all train
    # Its step is one of the last round's: no jury is needed to see that.
    assert all(one == pytest.approx(1, abs=1e-3) for line in again["riders_alike"] for one in line)
    for record in (trained, again):
        for name in ("passed", "slashed", "alike", "pull", "gained"):
            assert [len(line) for line in record[f"riders_{name}"]] == [2] * 3
            assert [len(line) for line in record[f"others_{name}"]] == [2] * 3
        passed, slashed = (np.array(record[f"others_{name}"]) for name in ("passed", "slashed"))
        assert not (passed * slashed).any()


def test_weights_of_a_random_direction_go_no_jurors_way(tmp_path: Path) -> None:
    record = play(tmp_path / "noise", way="noise")
    assert abs(np.array(record["riders_pull"])).max() < 0.15 < np.array(record["others_pull"]).min()
    assert metric("pull_found").get(record, 1) == 1
    assert metric("alike_found").get(record, 1) == 0


def test_thirds_and_limits_of_a_record() -> None:
    record = {
        "riders_passed": [[0, 0], [1, 0], [1, 1], [1, 1]],
        "riders_alike": [[0.5, 0.9], [0.95, 0.8]],
        "others_alike": [[0.9, 0.1], [0.2, 0.3]],
    }
    assert [metric(f"riders_{third}").get(record, 1) for third in ("early", "middle", "late")] == [0, 0.75, 1]
    assert metric("riders_passed").get(record, 1) == pytest.approx(5 / 8)
    assert metric("alike_found").get(record, 1) == 0.25
    assert metric("others_alike").get(record, 1) == 0.9


@pytest.mark.parametrize(
    "wrong", [{"way": "sleep"}, {"free_riders": 4}, {"free_riders": 0}, {"malicious": 1}, {"rounds": 0}]
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        resolve({**SMALL, **wrong})


PAGE = report.ROOT / "docs" / "explanation" / "evidence.md"
COLUMNS = ("digits", "digits, uneven", "digits, linear", "biopsies", "biopsies, uneven", "femnist")
Numbers = dict[tuple[str, str], float]


def load_tables() -> dict[str, Numbers]:
    text = (report.ROOT / "results" / "evidence" / "free_riders" / report.PRESET / TABLE).read_text("utf-8")
    return {
        table["name"]: {(cell["row"], cell["column"]): cell["mean"] for cell in table["cells"]}
        for table in json.loads(text)["tables"]
    }


def list_numbers(values: Iterable[float]) -> str:
    *first, last = (f"{value:.1f}" for value in values)
    return f"{', '.join(first)} and {last}"


def test_the_page_says_how_many_pass() -> None:
    found, lines = load_tables(), PAGE.read_text("utf-8").splitlines()
    for row in dict.fromkeys(row for row, _ in found["passed"]):
        cells = []
        for column in COLUMNS:
            cost = round(found["slashed"][row, column] * 100)
            cells.append(f"{found['passed'][row, column] * 100:.0f} %" + (f" ({cost} %)" if cost else ""))
        assert f"| {row} | {' | '.join(cells)} |" in lines


def test_the_page_says_what_it_is_worth_and_what_limits_find() -> None:
    found, text = load_tables(), " ".join(PAGE.read_text("utf-8").split())

    def lose(table: str, way: str, column: str) -> float:
        return found[table]["trained", column] - found[table][way, column]

    def compute_worth(way: str, column: str) -> float:
        return 1 - 2 * lose("passed", way, column) + 4 * lose("slashed", way, column)

    noise, again = ([compute_worth(way, one) for one in COLUMNS] for way in ("noise", "again"))
    assert f"noise is worth {list_numbers(noise)} c, and a step again {list_numbers(again)} c." in text
    lost = list_numbers(100 * lose("accuracy", "noise", one) for one in COLUMNS)
    assert f"the model ends {lost} points lower" in text
    mixed = "average again, noise 1:1"
    assert {found["alike_found"][mixed, one] for one in COLUMNS} == {0}
    shares = [round(found["pull_found"][mixed, one] * 100) for one in COLUMNS]
    assert shares.count(0) == 5
    assert f"finds none on five of the six, and {shares[-1]} % on femnist" in text
    behind = [round(-100 * found["gained"][way, COLUMNS[1]]) for way in ("old weights", "again")]
    assert f"on uneven digits they are {behind[0]} points behind it. A step again is {behind[1]}" in text


def test_the_page_says_how_trained_updates_do_and_look() -> None:
    """Those of members who never ride free, in the runs of all series."""
    text = " ".join(PAGE.read_text("utf-8").split())
    path = report.ROOT / "results" / "evidence" / "free_riders" / report.PRESET / RUNS
    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def find(name: str, column: str) -> list[float]:
        mine = (run[name] for run in runs if run["cells"][0]["data"] == column)
        return [value for rounds in mine for updates in rounds for value in updates]

    passed = [find("others_passed", one) for one in COLUMNS]
    shares = [fmean(one) for one in passed]
    assert {len(one) for one in passed} == {1296}
    assert shares.count(1) == 3
    assert (
        "of the 1,296 trained updates of members who never ride free, all pass on three of the six, and "
        in text
    )
    assert f"{min(shares) * 100:.1f} % or more on the others" in text
    alike = [f"{max(find('others_alike', one)):.2f}" for one in COLUMNS]
    assert alike[3] == alike[4]
    linear = f"{max(find('others_alike', COLUMNS[2])):.3f}"
    assert (
        f"have cosines of {alike[5]} (femnist), {alike[0]} and {alike[1]} (digits), {alike[3]} (biopsies) "
        in text
    )
    assert f"and, by the linear model, {linear}." in text
    pulls = [min(find("others_pull", one)) for one in COLUMNS]
    assert f"is between {max(pulls):.2f} and {min(pulls):.2f}" in text
