"""A mechanism in one file outside the package: it runs, tells, remembers, and goes on once interrupted."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from clients import mechanisms, swarm
from clients.mechanisms.cohort import Cohort
from clients.ports.keys import derive_keys
from clients.types.errors import OwnTrouble
from tests.integration.exact_bench import use_exact_bench
from tests.integration.swarms import lines_of

FILE = Path(__file__).parents[2] / "docs" / "examples" / "small_jury.py"
WORDS = [
    "--mechanism", "small_jury", "--jurors", "4", "--clients", "10", "--proposers", "3", "--malicious", "2",
    "--store", "memory", "--seed", "3",
]  # fmt: skip


@pytest.fixture
def small_jury(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    use_exact_bench(monkeypatch)
    spec = importlib.util.spec_from_file_location("small_jury", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for table in (mechanisms._conducts, mechanisms._settings):
        table.pop("small_jury")  # type: ignore[attr-defined]


def run(out: Path, *more: str) -> list[dict[str, Any]]:
    assert swarm.main([*WORDS, *more, "--out", str(out)]) == 0
    return lines_of(out)


def test_a_mechanism_of_ones_own_runs_and_goes_on(small_jury: ModuleType, tmp_path: Path) -> None:
    assert len(FILE.read_text().splitlines()) <= 150
    whole = run(tmp_path / "whole", "--rounds", "6")
    for line in whole:
        assert line["votes_for"] + line["votes_against"] == 4
        assert set(line["measured"]) == set(line["proposers"])
    best: dict[str, float] = {}
    for line in whole:
        for account, found in line["measured"].items():
            best[account] = max(found["score"], best.get(account, 0.0))
            assert found["best"] == best[account]
    run(tmp_path / "part", "--rounds", "4")
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "6"]) == 0
    assert lines_of(tmp_path / "part") == whole


def test_trouble_of_ones_own_is_in_the_line(
    small_jury: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Cohort.scores

    def fail_first(self: Cohort, digest: bytes, indices: Sequence[int]) -> list[float | OwnTrouble]:
        found = honest(self, digest, indices)
        return [
            OwnTrouble("no data") if one == 0 else score for one, score in zip(indices, found, strict=True)
        ]

    monkeypatch.setattr(Cohort, "scores", fail_first)
    lines = run(tmp_path / "run", "--rounds", "8")
    first = derive_keys(3, 1)[0].address
    drawn = [line for line in lines if first in line["proposers"]]
    assert drawn
    for line in drawn:
        assert "no data" in str(line["trouble"])
        assert set(line["measured"]) == set(line["proposers"]) - {first}


def test_its_settings_are_a_table_of_its_name(small_jury: ModuleType, tmp_path: Path) -> None:
    run(tmp_path / "first", "--rounds", "1")
    text = (tmp_path / "first" / "config.toml").read_text()
    assert "[small_jury]" in text
    assert "jurors = 4" in text
    again = ["--config", str(tmp_path / "first" / "config.toml"), "--out", str(tmp_path / "again")]
    assert swarm.main(again) == 0
    assert lines_of(tmp_path / "again") == lines_of(tmp_path / "first")


def test_its_options_are_fixed_once_a_run_has_begun(
    small_jury: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "run", "--rounds", "1")
    assert swarm.main(["--resume", str(tmp_path / "run"), "--jurors", "3"]) == 2
    assert "leave out --jurors" in capsys.readouterr().err


def test_who_does_not_know_it_says_how_its_run_goes_on(
    small_jury: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    run(out, "--rounds", "1")
    with monkeypatch.context() as patch:
        for table in (mechanisms._conducts, mechanisms._settings):
            patch.delitem(table, "small_jury")  # type: ignore[attr-defined]
        assert swarm.main(["--resume", str(out), "--rounds", "2"]) == 2
        said = capsys.readouterr().err
        assert f"the run in {out} is of the mechanism 'small_jury', which isn't known here" in said
        assert f"python MY_MECHANISM.py --resume {out}" in said
        again = ["--config", str(out / "config.toml"), "--out", str(tmp_path / "again")]
        assert swarm.main(again) == 2
        assert "unknown mechanism 'small_jury'" in capsys.readouterr().err
    assert swarm.main(["--resume", str(out), "--rounds", "2"]) == 0


def test_it_has_no_contract(
    small_jury: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swarm.main([*WORDS, "--chain", "anvil", "--out", str(tmp_path / "run")]) == 2
    assert "has no contract: run it on the specification" in capsys.readouterr().err
