"""The state machine: one method per action, with checks in the order of `docs/reference/protocol.md`.

An action checks first, takes tokens in as its last check, and then writes: a refused one changes nothing.
Money moves in two steps. *Settling* (`process_settle`) fixes outcome, head, rewards and pool, and looks at no
member. *Booking* (`_book`) applies a settled round to a member when it next acts or is collected.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from clients.protocol.claims import check_claim
from clients.protocol.docket import BLANK, Docket, Publication, Publisher, Update
from clients.protocol.draw import compute_mix, compute_seed
from clients.protocol.ledger import MEMBERS_MAX, STAKE_MAX, TokenBook
from clients.protocol.policies import Mechanism
from clients.protocol.rounds import ACTIONS, Action, check_arguments
from clients.protocol.state import Env, compute_event
from clients.protocol.views import FederationView, T
from clients.types.chain import Call
from clients.types.errors import ProtocolError, unknown_name
from clients.types.federation import ZERO32, Act, Address, Event, Member, Outcome, Role, Round, Standing


class Federation(FederationView[T]):
    """A federation that acts: `apply` a call, or call one of the `process_` methods' actions by name."""

    def __init__(
        self,
        mechanism: Mechanism[T],
        terms: T,
        *,
        address: Address,
        chain_id: int,
        token: TokenBook | None = None,
    ) -> None:
        super().__init__(mechanism, terms, address=address, chain_id=chain_id, token=token)
        own = mechanism.actions
        self.actions: dict[str, Action] = {**ACTIONS, **{name: own[name].action for name in own}}
        """Every action of this federation, including the mechanism's own."""
        self._process: dict[str, Callable[..., list[Event]]] = {
            **{name: getattr(self, f"process_{name}") for name in ACTIONS},
            **{name: partial(own[name].process, self) for name in own},
        }

    # ------------------------------------------------------------------ one action

    def apply(self, env: Env, call: Call) -> list[Event]:
        """Carry out `call` and return its events. ProtocolError if the rules refuse it; RequestError if it is
        no action at all."""
        action = self.actions.get(call.method)
        if action is None:
            raise unknown_name("action", call.method, self.actions)
        check_arguments(call, action.types)
        if action.names_round and call.args[0] != self.round_number:
            raise ProtocolError("WrongRound", call.args[0], self.round_number)
        if action.phase is not None:
            phase = self.get_phase(env)
            if phase is not action.phase:
                raise ProtocolError("WrongPhase", phase, action.phase)
        if action.role is not Role.NONE:
            self._check_part(call.sender, action)
        return self._process[call.method](env, call.sender, *call.args)

    def _check_part(self, account: Address, action: Action) -> None:
        member = self.state.ledger.get(account)
        self.check_active(account, member)
        roles, _ = self.get_part(account, member)
        if action.role not in roles:
            raise ProtocolError("WrongRole", account, roles, action.role)
        acts = self.get_acts(member)
        if action.act in acts:
            raise ProtocolError("AlreadyActed", account, self.round_number, acts)

    def _note_act(
        self,
        account: Address,
        member: Member,
        act: Act,
        *,
        update_number: int | None = None,
        option: int | None = None,
    ) -> None:
        """Write the member's record with its act in the current round."""
        self.state.ledger.members[account] = replace(
            member,
            round=self.round_number,
            acts=self.get_acts(member) | act,
            update_number=member.update_number if update_number is None else update_number,
            option=member.option if option is None else option,
        )

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

    # ------------------------------------------------------------------ the round

    def process_open(self, env: Env, sender: Address) -> list[Event]:
        """Let newcomers in, freeze the registry, and open the next round.

        Postpone it if too few are in or may come in, and with the latest there are enough; and the first,
        once, if there are enough, and most of the founders are missing.
        """
        state, members, fewest = self.state, self.inside, self.fewest
        if env.time < state.rest_until:
            raise ProtocolError("TooEarly", env.time, state.rest_until)
        if members < fewest:
            there = len(state.ledger.registry) if self.round_number else members
            if there < self.mechanism.panel.get_fewest(self.terms):
                raise ProtocolError("TooFewMembers", members, fewest)
            if self.round_number:
                state.ledger.process_postpone()
            state.rest_until = env.time + self.terms.schedule.unbonding
            told = {"round": self.round_number + 1, "until": state.rest_until}
            return [compute_event(env, "Postponed", **told)]
        self.mechanism.task.check_open(self.terms, state, env)
        state.ledger.process_let_in(self.newcomers, fewest)
        state.rounds.append(Round(members=members))
        state.dockets.append(BLANK)
        state.seal_block = env.block
        state.commitments.clear()
        return [compute_event(env, "Opened", round=self.round_number, members=members, sealBlock=env.block)]

    def process_draw(self, env: Env, sender: Address) -> list[Event]:
        """Record the seed, which fixes everybody's roles, and the time, which fixes the phases' ends."""
        state = self.state
        if env.block <= state.seal_block:
            raise ProtocolError("BlockTooEarly", env.block, state.seal_block + 1)
        seed = compute_seed(env.entropy(self.round_number, state.seal_block), state.mix, self.round_number)
        state.dockets[-1] = replace(self.docket, seed=seed)
        state.rounds[-1] = replace(self.record, drawn_at=env.time)
        return [compute_event(env, "Drawn", round=self.round_number, seed=seed)]

    def process_pledge(self, env: Env, sender: Address, round_number: int, pledge: bytes) -> list[Event]:
        """Record the sealed promise of an update."""
        if pledge == ZERO32:
            raise ProtocolError("EmptyPledge")
        member, events = self._book_active(env, sender)
        self._note_act(sender, member, Act.PLEDGED)
        self.state.commitments[sender] = pledge
        self.state.rounds[-1] = replace(self.record, pledges=self.record.pledges + 1)
        pledged = compute_event(env, "Pledged", round=round_number, proposer=sender, pledge=pledge)
        return [*events, pledged]

    def process_propose(
        self, env: Env, sender: Address, round_number: int, digest: bytes, samples: int, epochs: int
    ) -> list[Event]:
        """Record a proposal, numbered in the order of arrival."""
        if digest == ZERO32:
            raise ProtocolError("EmptyDigest")
        if self.terms.schedule.pledge:
            self._check_pledged(sender, digest, samples, epochs)
        check_claim(self.terms, samples, epochs)
        self.mechanism.subject.check_proposal(self.terms, self.state, sender, samples)
        member, events = self._book_active(env, sender)
        record, docket = self.record, self.docket
        self._note_act(sender, member, Act.PROPOSED, update_number=record.proposals)
        update = Update(sender, digest, samples, epochs)
        self.state.dockets[-1] = replace(docket, updates=(*docket.updates, update))
        self.state.rounds[-1] = replace(record, proposals=record.proposals + 1)
        proposed = compute_event(
            env,
            "Proposed",
            round=round_number,
            proposer=sender,
            updateNumber=record.proposals,
            digest=digest,
            samples=samples,
            epochs=epochs,
        )
        return [*events, proposed]

    def _check_pledged(self, account: Address, digest: bytes, samples: int, epochs: int) -> None:
        member = self.state.ledger.get(account)
        if Act.PLEDGED not in self.get_acts(member):
            raise ProtocolError("NotPledged", account, self.round_number)
        pledged = self.state.commitments[account]
        shown = self.compute_pledge(self.round_number, account, digest, samples, epochs)
        if shown != pledged:
            raise ProtocolError("PledgeMismatch", account, pledged, shown)

    def process_commit(self, env: Env, sender: Address, round_number: int, commitment: bytes) -> list[Event]:
        """Record a sealed ballot."""
        if commitment == ZERO32:
            raise ProtocolError("EmptyCommitment")
        self.mechanism.guard.check_commit(self.terms, self.state, env)
        member, events = self._book_active(env, sender)
        self._note_act(sender, member, Act.COMMITTED)
        self.state.commitments[sender] = commitment
        self.state.rounds[-1] = replace(self.record, commits=self.record.commits + 1)
        return [
            *events,
            compute_event(env, "Committed", round=round_number, voter=sender, commitment=commitment),
        ]

    def process_reveal(
        self, env: Env, sender: Address, round_number: int, ballot: bytes, salt: bytes
    ) -> list[Event]:
        """Open a sealed ballot and count it."""
        state, record = self.state, self.record
        member = state.ledger.get(sender)
        self.check_active(sender, member)
        acts = self.get_acts(member)
        if Act.REVEALED in acts:
            raise ProtocolError("AlreadyActed", sender, round_number, acts)
        if Act.COMMITTED not in acts:
            raise ProtocolError("NotCommitted", sender, round_number)
        committed = state.commitments[sender]
        revealed = self.compute_commitment(round_number, sender, ballot, salt)
        if revealed != committed:
            raise ProtocolError("CommitmentMismatch", sender, committed, revealed)
        docket, option = self.mechanism.verdict.count(self.terms, record, self.docket, sender, ballot)
        state.mix = compute_mix(state.mix, sender, salt)
        self._note_act(sender, member, Act.REVEALED, option=option)
        self._note_tally(docket, reveals=1)
        return [compute_event(env, "Revealed", round=round_number, voter=sender, ballot=ballot, salt=salt)]

    def process_publish(
        self, env: Env, sender: Address, round_number: int, digest: bytes, selection: int, nonce: bytes
    ) -> list[Event]:
        """Record a publisher's digest of the model that the selected updates make."""
        state, terms, record, mechanism = self.state, self.terms, self.record, self.mechanism
        member, events = self._book_active(env, sender)
        roles, _ = self.get_part(sender, member)
        publisher = Publisher(sender, member, roles)
        publication = Publication(digest, selection, nonce)
        docket, option = mechanism.publication.count(terms, record, self.docket, publisher, publication)
        self._note_act(sender, member, Act.PUBLISHED, option=option)
        record = self._note_tally(docket, publications=1)
        state.own = mechanism.own_state.note_published(terms, state.own, record, docket)
        published = compute_event(
            env,
            "Published",
            round=round_number,
            publisher=sender,
            digest=digest,
            selection=selection,
            nonce=nonce,
        )
        return [*events, published]

    def _note_tally(self, docket: Docket, *, reveals: int = 0, publications: int = 0) -> Round:
        """Write the current round's docket, and its record with what the tally has come to; return that."""
        record, tally = self.record, docket.tally
        self.state.dockets[-1] = docket
        self.state.rounds[-1] = replace(
            record,
            reveals=record.reveals + reveals,
            publications=record.publications + publications,
            leading_count=tally.leading_count,
            options=len(tally.entries),
            leading_option=tally.leading_option,
        )
        return self.record

    def process_settle(self, env: Env, sender: Address) -> list[Event]:
        """Fix the round's outcome, winner, rewards, pool and head."""
        state, terms, record, docket = self.state, self.terms, self.record, self.docket
        mechanism, candidate, events = self.mechanism, docket.tally.candidate, []
        outcome = mechanism.verdict.compute_outcome(terms, record, docket, self.wanted)
        winner = "" if outcome is Outcome.UNDECIDED else mechanism.publication.get_winner(terms, docket)
        if winner:
            docket = replace(docket, winner=winner)
            events.append(
                compute_event(env, "BlockWon", round=self.round_number, winner=winner, digest=candidate)
            )
        paid = mechanism.payout.compute_settlement(terms, record, docket, outcome, state.pool)
        record = replace(
            record, outcome=outcome, proposer_reward=paid.proposer_reward, voter_reward=paid.voter_reward
        )
        state.rounds[-1], state.dockets[-1] = record, docket
        state.pool = paid.pool
        if outcome is Outcome.ACCEPTED:
            state.head = candidate
        state.own = mechanism.own_state.note_settled(terms, state.own, record, docket)
        state.rest_until = env.time + terms.schedule.open
        votes_for, votes_against = mechanism.verdict.count_votes(record, docket)
        settled = compute_event(
            env,
            "Settled",
            round=self.round_number,
            outcome=outcome,
            candidate=candidate,
            head=state.head,
            votesFor=votes_for,
            votesAgainst=votes_against,
            proposerReward=paid.proposer_reward,
            voterReward=paid.voter_reward,
            pool=state.pool,
        )
        return [*events, settled]
