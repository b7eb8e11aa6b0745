"""Swarms of stake_jury on the specification alone: who is paid and who pays, what attackers come to, and
updates that can't be had. None of the updates is a decoy here; `test_swarm_decoys` has those.

Learning is exact and quick here (`ExactBench`), so that what is looked at is the federation.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients import swarm
from clients.engine import swarm as engine
from clients.engine.config import read_toml
from clients.learning.attacks import Attack
from clients.learning.codec import encode
from clients.learning.schema import Weights
from clients.mechanisms import CONDUCTS, cohort
from clients.ports.store.memory import MemoryStore
from clients.roles.view import Assemble
from clients.types.cid import Cid
from clients.types.store import ContentMissing
from tests.integration.exact_bench import ExactBench, use_exact_bench
from tests.integration.swarms import lines_of, malicious_of, run_swarm, words_of

TOKEN = 10**18
STAKE = 64 * TOKEN
SETTINGS: dict[str, Any] = {
    "mechanism": "stake_jury", "chain": "spec", "store": "memory", "clients": 14, "proposers": 5,
    "malicious": 3, "rounds": 10, "attack": "gaussian_noise", "decoy_odds": 0,
}  # fmt: skip
JURORS = 9


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    use_exact_bench(monkeypatch)


def command(out: Path, **changes: object) -> list[str]:
    return words_of({**SETTINGS, **changes, "out": out})


def run(out: Path, **changes: object) -> list[dict[str, Any]]:
    return run_swarm({**SETTINGS, **changes}, out)


def find_losses(lines: Sequence[dict[str, Any]]) -> list[dict[str, int]]:
    """Return what each account lost in each round; what it gained isn't looked at."""
    before = dict.fromkeys(lines[0]["balances"], STAKE)
    found = []
    for line in lines:
        found.append({who: max(before[who] - line["balances"][who], 0) for who in before})
        before = line["balances"]
    return found


def test_honest_members_pass_and_lose_nothing(tmp_path: Path) -> None:
    for line in run(tmp_path / "run", malicious=0, rounds=4):
        proposers, jurors = line["proposers"], line["voters"]
        assert (len(proposers), len(jurors)) == (5, JURORS)
        assert not set(proposers) & set(jurors)
        assert line["accepted"]
        assert (line["votes_for"], line["votes_against"]) == (JURORS, 0)
        assert line["blamed"] == line["banned"] == line["refused"] == line["slashed"] == []
        assert line["positives"] == line["had"] == [JURORS] * 5
        assert set(line["vad"]) == set(line["thresholds"]) == set(jurors)
        assert set(line["balances"].values()) == {STAKE}, "the pool is empty"


def test_a_jury_has_at_most_so_many_seats(tmp_path: Path) -> None:
    for line in run(tmp_path / "run", malicious=0, rounds=2, voters=4):
        assert len(line["voters"]) == 4
        assert line["had"] == [4] * 5


@pytest.mark.parametrize(
    ("mechanism", "preset"),
    [
        ("stake_vote", {}),
        ("vbfl", {"voters": 15}),
        ("bflc", {"voters": 15, "proposer_stake": 0, "voter_stake": "0.25", "newcomers": 1}),
    ],
)
def test_for_whom_it_stands_has_its_rounds_by_terms_of_its_own(
    mechanism: str, preset: dict[str, Any], tmp_path: Path
) -> None:
    own = {"chain": "spec", "store": "memory", "clients": 30, "malicious": 9, "rounds": 6}
    own |= {"attack": "sign_flip+lying_votes+false_block+false_claim"}
    out = tmp_path / "run"
    lines = run_swarm({"mechanism": mechanism, **own}, out)
    assert lines == run_swarm({"mechanism": "stake_jury", **preset, **own}, tmp_path / "named")
    assert read_toml(out / "config.toml")["mechanism"] == "stake_jury"
    assert {len(line["voters"]) for line in lines} == {preset.get("voters", 23)}
    liars = malicious_of(out)
    end = lines[-1]["balances"]
    assert all(line["accepted"] for line in lines)
    assert max(end[who] for who in liars) <= STAKE <= min(end[who] for who in end if who not in liars)
    assert sum(end[who] for who in liars) < len(liars) * STAKE


