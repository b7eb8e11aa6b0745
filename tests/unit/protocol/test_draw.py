"""The draw is a permutation, follows the page, and favours nobody."""

from collections import Counter
from math import ceil, sqrt

from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from clients.protocol.draw import compute_beacon_entropy, compute_positions, compute_seed
from clients.protocol.simulator import compute_block_hash, compute_entropy

WORD = st.binary(min_size=32, max_size=32)


def position_by_the_page(seed: bytes, place: int, members: int) -> int:
    """The page's text, word for word, without tables."""
    a = ceil(sqrt(members))
    x = place
    while True:
        left, right = x // a, x % a
        for k in range(8):
            shift = (
                int.from_bytes(keccak(encode(["bytes32", "uint256", "uint256"], [seed, k, right])), "big") % a
            )
            left, right = right, (left + shift) % a
        x = left * a + right
        if x < members:
            return x


def test_it_is_a_permutation_for_every_size_up_to_200() -> None:
    for members in range(201):
        seed = keccak(members.to_bytes(2, "big"))
        assert sorted(compute_positions(seed, members)) == list(range(members))


@given(WORD, st.integers(1, 40))
def test_it_is_the_one_of_the_page(seed: bytes, members: int) -> None:
    expected = [position_by_the_page(seed, place, members) for place in range(members)]
    assert list(compute_positions(seed, members)) == expected


@given(WORD, WORD, st.integers(0, 2**256 - 1))
def test_seed_and_entropy_are_encoded_as_the_page_says(entropy: bytes, mix: bytes, number: int) -> None:
    expected = keccak(encode(["bytes32", "bytes32", "uint256"], [entropy, mix, number]))
    assert compute_seed(entropy, mix, number) == expected
    assert compute_beacon_entropy(mix, number) == keccak(encode(["bytes32", "uint256"], [mix, number]))
    assert compute_block_hash(number) == keccak(encode(["string", "uint256"], ["block", number]))


@given(WORD, st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_beacon_replaces_the_block_hash(value: bytes, number: int, block: int) -> None:
    assert compute_entropy(bytes(32))(number, block) == compute_block_hash(block)
    if value != bytes(32):
        assert compute_entropy(value)(number, block) == compute_beacon_entropy(value, number)


def chi_square(counts: list[int], expected: float) -> float:
    return sum((count - expected) ** 2 / expected for count in counts)


def test_every_place_gets_every_position_alike() -> None:
    # The 1 - 1e-6 quantile of chi-square with 19 degrees of freedom is 62.0; there are 20 places of them,
    # and the seeds are fixed, so this either holds or the draw is skewed.
    members, draws = 20, 4_000
    positions = [compute_positions(keccak(b"chi" + i.to_bytes(4, "big")), members) for i in range(draws)]
    for place in range(members):
        counts = Counter(drawn[place] for drawn in positions)
        assert chi_square([counts[at] for at in range(members)], draws / members) < 62.0


def test_pairs_of_places_meet_alike() -> None:
    # 11 members, 2 proposers: each of the 55 pairs is drawn together equally often. 54 degrees of freedom:
    # the 1 - 1e-6 quantile is 115.
    members, draws = 11, 5_500
    pairs: Counter[tuple[int, ...]] = Counter()
    for i in range(draws):
        drawn = compute_positions(keccak(b"pair" + i.to_bytes(4, "big")), members)
        pairs[tuple(place for place in range(members) if drawn[place] < 2)] += 1
    assert len(pairs) == 55
    assert chi_square(list(pairs.values()), draws / 55) < 115
