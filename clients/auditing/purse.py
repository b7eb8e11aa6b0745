"""The token in an audit: every payer can pay, and the federation's incoming and outgoing tokens are
recorded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from clients.auditing.source import Transfer
from clients.protocol.ledger import TokenBook
from clients.types.federation import Address

Flows = Counter[tuple[bool, Address, int]]
"""How often a transfer occurred, by (whether into the federation, the other account, base units)."""


@dataclass(slots=True)
class Purse(TokenBook):
    """Keeps the federation's own balance only; the audit doesn't need others'."""

    flows: Flows = field(default_factory=Counter)

    def process_transfer_from(self, spender: Address, owner: Address, amount: int) -> None:
        """Take `amount` from `owner`. The real token checked balance and allowance."""
        self.process_mint(spender, amount)
        self._note(True, owner, amount)

    def process_transfer(self, sender: Address, to: Address, amount: int) -> None:
        """Pay out `amount`. ERC20InsufficientBalance if the federation doesn't have it."""
        TokenBook.process_transfer(self, sender, to, amount)
        if to != sender:
            self.balances.pop(to)
        self._note(False, to, amount)

    def _note(self, inwards: bool, account: Address, amount: int) -> None:
        if amount:
            self.flows[inwards, account, amount] += 1

    def take_flows(self) -> Flows:
        """Return the flows since the last call."""
        flows, self.flows = self.flows, Counter()
        return flows


def count_flows(transfers: Iterable[Transfer], federation: Address) -> Flows:
    """Return the flows of the token's transfers from and to the federation."""
    flows: Flows = Counter()
    for one in transfers:
        if one.amount and one.sender != one.to:
            inwards = one.to == federation
            flows[inwards, one.sender if inwards else one.to, one.amount] += 1
    return flows
