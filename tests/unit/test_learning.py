"""What a federation agrees on: tasks, constants and settings are what they say, and survive every file."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from clients import node
from clients.engine.config import get_personal, read_toml
from clients.types.errors import RequestError
from clients.types.learning import AGREED, Constants, Form, Learning, Task, count_columns
from clients.types.settings import make, plain

TASKS = st.one_of(
    st.builds(Task, st.just("classes"), st.integers(2, 2**20)),
    st.builds(Task, st.sampled_from(["labels", "regression"]), st.integers(1, 2**20)),
)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
NUMBERS = st.floats(-1e300, 1e300)
SCALES = st.floats(1e-300, 1e300)


def paired(count: int) -> st.SearchStrategy[tuple[tuple[float, ...], tuple[float, ...]]]:
    return st.tuples(*(st.tuples(*[kind] * count) for kind in (NUMBERS, SCALES)))


@st.composite
def agreements(draw: st.DrawFn) -> Learning:
    task = draw(st.sampled_from(["auto", "binary", "classes:7", "labels:2", "regression", "regression:3"]))
    shape = draw(SHAPES)
    regression = task.startswith("regression")
    mean, scale = draw(st.just(((), ())) | paired(count_columns(shape)))
    targets = draw(paired(Task.parse(task).outputs)) if regression else ((), ())
    constants: Any = Constants(mean, scale, *targets) if mean or regression else draw(st.booleans())
    return Learning("mlp", task, shape, constants, learning_rate=draw(st.floats(1e-12, 1e3)))


@given(TASKS)
def test_a_task_is_read_back_from_its_name(task: Task) -> None:
    assert Task.parse(str(task)) == task


@given(st.text("abelnirsycglo:0123456789²", max_size=20))
def test_what_names_no_task_is_refused(text: str) -> None:
    with contextlib.suppress(RequestError):
        assert str(Task.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "classes:1",
        "classes:-3",
        "classes",
        "labels:0",
        "regression:0",
        "classes:²",
        "binary:2",
        "classes:1e9",
    ],
)
def test_impossible_tasks(text: str) -> None:
    with pytest.raises(RequestError, match="task"):
        Task.parse(text)


@given(agreements())
def test_what_is_agreed_on_survives_toml_and_json(tmp_path_factory: Any, agreed: Learning) -> None:
    path = tmp_path_factory.mktemp("agreed") / "learning.toml"
    path.write_text(tomli_w.dumps(agreed.agreement()))
    assert make(Learning, read_toml(path)) == agreed
    assert make(Learning, json.loads(json.dumps(agreed.agreement()))) == agreed


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"task": "clases:3"}, "task 'clases:3': expected"),
        ({"shape": [0, 3]}, "1 to 4 numbers, from 1 on"),
        ({"shape": [1, 2, 3, 4, 5]}, "1 to 4 numbers"),
        ({"shape": ["a"]}, "list of whole numbers"),
        ({"standardize": "yes"}, "true, false or a table of constants"),
        ({"standardize": {"mean": [1], "scale": [0]}}, "scale above 0"),
        ({"standardize": {"mean": [math.inf], "scale": [1]}}, "list of numbers"),
        ({"standardize": {"mean": [1, 2], "scale": [1]}}, "mean has 2 numbers, but scale 1"),
        ({"standardize": {"men": [1]}}, "Did you mean 'mean'"),
        ({"standardize": {}}, "are needed"),
        ({"shape": [3], "standardize": {"mean": [1], "scale": [1]}}, "1 numbers, but a sample 3 columns"),
        ({"task": "regression:2", "standardize": {"target_mean": [1], "target_scale": [1]}}, "takes 2"),
        ({"task": "binary", "standardize": {"target_mean": [1], "target_scale": [1]}}, "takes 0"),
        ({"task": "regression", "metric": "auroc"}, "metric auroc: the task regression takes accuracy"),
        ({"task": "classes:3", "metric": "auroc"}, "metric auroc"),
    ],
)
def test_what_cannot_be_agreed_on(table: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        make(Learning, table)


@pytest.mark.parametrize(
    ("table", "lacks"),
    [
        ({}, "task and shape"),
        ({"task": "binary"}, "shape"),
        ({"task": "binary", "shape": [3], "standardize": True}, "the constants of standardize"),
        ({"task": "regression", "shape": [3]}, "the constants of standardize"),
        ({"task": "binary", "shape": [3]}, ""),
    ],
)
def test_what_is_left_open_is_told(table: dict[str, Any], lacks: str) -> None:
    agreed = make(Learning, table)
    if not lacks:
        agreed.require_whole("a.toml")
        return
    with pytest.raises(RequestError, match=f"a.toml doesn't say {lacks}, which"):
        agreed.require_whole("a.toml")


def test_a_setting_is_agreed_on_or_ones_own() -> None:
    assert set(AGREED).isdisjoint(get_personal())
    assert {"tolerance", "threshold", "dataset"} <= set(get_personal())
    assert set(node.LEARNING) == {*AGREED, *get_personal()}
    assert plain(Learning()) == Learning().agreement()
    assert Form() == Form(None, (), "", False)


def test_scores_are_told_as_what_they_are(tmp_path: Path) -> None:
    assert Task("classes", 3).tell(0.947) == "94.7%"
    assert Task("regression", 1).tell(0.947) == "0.947"
