"""The draw: a seed, what goes into it, and the permutation of the registry that it keys."""

from functools import lru_cache
from math import isqrt

from clients.protocol.hashing import compute_hash, compute_xor, get_address_word
from clients.types.federation import Address

FEISTEL_ROUNDS = 8


def compute_mix(mix: bytes, voter: Address, salt: bytes) -> bytes:
    """Return the mix with one more opened ballot in it. The order of reveals does not matter."""
    return compute_xor(mix, compute_hash(get_address_word(voter), salt))


def compute_seed(entropy: bytes, mix: bytes, round_number: int) -> bytes:
    """Return the round's seed. Whoever knows `entropy` early lacks `mix` until the reveals are over."""
    return compute_hash(entropy, mix, round_number)


@lru_cache(maxsize=64)
def compute_positions(seed: bytes, members: int) -> tuple[int, ...]:
    """Return each place's position: a permutation of 0 … members - 1 keyed by `seed`.

    A generalised Feistel network on the square of side ceil(sqrt(members)), walked until it is back inside.
    Its round function takes only `side` values a round, so the whole registry costs 8 * side hashes.
    """
    side = isqrt(members - 1) + 1 if members else 0
    tables = [[_compute_shift(seed, k, right, side) for right in range(side)] for k in range(FEISTEL_ROUNDS)]
    positions = []
    for place in range(members):
        x = place
        while True:
            left, right = divmod(x, side)
            for table in tables:
                left, right = right, (left + table[right]) % side
            x = left * side + right
            if x < members:
                break
        positions.append(x)
    return tuple(positions)


def _compute_shift(seed: bytes, k: int, right: int, side: int) -> int:
    return int.from_bytes(compute_hash(seed, k, right), "big") % side


def compute_beacon_entropy(value: bytes, round_number: int) -> bytes:
    """Return what a `FixedBeacon` of `value` says for round `round_number`."""
    return compute_hash(value, round_number)
