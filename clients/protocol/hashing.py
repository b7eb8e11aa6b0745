"""keccak256(abi.encode(...)) of static values, each of them a 32-byte word; and what a commitment binds."""

from functools import lru_cache
from importlib.util import find_spec

from eth_hash.main import Keccak256
from eth_hash.utils import load_backend
from eth_utils.address import to_checksum_address

from clients.types.federation import Address

# Half of a round without learning is hashing, and eth-hash would take its slower backend first.
keccak = Keccak256(load_backend("pysha3" if find_spec("sha3") else "pycryptodome"))
UINT256_MAX = 2**256 - 1


@lru_cache(maxsize=65536)
def get_address_word(address: Address) -> bytes:
    """Return the address, left-padded to a word."""
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


@lru_cache(maxsize=65536)
def get_checksummed(address: str) -> Address:
    """Return the address in its one spelling, the checksummed one. ValueError where it is none."""
    return to_checksum_address(address)


def compute_words(*values: int | bytes) -> bytes:
    """Return abi.encode of `values`: unsigned integers and 32-byte words."""
    return b"".join([value.to_bytes(32, "big") if isinstance(value, int) else value for value in values])


def compute_hash(*values: int | bytes) -> bytes:
    """Return keccak256(abi.encode(values)): unsigned integers and 32-byte words."""
    return keccak(compute_words(*values))


def compute_xor(left: bytes, right: bytes) -> bytes:
    """Return the exclusive or of two words."""
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(32, "big")


def compute_pledge(
    chain_id: int,
    federation: Address,
    round_number: int,
    proposer: Address,
    digest: bytes,
    samples: int,
    epochs: int,
) -> bytes:
    """Return the pledge of an update. It binds chain, federation, round and proposer, so that nobody can copy
    it. It needs no salt: nobody can guess the digest of weights that they don't have.

    keccak256(abi.encode(chainid, federation, round, proposer, digest, samples, epochs)).
    """
    return compute_hash(
        chain_id,
        get_address_word(federation),
        round_number,
        get_address_word(proposer),
        digest,
        samples,
        epochs,
    )


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
