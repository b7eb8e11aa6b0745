"""The interfaces to an account's key and to votes' salts. `clients.ports.keys` implements them."""

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
    """Computes the salt of a vote: always the same for the same round, so none is ever lost."""

    def salt(self, chain_id: int, federation: Address, round_number: int) -> bytes:
        """Return the 32 bytes of salt for the one vote of `round`."""
        ...
