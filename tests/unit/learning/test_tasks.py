"""Labels and tasks: a member's own labels decide nothing; what isn't clear is asked about, never guessed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.datasets.custom import conform, from_arrays
from clients.learning.datasets.labels import find_task, read_labels
from clients.types.errors import RequestError
from clients.types.learning import Constants, Form, Task

KINDS = st.sampled_from(["classes", "labels", "regression"])


@given(st.integers(2, 300), st.data())
def test_whoever_holds_some_of_the_classes_joins(classes: int, data: st.DataObject) -> None:
    task = Task("classes", classes)
    held = data.draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=30))
    y = np.array(held, data.draw(st.sampled_from([np.int64, np.float32, np.uint16])))
    made = from_arrays("own", np.eye(len(y), 2), y, np.eye(1, 2), y[:1], form=Form(task, (2,)))
    assert made.task == task
    assert made.y_train.tolist() == held
    again = conform(from_arrays("own", made.x_train, y, made.x_test, y[:1], num_classes=classes), Form(task))
    assert again.task == task


@given(st.integers(2, 50), st.integers(0, 10**6))
def test_labels_outside_of_the_task_are_refused(classes: int, more: int) -> None:
    y = np.array([0, classes + more])
    with pytest.raises(
        RequestError, match=f"labels from 0 to {classes + more}; the task, .*, has 0 to {classes - 1}"
    ):
        from_arrays("own", np.eye(2), y, np.eye(2), y, form=Form(Task("classes", classes)))


@given(KINDS, st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_what_labels_show_they_show_again(kind: str, outputs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = {
        "classes": np.arange(40) % outputs,
        "labels": rng.integers(0, 2, (40, outputs)),
        "regression": rng.normal(size=(40, outputs)),
    }[kind]
    task = Task(kind, outputs)  # type: ignore[arg-type]
    if kind != "regression":
        assert find_task("own", {"y_train": y}, None) == task
    made = from_arrays("own", np.eye(40), y, np.eye(40), y, form=Form(task))
    assert conform(made, Form()) is made
    assert conform(made, made.form).form == made.form


@pytest.mark.parametrize(
    ("samples", "classes", "kinds", "asked"),
    [
        (600, 62, 62, False),  # FEMNIST
        (60, 62, 30, False),  # a member of it
        (12, 10, 3, False),  # a member with few samples
        (50_000, 200, 200, False),
        (100, 100, 60, False),
        (600, 20_536, 441, True),  # prices
        (2_000, 2_021, 80, True),  # years
        (900, 978, 500, True),  # counts
    ],
)
def test_what_may_be_numbers_to_predict_is_asked_about(
    samples: int, classes: int, kinds: int, asked: bool
) -> None:
    y = np.concatenate(
        [np.linspace(0, classes - 1, kinds).astype(int), np.full(samples - kinds, classes - 1)]
    )
    if not asked:
        assert find_task("own", {"y": y}, None) == Task("classes", classes)
        return
    with pytest.raises(RequestError, match=f"--task classes:{classes} or --task regression"):
        find_task("own", {"y": y}, None)
    assert find_task("own", {"y": y}, Task("classes", classes)).outputs == classes
    assert find_task("own", {"y": y}, None, classes).outputs == classes


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([0.5, 1.5], "expected whole numbers .* say --task regression$"),
        ([0.0, np.nan], r"expected whole numbers of shape \(N,\), or 0 and 1 of shape \(N, labels\)$"),
        ([-1, 1], "labels from -1 to 1; classes are numbered from 0.* --task regression"),
        ([[0.5, 2], [1, 3]], "other than 0 and 1.* --task regression:2"),
        ([0, 0], "all labels are the same, 0; say how many classes there are"),
    ],
)
def test_what_else_is_asked_about(y: list[float], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        find_task("own", {"y_train": np.array(y)}, None)


def test_a_file_says_how_many_classes_there_are() -> None:
    y = {"y": np.array([0, 1])}
    assert find_task("own", y, None, 5) == Task("classes", 5)
    assert find_task("own", y, Task("classes", 5), 5) == Task("classes", 5)
    assert find_task("own", {"y": np.eye(3)}, None, 3) == Task("labels", 3)
    with pytest.raises(RequestError, match="num_classes is 5, but the task is binary"):
        find_task("own", y, Task("classes", 2), 5)
    for wrong in (np.array([2, 3]), np.array(2.5), "three"):
        with pytest.raises(RequestError, match=r"num_classes is .* one whole number"):
            from_arrays("own", np.eye(2), y["y"], np.eye(2), y["y"], num_classes=wrong)


def test_targets_are_standardised_by_what_was_agreed_on(tmp_path: Path) -> None:
    y = np.array([19_000, 20_000, 21_000])
    form = Form(Task("regression", 1), (3,), "", Constants((), (), (20_000.0,), (500.0,)))
    made = from_arrays("own", np.eye(3), y, np.eye(3), y, form=form)
    assert made.y_train.tolist() == [[-2], [0], [2]]
    assert made.constants == form.standardize
    with pytest.raises(RequestError, match="Are they in the unit that was agreed on"):
        from_arrays("own", np.eye(3), y / 1000, np.eye(3), y, form=form)
    both = np.column_stack([y, y])
    with pytest.raises(RequestError, match=r"float32 of shape \(3, 2\); the task, regression, expects"):
        from_arrays("own", np.eye(3), both, np.eye(3), both, form=Form(Task("regression", 1)))


def test_a_data_set_of_another_form_is_refused() -> None:
    made = from_arrays("own", np.eye(4), np.arange(4) % 2, np.eye(4), np.arange(4) % 2)
    assert conform(made, Form(Task("classes", 3))).task.outputs == 3
    for form, says in (
        (Form(shape=(5,)), "a sample is 4; the federation's samples are 5"),
        (Form(layout="NHW"), "its layout is NF, not NHW"),
        (Form(Task("labels", 3)), r"the task, labels:3, expects float32 of shape \(N, 3\)"),
    ):
        with pytest.raises(RequestError, match=says):
            conform(made, form)
    scaled = conform(made, Form(standardize=True))
    assert conform(scaled, Form(standardize=True)) is scaled
    with pytest.raises(RequestError, match="other constants"):
        conform(scaled, Form(standardize=Constants((0.0,) * 4, (1.0,) * 4)))
    numbers = conform(made, Form(Task("regression", 1)))
    assert numbers.y_train[:, 0].tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize("task", ["classes:3", "labels:2", "regression", "regression:2"])
@pytest.mark.parametrize(
    "y",
    [
        np.zeros(0),
        np.zeros((3, 0)),
        np.zeros((3, 2, 2)),
        np.array(1),
        np.array(["a"] * 3),
        np.full(3, np.inf),
    ],
)
def test_labels_of_no_sense_are_a_request_error(task: str, y: np.ndarray) -> None:
    with pytest.raises(RequestError, match=r"y_train|x_train"):
        from_arrays("own", np.eye(3), y, np.eye(3), y, form=Form(Task.parse(task)))


@given(KINDS, st.integers(0, 2**32 - 1))
def test_labels_are_never_changed_in_silence(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.choice([rng.normal(size=5), rng.integers(-3, 9, 5).astype(float), np.full(5, np.nan)])
    task = Task(kind, 9)  # type: ignore[arg-type]
    try:
        read = read_labels("own", "y", y, task)
    except RequestError:
        return
    assert np.array_equal(read.reshape(-1), y.astype(read.dtype), equal_nan=True)
    if kind == "classes":
        assert np.array_equal(read, y)
