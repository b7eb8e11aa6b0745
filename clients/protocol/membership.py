"""Who is a member, with what stake: actions between rounds, and the booking of rounds that are over.

*Booking* (`_book`) applies a settled round to a member when it next acts or is collected.
"""

from dataclasses import replace

from clients.protocol.ledger import MEMBERS_MAX, STAKE_MAX
from clients.protocol.state import Env, compute_event
from clients.protocol.views import FederationView, T
from clients.types.errors import ProtocolError
from clients.types.federation import Address, Event, Member, Standing


class Membership(FederationView[T]):
    """A federation as far as members come and go, and money comes in and goes out."""

    # ------------------------------------------------------------------ booking

    def _book(self, env: Env, account: Address) -> tuple[Member, list[Event]]:
        """Return the booked record and the events of the booking. Writes nothing."""
        member = self.state.ledger.get(account)
        booked = self._compute_booked(account, member)
        if booked is member:
            return member, []
        told = {"account": account, "round": member.round, "delta": booked.stake - member.stake}
        events = [compute_event(env, "Collected", **told, stake=booked.stake)]
        if booked.standing is not member.standing:
            events.append(self._tell_banned(env, account, booked))
        return booked, events

    def _tell_banned(self, env: Env, account: Address, member: Member) -> Event:
        return compute_event(env, "Banned", account=account, round=member.round, stake=member.stake)

    def _book_active(self, env: Env, account: Address) -> tuple[Member, list[Event]]:
        """Book; AccountBanned where the booking bans."""
        booked, events = self._book(env, account)
        if booked.standing is Standing.BANNED:
            raise ProtocolError("AccountBanned", account)
        return booked, events

    # ------------------------------------------------------------------ membership

    def process_join(self, env: Env, sender: Address, stake: int) -> list[Event]:
        """Register the sender, with `stake` out of its tokens."""
        self.check_newcomer(sender)
        self.mechanism.admission.check_join(self.terms, self.state, sender)
        if stake < self.terms.bond:
            raise ProtocolError("StakeTooLow", stake, self.terms.bond)
        if stake > STAKE_MAX:
            raise ProtocolError("AmountTooLarge", stake, STAKE_MAX)
        if len(self.state.ledger.registry) >= MEMBERS_MAX:
            raise ProtocolError("RegistryFull", MEMBERS_MAX)
        fee = self.mechanism.admission.get_fee(self.terms)
        self.state.token.process_transfer_from(self.address, sender, stake + fee)
        waits = self.mechanism.admission.is_to_wait(self.terms, self.state, sender)
        self.state.ledger.process_register(sender, stake, waits=waits)
        joined = compute_event(env, "Joined", account=sender, stake=stake)
        return [joined, self._fill_pool(env, sender, fee)] if fee else [joined]

    def process_fund(self, env: Env, sender: Address, amount: int) -> list[Event]:
        """Add `amount` of the sender's tokens to the pool."""
        if amount == 0:
            raise ProtocolError("ZeroAmount")
        if amount > STAKE_MAX:
            raise ProtocolError("AmountTooLarge", amount, STAKE_MAX)
        self.state.token.process_transfer_from(self.address, sender, amount)
        return [self._fill_pool(env, sender, amount)]

    def _fill_pool(self, env: Env, account: Address, amount: int) -> Event:
        self.state.pool += amount
        return compute_event(env, "Funded", account=account, amount=amount, pool=self.state.pool)

    def process_deposit(self, env: Env, sender: Address, amount: int) -> list[Event]:
        """Add `amount` to the sender's stake."""
        self.check_active(sender, self.state.ledger.get(sender))
        if amount == 0:
            raise ProtocolError("ZeroAmount")
        member, events = self._book_active(env, sender)
        if amount > STAKE_MAX - member.stake:
            raise ProtocolError("AmountTooLarge", amount, STAKE_MAX - member.stake)
        self.state.token.process_transfer_from(self.address, sender, amount)
        stake = member.stake + amount
        self.state.ledger.members[sender] = replace(member, stake=stake)
        return [*events, compute_event(env, "Deposited", account=sender, amount=amount, stake=stake)]

    def process_exit(self, env: Env, sender: Address) -> list[Event]:
        """Take the sender out of the registry; its stake unbonds."""
        self._check_member(sender)
        self.mechanism.task.check_exit(self.terms, self.state, env)
        member, events = self._book_active(env, sender)
        unbonds_at = env.time + self.terms.schedule.unbonding
        self.state.ledger.process_remove(sender, member, Standing.LEAVING, unbonds_at)
        return [*events, compute_event(env, "Left", account=sender, stake=member.stake, unbondsAt=unbonds_at)]

    def process_withdraw(self, env: Env, sender: Address) -> list[Event]:
        """Pay out the sender's unbonded stake."""
        member = self.state.ledger.get(sender)
        if member.index or not member.stake:
            raise ProtocolError("NothingToWithdraw", sender)
        if env.time < member.unbonds_at:
            raise ProtocolError("TooEarly", env.time, member.unbonds_at)
        standing = Standing.STRANGER if member.standing is Standing.LEAVING else member.standing
        self.state.token.process_transfer(self.address, sender, member.stake)
        self.state.ledger.members[sender] = replace(member, stake=0, standing=standing)
        return [compute_event(env, "Withdrawn", account=sender, amount=member.stake)]

    def process_claim(self, env: Env, sender: Address) -> list[Event]:
        """Pay out what the sender owns above the bond."""
        self._check_not_in_play(sender, self._check_member(sender))
        member, events = self._book_active(env, sender)
        amount, bond = member.stake - self.terms.bond, self.terms.bond
        if amount <= 0:
            raise ProtocolError("NothingToClaim", sender)
        self.state.token.process_transfer(self.address, sender, amount)
        self.state.ledger.members[sender] = replace(member, stake=bond)
        return [*events, compute_event(env, "Claimed", account=sender, amount=amount, stake=bond)]

    def process_collect(self, env: Env, sender: Address, account: Address) -> list[Event]:
        """Book what `account` gained or lost. Anybody may."""
        member = self.state.ledger.get(account)
        if member.standing is Standing.STRANGER:
            raise ProtocolError("NotMember", account, member.standing)
        self._check_not_in_play(account, member)
        self.state.ledger.members[account], events = self._book(env, account)
        return events

    def process_evict(self, env: Env, sender: Address, accounts: list[Address]) -> list[Event]:
        """Remove from the registry who is banned, barred, or absent for too long; skip the others."""
        ledger = self.state.ledger
        unbonds_at = env.time + self.terms.schedule.unbonding
        events: list[Event] = []
        for account in accounts:
            if not ledger.get(account).index:
                continue
            member, booked = self._book(env, account)
            events += booked
            if member.standing is not Standing.BANNED and self.is_barred(account):
                member = replace(member, standing=Standing.BANNED)
                events.append(self._tell_banned(env, account, member))
            ledger.members[account] = member
            banned = member.standing is Standing.BANNED
            if banned or self.is_absent(account, member):
                if not banned:
                    self.note_put_out(account)
                standing = Standing.BANNED if banned else Standing.LEAVING
                ledger.process_remove(account, member, standing, unbonds_at)
                events.append(
                    compute_event(env, "Evicted", account=account, stake=member.stake, unbondsAt=unbonds_at)
                )
        return events

    def note_put_out(self, account: Address) -> None:
        """Note that `account` is put out for absence, and forget what it missed."""
        state = self.state
        state.absences = {one: absence for one, absence in state.absences.items() if one != account}
        state.put_out_after = self.round_number

    def _check_member(self, account: Address) -> Member:
        member = self.state.ledger.get(account)
        if member.standing is not Standing.MEMBER:
            raise ProtocolError("NotMember", account, member.standing)
        return member

    def _check_not_in_play(self, account: Address, member: Member) -> None:
        if self._is_in_play(member):
            raise ProtocolError("RoundInPlay", account, self.round_number)