def test_who_spoils_its_update_pays_alone_and_to_the_others(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lines = run(out, floor=56, rounds=16)
    liars = malicious_of(out)
    for line, lost in zip(lines, find_losses(lines), strict=True):
        guilty = liars & set(line["proposers"])
        assert line["accepted"]
        assert set(line["blamed"]) == guilty
        assert {who: loss for who, loss in lost.items() if loss} == dict.fromkeys(guilty, 4 * TOKEN)
    banned = {who for line in lines for who in line["banned"]}
    assert banned
    assert banned <= liars, "their stakes are below the floor"
    honest = [balance for who, balance in lines[-1]["balances"].items() if who not in liars]
    assert min(honest) >= STAKE
    assert max(honest) > STAKE
    assert lines[-1]["accuracy"] > 0.9


def test_jurors_who_lie_change_nothing_and_lose_what_a_seat_is_worth(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain")
    out = tmp_path / "lying"
    lying = run(out, attack="gaussian_noise+lying_votes")
    liars = malicious_of(out)
    assert [line["head_cid"] for line in plain] == [line["head_cid"] for line in lying]
    assert [line["blamed"] for line in plain] == [line["blamed"] for line in lying]
    for line, lost in zip(lying, find_losses(lying), strict=True):
        assert {who for who, loss in lost.items() if loss} <= liars
        assert {lost[who] for who in liars & set(line["voters"])} <= {TOKEN}
    assert any(min(line["positives"]) > 0 for line in lying), "there was a liar who voted"


def test_a_false_publication_is_refused_and_another_model_loses(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lines = run(out, attack="false_block")
    honest = run(tmp_path / "honest", malicious=0)
    liars = malicious_of(out)
    assert [line["head_cid"] for line in lines] == [line["head_cid"] for line in honest]
    for line, lost in zip(lines, find_losses(lines), strict=True):
        forgers = liars & set(line["voters"])
        assert {(one["account"], one["error"]) for one in line["refused"]} == {
            (who, "WrongSelection") for who in forgers
        }
        assert line["votes_against"] == len(forgers), "their own model then lost against the true one"
        assert {who for who, loss in lost.items() if loss} <= forgers
    assert any(line["votes_against"] for line in lines)


def test_who_would_claim_more_claims_what_all_others_do(tmp_path: Path) -> None:
    lines, honest = run(tmp_path / "run", attack="false_claim"), run(tmp_path / "honest", malicious=0)
    for one, other in zip(lines, honest, strict=True):
        assert one["refused"] == []
        assert (one["head_cid"], one["balances"]) == (other["head_cid"], other["balances"])


def test_colluding_they_lose_all_the_same(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain")
    worst = run(tmp_path / "run", attack="gaussian_noise+lying_votes+false_block+false_claim")
    assert [line["head_cid"] for line in worst] == [line["head_cid"] for line in plain]
    for line, lost in zip(worst, find_losses(worst), strict=True):
        assert {who for who, loss in lost.items() if loss} <= malicious_of(tmp_path / "run")
        assert {one["method"] for one in line["refused"]} <= {"publish"}
    plain_end, worst_end = (
        sum(lines[-1]["balances"][who] for who in malicious_of(tmp_path / "run")) for lines in (plain, worst)
    )
    assert worst_end < plain_end


def test_who_does_not_train_is_clearly_rejected_whatever_its_update_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = ExactBench.train

    def sleep(bench: ExactBench, start: Weights, who: Sequence[tuple[int, Attack | None]], seeds: Any) -> Any:
        return [
            (start, samples) if attack is not None and attack.poisons else (weights, samples)
            for (weights, samples), (_, attack) in zip(trained(bench, start, who, seeds), who, strict=True)
        ]

    monkeypatch.setattr(ExactBench, "train", sleep)
    out = tmp_path / "run"
    lines = run(out, threshold="1")
    lazy = malicious_of(out)
    for line in lines:
        assert set(line["blamed"]) == lazy & set(line["proposers"])
    assert any(line["blamed"] for line in lines)


# ------------------------------------------------------------------ interrupted


@pytest.mark.parametrize("rounds", [1, 5])
def test_an_interrupted_run_goes_on(rounds: int, tmp_path: Path) -> None:
    attack = {"attack": "gaussian_noise+lying_votes+false_block"}
    whole = run(tmp_path / "whole", **attack)
    run(tmp_path / "part", rounds=rounds, **attack)
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "10"]) == 0
    assert lines_of(tmp_path / "part") == whole


def test_stopped_while_publishing_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(tmp_path / "whole")
    jobs: dict[Any, Any] = dict(CONDUCTS["stake_jury"].jobs)
    calls = 0

    def stops(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return jobs[Assemble](*args)

    with monkeypatch.context() as patch:
        patch.setitem(cast(Any, CONDUCTS["stake_jury"].jobs), Assemble, stops)
        assert swarm.main(command(tmp_path / "run")) == 130
    assert swarm.main(["--resume", str(tmp_path / "run")]) == 0
    assert lines_of(tmp_path / "run") == whole


# ------------------------------------------------------------------ updates that can't be had, or aren't any


class Withholding(MemoryStore):
    """A store that has lost some of the files put; the genesis is the first."""

    def __init__(self, lost: set[int]) -> None:
        super().__init__()
        self.lost, self.puts = lost, 0
        self.gone: set[Cid] = set()

    def put(self, data: bytes) -> Cid:
        self.puts += 1
        cid = super().put(data)
        if self.puts in self.lost:
            self.gone.add(cid)
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        if cid in self.gone:
            raise ContentMissing(cid, "withheld")
        return super().get(cid, max_bytes=max_bytes)


def test_a_withheld_update_is_left_out_and_nobody_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "open_store", lambda *_, **__: Withholding({4}))
    first, *rest = run(tmp_path / "run", malicious=0, rounds=2)
    assert first["accepted"]
    assert sorted(first["had"]) == sorted(first["positives"]) == [0] + [JURORS] * 4
    assert first["blamed"] == first["slashed"] == []
    missing = first["had"].index(0)
    assert all(found[missing] is None for found in first["vad"].values())
    assert rest[0]["had"] == [JURORS] * 5


def test_where_nothing_can_be_had_jurors_say_so_and_nobody_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "open_store", lambda *_, **__: Withholding(set(range(2, 7))))
    first, second = run(tmp_path / "run", malicious=0, rounds=2)
    assert first["outcome"] == "REJECTED"
    assert set(first["balances"].values()) == {STAKE}
    assert first["had"] == first["positives"] == [0] * 5
    assert first["blamed"] == first["slashed"] == []
    assert "trouble" not in first
    assert second["accepted"]


def test_ill_formed_updates_are_clearly_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genesis = encode(ExactBench().initial_weights(), ExactBench().schema)
    monkeypatch.setattr(cohort.Cohort, "genesis", lambda self: genesis)
    monkeypatch.setattr(cohort, "encode", lambda weights, schema: b"junk" + weights["w"].tobytes())
    [line] = run(tmp_path / "run", malicious=0, rounds=1)
    assert line["outcome"] == "REJECTED"
    assert (line["had"], line["positives"]) == ([JURORS] * 5, [0] * 5)
    assert sorted(line["blamed"]) == sorted(line["proposers"])
    assert {line["balances"][who] for who in line["proposers"]} == {STAKE - 4 * TOKEN}
    assert line["candidate_cid"] is None


@settings(deadline=None, max_examples=15)
@given(
    counts=st.tuples(st.integers(1, 5), st.integers(1, 6)),
    voters=st.integers(0, 6),
    malicious=st.integers(0, 4),
    attack=st.sampled_from(["sign_flip", "lying_votes", "sign_flip+lying_votes+false_block+false_claim"]),
    seed=st.integers(0, 99),
)
def test_whatever_the_counts_rounds_end_and_money_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    counts: tuple[int, int],
    voters: int,
    malicious: int,
    attack: str,
    seed: int,
) -> None:
    clients = sum(counts)
    out = tmp_path_factory.mktemp("any") / "run"
    lines = run(
        out, clients=clients, proposers=counts[0], voters=voters, malicious=min(malicious, clients),
        attack=attack, seed=seed, rounds=4,
    )  # fmt: skip
    liars = malicious_of(out)
    for number, line in enumerate(lines, 1):
        assert line["round"] == number
        assert {one["account"] for one in line["refused"]} <= liars
        assert sum(line["balances"].values()) <= clients * STAKE
        odd = counts[1] - 1 | 1
        assert len(line["voters"]) == (voters if 0 < voters <= counts[1] else odd)
