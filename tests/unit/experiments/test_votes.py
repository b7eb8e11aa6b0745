"""Votes alone: the closed form of Theorem 1, and played rounds that keep to it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.experiments.runs_of_votes import compute_expected_return, read, resolve, run
from clients.types.errors import RequestError


@given(st.data())
def test_a_liar_of_a_minority_loses(data: st.DataObject) -> None:
    clients = data.draw(st.integers(3, 40))
    voters = data.draw(st.integers(1, clients - 1))
    liars = data.draw(st.integers(1, (clients - 1) // 2))
    assert compute_expected_return(clients, voters, liars) < 1e-12 or voters == 1


@given(st.integers(2, 40), st.data())
def test_a_return_is_a_stake_at_most(clients: int, data: st.DataObject) -> None:
    voters, liars = data.draw(st.integers(1, clients - 1)), data.draw(st.integers(1, clients))
    assert -1 - 1e-9 <= compute_expected_return(clients, voters, liars) < 1


def test_where_all_lie_nobody_pays() -> None:
    assert compute_expected_return(10, 5, 10) == 0


@pytest.mark.parametrize("liars", [1, 3, 6])
def test_played_rounds_keep_to_the_closed_form(tmp_path: Path, liars: int) -> None:
    settings = resolve({"clients": 8, "voters": 5, "liars": liars, "rounds": 60, "seed": 3})
    told: list[int] = []
    run(settings, tmp_path, told.append)
    assert sum(told) == 60
    record = read(settings, tmp_path)
    assert record["expected"] == pytest.approx(compute_expected_return(8, 5, liars), abs=1e-5)
    assert record["return"] == pytest.approx(record["expected"], abs=0.35)
    again = tmp_path / "again"
    again.mkdir()
    run(settings, again, told.append)
    other = json.loads((again / "votes.json").read_text())
    assert other.pop("wall_seconds") > 0
    assert record.pop("wall_seconds") > 0
    assert other == record


@pytest.mark.parametrize("wrong", [{"liars": 0}, {"liars": 21}, {"voters": 20}, {"rounds": 0}, {"lairs": 3}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(RequestError):
        resolve(wrong)


@pytest.mark.parametrize("liars", [10, 13, 18, 20])
def test_every_liar_lies_however_many_there_are(tmp_path: Path, liars: int) -> None:
    run(
        resolve({"clients": 20, "voters": 9, "liars": liars, "rounds": 40, "seed": 1}),
        tmp_path,
        lambda _: None,
    )
    record = read({}, tmp_path)
    assert record["votes"] >= 40 * max(liars - 11, 0)
    assert record["return"] == pytest.approx(record["expected"], abs=0.3)
    if liars == 20:
        assert record["votes"] == 40 * 9
        assert record["return"] == 0
