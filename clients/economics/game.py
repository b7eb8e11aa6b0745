"""The settings of a game."""

import math
from dataclasses import dataclass, replace

from clients.economics.handbook import HANDBOOKS, Handbook
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError
from clients.types.mechanisms import Leaf, get_leaf
from clients.types.settings import check_name, check_range
from clients.types.terms import DEFAULT_RULES, RULES, RuleSet


@dataclass(frozen=True, slots=True)
class Game:
    """The settings of a game. Amounts are in tokens.

    `rules`: the set of rules, which says what leaf stands for `mechanism`, and by which terms.
    `share`: of the `members` who belong to the coalition. `newcomers`: accounts that it has besides. `bonds`:
    what each account stakes, where it may choose. `juror`: how likely a juror is to notice a bad update, and
    not to suspect a good one. `together`: how likely a juror is to see what all others see, right or wrong.
    `outage`: how likely a member is to miss a round, whoever it is, each round anew.
    `train`, `judge`, `transaction`: the costs of training an update, judging one, sending a transaction.
    `margin`: what the sponsor puts into the pool for a round, as a multiple of what honest work costs in it.
    `samples` and `epochs`: what an honest member trains on. `attribution`: whether jurors of `stake_vote`
    name the updates to blame.
    """

    mechanism: str = "stake_vote"
    rules: RuleSet = DEFAULT_RULES
    members: int = 20
    share: float = 0.3
    newcomers: int = 0
    bonds: int = 4
    juror: float = 0.9
    together: float = 0.0
    outage: float = 0.0
    rounds: int = 12
    train: str = "1"
    judge: str = "0.02"
    transaction: str = "0.002"
    margin: float = 2.0
    samples: int = 500
    epochs: int = 4
    attribution: bool = False

    def __post_init__(self) -> None:
        """Check them."""
        check_name("mechanism", self.mechanism, HANDBOOKS)
        check_name("rules", self.rules, RULES)
        if self.attribution and not self.handbook.joint:
            raise RequestError(f"attribution: {self.mechanism} judges updates one by one and fixes no blame.")
        if self.newcomers and self.handbook.bids:
            raise RequestError(
                f"newcomers = {self.newcomers}: in {self.mechanism} nobody comes after the bids."
            )
        check_range("members", self.members, 1, 1000)
        check_range("newcomers", self.newcomers, 0, 1000)
        check_range("bonds", self.bonds, 1, 1000)
        check_range("rounds", self.rounds, 1, 10_000)
        for name in ("share", "juror", "together", "outage"):
            check_range(name, getattr(self, name), 0, 1, "a share between 0 and 1 is needed")
        if self.colluders >= self.members:
            raise RequestError(f"share = {self.share}: of {self.members} members none would be honest.")
        check_range("margin", self.margin, 0, math.inf, "0 or more is needed")
        for name in ("train", "judge", "transaction"):
            parse_amount(name, getattr(self, name))

    @property
    def leaf(self) -> Leaf:
        """What stands for the mechanism: the contract that is played, and defaults of its terms."""
        return get_leaf(self.mechanism, self.rules)

    @property
    def handbook(self) -> Handbook:
        """The leaf's handbook, with the terms that the game's mechanism wants to be given."""
        return replace(HANDBOOKS[self.leaf.name], own_terms=HANDBOOKS[self.mechanism].own_terms)

    @property
    def colluders(self) -> int:
        """How many of the members belong to the coalition."""
        return round(self.share * self.members)
