"""What is put into a store is let go of in time, though the process may die at any step."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.engine.holdings import Holdings
from clients.engine.journal import Journal
from clients.ports.store import MemoryStore, compute_cid
from clients.types.cid import Cid
from clients.types.errors import RequestError, UnavailableError
from clients.types.keeping import SPARE

GENESIS = b"genesis"
CID = compute_cid(GENESIS)


class Died(Exception):
    pass


class Home(MemoryStore):
    """A store that outlives the process and tells pins from content. We die before or after a step of its."""

    kind = "dir"

    def __init__(self) -> None:
        super().__init__()
        self.pinned: set[Cid] = set()
        self.dies = -1
        super().put(GENESIS)

    def put(self, data: bytes) -> Cid:
        self._step()
        cid = super().put(data)
        self.pinned.add(cid)
        self._step()
        return cid

    def pin(self, cid: Cid) -> None:
        self._step()
        super().pin(cid)
        self.pinned.add(cid)
        self._step()

    def release(self, cid: Cid) -> None:
        self._step()
        super().release(cid)
        self.pinned.discard(cid)
        self._step()

    def _step(self) -> None:
        self.dies -= 1
        if self.dies == 0:
            raise Died


def live(home: Home, folder: Path, history: int) -> tuple[Holdings, Journal]:
    journal = Journal(folder, durable=False)
    return Holdings(home, journal, CID, len(GENESIS), history), journal


# Of each round: how many files it uses, whether a model is accepted, and at which step of the store we die
plans = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 12)), min_size=1, max_size=8)


@settings(max_examples=40)
@given(plans, st.integers(0, 3))
def test_a_process_that_dies_leaves_nothing_and_loses_nothing(
    plan: list[tuple[int, bool, int]], history: int
) -> None:
    home, head = Home(), GENESIS
    made: dict[int, list[bytes]] = {}
    with TemporaryDirectory() as name:
        holdings, journal = live(home, Path(name), history)
        for number, (count, accepted, dies) in enumerate(plan, 1):
            head = b"model %d" % number if accepted else head
            home.dies = dies
            for attempt in range(2):  # what is trained again may come out otherwise
                made[number] = [b"%d of %d, %d" % (place, number, attempt) for place in range(count)]
                try:
                    holdings.put(number, made[number])
                    holdings.let_go(number, {compute_cid(head): lambda head=head: head})  # type: ignore[misc]
                    break
                except Died:
                    journal.close()
                    holdings, journal = live(home, Path(name), history)
            owed = [one for earlier in range(max(1, number - history), number + 1) for one in made[earlier]]
            assert {compute_cid(one) for one in (GENESIS, head, *owed)} <= home.pinned
        home.dies = 0
        last = len(plan) + history + SPARE + 1
        holdings.let_go(last, {compute_cid(head): lambda: head})
        assert home.pinned == {CID, compute_cid(head)}
        assert journal.uses().keys() == home.pinned
        journal.close()


def test_what_others_hold_is_left_alone(tmp_path: Path) -> None:
    home = Home()
    theirs = home.put(b"somebody else's")
    holdings, _ = live(home, tmp_path, 0)
    for settled in range(5):
        holdings.let_go(settled, {CID: lambda: GENESIS})
    assert home.has(theirs)


def test_the_head_is_brought_and_a_lost_genesis_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home()
    MemoryStore.release(home, CID)
    holdings, _ = live(home, tmp_path, 0)
    with caplog.at_level(logging.WARNING):
        for settled in (1, 2):
            holdings.let_go(settled, {compute_cid(b"head"): lambda: b"head"})
    assert home.pinned == {compute_cid(b"head")}
    assert caplog.text.count("genesis can't be fetched") == 1

    def nowhere() -> bytes:
        raise UnavailableError("the accepted model can't be had.")

    with pytest.raises(UnavailableError):
        holdings.let_go(3, {compute_cid(b"another"): nowhere})


@pytest.mark.parametrize("text", ['{"round": 1}\n', '{"round": 1, "cids": ["x"]}\n', "[]\n", "{\n"])
def test_a_damaged_journal_is_told_of(text: str, tmp_path: Path) -> None:
    (tmp_path / "pins.jsonl").write_text(text)
    with pytest.raises(RequestError, match="damaged"):
        live(Home(), tmp_path, 0)


def test_peers_files_that_were_read_are_held_like_ones_own(tmp_path: Path) -> None:
    home = Home()
    theirs, lost = (MemoryStore.put(home, data) for data in (b"a peer's", b"lost again"))
    home.release(lost)
    holdings, journal = live(home, tmp_path, 0)
    holdings.hold(1, [theirs.digest, lost.digest])
    assert home.pinned == {theirs}
    holdings.let_go(1, {CID: lambda: GENESIS})
    assert theirs in home.pinned
    journal.close()
    holdings, journal = live(home, tmp_path, 0)
    holdings.let_go(2 + SPARE, {CID: lambda: GENESIS})
    assert home.pinned == {CID}
    assert not home.has(theirs)
    before = journal.uses()
    holdings.hold(3, [])
    assert journal.uses() == before
