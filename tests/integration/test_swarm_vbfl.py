"""vbfl by its paper's rules, end to end on the specification: what is recorded, who is banned, what cheats
come to, bad updates.

Learning is exact and quick here (`ExactBench`), so that what is looked at is the federation.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients import swarm
from clients.engine import swarm as engine
from clients.learning.codec import encode
from clients.mechanisms import CONDUCTS, cohort
from clients.ports.store.memory import MemoryStore
from clients.roles.view import Assemble
from clients.types.cid import Cid
from clients.types.store import ContentMissing
from tests.integration.exact_bench import ExactBench, use_exact_bench
from tests.integration.swarms import lines_of, malicious_of, run_swarm, words_of

SETTINGS: dict[str, Any] = {
    "mechanism": "vbfl", "rules": "paper", "chain": "spec", "store": "memory", "clients": 20, "malicious": 3,
    "rounds": 12, "attack": "gaussian_noise", "kick_rounds": 3, "workers": 12, "validators": 5, "miners": 3,
}  # fmt: skip
FLAT: dict[str, Any] = {"update_units": 50, "unit_reward": "0.06"}
"""An update earns the same, whatever it claims."""


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    use_exact_bench(monkeypatch)


def command(out: Path, **changes: object) -> list[str]:
    return words_of({**SETTINGS, **changes, "out": out})


def run(out: Path, **changes: object) -> list[dict[str, Any]]:
    return run_swarm({**SETTINGS, **changes}, out)


@pytest.mark.parametrize(
    ("pay", "unit", "earned"),
    [({}, 10**15, {3 * samples for samples in (40, 48, 56)}), (FLAT, 6 * 10**16, {50})],
)
def test_a_round_has_workers_validators_and_a_winner(
    pay: dict[str, Any], unit: int, earned: set[int], tmp_path: Path
) -> None:
    lines = run(tmp_path / "run", malicious=0, rounds=3, **pay)
    before = dict.fromkeys(lines[0]["balances"], 64 * 10**18)
    for line in lines:
        workers, validators = line["proposers"], line["voters"]
        assert (len(workers), len(validators)) == (12, 5)
        assert not set(workers) & set(validators)
        assert line["publisher"] not in {*workers, *validators}
        assert (line["votes_for"], line["votes_against"]) == (8, 0)
        assert line["accepted"]
        assert line["blamed"] == line["banned"] == line["refused"] == []
        assert line["positives"] == [5] * 12
        assert set(line["vad"]) == set(line["thresholds"]) == set(validators)
        assert all(len(found) == 12 for found in line["vad"].values())
        assert set(line["thresholds"].values()) == {0.08}
        # Equations (1) to (3), in units: epochs times samples, or the same for all; 2 an update, 1 a vote.
        gained = {who: (line["balances"][who] - before[who]) // unit for who in before}
        before = line["balances"]
        assert {gained[who] for who in workers} <= earned
        assert {gained[who] for who in validators} == {2 * 12}
        assert sorted(gained.values())[:3] == [24, 24, 24]
        miners = set(before) - {*workers, *validators}
        assert {gained[who] for who in miners} == {12 * 5}
        assert len({line["balances"][line["publisher"]] >= line["balances"][who] for who in miners}) == 1


def test_the_miner_with_most_stake_wins_the_block(tmp_path: Path) -> None:
    lines = run(tmp_path / "run", malicious=0, rounds=8)
    for earlier, line in pairwise(lines):
        miners = set(line["balances"]) - {*line["proposers"], *line["voters"]}
        assert earlier["balances"][line["publisher"]] == max(earlier["balances"][who] for who in miners)


def test_noisy_workers_are_banned_and_the_honest_are_not(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lines = run(out)
    liars = malicious_of(out)
    assert {who for line in lines for who in line["banned"]} == liars
    strikes = dict.fromkeys(liars, 0)
    for line in lines:
        assert set(line["blamed"]) == liars & set(line["proposers"])
        for who in set(line["blamed"]):
            strikes[who] += 1
    assert set(strikes.values()) == {3}
    assert len(lines[-1]["proposers"]) == 9, "17 are left: the jury is whole, workers are fewer"
    assert lines[-1]["accuracy"] > 0.9


def test_validators_who_flip_their_votes_change_nothing(tmp_path: Path) -> None:
    plain = run(tmp_path / "plain")
    lying = run(tmp_path / "lying", attack="gaussian_noise+lying_votes")
    assert [line["head_cid"] for line in plain] == [line["head_cid"] for line in lying]
    assert any(min(line["positives"]) > 0 for line in lying), "there was a liar who voted"
    for one, other in zip(plain, lying, strict=True):
        assert one["vad"] == other["vad"], "a liar lies about what it found, and found the same"


def test_a_false_block_is_refused_and_another_model_loses(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lines = run(out, attack="false_block", malicious=3)
    honest = run(tmp_path / "honest", malicious=0)
    liars = malicious_of(out)
    assert [line["head_cid"] for line in lines] == [line["head_cid"] for line in honest]
    seen = 0
    for line in lines:
        published = {one["account"] for one in line["refused"]}
        assert published <= liars
        assert {one["error"] for one in line["refused"]} <= {"WrongSelection"}
        assert line["votes_against"] == len(published), "their own model then lost against the true one"
        assert line["publisher"] not in liars
        seen += len(published)
    assert seen > 3


@pytest.mark.parametrize(("pay", "most"), [({}, 3 * 56 * 10**15), (FLAT, 50 * 6 * 10**16)])
def test_a_false_claim_is_refused_and_counts_no_more_than_the_most_that_anybody_has(
    pay: dict[str, Any], most: int, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    lines = run(out, attack="false_claim", rounds=1, **pay)
    honest = run(tmp_path / "honest", malicious=0, rounds=1, **pay)
    liars = malicious_of(out) & set(lines[0]["proposers"])
    assert liars
    refused = [(one["account"], one["method"], one["error"]) for one in lines[0]["refused"]]
    lied = [who for who in lines[0]["proposers"] if who in liars]
    assert refused == [(who, "propose", "SamplesOutOfRange") for who in lied]
    for who in lines[0]["proposers"]:
        told, true = (one[0]["balances"][who] - 64 * 10**18 for one in (lines, honest))
        assert told == (most if who in liars else true)


def test_a_pool_that_has_no_room_is_refused_before_anything_is_deployed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swarm.main(command(tmp_path / "run", unit_reward="100000000")) == 2
    assert "lower --unit-reward or --rounds" in capsys.readouterr().err


def test_colluding_they_lose_all_the_same(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lines = run(out, attack="gaussian_noise+lying_votes+false_block")
    assert [line["head_cid"] for line in lines] == [
        line["head_cid"] for line in run(tmp_path / "plain", attack="gaussian_noise")
    ]
    assert not {line["publisher"] for line in lines} & malicious_of(out)


def test_a_proof_of_work_decides_instead_of_the_stake(tmp_path: Path) -> None:
    staked = run(tmp_path / "staked", malicious=0, rounds=8)
    worked = run(tmp_path / "worked", malicious=0, rounds=8, pow_bits=6)
    assert [line["head_cid"] for line in staked] == [line["head_cid"] for line in worked]
    assert [line["publisher"] for line in staked] != [line["publisher"] for line in worked]
    assert all(line["publisher"] for line in worked)


def test_an_adaptive_threshold_is_learned_as_a_worker(tmp_path: Path) -> None:
    lines = run(tmp_path / "run", threshold="adaptive", malicious=0)
    assert set(lines[0]["thresholds"].values()) == {0.08}, "nothing is known yet"
    assert any(value != 0.08 for line in lines[6:] for value in line["thresholds"].values())
    part = tmp_path / "part"
    run(part, threshold="adaptive", malicious=0, rounds=7)
    assert swarm.main(["--resume", str(part), "--rounds", "12"]) == 0
    assert lines_of(part) == lines


def test_a_gap_needs_no_history_and_never_parts_the_better_half(tmp_path: Path) -> None:
    for line in run(tmp_path / "run", threshold="gap", rounds=6):
        for who, threshold in line["thresholds"].items():
            vads = line["vad"][who]
            assert 2 * sum(vad <= threshold for vad in vads) >= len(vads)
    memory = tmp_path / "run" / "journal" / "memory.jsonl"
    assert not memory.exists() or not memory.read_text()


def test_an_informed_server_draws_none_of_the_malicious(tmp_path: Path) -> None:
    settings_of = {"mechanism": "fedavg", "proposers": 18, "rounds": 4}
    assert swarm.main([*command(tmp_path / "informed", **settings_of), "--informed"]) == 0
    malicious = malicious_of(tmp_path / "informed")
    assert len(malicious) == 3
    for line in lines_of(tmp_path / "informed"):
        assert len(line["proposers"]) == 17
        assert not malicious & set(line["proposers"])
    plain = run(tmp_path / "plain", **settings_of)
    assert any(malicious & set(line["proposers"]) for line in plain)
    assert all(len(line["proposers"]) == 18 for line in plain)


@pytest.mark.parametrize("rounds", [1, 5])
def test_an_interrupted_run_goes_on(rounds: int, tmp_path: Path) -> None:
    settings_of = {"attack": "gaussian_noise+lying_votes+false_block", "pow_bits": 3}
    whole = run(tmp_path / "whole", **settings_of)
    run(tmp_path / "part", rounds=rounds, **settings_of)
    assert swarm.main(["--resume", str(tmp_path / "part"), "--rounds", "12"]) == 0
    assert lines_of(tmp_path / "part") == whole


def test_stopped_while_publishing_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = run(tmp_path / "whole")
    jobs: dict[Any, Any] = dict(CONDUCTS["vbfl"].jobs)
    calls = 0

    def stops(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return jobs[Assemble](*args)

    with monkeypatch.context() as patch:
        patch.setitem(cast(Any, CONDUCTS["vbfl"].jobs), Assemble, stops)
        assert swarm.main(command(tmp_path / "run")) == 130
    assert "--resume" in capsys.readouterr().err
    assert swarm.main(["--resume", str(tmp_path / "run")]) == 0
    assert lines_of(tmp_path / "run") == whole


# ------------------------------------------------------------------ bad updates, too few members


class Withholding(MemoryStore):
    """A store that has lost the `lost`-th file put, the genesis being the first."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.lost, self.puts = lost, 0
        self.gone: set[Cid] = set()

    def put(self, data: bytes) -> Cid:
        self.puts += 1
        cid = super().put(data)
        if self.puts == self.lost:
            self.gone.add(cid)
        return cid

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        if cid in self.gone:
            raise ContentMissing(cid, "withheld")
        return super().get(cid, max_bytes=max_bytes)


