"""The participants that this process acts for."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from clients.types.federation import Address
from clients.types.keys import SaltSource

if TYPE_CHECKING:  # settings are checked before torch is imported
    from clients.learning.attacks import Attack


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant that this process acts for; `index` is its place in the partition.

    `behaviour` is how it attacks; None if it is honest. `start` is its stake at the start, in base units.
    """

    index: int
    account: Address
    salts: SaltSource
    behaviour: "Attack | None" = None
    start: int = 0

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
        """Whether it publishes something that the votes don't say."""
        return self.behaviour is not None and self.behaviour.forges

    @property
    def overclaims(self) -> bool:
        """Whether it claims more data than it has."""
        return self.behaviour is not None and self.behaviour.overclaims

    def at(self, stake: int) -> "Participant":
        """Return the participant as it behaves with this `stake`: some attackers are honest until they are
        rich."""
        if self.behaviour is None:
            return self
        rich = int(Decimal(str(self.behaviour.patience)) * self.start)
        return self if stake >= rich else replace(self, behaviour=None)
