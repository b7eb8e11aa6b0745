"""Swarms with decoys on the specification alone: what is planted, who is paid, and what becomes of the model.

Learning is exact and quick here (`ExactBench`): honest updates pass, and bad ones are clearly rejected.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients import swarm
from clients.engine import swarm as engine
from clients.engine.driver import Driver
from clients.mechanisms import CONDUCTS
from clients.ports.keys import SeededSalts, derive_keys
from clients.protocol.simulator import SpecChain
from clients.roles import lots
from clients.roles.member import ROLES
from clients.roles.view import Send
from clients.types.chain import Call, Receipt
from clients.types.federation import Phase
from tests.integration.exact_bench import ExactBench, use_exact_bench
from tests.integration.swarms import lines_of, malicious_of, run_swarm, words_of

TOKEN = 10**18
STAKE = 64 * TOKEN
SETTINGS: dict[str, Any] = {
    "mechanism": "stake_jury", "chain": "spec", "store": "memory", "clients": 14, "proposers": 5,
    "malicious": 0, "rounds": 10, "attack": "gaussian_noise", "decoy_odds": 3,
}  # fmt: skip
JURORS = 9


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    use_exact_bench(monkeypatch)


def run(out: Path, **changes: object) -> list[dict[str, Any]]:
    return run_swarm({**SETTINGS, **changes}, out)


def names(line: dict[str, Any], numbers: Sequence[int]) -> set[str]:
    return {line["proposers"][number] for number in numbers}


def test_decoys_are_rejected_and_cost_nobody_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(tmp_path / "run")
    for line in lines:
        assert line["shown"] == list(range(5))
        assert line["had"] == [JURORS] * 5
        assert line["positives"] == [0 if n in line["decoys"] else JURORS for n in range(5)]
        assert line["accepted"] == (len(line["decoys"]) < 5)
        assert line["blamed"] == line["slashed"] == line["banned"] == line["refused"] == []
        assert "trouble" not in line
        assert set(line["balances"].values()) == {STAKE}
    planted = sum(len(line["decoys"]) for line in lines)
    assert 5 <= planted <= 30, "about a third of 50"
    assert f"no stake changed hands; {planted} of 50 updates were decoys. The" in capsys.readouterr().out
    assert lines[-1]["accuracy"] > 0.9


def test_nothing_is_said_of_a_decoy_before_ballots_are_fixed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Others may read the log, and what is printed, and vote by it. A node runs by the same loop."""
    caplog.set_level(logging.DEBUG)
    seen: set[Phase] = set()
    look = Driver._look

    def listen(driver: Driver) -> Any:
        status = look(driver)
        seen.add(status.phase)
        if Phase.REVEAL not in seen:
            assert "decoy" not in caplog.text + "".join(capsys.readouterr())
        return status

    monkeypatch.setattr(Driver, "_look", listen)
    [line] = run(tmp_path / "run", rounds=1)
    assert line["decoys"]
    assert seen >= {Phase.COMMIT, Phase.REVEAL}


def test_the_model_is_made_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if those whose lots say decoy hadn't been drawn."""
    bench = ExactBench()
    monkeypatch.setattr(engine, "build_bench", lambda config: bench)
    trained: dict[tuple[str, int], Any] = {}
    plain = ExactBench.train

    def train(bench: ExactBench, start: Any, who: Any, seeds: tuple[int, int]) -> Any:
        made = plain(bench, start, who, seeds)
        trained.update({(seeds[1], one): weights for (one, _), (weights, _) in zip(who, made, strict=True)})  # type: ignore[misc]
        return made

    monkeypatch.setattr(ExactBench, "train", train)
    lines = run(tmp_path / "run", rounds=3)
    places = {key.address: index for index, key in enumerate(derive_keys(1, 14))}
    for line in lines:
        chosen = [who for n, who in enumerate(line["proposers"]) if n not in line["decoys"]]
        mean = sum(trained[line["round"], places[who]]["w"].astype(float) for who in chosen) / len(chosen)
        score = bench.answers({"w": mean}, [0], "accuracy")[0].score
        assert line["accuracy"] == pytest.approx(score, abs=1e-6)


def test_who_plants_one_earns_what_an_update_earns(tmp_path: Path) -> None:
    """Attackers' stakes fill the pool that rounds pay from."""
    out = tmp_path / "run"
    lines = run(out, malicious=3, rounds=16, floor=56)
    liars, before = malicious_of(out), dict.fromkeys(lines[0]["balances"], STAKE)
    paid = 0
    for line in lines:
        gains = {who: line["balances"][who] - before[who] for who in before}
        decoys = names(line, line["decoys"])
        others = set(line["proposers"]) - decoys
        assert set(line["blamed"]) == (others & liars)
        assert {who for who, gain in gains.items() if gain < 0} == others & liars
        earned = {gains[who] for who in set(line["proposers"]) - set(line["blamed"])}
        assert len(earned) <= 1, "a decoy's proposer earns what the others do, even if it attacks"
        paid += bool(decoys) and earned != {0}
        before = line["balances"]
    assert paid


def test_liars_change_neither_lots_nor_models(tmp_path: Path) -> None:
    plain, blind = (
        run(tmp_path / name, malicious=3, attack=attack, rounds=12, decoy_odds=odds)
        for name, attack, odds in (("plain", "false_claim", 2), ("blind", "lying_votes", 2))
    )
    liars = malicious_of(tmp_path / "blind")
    assert [line["decoys"] for line in plain] == [line["decoys"] for line in blind]
    assert [line["head_cid"] for line in plain] == [line["head_cid"] for line in blind]
    for line in blind:
        assert set(line["slashed"]) <= liars & set(line["voters"])


