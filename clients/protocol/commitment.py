"""Ballots under seal: what a commitment binds, and what its opening adds to later draws."""

from clients.protocol.hashing import compute_hash, compute_xor, get_address_word
from clients.types.federation import Address


def compute_commitment(
    chain_id: int, federation: Address, round_number: int, voter: Address, ballot: bytes, salt: bytes
) -> bytes:
    """Return the commitment: it binds chain, federation, round and voter, so that no vote can be copied.

    keccak256(abi.encode(chainid, federation, round, voter, ballot, salt)) with `ballot` as dynamic bytes.
    """
    return compute_hash(
        chain_id,
        get_address_word(federation),
        round_number,
        get_address_word(voter),
        192,  # where the ballot is: after the six words of the head
        salt,
        len(ballot),
        ballot + bytes(-len(ballot) % 32),
    )


def compute_mix(mix: bytes, voter: Address, salt: bytes) -> bytes:
    """Return the mix with one more opened ballot in it. The order of reveals does not matter."""
    return compute_xor(mix, compute_hash(get_address_word(voter), salt))
