"""The interfaces to an account's key and to its secrets. `clients.ports.keys` implements them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from clients.types.federation import Address


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction as it goes over the wire, and the hash by which the chain knows it."""

    raw: str
    hash: str


class Signer(Protocol):
    """An account's key. It signs, and never shows itself."""

    @property
    def address(self) -> Address:
        """Return the account's checksummed address."""
        ...

    def sign(self, transaction: Mapping[str, object]) -> Signed:
        """Return `transaction` (eth-account's fields), signed."""
        ...


class SaltSource(Protocol):
    """Computes a participant's secrets: always the same ones, so none is ever lost."""

    def salt(self, chain_id: int, federation: Address, round_number: int) -> bytes:
        """Return the 32 bytes of salt for the one vote of `round`."""
        ...

    def root(self, chain_id: int, federation: Address, number: int) -> bytes:
        """Return the 32 bytes that the participant's chain of secrets `number` begins with (0, 1, …)."""
        ...