def test_the_unshown_are_left_out_unpaid_and_pay_if_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round waits for them until its time for reveals is up."""
    lost: set[str] = set()
    step = lots.step

    def forgetful(view: Any) -> Any:
        return [one for one in step(view) if not (view.me in lost and one.call.method == "show")]  # type: ignore[union-attr]

    first = run(tmp_path / "first", rounds=1)[0]
    good = [n for n in range(5) if n not in first["decoys"]]
    lost |= {first["proposers"][good[0]]} | names(first, first["decoys"][:1])
    conduct = replace(CONDUCTS["stake_jury"], roles=(forgetful, *ROLES))
    monkeypatch.setattr(engine, "CONDUCTS", {**CONDUCTS, "stake_jury": conduct})
    again = run(tmp_path / "again", rounds=1)[0]
    assert again["shown"] == [n for n in range(5) if first["proposers"][n] not in lost]
    assert again["positives"] == first["positives"], "ballots are older than what is shown"
    assert again["decoys"] == first["decoys"][1:]
    assert set(again["blamed"]) == names(first, first["decoys"][:1]), "nobody knows that it is one"
    assert again["accepted"]


def test_a_secret_that_should_have_been_shown_decides_no_later_lot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may have seen it in a transaction that failed. Once is enough, however often one looks."""
    send, wanted, sent = SpecChain.send, dict[str, Any](), list[Call]()

    def failing(view: Any) -> Any:
        actions = lots.step(view)
        if view.status.round > 1 or view.status.phase is not Phase.REVEAL:
            return actions
        wanted.update({one.call.sender: one.call.args[1] for one in actions if isinstance(one, Send)})
        return []

    def noting(chain: SpecChain[Any], calls: Sequence[Call], **options: Any) -> list[Receipt]:
        sent.extend(calls)
        return send(chain, calls, **options)

    conduct = replace(CONDUCTS["stake_jury"], roles=(failing, *ROLES))
    monkeypatch.setattr(engine, "CONDUCTS", {**CONDUCTS, "stake_jury": conduct})
    monkeypatch.setattr(SpecChain, "send", noting)
    lines = run(tmp_path / "run", rounds=8)
    assert not lines[0]["shown"]
    assert all(line["shown"] for line in lines[1:])
    assert wanted.keys() == set(lines[0]["proposers"])
    again = [call for call in sent if call.method == "anchor" and call.args[0] in wanted.values()]
    assert sorted((call.sender, call.args[0]) for call in again) == sorted(wanted.items())
    assert not any(call.args[1] in wanted.values() for call in sent if call.method == "show")


@pytest.mark.parametrize("method", ["anchor", "show", "pledge"])
def test_stopped_before_a_call_a_run_goes_on(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole", rounds=4)
    send, calls = SpecChain.send, 0

    def stops(chain: SpecChain[Any], sent: Sequence[Call], **options: Any) -> list[Receipt]:
        nonlocal calls
        calls += any(call.method == method for call in sent)
        if calls == 1 + (method != "anchor"):
            calls += 9
            raise KeyboardInterrupt
        return send(chain, sent, **options)

    with monkeypatch.context() as patch:
        patch.setattr(SpecChain, "send", stops)
        assert swarm.main(words_of({**SETTINGS, "rounds": 4, "out": tmp_path / "run"})) == 130
    assert swarm.main(["--resume", str(tmp_path / "run")]) == 0
    assert lines_of(tmp_path / "run") == whole


def test_a_used_up_chain_is_followed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lots, "LINKS", 3)
    lots._compute_links.cache_clear()
    asked: set[int] = set()
    root = SeededSalts.root

    def noting(salts: SeededSalts, chain_id: int, federation: str, number: int) -> bytes:
        asked.add(number)
        return root(salts, chain_id, federation, number)

    monkeypatch.setattr(SeededSalts, "root", noting)
    lines = run(tmp_path / "run", rounds=20)
    assert all(line["shown"] == list(range(5)) for line in lines)
    assert max(asked) >= 3
    lots._compute_links.cache_clear()


@settings(deadline=None, max_examples=12)
@given(
    counts=st.tuples(st.integers(1, 5), st.integers(1, 6)),
    odds=st.integers(2, 6),
    malicious=st.integers(0, 4),
    attack=st.sampled_from(["sign_flip", "lying_votes", "sign_flip+lying_votes+false_block+false_claim"]),
    seed=st.integers(0, 99),
)
def test_whatever_the_counts_rounds_end_and_money_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    counts: tuple[int, int], odds: int, malicious: int, attack: str, seed: int,
) -> None:  # fmt: skip
    clients = sum(counts)
    lines = run(
        tmp_path_factory.mktemp("any") / "run", clients=clients, proposers=counts[0], decoy_odds=odds,
        malicious=min(malicious, clients), attack=attack, seed=seed, rounds=4,
    )  # fmt: skip
    for number, line in enumerate(lines, 1):
        assert line["round"] == number
        assert set(line["decoys"]) <= set(line["shown"])
        assert sum(line["balances"].values()) <= clients * STAKE
        assert not set(line["blamed"]) & names(line, line["decoys"])
