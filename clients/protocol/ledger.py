"""Money and membership: the token's books, the members' records, the registry."""

from dataclasses import dataclass, field, replace

from clients.protocol.hashing import UINT256_MAX
from clients.types.errors import ProtocolError
from clients.types.federation import STAKE_MAX as STAKE_MAX
from clients.types.federation import Address, Member, Standing

MEMBERS_MAX = 2**16 - 1
"""The most members that the registry has room for."""

STRANGER = Member()


@dataclass(slots=True)
class TokenBook:
    """An ERC-20 token, as far as a federation uses it: balances, and allowances by (owner, spender)."""

    balances: dict[Address, int] = field(default_factory=dict)
    allowances: dict[tuple[Address, Address], int] = field(default_factory=dict)

    def get_balance(self, account: Address) -> int:
        """Return `account`'s tokens, in base units."""
        return self.balances.get(account, 0)

    def process_mint(self, account: Address, amount: int) -> None:
        """Make `amount` new tokens."""
        self.balances[account] = self.get_balance(account) + amount

    def process_approve(self, owner: Address, spender: Address, amount: int) -> None:
        """Allow `spender` to take `amount` from `owner`; 2^256-1 is without limit."""
        self.allowances[owner, spender] = amount

    def process_transfer(self, sender: Address, to: Address, amount: int) -> None:
        """Move `amount`. ERC20InsufficientBalance if `sender` has less."""
        balance = self.get_balance(sender)
        if balance < amount:
            raise ProtocolError("ERC20InsufficientBalance", sender, balance, amount)
        self.balances[sender] = balance - amount
        self.balances[to] = self.get_balance(to) + amount

    def process_transfer_from(self, spender: Address, owner: Address, amount: int) -> None:
        """Move `amount` from `owner` to `spender`. The allowance is checked before the balance."""
        allowance = self.allowances.get((owner, spender), 0)
        if allowance < amount:
            raise ProtocolError("ERC20InsufficientAllowance", spender, allowance, amount)
        self.process_transfer(owner, spender, amount)
        if allowance != UINT256_MAX:
            self.allowances[owner, spender] = allowance - amount

    def copy(self) -> "TokenBook":
        """Return an independent copy."""
        return TokenBook(dict(self.balances), dict(self.allowances))


@dataclass(slots=True)
class Ledger:
    """The records of all accounts that ever joined, and the registry: the list that the draw permutes."""

    members: dict[Address, Member] = field(default_factory=dict)
    registry: list[Address] = field(default_factory=list)

    def get(self, account: Address) -> Member:
        """Return `account`'s record; a stranger's if it has none."""
        return self.members.get(account, STRANGER)

    def process_register(self, account: Address, stake: int) -> None:
        """Put `account` at the end of the registry, as a member with `stake`."""
        self.registry.append(account)
        self.members[account] = replace(
            self.get(account), stake=stake, index=len(self.registry), standing=Standing.MEMBER
        )

    def process_remove(self, account: Address, member: Member, standing: Standing, unbonds_at: int) -> None:
        """Remove `account`, whose record is now `member`, from the registry. The last one fills the gap."""
        last = self.registry.pop()
        if last != account:
            self.registry[member.index - 1] = last
            self.members[last] = replace(self.members[last], index=member.index)
        self.members[account] = replace(member, index=0, standing=standing, unbonds_at=unbonds_at)

    def copy(self) -> "Ledger":
        """Return an independent copy."""
        return Ledger(dict(self.members), list(self.registry))
