"""Whom this process acts for."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clients.types.federation import Address
from clients.types.keys import SaltSource

if TYPE_CHECKING:  # settings are checked before torch is there
    from clients.learning.attacks import Attack


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant that this process acts for; `index` is its place in the partition."""

    index: int
    account: Address
    salts: SaltSource
    behaviour: "Attack | None" = None
    """How it attacks; None: it is honest."""
    patience: int = 0
    """The stake in base units below which an attacker behaves."""

    @property
    def malicious(self) -> bool:
        """Whether it attacks in any way."""
        return self.behaviour is not None

    @property
    def lies(self) -> bool:
        """Whether its votes say the opposite of what it found."""
        return self.behaviour is not None and self.behaviour.lies

    @property
    def forges(self) -> bool:
        """Whether it puts on record what the votes don't say."""
        return self.behaviour is not None and self.behaviour.forges

    @property
    def overclaims(self) -> bool:
        """Whether it claims more data than it has."""
        return self.behaviour is not None and self.behaviour.overclaims

    def at(self, stake: int) -> "Participant":
        """Return the participant as it acts with this `stake`: honest while it waits to be rich."""
        return self if stake >= self.patience else replace(self, behaviour=None)