def test_a_withheld_update_is_voted_against_by_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "open_store", lambda *_, **__: Withholding(4))
    first, *rest = run(tmp_path / "run", malicious=0, rounds=2)
    assert first["accepted"]
    assert sorted(first["positives"]) == [0] + [5] * 11
    [blamed] = first["blamed"]
    missing = first["proposers"].index(blamed)
    assert all(found[missing] is None for found in first["vad"].values())
    assert rest[0]["blamed"] == []


def test_ill_formed_updates_are_voted_against_and_the_round_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genesis = encode(ExactBench().initial_weights(), ExactBench().schema)
    monkeypatch.setattr(cohort.Cohort, "genesis", lambda self: genesis)
    monkeypatch.setattr(cohort, "encode", lambda weights, schema: b"junk" + weights["w"].tobytes())
    [line] = run(tmp_path / "run", malicious=0, rounds=1)
    assert line["outcome"] == "REJECTED"
    assert line["positives"] == [0] * 12
    assert sorted(line["blamed"]) == sorted(line["proposers"])
    assert line["candidate_cid"] is None
    assert line["votes_for"] == 8


def test_a_selection_that_makes_no_model_leaves_the_round_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All validators lie, so what is withheld passes, and nobody can make the model of it."""
    monkeypatch.setattr(engine, "open_store", lambda *_, **__: Withholding(4))
    lines = run(tmp_path / "run", malicious=20, attack="lying_votes", rounds=2)
    assert lines[0]["outcome"] == "UNDECIDED"
    assert lines[0]["blamed"] == []
    assert (lines[0]["votes_for"], lines[0]["votes_against"]) == (0, 0)
    assert lines[1]["round"] == 2


def test_with_too_few_members_left_the_run_ends_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    few = {"clients": 7, "workers": 4, "validators": 2, "miners": 1, "malicious": 5}
    lines = run(out, **few, **{"kick-rounds": 1}, attack="sign_flip", rounds=50)
    told = capsys.readouterr().out
    assert "members are left, 4 are needed" in told
    assert len(lines) < 50
    assert json.loads((out / "summary.json").read_text())["rounds"] == len(lines)


@settings(deadline=None, max_examples=15)
@given(
    counts=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3)),
    resting=st.integers(0, 2),
    malicious=st.integers(0, 4),
    attack=st.sampled_from(["sign_flip", "lying_votes", "sign_flip+lying_votes+false_block+false_claim"]),
    bits=st.sampled_from([0, 0, 4]),
    seed=st.integers(0, 99),
    pay=st.sampled_from([{}, FLAT]),
)
def test_whatever_the_counts_rounds_end_and_money_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    counts: tuple[int, int, int],
    resting: int,
    malicious: int,
    attack: str,
    bits: int,
    seed: int,
    pay: dict[str, Any],
) -> None:
    clients = sum(counts) + resting
    out = tmp_path_factory.mktemp("any") / "run"
    names = dict(zip(("workers", "validators", "miners"), counts, strict=True))
    lines = run(
        out, clients=clients, malicious=min(malicious, clients), attack=attack, pow_bits=bits, seed=seed,
        rounds=4, **names, **pay,
    )  # fmt: skip
    unit, an_update = (6 * 10**16, 50) if pay else (10**15, 56 * 3)
    liars = malicious_of(out)
    for number, line in enumerate(lines, 1):
        assert line["round"] == number
        assert line["slashed"] == [], "nobody loses a stake"
        assert {one["account"] for one in line["refused"]} <= liars
        most = counts[0] * an_update + 2 * counts[0] * counts[1] + counts[0] * counts[1] * counts[2]
        assert sum(line["balances"].values()) <= clients * 64 * 10**18 + number * most * unit


def test_who_waits_to_be_rich_behaves_where_nobody_gets_rich(tmp_path: Path) -> None:
    """A trusted server pays nothing, so such an attacker never attacks there."""
    own = {"mechanism": "fedavg", "proposers": 6, "malicious": 5, "rounds": 3}
    waiting = run(tmp_path / "waiting", **own, attack="until_rich+sign_flip")
    honest = run(tmp_path / "honest", **{**own, "malicious": 0})
    assert [line["head_cid"] for line in waiting] == [line["head_cid"] for line in honest]
