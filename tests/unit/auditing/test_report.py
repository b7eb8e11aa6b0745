"""The signed report: whoever has it can see that it is whole, and whose it is."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from html import escape
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import audit as command
from clients.auditing.auditor import Scope
from clients.auditing.findings import Finding, Tokens, clean
from clients.auditing.report import build_report, check_report, load_report, save_report, sign_report
from clients.auditing.words import CREATION_UNKNOWN
from clients.ports.keys import dev_key, recover_text
from clients.types.errors import FedJuryError, RequestError, UnavailableError
from clients.types.federation import TOKEN, Outcome
from tests.unit.auditing.played import audit, play_history
from tests.unit.auditing.test_auditor import spoil

KEY = dev_key(3)


def make_report() -> dict[str, Any]:
    """Return the report on the first history with a rejected round, which is told as accepted."""
    for seed in count():
        record = play_history(f"report {seed}", "stake_vote", 200).record()
        with suppress(StopIteration):
            place = record.find("Settled", lambda args: args["outcome"] == Outcome.REJECTED)
            break
    record.alter(place, outcome=int(Outcome.ACCEPTED))
    verdict = audit(record, history=True)
    report = build_report(record, Scope(), verdict, first_hash="0x" + "1" * 64, models=False)
    return sign_report(report, KEY)


REPORT = make_report()


def test_a_signed_report_is_accepted(tmp_path: Path) -> None:
    assert check_report(REPORT) == KEY.address
    save_report(tmp_path / "report", REPORT)
    assert load_report(tmp_path / "report") == json.loads(json.dumps(REPORT))
    assert "expected rejected, found accepted" in REPORT["findings"][0]["sentence"]
    assert REPORT["history"][0]["round"] == 1
    assert {"id", "first_hash"} == set(REPORT["chain"])


def changes(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    other = deepcopy(report)
    other["findings"] = []
    yield other
    other = deepcopy(report)
    other["findings"][0]["sentence"] = "All is well."
    yield other
    other = deepcopy(report)
    other["signature"]["signer"] = dev_key(1).address
    yield other
    other = sign_report({key: value for key, value in report.items() if key != "signature"}, dev_key(1))
    other["signature"]["signer"] = KEY.address
    yield other
    other = deepcopy(report)
    other["federation"] = dev_key(1).address
    yield other
    yield sign_report({**report, "report": 1}, KEY)


@pytest.mark.parametrize("number", range(6))
def test_a_report_that_was_changed_is_refused(number: int, tmp_path: Path) -> None:
    save_report(tmp_path / "report", list(changes(REPORT))[number])
    with pytest.raises(RequestError):
        load_report(tmp_path / "report")


@given(st.integers(0, 10**9))
def test_a_hostile_report_is_refused(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    spoilt = spoil(json.loads(json.dumps(REPORT)), Random(seed))
    file = tmp_path_factory.mktemp("hostile") / "report"
    file.write_text(json.dumps(spoilt))
    try:
        accepted = load_report(file)
    except FedJuryError:
        return
    # What isn't signed is told by nobody: the scheme and a copy of the statement.
    for one in (accepted, spoilt):
        one["signature"] = {**one["signature"], "scheme": "", "statement": ""}
    assert accepted["digest"] == REPORT["digest"]


@given(st.binary(max_size=300))
def test_no_other_file_is_taken_for_a_report(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("other") / "report"
    file.write_bytes(data)
    with pytest.raises(RequestError):
        load_report(file)


def test_a_report_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        load_report(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("creation", "findings", "status"),
    [
        ("compared", False, 0),
        ("left out", False, 0),
        ("unknown", False, 3),
        ("unknown", True, 4),
        (None, False, 0),
    ],
)
def test_a_creation_that_nobody_could_compare_is_told(
    creation: str | None, findings: bool, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """None: a report of an older version, which says nothing of the creation."""
    body = {name: one for name, one in REPORT.items() if name not in ("creation", "signature", "digest")}
    body["findings"] = body["findings"] if findings else []
    report = sign_report(body if creation is None else {**body, "creation": creation}, KEY)
    for name in ("report.json", "report.html"):
        save_report(tmp_path / name, report)
        assert command.main(["--verify-report", str(tmp_path / name)]) == status
        assert (CREATION_UNKNOWN in capsys.readouterr().out) == (creation == "unknown")
    page = (tmp_path / "report.html").read_text()
    assert (escape(CREATION_UNKNOWN) in page) == (creation == "unknown")
    assert ("Everything adds up." in page) == (status == 0)


def test_the_command_checks_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report"
    save_report(file, REPORT)
    assert command.main(["--verify-report", str(file)]) == 4
    said = capsys.readouterr().out
    assert f"Signed by {KEY.address}" in said
    assert REPORT["findings"][0]["sentence"] in said
    file.write_text(file.read_text().replace("found accepted", "found rejected"))
    assert command.main(["--verify-report", str(file)]) == 2
    assert command.main(["--verify-report", str(tmp_path / "nothing")]) == 3


@given(st.text(max_size=80))
def test_signatures_are_recovered(text: str) -> None:
    assert recover_text(text, KEY.sign_text(text)) == KEY.address


@given(st.text(max_size=140) | st.binary(max_size=70).map(lambda data: "0x" + data.hex()))
def test_what_is_no_signature_is_refused_or_somebody_elses(signature: str) -> None:
    with suppress(RequestError):
        assert recover_text("text", signature) != KEY.address


@given(st.text(max_size=400) | st.binary(max_size=400) | st.lists(st.integers()))
def test_what_strangers_wrote_is_safe_to_print(value: object) -> None:
    text = clean(value)
    assert text.isprintable() or not text
    assert len(text) <= 300


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 9) | st.none())
def test_findings_come_back_from_json(expected: str, found: str, number: int | None) -> None:
    one = Finding("head", "the head", clean(expected), clean(found), number)
    assert Finding.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.sentence.startswith("The federation" if number is None else f"Round {number}")


# ------------------------------------------------------------------ the page to print


def save_page(tmp_path: Path, report: dict[str, Any]) -> Path:
    file = tmp_path / "report.html"
    save_report(file, report)
    return file


def test_a_page_holds_the_report_and_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = save_page(tmp_path, REPORT)
    assert load_report(file) == json.loads(json.dumps(REPORT))
    assert command.main(["--verify-report", str(file)]) == 4
    assert KEY.address in capsys.readouterr().out
    text = file.read_text("utf-8")
    for part in (REPORT["signature"]["statement"], REPORT["signature"]["signature"], REPORT["transcript"]):
        assert part in text
    assert all(escape(one["sentence"]) in text for one in REPORT["findings"])
    assert not re.search(r"(src|href)=|https?://|@import|url\(", text)


def test_amounts_are_told_in_tokens(tmp_path: Path) -> None:
    assert clean(Tokens(-5 * TOKEN // 10)) == "-0.5 tokens"
    terms, text = REPORT["terms"], save_page(tmp_path, REPORT).read_text("utf-8")
    for name in ("bond", "proposer_stake", "voter_stake"):
        told = clean(Tokens(int(terms[name])))
        assert f'<th scope="row">{name.replace("_", " ")}</th><td>{told}</td>' in text
    assert f'<th scope="row">quorum bps</th><td>{terms["quorum_bps"]}</td>' in text


def test_a_page_that_shows_something_else_is_refused(tmp_path: Path) -> None:
    file = save_page(tmp_path, REPORT)
    text = file.read_text("utf-8")
    assert 'class="result bad"' in text
    for old, new in (
        ('class="result bad"', 'class="result good"'),
        ("</body>", "<p>All is well.</p></body>"),
        (REPORT["findings"][0]["found"], "nothing"),
        ('id="report">', 'id="other">'),
        ("</html>", "</html><!-- -->"),
    ):
        file.write_text(text.replace(old, new, 1))
        with pytest.raises(RequestError):
            load_report(file)


@pytest.mark.parametrize("text", ["<", "<html>", '<script type="application/json" id="report">', "<![CDATA["])
def test_no_other_page_is_taken_for_a_report(text: str, tmp_path: Path) -> None:
    file = tmp_path / "page"
    for more in ("", "{}</script>", "[1]</script>", '{"report":1}</script>', "[" * 10_000 + "</script>"):
        file.write_text(text + more)
        with pytest.raises(RequestError):
            load_report(file)


def test_strangers_words_stay_words_on_the_page(tmp_path: Path) -> None:
    odd = "</script><script>alert(1)</script>\u2028&amp;\u202e"
    report = {key: value for key, value in REPORT.items() if key not in ("digest", "signature")}
    finding = Finding("bytes", odd, "a model", clean(odd), 1, "", "", 0)
    report |= {"findings": [finding.to_json() | {"sentence": Finding.from_json(finding.to_json()).sentence}]}
    signed = sign_report(report, KEY)
    file = save_page(tmp_path, signed)
    text = file.read_text("utf-8")
    assert text.count("<script") == text.count("</script") == 1
    assert "alert(1)" in text
    assert load_report(file) == json.loads(json.dumps(signed))
