"""What is read off runs of vbfl: votes, blocks, stakes, ROC; and a device's learning curve."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.engine.config import build
from clients.engine.swarm import Swarm
from clients.experiments import metrics, runs_of_epochs
from clients.experiments.records_of_vbfl import read_vbfl
from clients.types.federation import TOKEN

ACCOUNTS = [f"0x{number:02x}" for number in range(8)]
BAD = set(ACCOUNTS[:2])
VAD = st.none() | st.integers(-1000, 1000).map(lambda one: one / 1000)


@st.composite
def line_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lines of a run, as far as they are read: any workers, any validators, any votes."""
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        order = draw(st.permutations(ACCOUNTS))
        workers, validators = order[: draw(st.integers(1, 5))], order[5:7]
        lines.append(
            {
                "proposers": workers,
                "blamed": draw(st.lists(st.sampled_from(workers), unique=True)),
                "publisher": draw(st.none() | st.just(order[7])),
                "balances": {who: draw(st.integers(0, 50)) * TOKEN for who in ACCOUNTS},
                "vad": {
                    who: draw(st.lists(VAD, min_size=len(workers), max_size=len(workers)))
                    for who in validators
                },
                "thresholds": {who: draw(st.integers(-1000, 1000)) / 1000 for who in validators},
            }
        )
    return lines


@given(line_lists())
def test_every_vote_is_counted_once_in_its_group(lines: list[dict[str, Any]]) -> None:
    record = read_vbfl(lines, BAD)
    for number, line in enumerate(lines):
        caught, malicious, flagged, honest = record["judged"][number]
        assert caught + flagged == sum(
            vad is None or vad > line["thresholds"][who] for who, row in line["vad"].items() for vad in row
        )
        assert malicious + honest == 2 * len(line["proposers"])
        for group, count in (("malicious", malicious), ("honest", honest)):
            assert len(record["vad"][group][number]) == count
        failed, bad, wrongly, good = record["passed"][number]
        assert failed + wrongly == len(line["blamed"])
        assert (bad, good) == (len(BAD & set(line["proposers"])), len(set(line["proposers"]) - BAD))
        who = line["publisher"]
        assert record["winners"][number] == ("-" if who is None else "M" if who in BAD else "H")
    assert len(record["stakes"]["malicious"]) == len(BAD)
    assert all(len(one) == len(lines) for group in record["stakes"].values() for one in group)


@given(line_lists())
def test_shares_and_area_are_what_counting_pairs_gives(lines: list[dict[str, Any]]) -> None:
    record = read_vbfl(lines, BAD)
    pools = {group: metrics.pool_vad(record, group) for group in ("honest", "malicious")}
    area = metrics.metric("auc").get(record, 1)
    if all(pools.values()):
        pairs = [(one, other) for one in pools["malicious"] for other in pools["honest"]]
        expected = sum((one > other) + (one == other) / 2 for one, other in pairs) / len(pairs)
        assert area == pytest.approx(expected)
    else:
        assert math.isnan(area)
    for name in ("caught", "flagged", "malicious_failed", "honest_failed", "malicious_wins"):
        assert 0 <= metrics.metric(name).get(record, 1) <= 1


def test_a_learning_curve_is_that_of_fedavg(tmp_path: Path) -> None:
    """Its global model is that of a swarm with the same settings."""
    settings = runs_of_epochs.resolve(
        {"clients": 4, "proposers": 4, "malicious": 0, "rounds": 3, "model": "logistic", "local_epochs": 3,
         "batch_size": 32, "learning_rate": 0.05, "optimizer": "sgd", "validation": 0}
    )  # fmt: skip
    ticks: list[int] = []
    (tmp_path / "epochs").mkdir()
    runs_of_epochs.run(settings, tmp_path / "epochs", ticks.append)
    record = runs_of_epochs.read(settings, tmp_path / "epochs")
    assert ticks == [1, 1, 1]
    assert [len(one) for one in record["epochs"]] == [4, 4, 4]
    lines = []
    with Swarm(build(settings | {"out": str(tmp_path / "swarm")})) as swarm:
        lines.extend(swarm.run())
    peaks = [one[-1] for one in record["epochs"]]
    assert peaks == pytest.approx([line.accuracy for line in lines], abs=0.006)  # a sample or two of 360
