from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.draw import compute_mix
from clients.protocol.hashing import compute_commitment

WORD = st.binary(min_size=32, max_size=32)
ADDRESS = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
NUMBER = st.integers(0, 2**64)


@given(NUMBER, ADDRESS, NUMBER, ADDRESS, st.binary(max_size=100), WORD)
def test_it_is_encoded_as_the_page_says(
    chain_id: int, federation: str, number: int, voter: str, ballot: bytes, salt: bytes
) -> None:
    types = ["uint256", "address", "uint256", "address", "bytes", "bytes32"]
    expected = keccak(encode(types, [chain_id, federation, number, voter, ballot, salt]))
    assert compute_commitment(chain_id, federation, number, voter, ballot, salt) == expected


@given(ADDRESS, ADDRESS, WORD)
def test_the_order_of_reveals_does_not_change_the_mix(one: str, other: str, salt: bytes) -> None:
    mixed = compute_mix(compute_mix(bytes(32), one, salt), other, salt)
    assert mixed == compute_mix(compute_mix(bytes(32), other, salt), one, salt)
    assert compute_mix(compute_mix(bytes(32), one, salt), one, salt) == bytes(32)
