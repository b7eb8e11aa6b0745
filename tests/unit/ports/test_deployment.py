"""A deployment's record says for how many rounds models are kept; who reads it goes by that."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from clients import node
from clients.engine.agreement import agree_on_history
from clients.engine.config import build_participant
from clients.ports.chain.deployment import Contract, Deployment
from clients.types.errors import RequestError
from clients.types.federation import Schedule, StakeVoteTerms
from clients.types.keeping import HISTORY, HISTORY_MAX
from deploy.explorer import __main__ as explorer
from deploy.options import add_terms, read_history

SOMEBODY = "0x" + "1" * 40
TERMS = StakeVoteTerms(
    token=SOMEBODY, beacon=SOMEBODY, genesis=bytes(range(32)), bond=16, managers=(), founders=(),
    newcomers=0, proposer_stake=16,
    voter_stake=8, proposers=4, min_voters=3, quorum_bps=5000, max_samples=100, max_epochs=5,
    attribution=False, schedule=Schedule(),
)  # fmt: skip
CONTRACT = Contract("StakeVote", SOMEBODY, "0x" + "2" * 64)
RECORD = Deployment(
    "hospitals", 4321, "stake_vote", SOMEBODY, CONTRACT, CONTRACT, None, TERMS, "0x" + "3" * 64, history=50
)  # fmt: skip


def test_a_record_says_how_long_models_are_kept_and_an_old_one_does_not(tmp_path: Path) -> None:
    for record in (RECORD, replace(RECORD, history=0), replace(RECORD, history=None)):
        record.save(tmp_path / "record.json")
        assert Deployment.load(tmp_path / "record.json") == record
    document = RECORD.document()
    del document["history"]
    assert Deployment.parse(document, "old").history is None


@pytest.mark.parametrize("history", [-1, HISTORY_MAX + 1, 1.5, "20", True, [20]])
def test_a_record_with_another_history_is_refused(history: object) -> None:
    with pytest.raises(RequestError, match=r"theirs: history = .* must be a whole number of rounds"):
        Deployment.parse({**RECORD.document(), "history": history}, "theirs")


@pytest.mark.parametrize(
    ("agreed", "own", "kept"),
    [
        (50, None, 50),
        (50, 50, 50),
        (50, 60, 60),
        (5, None, 5),
        (0, None, 0),
        (None, None, HISTORY),
        (None, 3, 3),
    ],
)
def test_a_node_keeps_what_was_agreed_on_or_more(agreed: int | None, own: int | None, kept: int) -> None:
    config = build_participant({"history": own} if own is not None else {})
    assert agree_on_history(config, agreed, own=own is not None).history == kept


def test_a_node_that_would_keep_less_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RECORD.save(tmp_path / "record.json")
    words = ["--rpc", "http://127.0.0.1:9", "--dev-key", "0", "--deployment", str(tmp_path / "record.json")]
    words += ["--store", f"dir:{tmp_path}/store", "--journal", str(tmp_path / "journal"), "--clients", "1"]
    (tmp_path / "learning.toml").write_text("history = 20\n")
    for more in (["--history", "49"], ["--config", str(tmp_path / "learning.toml")]):
        assert node.main([*words, *more]) == 2
        assert "keep models for 50 rounds" in capsys.readouterr().err
    assert node.main([*words, "--history", "50"]) == 3  # the chain is what is missing now


def test_deploying_takes_it_from_options_or_the_terms_file(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_terms(parser, pause=60)
    terms = tmp_path / "terms.toml"
    terms.write_text("history = 7\n")
    for words, history in (([], HISTORY), (["--history", "0"], 0), (["--terms", str(terms)], 7),
                           (["--terms", str(terms), "--history", "9"], 9)):  # fmt: skip
        assert read_history(parser.parse_args(words)) == history
    for wrong in ("-1", "many", "1.5", str(HISTORY_MAX + 1)):
        with pytest.raises(RequestError, match="history"):
            read_history(parser.parse_args([f"--history={wrong}"]))


def test_the_link_to_the_audit_page_has_it(tmp_path: Path) -> None:
    def link(*words: str) -> str:
        return explorer.get_view(explorer.parser().parse_args(list(words)))

    for history in (0, 50):
        replace(RECORD, history=history).save(tmp_path / "record.json")
        assert link("--deployment", str(tmp_path / "record.json")).endswith(f"&history={history}")
    assert "history=3" in link("--deployment", str(tmp_path / "record.json"), "--history", "3")
    assert "history" not in link("--federation", SOMEBODY)
    with pytest.raises(RequestError):
        link("--history", "-1")
    assert json.loads((tmp_path / "record.json").read_text())["history"] == 50
