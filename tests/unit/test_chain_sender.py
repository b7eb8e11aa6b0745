"""Nonces, journal and receipts: one act, one nonce, one transaction mined, on a node of dictionaries."""

import logging
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.chain.fees import GWEI, Fees
from clients.ports.chain.flights import JournalEntry
from clients.types.errors import RequestError, UnavailableError, UnminedError
from tests.unit.chain_pool import START, TARGET, A, B, C, PoolChain, Sent, acts, make, step


def others(sender: str, nonce: int) -> Sent:
    """A transaction of another client with the same key."""
    return Sent("0x" + "ee" * 31 + f"{nonce:02x}", sender, nonce, 10**12, 10**9, 10**5, b"theirs")


# ---------------------------------------------------------------------- nonces


@settings(max_examples=10)
@given(st.lists(st.lists(st.sampled_from([A, B, C]), max_size=6), max_size=5))
def test_nonces_run_on_for_each_sender(batches: list[list[str]]) -> None:
    chain = PoolChain()
    sender = make(chain)
    for batch in batches:
        assert len(sender.send([step(who, f"{place}") for place, who in enumerate(batch)])) == len(batch)
    for who in (A, B, C):
        nonces = [one.nonce for one in chain.taken if one.sender == who]
        assert nonces == list(range(len(nonces)))


def test_the_journal_has_the_hash_before_the_chain_has_the_transaction() -> None:
    chain = PoolChain()
    noted: list[JournalEntry] = []

    def journal(entry: JournalEntry) -> None:
        assert all(one.hash != entry.transaction for one in chain.taken)
        noted.append(entry)

    mined = make(chain, journal=journal).send([step(A, "join"), step(B, "exit"), step(A, "claim")])
    assert [entry.transaction for entry in noted] == [one.transaction for one in mined]
    assert [(entry.sender, entry.nonce, entry.label) for entry in noted] == [
        (A, 0, "join"),
        (B, 0, "exit"),
        (A, 1, "claim"),
    ]


def test_a_journal_that_fails_stops_the_transaction() -> None:
    chain = PoolChain()

    def journal(entry: JournalEntry) -> None:
        raise UnavailableError("disk full")

    sender = make(chain, journal=journal)
    with pytest.raises(UnavailableError, match="disk full"):
        sender.send([step(A)])
    assert chain.taken == []
    sender.journal = None
    assert sender.send([step(A)])[0].ok
    assert chain.taken[0].nonce == 0


