"""`python -m clients.audit` on real runs: a swarm on a node, its store in a folder."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients import audit, swarm
from clients.ports.chain import AnvilNode
from clients.ports.keys import dev_key
from clients.types.cid import Cid

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {
    "store": "dir", "model": "logistic", "clients": 8, "malicious": 2, "rounds": 4, "local-epochs": 1,
    "tokens": "30", "device": "cpu",
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "stake_vote": {"rules": "paper", "proposers": 2},
    "stake_jury": {"proposers": 2},
    "vbfl": {"rules": "paper", "proposers": 4, "validators": 2, "miners": 2},
}


@dataclass
class Run:
    rpc: str
    federation: str
    out: Path
    store: Path

    def words(self, *more: str, models: bool = True, record: bool = True) -> list[str]:
        where = ["--store", f"dir:{self.store}"] if models else ["--no-models"]
        named = (
            ["--deployment", str(self.out / "deployment.json")]
            if record
            else ["--federation", self.federation]
        )
        return ["--rpc", self.rpc, *named, *where, *more]


@pytest.fixture(scope="module")
def anvil() -> Iterator[str]:
    with AnvilNode(block_time=0.2, genesis_time=None) as node:
        yield node.url


@pytest.fixture(scope="module", params=OWN)
def run(request: pytest.FixtureRequest, anvil: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp(request.param) / "run"
    return play(anvil, out, mechanism=request.param, **OWN[request.param])


def play(anvil: str, out: Path, **changes: Any) -> Run:
    settings = {**SETTINGS, "chain": anvil, "out": out, **changes}
    assert swarm.main([word for name, value in settings.items() for word in (f"--{name}", str(value))]) == 0
    record = json.loads((out / "deployment.json").read_text())
    [store] = [path for path in out.rglob("store") if path.is_dir()]
    return Run(anvil, record["federation"]["address"], out, store)


def line_of(run: Run, *, accepted: bool) -> dict[str, Any] | None:
    lines = [json.loads(line) for line in (run.out / "rounds.jsonl").read_text().splitlines()]
    return next((line for line in lines if line["accepted"] is accepted), None)


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_a_real_swarm_has_no_findings_and_what_is_planted_is_found(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, checkpoint = tmp_path / "report.json", tmp_path / "checkpoint.json"
    signed = ["--report", str(report), "--dev-key", "5", "--checkpoint", str(checkpoint)]
    assert audit.main(run.words(*signed)) == 0, capsys.readouterr().out
    assert "Nothing that doesn't add up" in capsys.readouterr().out
    assert audit.main(["--verify-report", str(report)]) == 0
    assert dev_key(5).address in capsys.readouterr().out
    told = json.loads(report.read_text())
    assert [one["round"] for one in told["history"]] == [1, 2, 3, 4]
    assert audit.main(run.words("--checkpoint", str(checkpoint), "--json")) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["transcript"] == told["transcript"]
    plant_in_store(run, tmp_path, capsys)


def plant_in_store(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = line_of(run, accepted=True)
    assert accepted is not None
    cid = accepted["head_cid"]
    for change, kind in (("withheld", "withheld"), ("wrong", "bytes")):
        copied = tmp_path / change
        shutil.copytree(run.store, copied)
        file = copied / str(Cid.parse(cid))
        if change == "withheld":
            file.unlink()
        else:
            data = bytearray(file.read_bytes())
            data[-1] ^= 1
            file.write_bytes(data)
        status = audit.main(Run(run.rpc, run.federation, run.out, copied).words("--json"))
        found = json.loads(capsys.readouterr().out)["findings"]
        assert status == 4
        assert (kind, accepted["round"]) in {(one["kind"], one["round"]) for one in found}, found
        assert any(cid in one["sentence"] for one in found)


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_rounds_are_chosen_and_requests_checked(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(run.words("--rounds", "2..3", "--json", models=False)) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["round"] for one in told["history"]] == [2, 3]
    assert audit.main(run.words("--rounds", "3..2", models=False)) == 2
    assert audit.main(run.words("--report", "x", models=False)) == 2
    assert audit.main(["--rpc", run.rpc, "--federation", run.federation]) == 2
    assert audit.main(["--rpc", run.rpc, "--federation", "0x12", "--no-models"]) == 2
    assert audit.main(["--rpc", run.rpc, "--federation", dev_key(7).address, "--no-models"]) == 3
    assert audit.main(["--rpc", "http://127.0.0.1:9", "--federation", run.federation, "--no-models"]) == 3
    gone = Run(run.rpc, run.federation, run.out, run.out / "nowhere")
    assert audit.main(gone.words()) == 3


@pytest.mark.slow
@pytest.mark.needs("anvil")
@pytest.mark.parametrize("block", [0, 1, 10**9, -1, "0x1", None])
def test_a_record_may_name_any_block(
    run: Run, block: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((run.out / "deployment.json").read_text())
    truth, record["federation"]["block"] = record["federation"]["block"], block
    (tmp_path / "deployment.json").write_text(json.dumps(record))
    assert audit.main(Run(run.rpc, run.federation, tmp_path, run.store).words("--json", models=False)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["creation"], told["blocks"]["first"]["number"]) == ("compared", truth)
    assert audit.main(run.words("--no-code", "--json", models=False)) == 0
    assert json.loads(capsys.readouterr().out)["creation"] == "left out"


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_models_let_go_of_as_agreed_are_no_finding(
    anvil: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Round 1 is rejected, so it ends with the genesis as the head, and round 2 is accepted.
    run = play(
        anvil, tmp_path / "run", history=0, clients=6, proposers=2, attack="gaussian_noise:100", rounds=3,
        rules="paper", judge="paper",
    )  # fmt: skip
    outcomes = [json.loads(line)["outcome"] for line in (run.out / "rounds.jsonl").read_text().splitlines()]
    assert outcomes[:2] == ["REJECTED", "ACCEPTED"]
    for rounds, words in ((3, "Rounds 1 to 2"), (4, "Rounds 1 to 3")):
        if rounds == 4:
            assert swarm.main(["--resume", str(run.out), "--rounds", "4"]) == 0
        capsys.readouterr()
        assert audit.main(run.words()) == 0
        said = capsys.readouterr().out
        assert f"{words}: models let go of, as agreed: kept for 0 rounds." in said
        assert "Nothing that doesn't add up" in said
    assert audit.main(run.words(record=False)) == 3
    said = capsys.readouterr().out
    assert "for how many rounds models are kept isn't known here" in said
    assert "--history N" in said
    assert audit.main(run.words("--history", "0", record=False)) == 0
    assert audit.main(run.words("--history", "4")) == 4
    capsys.readouterr()
    document = json.loads((run.out / "deployment.json").read_text())
    assert document["history"] == 0
    (run.store / str(Cid.parse(document["genesis_cid"]))).unlink()
    for record in (True, False):
        assert audit.main(run.words(record=record)) == 4
        assert "which is never let go of" in capsys.readouterr().out
