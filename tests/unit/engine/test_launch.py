"""What a restart does with what an earlier life signed, and with what others hold in the node's pool."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clients.engine.journal import Journal
from clients.engine.launch import resume_sent
from clients.types.errors import RequestError, UnavailableError, UnminedError
from tests.unit.chain_pool import A, B, PoolChain, Sent, make, step


def others(sender: str, nonce: int) -> Sent:
    return Sent("0x" + "ee" * 31 + f"{nonce:02x}", sender, nonce, 10**12, 10**9, 10**5, b"theirs")


def chain_of(node: PoolChain, **options: Any) -> Any:
    def pending(who: str) -> tuple[int, ...]:
        return tuple(
            int(node.request("eth_getTransactionCount", who, tag), 16) for tag in ("latest", "pending")
        )

    return SimpleNamespace(link=SimpleNamespace(sender=make(node, **options)), pending=pending)


def test_what_was_signed_and_not_mined_is_kept_and_not_waited_for(tmp_path: Path) -> None:
    node, journal = PoolChain(wanted_tip=10**15), Journal(tmp_path)
    sender = make(node, journal=journal.note_sent)
    with pytest.raises(UnminedError):
        sender.send([step(A, "act")], wait=1)
    make(PoolChain(), journal=journal.note_sent).send([step(B, "done")])
    node.mine(others(B, 0))
    assert len(journal.sent()) == 2
    again = chain_of(node)
    resume_sent(again, [A, B], journal, sleep=lambda seconds: pytest.fail("waits"))
    assert [entry.label for entry in journal.sent()] == ["act"]
    assert again.link.sender.is_flying(step(A, "act"))


@pytest.mark.parametrize("mined", [False, True])
def test_others_transactions_are_waited_for(tmp_path: Path, mined: bool) -> None:
    node, journal, slept = PoolChain(), Journal(tmp_path), [0.0]
    node.pool = {(A, 0): others(A, 0), (A, 1): others(A, 1)}

    def sleep(seconds: float) -> None:
        slept[0] += seconds
        if mined and slept[0] > 3:
            node.pool.clear()

    if mined:
        resume_sent(chain_of(node), [A], journal, sleep=sleep)
        return
    with pytest.raises(UnavailableError, match=r"knows nothing of \(nonce 0 to 1\).*using the same key"):
        resume_sent(chain_of(node), [A], journal, sleep=sleep)
    assert slept[0] < 130


def test_an_old_journal_is_read(tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").write_text(json.dumps({"sender": A, "nonce": 3, "transaction": "0xAB"}) + "\n")
    [entry] = Journal(tmp_path).sent()
    assert (entry.sender, entry.nonce, entry.transaction, entry.step) == (A, 3, "0xab", None)


def test_a_journal_that_cant_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").write_text('{"nonce": 3}\n')
    with pytest.raises(RequestError, match=r"sent.jsonl is damaged or of another version"):
        Journal(tmp_path).sent()
