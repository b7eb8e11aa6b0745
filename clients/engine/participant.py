"""Whom this process acts for, and by which rules."""

from dataclasses import dataclass, replace

from clients.protocol.stake_vote import STAKE_VOTE
from clients.types.federation import Address, StakeVoteTerms
from clients.types.keys import SaltSource


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant that this process acts for; `index` is its place in the partition."""

    index: int
    account: Address
    salts: SaltSource
    attack: str = ""
    lies: bool = False
    patience: int = 0
    """The stake in base units below which an attacker behaves."""

    @property
    def malicious(self) -> bool:
        """Return whether it attacks in any way."""
        return bool(self.attack)

    def at(self, stake: int) -> "Participant":
        """Return the participant as it acts with this `stake`: honest while it waits to be rich."""
        return self if stake >= self.patience else replace(self, attack="", lies=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """A federation's terms, and the participants' own policy: the tolerance of eq. (2)."""

    terms: StakeVoteTerms
    tolerance: float

    @property
    def min_members(self) -> int:
        """Return how few members still open a round."""
        return STAKE_VOTE.panel.get_fewest(self.terms)
