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
    """The records of all accounts that ever joined, and the registry.

    The registry has three zones: the members who are in, which the draw permutes; those who joined before the
    last round opened, and may come in with the next; and those who joined since. Where nobody waits, all are
    in. An opening that is postponed moves the zones on, too, and lets nobody in. A place that becomes free
    passes to the end of each zone, whose last member moves to where it was.
    """

    members: dict[Address, Member] = field(default_factory=dict)
    registry: list[Address] = field(default_factory=list)
    inside: int = 0
    """How many are in: the first ones of the registry."""
    eligible: int = 0
    """How many are in, or may come in with the next round: the first ones, likewise."""

    def get(self, account: Address) -> Member:
        """Return `account`'s record; a stranger's if it has none."""
        return self.members.get(account, STRANGER)

    def process_register(self, account: Address, stake: int, *, waits: bool = False) -> None:
        """Make `account` a member with `stake`: the last of all if it waits, else of those who are in."""
        self.registry.append(account)
        self.members[account] = replace(
            self.get(account), stake=stake, index=len(self.registry), standing=Standing.MEMBER
        )
        if not waits:  # the first of each zone behind makes room at the zone's end
            self.eligible += 1
            self._swap(self.eligible, len(self.registry))
            self.inside += 1
            self._swap(self.inside, self.eligible)

    def process_remove(self, account: Address, member: Member, standing: Standing, unbonds_at: int) -> None:
        """Remove `account`, whose record is now `member`. The last of each zone fills the gap in it."""
        gap = member.index
        if gap <= self.inside:
            gap = self._swap(gap, self.inside)
            self.inside -= 1
        if gap <= self.eligible:
            gap = self._swap(gap, self.eligible)
            self.eligible -= 1
        self._swap(gap, len(self.registry))
        self.registry.pop()
        self.members[account] = replace(member, index=0, standing=standing, unbonds_at=unbonds_at)

    def _swap(self, index: int, other: int) -> int:
        """Let the members at two indices change places; return the second index."""
        registry = self.registry
        registry[index - 1], registry[other - 1] = registry[other - 1], registry[index - 1]
        for place in {index, other} if index != other else ():
            account = registry[place - 1]
            self.members[account] = replace(self.members[account], index=place)
        return other

    def get_inside(self, newcomers: int, fewest: int) -> int:
        """Return how many are in once `newcomers` of those who may come in have done so, or as many of them
        as are missing from `fewest`, if those are more."""
        return min(self._count_places(newcomers, fewest), self.eligible)

    def _count_places(self, newcomers: int, fewest: int) -> int:
        """Return how many could be in after the next opening if enough waited."""
        return max(self.inside + newcomers, fewest)

    def process_let_in(self, newcomers: int, fewest: int) -> None:
        """Let in who comes in as a round opens; whoever else waits may come in with the next."""
        self.inside = self.get_inside(newcomers, fewest)
        self.process_postpone()

    def process_postpone(self) -> None:
        """Let everybody who waits be one of those who may come in."""
        self.eligible = len(self.registry)

    def get_wait(self, index: int, newcomers: int, fewest: int) -> int:
        """Return after how many openings the member at `index` comes in at the earliest; 0 if it is in.

        The latest can come in with the next only if fewer than `fewest` are in or may come in, so that it is
        postponed for them.
        """
        if index <= self.inside:
            return 0
        first = self._count_places(newcomers, fewest)
        wait = 1 if index <= first else (index - first - 1) // newcomers + 2
        return wait if index <= self.eligible or self.eligible < fewest else max(wait, 2)

    def copy(self) -> "Ledger":
        """Return an independent copy."""
        return replace(self, members=dict(self.members), registry=list(self.registry))
