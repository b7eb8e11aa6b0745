import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.hashing import UINT256_MAX
from clients.protocol.ledger import Ledger, TokenBook
from clients.types.errors import ProtocolError
from clients.types.federation import Standing


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9))))
def test_the_registry_is_a_list_without_gaps(moves: list[tuple[bool, int]]) -> None:
    ledger = Ledger()
    for joins, number in moves:
        account = f"0x{number}"
        member = ledger.get(account)
        if joins and not member.index:
            ledger.process_register(account, 5)
            assert ledger.registry[-1] == account
        elif not joins and member.index:
            last = ledger.registry[-1]
            ledger.process_remove(account, member, Standing.LEAVING, 7)
            assert last == account or ledger.registry[member.index - 1] == last
        for place, present in enumerate(ledger.registry):
            assert ledger.get(present).index == place + 1
        assert all((account in ledger.registry) == bool(m.index) for account, m in ledger.members.items())


@given(
    st.integers(1, 3),
    st.integers(0, 6),
    st.lists(st.tuples(st.sampled_from(("join", "found", "leave", "leave", "open")), st.integers(0, 9))),
)
def test_zones_part_the_registry(newcomers: int, fewest: int, moves: list[tuple[str, int]]) -> None:
    """By a plain account of who is in which zone: three sets, of which only `open` moves members on."""
    ledger = Ledger()
    zones: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    inside, following, latest = zones
    for what, number in moves:
        account = f"0x{number}"
        member = ledger.get(account)
        if what == "open":
            missing = max(newcomers, fewest - len(inside))
            come = [one for one in ledger.registry if one in following][:missing]
            if ledger.get_inside(newcomers, fewest) < fewest:
                ledger.process_postpone()
                come = []
            else:
                ledger.process_let_in(newcomers, fewest)
            inside |= {*come}
            following -= {*come}
            following |= latest
            latest.clear()
        elif what == "leave" and member.index:
            ledger.process_remove(account, member, Standing.LEAVING, 7)
            for zone in zones:
                zone.discard(account)
        elif what != "leave" and not member.index:
            waits = what == "join"
            ledger.process_register(account, 5, waits=waits)
            (latest if waits else inside).add(account)
        first, second = ledger.inside, ledger.eligible
        parts = ledger.registry[:first], ledger.registry[first:second], ledger.registry[second:]
        assert [{*part} for part in parts] == [*zones]
        assert sum(map(len, parts)) == sum(map(len, zones))
        for place, present in enumerate(ledger.registry):
            assert ledger.get(present).index == place + 1
            wait = ledger.get_wait(place + 1, newcomers, fewest)
            assert (wait == 0) == (present in inside)
            next_ones = following if len(inside | following) >= fewest else following | latest
            missing = max(newcomers, fewest - first)
            assert (wait == 1) == (present in next_ones and place < first + missing)


def test_the_allowance_is_looked_at_before_the_balance() -> None:
    token = TokenBook({"owner": 5})
    with pytest.raises(ProtocolError) as caught:
        token.process_transfer_from("spender", "owner", 6)
    assert caught.value == ProtocolError("ERC20InsufficientAllowance", "spender", 0, 6)
    token.process_approve("owner", "spender", 10)
    with pytest.raises(ProtocolError) as caught:
        token.process_transfer_from("spender", "owner", 6)
    assert caught.value == ProtocolError("ERC20InsufficientBalance", "owner", 5, 6)
    token.process_transfer_from("spender", "owner", 4)
    assert token.allowances["owner", "spender"] == 6
    assert (token.get_balance("owner"), token.get_balance("spender")) == (1, 4)


def test_an_unlimited_allowance_is_never_used_up() -> None:
    token = TokenBook({"owner": 5}, {("owner", "spender"): UINT256_MAX})
    token.process_transfer_from("spender", "owner", 5)
    assert token.allowances["owner", "spender"] == UINT256_MAX
