"""A regression is a task like the others: it learns, its liars lose, and its run can be had again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clients import swarm
from tests.integration.swarms import lines_of


def costs() -> dict[str, Any]:
    """Amounts of some 20,000 that follow from four columns, one of them unscaled."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4)) * [1, 1, 1, 50_000]
    y = np.round(20_000 + 300 * x[:, 0] - 200 * x[:, 1] + 0.004 * x[:, 3] + rng.normal(0, 20, 600))
    return {"x_train": x[:450], "y_train": y[:450], "x_test": x[450:], "y_test": y[450:]}


def words(out: Path, *more: str) -> list[str]:
    return [
        *("--dataset", "tests.integration.test_regression:costs", "--task", "regression", "--standardize"),
        *("--chain", "spec", "--store", "memory", "--clients", "9", "--model", "logistic", "--seed", "2"),
        *("--learning-rate", "0.02", "--local-epochs", "3", "--device", "cpu", "--out", str(out), *more),
    ]


@pytest.mark.slow
def test_a_regression_learns_and_its_liars_lose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    attack = ("--proposers", "2", "--malicious", "2", "--rounds", "6", "--attack", "label_flip+lying_votes")
    assert swarm.main(words(first, *attack)) == 0
    said = capsys.readouterr().out
    summary = json.loads((first / "summary.json").read_text())
    assert summary["final_accuracy"] > 0.9
    assert abs(summary["guess"]) < 0.2
    assert summary["task"] == "regression"
    assert summary["malicious_mean_balance"] < 0.95 * summary["honest_mean_balance"]
    assert f"has an R² of {summary['final_accuracy']:.3f} on the test set, where the mean alone gives" in said
    assert "%" not in said
    # What was found out of the data is written down, and as good as the data.
    settings = tomllib.loads((first / "config.toml").read_text())
    agreed = json.loads((first / "deployment.json").read_text())["learning"]
    assert agreed["task"] == settings["task"] == "regression"
    assert agreed["shape"] == settings["shape"] == [4]
    assert agreed["standardize"] == settings["standardize"]
    assert settings["layout"] == "NF"
    assert abs(agreed["standardize"]["target_mean"][0] - 20_000) < 100
    assert swarm.main(["--config", str(first / "config.toml"), "--out", str(again)]) == 0
    assert lines_of(again) == lines_of(first)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", ["adaptive", "gap"])
def test_validators_compare_r2(threshold: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    drawn = ("--mechanism", "vbfl", "--rules", "paper", "--rounds", "6")
    panel = ("--proposers", "5", "--validators", "3", "--miners", "1", "--threshold", threshold)
    attack = ("--malicious", "2", "--attack", "label_flip+lying_votes")
    assert swarm.main(words(out, *drawn, *panel, *attack)) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["final_accuracy"] > 0.8
    assert summary["malicious_mean_balance"] < summary["honest_mean_balance"]
