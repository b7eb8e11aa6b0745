"""Proofs of work: miners try nonces in turn, each miner for the digest that it publishes."""

from collections.abc import Mapping

from clients.protocol.publication import is_proven
from clients.types.federation import Address


def get_nonce(number: int) -> bytes:
    """Return the `number`-th nonce to try."""
    return number.to_bytes(32, "big")


def find_proofs(
    bits: int, seed: bytes, miners: Mapping[Address, bytes], start: int, tries: int
) -> dict[Address, bytes]:
    """Return the first proof of work for each digest, by its finder: each miner tries `tries` nonces from
    `start`.

    `miners`: the digest that each account mines. All miners are equally fast: each tries a nonce before any
    tries the next. A miner stops when another proves the same digest, as in vbfl's comparison with proof of
    work.
    """
    found: dict[Address, bytes] = {}
    seeking = dict(miners)
    for number in range(start, start + tries):
        if not seeking:
            break
        nonce = get_nonce(number)
        for miner, digest in list(seeking.items()):
            if miner in seeking and is_proven(bits, seed, miner, digest, nonce):
                found[miner] = nonce
                seeking = {one: other for one, other in seeking.items() if other != digest}
    return found
