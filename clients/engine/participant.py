"""Whom this process acts for."""

from dataclasses import dataclass, replace

from clients.types.federation import Address
from clients.types.keys import SaltSource


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant that this process acts for; `index` is its place in the partition."""

    index: int
    account: Address
    salts: SaltSource
    attack: str = ""
    lies: bool = False
    forges: bool = False
    patience: int = 0
    """The stake in base units below which an attacker behaves."""

    @property
    def malicious(self) -> bool:
        """Return whether it attacks in any way."""
        return bool(self.attack)

    def at(self, stake: int) -> "Participant":
        """Return the participant as it acts with this `stake`: honest while it waits to be rich."""
        return self if stake >= self.patience else replace(self, attack="", lies=False, forges=False)
