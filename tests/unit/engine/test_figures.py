from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.engine.figures import draw_all
from clients.engine.results import RoundLine
from clients.types.learning import Task

LINE = RoundLine(
    round=1, accepted=True, outcome="ACCEPTED", head_cid="", candidate_cid=None, accuracy=0.5, auroc=None,
    loss=1.0, votes_for=3, votes_against=1, proposers=[], voters=[], publisher=None, balances={},
    honest_mean_balance=64e18, malicious_mean_balance=32e18, slashed=[], rewarded=[], banned=[], blamed=[],
    gas={}, seconds={}, bytes={},
)  # fmt: skip


@st.composite
def runs(draw: st.DrawFn) -> list[RoundLine]:
    outcomes = draw(st.lists(st.sampled_from(["ACCEPTED", "REJECTED", "UNDECIDED"]), min_size=1, max_size=4))
    votes = draw(st.integers(0, 5))
    auroc, guess = (draw(st.none() | st.floats(0, 1)) for _ in range(2))
    accuracy = draw(st.floats(-8, 1))
    return [
        replace(
            LINE, round=number + 7, outcome=outcome, accepted=outcome == "ACCEPTED", auroc=auroc, guess=guess,
            accuracy=accuracy,
            votes_for=votes, votes_against=votes, banned=["0x1"] if outcome == "REJECTED" else [],
            malicious_mean_balance=0.0,
        )
        for number, outcome in enumerate(outcomes)
    ]  # fmt: skip


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=runs(), task=st.sampled_from([Task("classes", 3), Task("labels", 2), Task("regression", 1)]))
def test_every_run_can_be_drawn(tmp_path: Path, lines: list[RoundLine], task: Task) -> None:
    paths = draw_all(lines, tmp_path, "a title", task)
    names = {"accuracy", "balances", "verdicts", "overview"}
    assert {path.name for path in paths} == {f"{name}{kind}" for name in names for kind in (".svg", ".png")}
    assert all(path.stat().st_size > 1000 for path in paths)
