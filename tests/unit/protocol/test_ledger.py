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
