"""Trouble in the middle of a run: a peer's is voted against, ours ends the run with nothing lost."""

import errno
import os
from pathlib import Path

import pytest

from clients import swarm
from clients.engine import swarm as engine
from clients.ports.chain import AnvilNode
from clients.ports.store.memory import MemoryStore
from clients.types.cid import Cid
from clients.types.errors import UnavailableError
from clients.types.store import ContentMissing, Store
from tests.integration.swarms import lines_of, records_of

SETTINGS = {
    "chain": "spec",
    "store": "memory",
    "model": "logistic",
    "clients": 9,
    "proposers": 2,
    "malicious": 0,
    "rounds": 3,
    "local-epochs": 1,
    "tokens": "64",
    "device": "cpu",
}


def words(out: Path, **settings: object) -> list[str]:
    merged = {**SETTINGS, **settings, "out": out}
    return [word for name, value in merged.items() for word in (f"--{name}", str(value))]


class Bent(MemoryStore):
    """A store that loses the `lost`-th file read, or breaks down at the `down`-th."""

    def __init__(self, lost: int = 0, down: int = 0) -> None:
        super().__init__()
        self.lost, self.down, self.reads = lost, down, 0
        self.gone: set[Cid] = set()

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        self.reads += 1
        if self.reads == self.down:
            raise UnavailableError("the store at memory is down. Start it and resume.")
        if self.reads == self.lost:
            self.gone.add(cid)
        if cid in self.gone:
            raise ContentMissing(cid, "withheld")
        return super().get(cid, max_bytes=max_bytes)


def use(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(engine, "open_store", lambda *_, **__: store)


def test_what_a_peer_withholds_is_voted_against(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Bent(lost=2))  # the first read is the head, the second a proposal of round 1
    assert swarm.main(words(tmp_path / "run", rules="paper")) == 0
    first, second, third = records_of(tmp_path / "run")
    assert first["outcome"] == "REJECTED"
    assert first["candidate_cid"] is None
    assert (first["votes_for"], first["votes_against"]) == (0, 7)
    assert sorted(first["slashed"]) == sorted(first["proposers"])
    assert second["round"] == 2
    assert third["round"] == 3


def test_what_a_peer_withholds_is_nobodys_to_judge_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Bent(lost=2))
    assert swarm.main(words(tmp_path / "run")) == 0
    first = records_of(tmp_path / "run")[0]
    assert sorted(first["had"]) == [0, 7]
    assert first["positives"][first["had"].index(0)] == 0
    assert (first["outcome"], first["slashed"], first["blamed"]) == ("ACCEPTED", [], [])


def test_a_store_that_breaks_down_is_our_trouble_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swarm.main(words(tmp_path / "whole")) == 0
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        use(patch, Bent(down=5))
        assert swarm.main(words(out)) == 3
    assert "down" in capsys.readouterr().err
    assert all(not line["slashed"] for line in records_of(out))
    assert swarm.main(["--resume", str(out)]) == 0
    assert lines_of(out) == lines_of(tmp_path / "whole")


def test_a_full_disk_ends_the_run_and_it_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swarm.main(words(tmp_path / "whole")) == 0
    out = tmp_path / "run"
    real, calls = os.fsync, 0

    def fills_up(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 7:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fills_up)
        assert swarm.main(words(out)) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert swarm.main(["--resume", str(out)]) == 0
    assert lines_of(out) == lines_of(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.needs("anvil")
def test_a_chain_that_dies_is_told_and_one_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"store": "dir", "rounds": 2, "clients": 4, "proposers": 1}
    out = tmp_path / "run"
    with AnvilNode(block_time=1, genesis_time=None) as node:
        url = node.url
        assert swarm.main(words(out, chain=url, **{**settings, "rounds": 1})) == 0
    capsys.readouterr()
    assert swarm.main(["--resume", str(out), "--rounds", "2"]) == 3
    assert url.removeprefix("http://") in capsys.readouterr().err
    assert len(records_of(out)) == 1
    with AnvilNode(block_time=1, genesis_time=None, port=int(url.rsplit(":", 1)[1])):
        assert swarm.main(["--resume", str(out), "--rounds", "2"]) == 3
        assert "no contract" in capsys.readouterr().err
    with AnvilNode(block_time=1, genesis_time=None, chain_id=777) as other:
        assert swarm.main(words(tmp_path / "other", chain=other.url, **settings)) == 2
        assert "no development chain" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("store", "chain", "told"),
    [
        ("/ip4/127.0.0.1/tcp/1", "spec", "127.0.0.1"),
        ("dir", "http://127.0.0.1:1", "127.0.0.1:1"),
        ("dir", "ws://127.0.0.1:1", "127.0.0.1:1"),
    ],
)
def test_a_server_that_is_not_there_is_named(
    store: str, chain: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swarm.main(words(tmp_path / "run", store=store, chain=chain)) == 3
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
