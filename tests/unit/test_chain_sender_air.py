"""What stays in the air: the same act goes on with its nonce, another takes it over, a restart too."""

from dataclasses import replace
from typing import Any

import pytest

from clients.ports.chain.fees import GWEI, Fees
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.sender import Sender
from clients.types.errors import RequestError, UnminedError
from tests.unit.chain_pool import START, A, B, PoolChain, acts, make, step


def stuck(**options: Any) -> tuple[PoolChain, Sender, list[JournalEntry]]:
    """A chain on which act `old` of A waits at nonce 0, its sender, and what was signed."""
    chain = PoolChain(wanted_tip=10**15, **options)
    signed: list[JournalEntry] = []
    sender = make(chain, journal=signed.append)
    with pytest.raises(
        UnminedError, match=r"not mined within 20\S* s.*goes on with the same nonce"
    ) as caught:
        sender.send([step(A, "old")], wait=20)
    assert signed[0].transaction in str(caught.value)
    return chain, sender, signed


def test_the_same_act_goes_on_with_its_nonce() -> None:
    chain, sender, signed = stuck()
    assert sender.is_flying(step(A, "old", until=START + 3600))
    chain.wanted_tip = 0
    sender.send([step(A, "old", until=START + 3600)])
    assert acts(chain) == {(A, "old"): 1}
    assert {entry.nonce for entry in signed} == {0}
    assert not sender.is_busy(A)


def test_another_act_takes_the_nonce_over() -> None:
    chain, sender, _ = stuck()
    chain.wanted_tip = 0
    sender.send([step(A, "new")])
    assert [(one.nonce, one.data) for _, one in chain.mined] == [(0, b"new")]


def test_an_act_that_is_mined_after_all_leaves_the_next_its_nonce() -> None:
    chain, sender, _ = stuck()
    [old] = chain.pool.values()

    def race(number: int) -> None:
        if not chain.mined:
            chain.pool.clear()
            chain.mine(old)

    chain.each_block, chain.wanted_tip = race, 0
    [mined] = sender.send([step(A, "new")])
    assert [(one.nonce, one.data) for _, one in chain.mined] == [(0, b"old"), (1, b"new")]
    assert mined.transaction == chain.mined[1][1].hash


def test_what_is_stuck_at_the_ceiling_lets_the_next_act_through_once_forgotten() -> None:
    chain = PoolChain(base=19 * GWEI, wanted_tip=10**15)
    sender = make(chain, fees=Fees(ceiling=20 * GWEI))
    with pytest.raises(UnminedError):
        sender.send([step(A, "old")], wait=20)
    chain.wanted_tip = 0

    def forget(number: int) -> None:
        chain.pool.clear()
        chain.each_block = lambda number: None

    chain.each_block = forget
    sender.send([step(A, "new")])
    assert [(one.nonce, one.data) for _, one in chain.mined] == [(0, b"new")]
    assert max(one.most for one in chain.taken) <= 20 * GWEI


def test_what_is_mined_of_a_batch_isnt_sent_again() -> None:
    chain = PoolChain()
    stop = {b"slow"}
    whole = PoolChain._fits
    chain._fits = lambda one: one.data not in stop and whole(chain, one)  # type: ignore[method-assign]
    sender = make(chain, timeout=30)
    with pytest.raises(UnminedError, match=r"1 transactions not mined.*slow"):
        sender.send([step(A, "slow"), step(B, "fast")])
    stop.clear()
    sender.send([step(A, "slow")])
    assert acts(chain) == {(A, "slow"): 1, (B, "fast"): 1}


# ---------------------------------------------------------------------- after a restart


@pytest.mark.parametrize("forgets", [False, True])
def test_a_restart_goes_on_with_the_same_nonce(forgets: bool) -> None:
    chain, _, signed = stuck()
    if forgets:
        chain.pool.clear()
    chain.wanted_tip = 0
    again = make(chain, journal=signed.append)
    assert again.adopt(signed) == signed
    assert len(chain.pool) == 1
    again.send([step(A, "old")])
    assert acts(chain) == {(A, "old"): 1}
    assert {entry.nonce for entry in signed} == {0}
    assert make(chain).adopt(signed) == []


def test_killed_between_signing_and_sending() -> None:
    class Killed(BaseException): ...

    chain = PoolChain()
    signed: list[JournalEntry] = []

    def journal(entry: JournalEntry) -> None:
        signed.append(entry)
        raise Killed

    with pytest.raises(Killed):
        make(chain, journal=journal).send([step(A, "old")])
    assert chain.taken == []
    again = make(chain)
    again.adopt(signed)
    again.send([step(A, "old"), step(A, "new")])
    assert [(one.nonce, one.data) for _, one in chain.mined] == [(0, b"old"), (1, b"new")]
    assert chain.mined[0][1].hash == signed[0].transaction


def test_what_an_old_journal_knows_is_taken_over() -> None:
    """Journals of earlier versions have neither act nor fees."""
    chain, _, signed = stuck()
    old = [
        JournalEntry.from_json({key: entry.to_json()[key] for key in ("sender", "nonce", "transaction")}, "")
        for entry in signed
    ]
    again = make(chain)
    assert again.adopt(old) == old
    chain.wanted_tip = 0
    chain.each_block = lambda number: None
    again.send([step(A, "new")])
    assert [one.nonce for _, one in chain.mined][-1] == len(chain.mined) - 1
    assert acts(chain)[A, "new"] == 1


def test_an_act_whose_time_is_over_isnt_sent_again() -> None:
    chain, _, signed = stuck()
    chain.pool.clear()
    late = [replace(entry, step=replace(entry.step, until=chain.stamp)) for entry in signed]  # type: ignore[type-var]
    make(chain).adopt(late)
    assert chain.pool == {}


def test_entries_survive_the_journal() -> None:
    _, _, signed = stuck()
    assert [JournalEntry.from_json(entry.to_json(), "here") for entry in signed] == signed
    for record in (
        {},
        {"sender": A, "nonce": -1, "transaction": "0x"},
        {**signed[0].to_json(), "step": {"data": 5}},
    ):
        with pytest.raises(RequestError, match="here is damaged or of another version"):
            JournalEntry.from_json(record, "here")
