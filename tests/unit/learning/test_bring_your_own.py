"""The page docs/how-to/bring-your-own.md, as it stands: its code runs, and learns, in under 30 lines."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from clients.learning.aggregate import Contribution, fedavg
from clients.learning.datasets import load
from clients.learning.evaluate import evaluate
from clients.learning.models import build_for
from clients.learning.partition import split
from clients.learning.stacked import Training, train_many
from clients.learning.tensors import Samples, weights_of
from clients.learning.train import TrainConfig

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "bring-your-own.md"


def test_the_pages_code_runs_and_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 30
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        data = load("mine:spirals")
        model = build_for("mine:narrow_net", data, 1)
    finally:
        sys.modules.pop("mine", None)
    whole, test = Samples.of(data.x_train, data.y_train), Samples.of(data.x_test, data.y_test)
    parts = split(data, "dirichlet:1", 6, 1)
    weights = weights_of(model)
    before = evaluate(model, weights, test).accuracy
    config = TrainConfig("adam", 0.005, epochs=5)
    for round_ in range(8):
        jobs = [Training(weights, whole.take(part), config, 10 * round_ + i) for i, part in enumerate(parts)]
        sent = zip(train_many(model, jobs), parts, strict=True)
        weights = fedavg([Contribution(trained, len(part)) for trained, part in sent])
    after = evaluate(model, weights, test).accuracy
    assert after > max(before, 1 / 3) + 0.2
    np.savez(
        tmp_path / "own.npz",
        x_train=data.x_train,
        y_train=data.y_train,
        x_test=data.x_test,
        y_test=data.y_test,
    )
    assert np.array_equal(load(str(tmp_path / "own.npz")).x_train, data.x_train)
