"""The state machine: one method per action, with checks in the order of `docs/reference/protocol.md`.

An action checks first, takes tokens in as its last check, and then writes: a refused one changes nothing.
Money moves in two steps. *Settling* (`process_settle`) fixes outcome, head, rewards and pool, and looks at no
member. *Booking* (`clients.protocol.membership`) applies a settled round to a member.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from clients.protocol.claims import check_claim
from clients.protocol.docket import BLANK, Docket, Publication, Publisher, Update
from clients.protocol.draw import compute_mix, compute_seed
from clients.protocol.ledger import TokenBook
from clients.protocol.membership import Membership
from clients.protocol.policies import Mechanism
from clients.protocol.rounds import ACTIONS, Action, check_arguments
from clients.protocol.state import Env, compute_event
from clients.protocol.views import T
from clients.types.chain import Call
from clients.types.errors import ProtocolError, unknown_name
from clients.types.federation import ZERO32, Act, Address, Event, Member, Outcome, Role, Round


class Federation(Membership[T]):
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