@pytest.mark.parametrize("waiting", [False, True])
def test_a_key_that_others_use_gets_other_nonces_and_says_so(
    waiting: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Found out by the node's answer, or, once ours is in the pool, in the block that has theirs."""
    chain = PoolChain()
    sender = make(chain)
    sender.send([step(A, "first")])

    def meddle(number: int) -> None:
        if chain.count(A) < 5:
            chain.pool.clear()
            for nonce in range(chain.count(A), 5):
                chain.mine(others(A, nonce))

    if waiting:
        chain.each_block = meddle
    else:
        # The node counts what others did only once it is asked to take ours.
        chain.refuse = lambda sent: meddle(0) or ""  # type: ignore[func-returns-value]
    with caplog.at_level(logging.WARNING):
        sender.send([step(A, "one"), step(B), step(A, "two")])
    assert acts(chain)[A, "one"] == acts(chain)[A, "two"] == acts(chain)[B, "act"] == 1
    assert [one.nonce for _, one in chain.mined if one.data in (b"one", b"two")] == [5, 6]
    assert "another client using the same key" in caplog.text


def test_a_key_that_others_use_all_the_time_is_given_up() -> None:
    chain = PoolChain()
    chain.refuse = lambda sent: chain.mine(others(A, sent.nonce)) or ""  # type: ignore[func-returns-value]
    with pytest.raises(UnavailableError, match=r"taken again and again.*another client"):
        make(chain).send([step(A)])


def test_anothers_transaction_in_the_pool_is_left_there() -> None:
    chain = PoolChain()
    chain.pool[A, 0] = others(A, 0)
    make(chain).send([step(A)])
    assert [one.data for _, one in chain.mined] == [b"theirs", b"act"]


@pytest.mark.parametrize("queues", [False, True])
def test_a_chain_that_began_anew_gets_its_own_nonces(queues: bool) -> None:
    chain = PoolChain(queues=queues)
    sender = make(chain)
    sender.send([step(A), step(A, "too")])
    chain.mined.clear()
    if queues:
        with pytest.raises(UnavailableError, match="chain went back"):
            sender.send([step(A, "again")])
    sender.send([step(A, "again")])
    assert chain.mined[0][1].nonce == 0


# ---------------------------------------------------------------------- lost, forgotten, priced out


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("shy", [0, 1, 7])
@pytest.mark.parametrize("word", ["already known", "AlreadyKnown", "nonce too low"])
def test_a_lost_answer_makes_no_second_transaction(lost: int, shy: int, word: str) -> None:
    chain = PoolChain(shy=shy)
    losses = ["after"] * lost
    chain.lose = lambda: losses.pop() if losses else ""
    known: set[str] = set()
    chain.refuse = lambda sent: word if sent.hash in known else known.add(sent.hash) or ""  # type: ignore[func-returns-value]
    signed: list[JournalEntry] = []
    mined = make(chain, journal=signed.append).send([step(A), step(B), step(A, "too")])
    assert all(one.ok for one in mined)
    assert len(signed) == len(chain.mined) == 3


def test_deliveries_are_bounded_and_doubt_is_told() -> None:
    chain = PoolChain(lose=lambda: "after")
    with pytest.raises(UnavailableError, match=r"connection lost.*look for its receipt"):
        make(chain).send([step(A)])
    assert len(chain.taken) == 1


def test_a_refusal_leaves_no_doubt_about_the_others() -> None:
    chain = PoolChain(refuse=lambda sent: "exceeds block gas limit" if sent.data == b"big" else "")
    sender = make(chain)
    with pytest.raises(UnavailableError, match=r"big of .* was not taken: exceeds block gas limit"):
        sender.send([step(A, "big"), step(B, "small")])
    chain.refuse = lambda sent: ""
    sender.send([step(B, "small"), step(A, "big")])
    assert acts(chain) == {(A, "big"): 1, (B, "small"): 1}


def test_a_node_that_forgot_its_pool_gets_the_same_bytes_again() -> None:
    chain = PoolChain()
    chain.each_block = lambda number: chain.pool.clear() if number == 101 else None
    signed: list[JournalEntry] = []
    make(chain, journal=signed.append).send([step(A)])
    assert len(signed) == len(chain.mined) == 1
    assert len(chain.taken) == 2


def test_a_base_fee_that_rises_a_thousandfold() -> None:
    chain = PoolChain(base=GWEI // 2)

    def rise(number: int) -> None:
        chain.base = 500 * GWEI

    chain.each_block = rise
    until = START + 60
    [mined] = make(chain).send([step(A, until=until)])
    assert mined.ok
    assert chain.stamp < until


def test_what_nobody_mines_is_raised_faster_as_the_end_comes_near() -> None:
    chain = PoolChain(interval=1.0, wanted_tip=10**15)
    signed: list[tuple[float, JournalEntry]] = []
    sender = make(chain, journal=lambda entry: signed.append((chain.time - START, entry)), timeout=1000)
    with pytest.raises(UnminedError, match="its time is over"):
        sender.send([step(A, until=START + 120)])
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(signed)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 3 * gaps[-1]
    offers = [entry.offer for _, entry in signed]
    assert offers[-1].most > Fees().ceiling // 2  # type: ignore[union-attr]
    assert {entry.nonce for _, entry in signed} == {0}


def test_gas_above_the_ceiling_is_waited_for() -> None:
    chain = PoolChain(base=50 * GWEI)
    sender = make(chain, fees=Fees(ceiling=20 * GWEI))
    with pytest.raises(UnminedError, match=r"gas costs 50 gwei, above the ceiling of 20"):
        sender.send([step(A)], wait=60)
    assert chain.taken == []
    falls = iter(range(50, 0, -5))

    def fall(number: int) -> None:
        chain.base = next(falls) * GWEI

    chain.each_block = fall
    sender.send([step(A)])
    assert chain.taken[0].most <= 20 * GWEI


def test_a_poor_account_offers_what_it_has() -> None:
    chain = PoolChain(base=10 * GWEI, balance=100_000 * 15 * GWEI)
    make(chain).send([step(A)])
    assert chain.taken[-1].most <= 15 * GWEI
    chain.balance = 10**14
    with pytest.raises(UnavailableError, match="ether for gas"):
        make(chain).send([step(A, "more")])


def test_a_nodes_own_cap_is_kept_to() -> None:
    words = "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)"
    chain = PoolChain(base=10 * GWEI, refuse=lambda sent: words if sent.most > 14 * GWEI else "")
    make(chain).send([step(A)])
    assert chain.taken[-1].most <= 14 * GWEI


@pytest.mark.parametrize("percent", [10, 30, 200])
def test_a_node_that_wants_more_for_a_replacement_gets_it(percent: int) -> None:
    chain = PoolChain(interval=2.0, wanted_tip=100 * GWEI, bump_percent=percent)
    make(chain).send([step(A, until=START + 120)])
    assert acts(chain) == {(A, "act"): 1}


# ---------------------------------------------------------------------- fees, and who may sign


def test_fees() -> None:
    chain = PoolChain()
    make(chain).send([step(A)])
    assert (chain.taken[-1].most, chain.taken[-1].tip) == (16 * GWEI, 2 * GWEI)
    make(chain, fees=Fees(fixed=(50 * GWEI, 5))).send([step(B)])
    assert (chain.taken[-1].most, chain.taken[-1].tip) == (50 * GWEI, 5)
    chain.base = None
    signed: list[JournalEntry] = []
    make(chain, journal=signed.append).send([step(C)])
    assert [(entry.offer.most, entry.offer.legacy) for entry in signed if entry.offer] == [(3 * GWEI, True)]


def test_who_may_sign() -> None:
    sender = make(PoolChain())
    with pytest.raises(RequestError, match="no key for"):
        sender.send([step(TARGET)])
    assert sender.send([]) == []
