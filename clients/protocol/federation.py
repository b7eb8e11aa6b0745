"""The state machine: one method an action, the checks in the order of `docs/reference/protocol.md`.

Every action checks first, moves tokens in as the last check, and only then writes: a refused one has changed
nothing.
"""

from collections.abc import Callable
from dataclasses import replace

from clients.protocol.commitment import compute_mix
from clients.protocol.draw import compute_seed
from clients.protocol.ledger import STAKE_MAX, Token
from clients.protocol.policies import Mechanism
from clients.protocol.rounds import ACTIONS, check_arguments
from clients.protocol.state import Env, compute_event
from clients.protocol.tally import EMPTY, compute_tally
from clients.protocol.views import FederationView, T
from clients.types.chain import Call
from clients.types.errors import ProtocolError, unknown_name
from clients.types.federation import ZERO32, Act, Address, Event, Member, Role, Round, Standing


class Federation(FederationView[T]):
    """A federation that acts: `apply` a call, or call one of the `process_` methods' actions by name."""

    def __init__(
        self,
        mechanism: Mechanism[T],
        terms: T,
        *,
        address: Address,
        chain_id: int,
        token: Token | None = None,
    ) -> None:
        super().__init__(mechanism, terms, address=address, chain_id=chain_id, token=token)
        self._process: dict[str, Callable[..., list[Event]]] = {
            name: getattr(self, f"process_{name}") for name in ACTIONS
        }

    # ------------------------------------------------------------------ one action

    def apply(self, env: Env, call: Call) -> list[Event]:
        """Carry out `call` and return its events. ProtocolError where the rules refuse it; RequestError where
        it is no action at all."""
        action = ACTIONS.get(call.method)
        if action is None:
            raise unknown_name("action", call.method, ACTIONS)
        check_arguments(call, action.types)
        if action.names_round and call.args[0] != self.number:
            raise ProtocolError("WrongRound", call.args[0], self.number)
        if action.phase is not None:
            phase = self.get_phase(env)
            if phase is not action.phase:
                raise ProtocolError("WrongPhase", phase, action.phase)
        if action.role is not Role.NONE:
            self._check_part(call.sender, action.role)
        return self._process[call.method](env, call.sender, *call.args)

    def _check_part(self, account: Address, needed: Role) -> None:
        member = self.state.ledger.get(account)
        self._check_active(account, member)
        role, _ = self._get_part(member)
        if role is not needed:
            raise ProtocolError("WrongRole", account, role, needed)
        if self._is_in_play(member):
            raise ProtocolError("AlreadyActed", account, self.number, member.act)

    def _check_active(self, account: Address, member: Member) -> None:
        if member.standing is Standing.BANNED:
            raise ProtocolError("AccountBanned", account)
        if member.standing is not Standing.MEMBER:
            raise ProtocolError("NotMember", account, member.standing)

    # ------------------------------------------------------------------ booking

    def _book(self, env: Env, account: Address) -> tuple[Member, list[Event]]:
        """Return the booked entry and the events of the booking. Writes nothing."""
        member = self.state.ledger.get(account)
        booked = self._compute_booked(member)
        if booked is member:
            return member, []
        delta = booked.stake - member.stake
        events = [
            compute_event(
                env, "Collected", account=account, round=member.round, delta=delta, stake=booked.stake
            )
        ]
        if booked.standing is Standing.BANNED:
            events.append(
                compute_event(env, "Banned", account=account, round=member.round, stake=booked.stake)
            )
        return booked, events

    def _book_active(self, env: Env, account: Address) -> tuple[Member, list[Event]]:
        """Book; AccountBanned where the booking bans."""
        booked, events = self._book(env, account)
        if booked.standing is Standing.BANNED:
            raise ProtocolError("AccountBanned", account)
        return booked, events

    # ------------------------------------------------------------------ membership

    def process_join(self, env: Env, sender: Address, stake: int) -> list[Event]:
        """Register the sender, with `stake` out of its tokens."""
        standing = self.state.ledger.get(sender).standing
        if standing is Standing.BANNED:
            raise ProtocolError("AccountBanned", sender)
        if standing is not Standing.STRANGER:
            raise ProtocolError("AlreadyMember", sender, standing)
        if stake < self.terms.bond:
            raise ProtocolError("StakeTooLow", stake, self.terms.bond)
        if stake > STAKE_MAX:
            raise ProtocolError("AmountTooLarge", stake, STAKE_MAX)
        self.state.token.process_transfer_from(self.address, sender, stake)
        self.state.ledger.process_register(sender, stake)
        return [compute_event(env, "Joined", account=sender, stake=stake)]

    def process_deposit(self, env: Env, sender: Address, amount: int) -> list[Event]:
        """Add `amount` to the sender's stake."""
        self._check_active(sender, self.state.ledger.get(sender))
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
        member, events = self._book_active(env, sender)
        unbonds_at = env.time + self.terms.schedule.unbonding
        self.state.ledger.process_remove(sender, member, Standing.LEAVING, unbonds_at)
        return [*events, compute_event(env, "Left", account=sender, stake=member.stake, unbondsAt=unbonds_at)]

    def process_withdraw(self, env: Env, sender: Address) -> list[Event]:
        """Hand out the sender's unbonded stake."""
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
        """Hand out what the sender owns above the bond."""
        self._check_not_in_play(sender, self._check_member(sender))
        member, events = self._book_active(env, sender)
        amount, bond = member.stake - self.terms.bond, self.terms.bond
        if amount == 0:
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
        """Take those who are banned out of the registry; pass over the others."""
        ledger = self.state.ledger
        unbonds_at = env.time + self.terms.schedule.unbonding
        events: list[Event] = []
        for account in accounts:
            if not ledger.get(account).index:
                continue
            member, booked = self._book(env, account)
            events += booked
            if member.standing is Standing.BANNED:
                ledger.process_remove(account, member, Standing.BANNED, unbonds_at)
                events.append(
                    compute_event(env, "Evicted", account=account, stake=member.stake, unbondsAt=unbonds_at)
                )
            else:
                ledger.members[account] = member
        return events

    def _check_member(self, account: Address) -> Member:
        member = self.state.ledger.get(account)
        if member.standing is not Standing.MEMBER:
            raise ProtocolError("NotMember", account, member.standing)
        return member

    def _check_not_in_play(self, account: Address, member: Member) -> None:
        if self._is_in_play(member):
            raise ProtocolError("SeatInPlay", account, self.number)

    # ------------------------------------------------------------------ the round

    def process_open(self, env: Env, sender: Address) -> list[Event]:
        """Freeze the registry and open the next round."""
        state, terms = self.state, self.terms
        members, needed = len(state.ledger.registry), terms.seats + terms.min_voters
        if env.time < state.rest_until:
            raise ProtocolError("TooEarly", env.time, state.rest_until)
        if members < needed:
            raise ProtocolError("TooFewMembers", members, needed)
        state.rounds.append(Round(members=members))
        state.seal_block = env.block
        state.tally = EMPTY
        state.commitments.clear()
        return [compute_event(env, "Opened", round=self.number, members=members, sealBlock=env.block)]

    def process_draw(self, env: Env, sender: Address) -> list[Event]:
        """Record the seed, and with it who does what, until when."""
        state = self.state
        if env.block <= state.seal_block:
            raise ProtocolError("BlockTooEarly", env.block, state.seal_block + 1)
        state.seed = compute_seed(env.entropy(self.number, state.seal_block), state.mix, self.number)
        state.rounds[-1] = replace(self.record, drawn_at=env.time)
        return [compute_event(env, "Drawn", round=self.number, seed=state.seed)]

    def process_propose(
        self, env: Env, sender: Address, number: int, digest: bytes, samples: int
    ) -> list[Event]:
        """Record a proposal; its digest and samples are in the event alone."""
        if digest == ZERO32:
            raise ProtocolError("EmptyDigest")
        if not 0 < samples <= self.terms.max_samples:
            raise ProtocolError("SamplesOutOfRange", samples, self.terms.max_samples)
        member, events = self._book_active(env, sender)
        _, position = self._get_part(member)
        self.state.ledger.members[sender] = replace(member, round=number, act=Act.PROPOSED)
        self.state.rounds[-1] = replace(self.record, proposals=self.record.proposals + 1)
        proposed = compute_event(
            env, "Proposed", round=number, proposer=sender, position=position, digest=digest, samples=samples
        )
        return [*events, proposed]

    def process_commit(self, env: Env, sender: Address, number: int, commitment: bytes) -> list[Event]:
        """Record a sealed ballot."""
        if commitment == ZERO32:
            raise ProtocolError("EmptyCommitment")
        member, events = self._book_active(env, sender)
        self.state.ledger.members[sender] = replace(member, round=number, act=Act.COMMITTED)
        self.state.commitments[sender] = commitment
        self.state.rounds[-1] = replace(self.record, commits=self.record.commits + 1)
        return [*events, compute_event(env, "Committed", round=number, voter=sender, commitment=commitment)]

    def process_reveal(
        self, env: Env, sender: Address, number: int, ballot: bytes, salt: bytes
    ) -> list[Event]:
        """Open a sealed ballot and count it."""
        state = self.state
        member = state.ledger.get(sender)
        act = member.act if member.round == number else Act.NONE
        if act is Act.REVEALED:
            raise ProtocolError("AlreadyActed", sender, number, act)
        if act is not Act.COMMITTED:
            raise ProtocolError("NotCommitted", sender, number)
        committed = state.commitments[sender]
        revealed = self.compute_commitment(number, sender, ballot, salt)
        if revealed != committed:
            raise ProtocolError("CommitmentMismatch", sender, committed, revealed)
        state.tally, option = compute_tally(state.tally, ballot)
        state.mix = compute_mix(state.mix, sender, salt)
        state.ledger.members[sender] = replace(member, option=option, act=Act.REVEALED)
        state.rounds[-1] = replace(
            self.record,
            reveals=self.record.reveals + 1,
            lead=state.tally.lead,
            options=len(state.tally.ballots),
            leader=state.tally.leader,
        )
        return [compute_event(env, "Revealed", round=number, voter=sender, ballot=ballot, salt=salt)]

    def process_settle(self, env: Env, sender: Address) -> list[Event]:
        """Fix the round's outcome, rewards a head, pool and head."""
        state, terms, record, tally = self.state, self.terms, self.record, self.state.tally
        voters = self.mechanism.panel.count_voters(terms, record.members)
        outcome = self.mechanism.verdict.compute_outcome(terms, record, tally, voters)
        paid = self.mechanism.payout.compute_settlement(terms, record, outcome, state.pool)
        state.rounds[-1] = replace(
            record, outcome=outcome, proposer_reward=paid.proposer_reward, voter_reward=paid.voter_reward
        )
        state.pool = paid.pool
        state.head = self.mechanism.publication.get_head(outcome, tally, state.head)
        state.rest_until = env.time + terms.schedule.open
        settled = compute_event(
            env,
            "Settled",
            round=self.number,
            outcome=outcome,
            candidate=tally.candidate,
            head=state.head,
            votesFor=record.reveals - tally.against,
            votesAgainst=tally.against,
            proposerReward=paid.proposer_reward,
            voterReward=paid.voter_reward,
            pool=state.pool,
        )
        return [settled]
