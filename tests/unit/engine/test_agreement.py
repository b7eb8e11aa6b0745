"""A participant and its federation: what was agreed on is filled in, and a contradiction is one sentence."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clients.engine.agreement import require_agreed, settle
from clients.engine.config import build_participant
from clients.engine.learners import build_bench
from clients.learning.codec import encode
from clients.types.errors import RequestError
from clients.types.learning import Constants, Learning
from deploy.learning import read_learning

STAND_INS: dict[str, Any] = {"clients": 1}
CONSTANTS = Constants((0.5,) * 4, (2.0,) * 4)
AGREED = Learning("logistic", "classes:3", (4,), local_epochs=2, learning_rate=0.05).agreement()


def test_what_isnt_told_is_taken_from_the_record() -> None:
    config = settle(STAND_INS, AGREED, "a.json")
    assert config.agreement() == AGREED
    assert settle({**STAND_INS, "validation": 0.5}, AGREED, "a.json").validation == 0.5
    # What says the same, or leaves it open, is no contradiction.
    same = {"task": "classes:3", "shape": [4], "learning_rate": 0.05, "standardize": False}
    for told in (same, {"task": "auto", "shape": []}):
        assert settle({**STAND_INS, **told}, AGREED, "a.json") == config
    assert settle(STAND_INS, {}, "") == build_participant(STAND_INS)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"task": "binary"}, r"task is classes:3 in this federation \(a.json\), not binary: leave"),
        ({"shape": [2, 2]}, "shape is 4 in this federation .* not 2×2"),
        ({"local_epochs": 3}, "local_epochs is 2 in this"),
        ({"standardize": True}, "standardize is False in this"),
        ({"model": "mlp"}, "model is logistic in this"),
    ],
)
def test_a_contradiction_is_one_sentence(told: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        settle({**STAND_INS, **told}, AGREED, "a.json")


@pytest.mark.parametrize(
    ("agreed", "says"),
    [
        ({"tsk": "binary"}, "a.json: learning: unknown setting 'tsk'"),
        ({"seed": "one"}, "a.json: .* int needed"),
    ],
)
def test_a_record_that_makes_no_sense_is_named(agreed: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        settle(STAND_INS, agreed, "a.json")


def test_constants_are_the_federations() -> None:
    agreed = {**AGREED, "standardize": {"mean": [0.5] * 4, "scale": [2] * 4}}
    for told in ({}, {"standardize": True}, {"standardize": {"mean": [0.5] * 4, "scale": [2] * 4}}):
        assert settle({**STAND_INS, **told}, agreed, "a.json").standardize == CONSTANTS
    for other in (False, {"mean": [0.25] * 4, "scale": [2] * 4}):
        with pytest.raises(RequestError, match="standardize is a table of constants in this"):
            settle({**STAND_INS, "standardize": other}, agreed, "a.json")


def test_code_of_ones_own_is_never_taken_from_a_record() -> None:
    agreed = {**AGREED, "model": "theirs:net"}
    with pytest.raises(RequestError, match="give --model theirs:net"):
        settle(STAND_INS, agreed, "a.json")
    assert settle({**STAND_INS, "model": "theirs:net"}, agreed, "a.json").model == "theirs:net"


def save(path: Path, keep: list[int]) -> str:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = rng.normal(size=(90, 4)) + y[:, None]
    held = np.isin(y, keep)
    np.savez(path, x_train=x[held], y_train=y[held], x_test=x[held], y_test=y[held])
    return str(path)


@pytest.mark.parametrize("keep", [[0, 1], [2], [0]])
def test_a_member_without_some_of_the_labels_trains_and_judges_like_the_others(
    tmp_path: Path, keep: list[int]
) -> None:
    whole = settle({**STAND_INS, "dataset": save(tmp_path / "whole.npz", [0, 1, 2])}, AGREED, "a.json")
    part = settle({**STAND_INS, "dataset": save(tmp_path / "part.npz", keep)}, AGREED, "a.json")
    benches = [build_bench(config, only=[0]) for config in (whole, part)]
    first, second = (encode(bench.initial_weights(), bench.schema) for bench in benches)
    assert first == second
    [(weights, _)] = benches[1].train(benches[1].initial_weights(), [(0, None)], (1, 1))
    assert benches[0].schema.check(weights) is not None
    assert 0 <= benches[1].answers(weights, [0], "accuracy")[0].score <= 1
    assert benches[1].form == benches[0].form


def test_nobody_is_standardised_by_its_own_constants(tmp_path: Path) -> None:
    dataset = save(tmp_path / "own.npz", [0, 1, 2])
    for told in ({"standardize": True}, {"task": "regression"}):
        config = build_participant({**STAND_INS, **told, "dataset": dataset})
        form = build_bench(config, only=[0]).form
        with pytest.raises(RequestError, match="every member must use the same constants"):
            require_agreed(config, form)
        require_agreed(config.with_form(form), form)


def test_what_is_agreed_on_goes_into_the_record_whole(tmp_path: Path) -> None:
    path = tmp_path / "learning.toml"
    given = argparse.Namespace(learning=path)
    path.write_text('task = "binary"\nshape = [4]\ntolerance = 0.1\nclients = 1\n')
    assert read_learning(given) == Learning(task="binary", shape=(4,)).agreement()
    for text, says in (
        ("shape = [4]\n", "doesn't say task, which"),
        ('task = "binary"\nshape = [4]\nproposers = 3\n', "learning.toml: unknown setting 'proposers'"),
        ("shape = 4 4", "is not TOML"),
    ):
        path.write_text(text)
        with pytest.raises(RequestError, match=says):
            read_learning(given)
    assert read_learning(argparse.Namespace(learning=None)) == {}
