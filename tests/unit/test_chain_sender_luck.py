"""Whatever a node does, one act is mined once: sequences of trouble, restarts and changed minds."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.chain.fees import GWEI, Fees
from clients.ports.chain.flights import JournalEntry
from clients.ports.chain.sender import Sender
from clients.types.errors import UnavailableError
from tests.unit.chain_pool import START, A, PoolChain, make, step

EVENTS = st.sampled_from(
    [
        "",
        "",
        "forget",
        "lose before",
        "lose after",
        "up",
        "down",
        "full",
        "free",
        "shy",
        "restart",
        "other act",
    ]
)


@settings(max_examples=60)
@given(
    st.lists(EVENTS, max_size=14),
    st.sampled_from([1.0, 4.0, 12.0]),
    st.sampled_from([30, 100, 1000]),
)
def test_an_act_is_mined_once_if_ceiling_and_time_allow(
    events: list[str], interval: float, ceiling: int
) -> None:
    """Whatever the node forgets, delays or prices out; calm blocks at the end are the time for it."""
    chain = PoolChain(interval=interval, base=8 * GWEI)
    journal: list[JournalEntry] = []
    losses: list[str] = []
    chain.lose = lambda: losses.pop() if losses else ""
    ahead = iter(events)
    restart, detour = [False], [False]

    def happen(number: int) -> None:
        event = next(ahead, None)
        match event:
            case None:
                chain.base, chain.wanted_tip = 8 * GWEI, 0
            case "forget":
                chain.pool.clear()
            case "lose before" | "lose after":
                losses.append(event.split()[1])
            case "up":
                chain.base = min(chain.base * 10, 3 * ceiling * GWEI)  # type: ignore[operator]
            case "down":
                chain.base = max(chain.base // 10, GWEI)  # type: ignore[operator]
            case "full":
                chain.wanted_tip = 5 * GWEI
            case "free":
                chain.wanted_tip = 0
            case "shy":
                chain.shy = 3
            case "restart":
                restart[0] = True
            case "other act":
                detour[0] = True

    chain.each_block = happen
    until = START + round(interval * (len(events) + 12))

    def new_sender() -> Sender:
        sender = make(
            chain, fees=Fees(ceiling=ceiling * GWEI), timeout=2.5 * interval, journal=journal.append
        )
        sender.adopt(journal)
        return sender

    sender, done, looks, tries = new_sender(), False, False, 0
    while not done and chain.stamp < until:
        if restart[0]:
            sender, restart[0], looks = new_sender(), False, True
        # Who comes back, or did something else, looks at the chain first, as participants do.
        if looks and any(one.data == b"act" for _, one in chain.mined):
            break
        label = "detour" if detour[0] else "act"
        looks, detour[0] = detour[0], False
        try:
            sender.send([step(A, label, until=until)])
            done = label == "act"
        except UnavailableError:
            chain.sleep(1.0)
        tries += 1
        assert tries < 1000
    assert Counter(one.data for _, one in chain.mined)[b"act"] == 1
    assert all(entry.offer is not None and entry.offer.most <= ceiling * GWEI for entry in journal)
    by_nonce: dict[int, list[JournalEntry]] = {}
    for entry in journal:
        by_nonce.setdefault(entry.nonce, []).append(entry)
    for entries in by_nonce.values():
        for old, new in pairwise(entries):
            assert old.offer is not None
            assert new.offer is not None
            if old.offer.most < ceiling * GWEI:
                assert new.offer.most * 100 >= old.offer.most * 110
                assert new.offer.tip * 100 >= old.offer.tip * 110
    assert len({one.nonce for _, one in chain.mined}) == len(chain.mined)
