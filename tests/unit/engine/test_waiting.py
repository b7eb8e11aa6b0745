"""Files that wait: in no store before one of their calls is sent, and there again after a restart."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.engine.holdings import Holdings
from clients.engine.journal import Journal, Waiting
from clients.ports.store import MemoryStore, compute_cid
from clients.protocol.rounds import ACTIONS
from clients.types.chain import Call
from clients.types.federation import Phase

WHO = "0xA"
PROPOSE, PUBLISH = (Call(WHO, method, (1, b"\1" * 32)) for method in ("propose", "publish"))
PLANS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([PROPOSE, PUBLISH]), st.lists(st.binary(), max_size=3)),
    max_size=6,
)


def open_holdings(folder: Path, store: MemoryStore) -> tuple[Journal, Holdings]:
    journal = Journal(folder)
    return journal, Holdings(store, journal, compute_cid(b"genesis"), 100, 1)


@given(PLANS, st.integers(1, 4), st.integers(0, 4), st.booleans())
def test_what_waits_survives_until_its_round_is_over(
    plan: list[tuple[int, Call, list[bytes]]], number: int, settled: int, restarts: bool
) -> None:
    with TemporaryDirectory() as name:
        store = MemoryStore()
        journal, holdings = open_holdings(Path(name), store)
        for round_number, call, files in plan:
            holdings.wait(round_number, Waiting({WHO: [call]}, files))
        journal.keep_waiting(after=settled)
        if restarts:
            journal.close()
            journal, holdings = open_holdings(Path(name), store)
        kept = [(call, files) for one, call, files in plan if one == number > settled]
        waiting = holdings.resume(number)
        assert [(one.calls[WHO], list(one.files)) for one in waiting] == [
            ([call], files) for call, files in kept
        ]
        left = {str(compute_cid(file)) for one, _, files in plan if one > settled for file in files}
        assert {path.name for path in Path(name, "waiting").glob("*")} >= left
        holdings.show(number, [PROPOSE])
        shown = {compute_cid(file) for call, files in kept if call is PROPOSE for file in files}
        unseen = {compute_cid(file) for call, files in kept if call is PUBLISH for file in files} - shown
        assert all(map(store.has, shown))
        assert not any(map(store.has, unseen))
        holdings.show(number, [PROPOSE])
        assert not any(map(store.has, unseen)), "what was shown isn't waited for"
        journal.close()


def test_a_file_that_no_round_waits_for_is_removed(tmp_path: Path) -> None:
    journal, holdings = open_holdings(tmp_path, MemoryStore())
    holdings.wait(1, Waiting({WHO: [PROPOSE]}, [b"a", b"b"]))
    holdings.wait(2, Waiting({WHO: [PROPOSE]}, [b"b"]))
    journal.keep_waiting(after=1)
    assert [path.name for path in (tmp_path / "waiting").iterdir()] == [str(compute_cid(b"b"))]
    (tmp_path / "waiting" / str(compute_cid(b"b"))).unlink()
    assert journal.waiting(2) == [], "an update whose file is lost has to be trained again"
    journal.close()


def test_on_a_chain_of_our_own_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path, durable=False)
    journal.note_waiting(1, Waiting({WHO: [PROPOSE]}, [b"a"]))
    assert journal.waiting(1) == []
    assert not (tmp_path / "waiting").exists()
    journal.close()


@pytest.mark.parametrize("phase", Phase)
def test_files_wait_for_calls_of_later_phases_alone(phase: Phase) -> None:
    assert Waiting({WHO: [PROPOSE]}, [b"a"]).is_early(ACTIONS, phase) == (phase < Phase.PROPOSE)
    both = Waiting({WHO: [PROPOSE], "0xB": [PUBLISH]}, [b"a"])
    assert both.is_early(ACTIONS, phase) == (phase < Phase.PROPOSE)
    assert not Waiting({WHO: [Call(WHO, "settle")]}, [b"a"]).is_early({}, phase)
    assert not Waiting({}, [b"a"]).is_early(ACTIONS, phase)
    assert not Waiting({WHO: [Call(WHO, "claim")]}, [b"a"]).is_early(ACTIONS, phase), "any phase is its own"
