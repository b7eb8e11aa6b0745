"""The token as an audit has it: whoever pays can, and what the federation takes in and hands out is noted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from clients.auditing.source import Transfer
from clients.protocol.ledger import TokenBook
from clients.types.federation import Address

Flows = Counter[tuple[bool, Address, int]]
"""How often tokens went (into the federation or out of it, whose, how many base units)."""


@dataclass(slots=True)
class Purse(TokenBook):
    """The federation's own balance; others' are none of the audit's business."""

    flows: Flows = field(default_factory=Counter)

    def process_transfer_from(self, spender: Address, owner: Address, amount: int) -> None:
        """Take `amount` from `owner`: that it had and allowed as much, the token has seen to."""
        self.process_mint(spender, amount)
        self._note(True, owner, amount)

    def process_transfer(self, sender: Address, to: Address, amount: int) -> None:
        """Hand `amount` out. ERC20InsufficientBalance where the federation doesn't have it."""
        TokenBook.process_transfer(self, sender, to, amount)
        if to != sender:
            self.balances.pop(to)
        self._note(False, to, amount)

    def _note(self, inwards: bool, account: Address, amount: int) -> None:
        if amount:
            self.flows[inwards, account, amount] += 1

    def take_flows(self) -> Flows:
        """Return what has flowed since the last time."""
        flows, self.flows = self.flows, Counter()
        return flows


def count_flows(transfers: Iterable[Transfer], federation: Address) -> Flows:
    """Return the flows that the token tells of."""
    flows: Flows = Counter()
    for one in transfers:
        if one.amount and one.sender != one.to:
            inwards = one.to == federation
            flows[inwards, one.sender if inwards else one.to, one.amount] += 1
    return flows
