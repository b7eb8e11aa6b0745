"""What a run writes survives a crash at any byte, and a full disk."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.engine.journal import Journal
from clients.ports.files import LineFile
from clients.types.chain import Call, Receipt
from clients.types.errors import RequestError, UnavailableError


@given(
    records=st.lists(st.dictionaries(st.text(max_size=5), st.integers()), max_size=8),
    torn=st.integers(0, 200),
)
def test_a_torn_last_line_is_cut_off_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, int]], torn: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    lines = LineFile(path)
    for record in records:
        lines.append(record)
    if not path.exists():
        return
    data = path.read_bytes()
    keep = data[: max(0, len(data) - torn)]
    path.write_bytes(keep)
    found = LineFile(path).read()
    assert found == records[: keep.count(b"\n")]
    LineFile(path).append({"after": 1})
    assert LineFile(path).read() == [*found, {"after": 1}]


def test_a_full_disk_is_told_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    lines = LineFile(path)
    lines.append({"a": 1})
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        lines.append({"b": 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["not json", "[1]", "NaN", "[" * 200_000, "9" * 5_000])
def test_lines_of_another_program_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(RequestError, match="damaged"):
        LineFile(path).read()


def settled(number: int) -> list[Receipt]:
    return [Receipt(Call("0xA", "settle"), gas=1)]


def test_rewinding_keeps_what_led_to_the_last_settled_round(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in (1, 2, 3):
        journal.note_calls(number, [Receipt(Call("0xA", "propose", (number, bytes(32), 5, 1)), gas=1)])
        journal.note_advance(number, 7)
        journal.note_ballots(number, {"0xA": bytes([number]) * 32})
        if number < 3:
            journal.note_calls(number, settled(number))
    journal.rewind(2)
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 6
    assert journal.ballots(2) == {"0xA": b"\x02" * 32}
    assert journal.ballots(3) == {}
    with pytest.raises(RequestError, match="round 3"):
        journal.rewind(3)
    journal.rewind(0)
    assert (tmp_path / "calls.jsonl").read_text() == ""


@pytest.mark.parametrize("size", [0, 1, 20, 32, 64, 500])
def test_replay_sends_the_very_calls_that_took_effect(tmp_path: Path, size: int) -> None:
    from clients.types.errors import ProtocolError

    sent: list[object] = []

    class Recorder:
        def send(self, calls: list[Call]) -> list[Receipt]:
            sent.extend(calls)
            return [Receipt(call, 0) for call in calls]

        def advance(self, seconds: int = 0, blocks: int = 1) -> None:
            sent.append(seconds)

    journal = Journal(tmp_path)
    good = Call("0xA", "evict", (("0xB", "0xC"),))
    ballot = bytes(number % 256 for number in range(size))
    other = Call("0xA", "reveal", (4, ballot, b"\x02" * 32))
    refused = Receipt(Call("0xB", "settle"), 0, error=ProtocolError("WrongPhase", 0, 6))
    journal.note_calls(1, [Receipt(good, 0), refused, Receipt(other, 0)])
    journal.note_advance(1, 3600)
    journal.replay(Recorder())  # type: ignore[arg-type]
    assert sent == [good, other, 3600]
