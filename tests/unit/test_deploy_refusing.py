"""Terms under which known strategies pay are refused before anything is sent, unless somebody insists."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from clients.types.errors import UnavailableError
from clients.types.mechanisms import KINDS, get_published
from deploy import __main__ as command
from deploy.options import read_terms
from deploy.refusing import FLAG, tell_shortly

GENESIS = "0x" + "ab" * 32
A, B, C = ("0x" + f"{number:040x}" for number in (1, 2, 3))
NEEDED = {
    "bflc": ["--managers", A, B, C],
    "blade": ["--publisher", A, "--bidding-ends", "2030-01-31T12:00:00Z", "--deadline", "2_000_000_000"],
}
SAFE = ["--mechanism", "stake_jury", "--managers", A, B, C]
REACHED = 3
"""The status of a deployment that tries to reach its chain, which isn't there."""


def deploy(words: Sequence[str], tmp_path: Path) -> int:
    given = ["--rpc", "http://127.0.0.1:9", "--name", "mine", "--dev-key", "0", "--folder", str(tmp_path)]
    return command.main([*given, "--genesis", GENESIS, *words])


@pytest.fixture(autouse=True)
def _no_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object, **options: object) -> NoReturn:
        raise UnavailableError("no chain")

    monkeypatch.setattr(command, "open_link", fail)


def test_the_refusal_names_each_strategy_what_it_gains_and_what_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy(["--mechanism", "vbfl", "--decoy-odds", "0"], tmp_path) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("error: known strategies of cheating pay under these terms of stake_jury (in")
    assert said[1] == "  untested approval: gains 0.1; mend it by --decoy-odds 9"
    assert said[2].startswith("  flood and open at once: gains 0.3; mend it by --managers")
    assert said[-1].endswith(f"To deploy these terms all the same, add {FLAG}.")
    assert len(said) == 4
    assert not list(tmp_path.iterdir())


def test_who_insists_is_warned_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(["--mechanism", "stake_jury", "--pledge-seconds", "0", FLAG], tmp_path) == REACHED
    said = capsys.readouterr().err
    assert said.startswith("warning: known strategies of cheating pay under these terms of stake_jury")
    assert "  copies in front: gains 0.2; mend it by --pledge-seconds 3600\n" in said
    assert said.endswith("error: no chain\n")


@pytest.mark.parametrize(
    "words",
    [
        SAFE,
        ["--mechanism", "vbfl", "--managers", A],
        [
            "--mechanism",
            "stake_jury",
            "--newcomers",
            "1",
            "--founders",
            *(f"0x{n:040x}" for n in range(1, 10)),
        ],
    ],
)
def test_terms_under_which_nothing_is_known_to_pay_pass(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy(words, tmp_path) == REACHED
    assert "strategies" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "idle"),
    [
        (["--proposers", "1"], 9),
        (["--proposers", "2"], 81),
        (["--proposers", "3"], 9**3),
        (["--proposers", "4"], None),
        (["--proposers", "3", "--decoy-odds", "7"], 7**3),
        (["--proposers", "1", "--decoy-odds", "0", FLAG], None),
        ([], None),
    ],
)
def test_few_proposers_are_warned_of_rounds_that_are_all_decoys(
    words: list[str], idle: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy([*SAFE, *words], tmp_path) == REACHED
    said = capsys.readouterr().err
    assert ("updates are decoys" in said) == (idle is not None)
    assert idle is None or f"warning: one round in {idle} has no model by these terms" in said


@pytest.mark.parametrize("mechanism", [name for name in KINDS if not get_published(name)])
def test_the_papers_rules_are_refused_and_told_what_they_are_for(
    mechanism: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--mechanism", mechanism, "--rules", "paper", "--max-samples", "100"]
    assert deploy([*words, *NEEDED.get(mechanism, [])], tmp_path) == 2
    said = capsys.readouterr().err
    assert "  copies in front: gains" in said
    assert "\nThe papers' rules are for repeating the papers" in said


def test_a_file_can_choose_the_papers_rules_but_not_insist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "terms.toml"
    file.write_text('rules = "paper"\nmax_samples = 100\n')
    assert deploy(["--terms", str(file)], tmp_path) == 2
    assert "repeating the papers" in capsys.readouterr().err
    file.write_text("unsafe_terms = true\n")
    assert deploy(["--terms", str(file)], tmp_path) == 2
    said = capsys.readouterr().err
    assert "unsafe_terms has no place in a file, which others would deploy unread" in said
    assert f"whoever deploys must give {FLAG}" in said


def test_a_chain_for_trying_out_gets_the_names_in_a_line() -> None:
    from deploy.devnet import parser

    given = ["--genesis", GENESIS, "--mechanism", "stake_jury"]
    told = tell_shortly(read_terms(parser().parse_args([*given, "--pledge-seconds", "0"])))
    assert told == (
        "under these terms cheating is known to pay (copies in front, flood and open at once): "
        "they are for trying things out."
    )
    assert tell_shortly(read_terms(parser().parse_args([*given, "--managers", A]))) == ""
