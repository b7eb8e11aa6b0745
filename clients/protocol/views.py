"""The views of a federation: phase, status, members, and members' dues."""

from dataclasses import replace
from typing import Generic, TypeVar

from clients.protocol.docket import Docket
from clients.protocol.draw import compute_positions
from clients.protocol.hashing import compute_commitment, compute_pledge
from clients.protocol.ledger import STAKE_MAX, TokenBook
from clients.protocol.policies import Mechanism, Terms, Wanted, check_term
from clients.protocol.rounds import compute_ends, compute_phase, is_in_progress
from clients.protocol.state import PRESENT, Absence, Env, State
from clients.types.errors import ProtocolError
from clients.types.federation import (
    ZERO32,
    Act,
    Address,
    Member,
    MemberView,
    Outcome,
    Phase,
    Role,
    Round,
    Standing,
    Status,
)

T = TypeVar("T", bound=Terms)


def check_core_terms(terms: Terms) -> None:
    """Raise InvalidTerms for the first of the core's own terms that is out of range."""
    schedule = terms.schedule
    phases = schedule.pledge + schedule.propose + schedule.commit + schedule.reveal + schedule.publish
    token, genesis = int(terms.token, 16), int.from_bytes(terms.genesis, "big")
    check_term("token", token, token != 0)
    check_term("genesis", genesis, genesis != 0)
    check_term("bond", terms.bond, 0 < terms.bond <= STAKE_MAX)
    check_term("open", schedule.open, schedule.open > 0)
    check_term("propose", schedule.propose, schedule.propose > 0)
    check_term("commit", schedule.commit, schedule.commit > 0)
    check_term("reveal", schedule.reveal, schedule.reveal > 0)
    check_term("unbonding", schedule.unbonding, schedule.unbonding >= phases)


class FederationView(Generic[T]):
    """A federation of `mechanism`, deployed at `address` on `chain_id` with `terms`."""

    def __init__(
        self,
        mechanism: Mechanism[T],
        terms: T,
        *,
        address: Address,
        chain_id: int,
        token: TokenBook | None = None,
    ) -> None:
        check_core_terms(terms)
        for check in mechanism.checks:
            check(terms)
        self.mechanism = mechanism
        self.terms = terms
        self.address = address
        self.chain_id = chain_id
        self.state = State(
            head=terms.genesis,
            token=token if token is not None else TokenBook(),
            own=mechanism.own_state.start(terms),
        )

    @property
    def round_number(self) -> int:
        """The current round; 0 before the first."""
        return len(self.state.rounds) - 1

    @property
    def record(self) -> Round:
        """The current round's record."""
        return self.state.rounds[-1]

    @property
    def docket(self) -> Docket:
        """The current round's docket."""
        return self.state.dockets[-1]

    @property
    def wanted(self) -> Wanted:
        """How many proposals, commitments and publications the current round waits for."""
        return self.mechanism.panel.count(self.terms, self.state, self.record.members)

    @property
    def newcomers(self) -> int:
        """How many members come in when a round opens, at most unless it lacks more; 0: nobody waits."""
        return self.mechanism.admission.get_newcomers(self.terms)

    @property
    def fewest(self) -> int:
        """How many members the next round needs at least."""
        return self.mechanism.get_fewest(self.terms, self.round_number, self.state.rest_until)

    @property
    def inside(self) -> int:
        """How many members would be in if the next round opened now."""
        return self.state.ledger.get_inside(self.newcomers, self.fewest)

    def get_phase(self, env: Env) -> Phase:
        """Return the phase, as of `env`."""
        wanted = self.wanted
        return compute_phase(
            self.record,
            self.round_number,
            seal_block=self.state.seal_block,
            schedule=self.terms.schedule,
            proposers=wanted.proposers,
            voters=wanted.voters,
            publishers=wanted.publishers,
            awaited=self.mechanism.subject.is_awaited(self.terms, self.record, self.docket),
            time=env.time,
            block=env.block,
        )

    def get_status(self, env: Env) -> Status:
        """Return everything a client needs to know of the round in progress."""
        state, record, wanted = self.state, self.record, self.wanted
        drawn = record.drawn_at != 0
        ends = compute_ends(record.drawn_at, self.terms.schedule)
        return Status(
            phase=self.get_phase(env),
            round=self.round_number,
            rest_until=state.rest_until,
            pledge_end=ends.pledge if drawn else 0,
            propose_end=ends.propose if drawn else 0,
            commit_end=ends.commit if drawn else 0,
            reveal_end=ends.reveal if drawn else 0,
            publish_end=ends.publish if drawn else 0,
            seal_block=state.seal_block,
            members=len(state.ledger.registry),
            proposers=wanted.proposers,
            voters=wanted.voters,
            publishers=wanted.publishers,
            seed=state.seed if drawn else ZERO32,
            head=state.head,
            pool=state.pool,
            record=record,
        )

    def get_round(self, round_number: int) -> Round:
        """Return round `round_number`'s record; an empty one if it was never opened."""
        return self.state.rounds[round_number] if 0 <= round_number <= self.round_number else Round()

    def get_member(self, account: Address) -> MemberView:
        """Return `account`'s record, stake with what is due, and part in the round in progress."""
        member = self.state.ledger.get(account)
        booked = self._compute_booked(account, member)
        out = booked.standing is Standing.BANNED or self.is_barred(account)
        roles, position = self.get_part(account, member)
        absence = self.get_absence(account, member)
        return MemberView(
            account,
            member,
            booked.stake,
            Role.NONE if out else roles,
            position,
            out,
            waits_for=self._get_waits_for(member),
            missed=absence.count,
            missed_round=absence.round,
            absent=member.index > 0 and self.is_absent(account, member),
        )

    def _get_waits_for(self, member: Member) -> int:
        """Return the earliest round that the member can come in with; 0 if it doesn't wait."""
        fewest = self.fewest if self.round_number else 0  # nobody but founders is in the first
        wait = self.state.ledger.get_wait(member.index, self.newcomers, fewest) if member.index else 0
        return self.round_number + wait if wait else 0

    def get_members(self) -> list[MemberView]:
        """Return the members of the registry, in its order."""
        return [self.get_member(account) for account in self.state.ledger.registry]

    def compute_pledge(
        self, round_number: int, proposer: Address, digest: bytes, samples: int, epochs: int
    ) -> bytes:
        """Return the pledge that binds this chain and federation."""
        return compute_pledge(self.chain_id, self.address, round_number, proposer, digest, samples, epochs)

    def compute_commitment(self, round_number: int, voter: Address, ballot: bytes, salt: bytes) -> bytes:
        """Return the commitment that binds this chain and federation."""
        return compute_commitment(self.chain_id, self.address, round_number, voter, ballot, salt)

    def get_part(self, account: Address, member: Member) -> tuple[Role, int]:
        """Return the roles of `account`, of record `member`, in the round in progress, and its position.

        No roles and position 0 outside a round, before its draw, outside the registry, or while it waits.
        """
        record = self.record
        if (
            not 0 < member.index <= record.members
            or not record.drawn_at
            or not is_in_progress(record, self.round_number)
        ):
            return Role.NONE, 0
        position = compute_positions(self.state.seed, record.members)[member.index - 1]
        panel = self.mechanism.panel
        return panel.get_roles(self.terms, self.state, account, position, record.members), position

    def get_acts(self, member: Member) -> Act:
        """Return what the member did in the current round."""
        return member.acts if member.round == self.round_number else Act.NONE

    def get_absence(self, account: Address, member: Member) -> Absence:
        """Return what `account`, of record `member`, is reported for since it last acted."""
        absence = self.state.absences.get(account, PRESENT)
        return absence if absence.acted_in == member.round else PRESENT

    def is_absent(self, account: Address, member: Member) -> bool:
        """Return whether `account` missed so many rounds that anybody may put it out between rounds.

        One a round, so that an outage of many doesn't make a majority of a few overnight; and nobody as long
        as no more are in than the federation needs, or it would stand still.
        """
        limit = self.mechanism.duty.get_absent_after(self.terms)
        spare = self.state.ledger.inside > self.mechanism.panel.get_fewest(self.terms)
        often = 0 < limit <= self.get_absence(account, member).count
        return often and spare and self.state.put_out_after != self.round_number

    def is_barred(self, account: Address) -> bool:
        """Return whether the mechanism keeps `account` out, banned or not."""
        return self.mechanism.admission.is_barred(self.state, account)

    def check_active(self, account: Address, member: Member) -> None:
        """Raise AccountBanned or NotMember unless `account` is a member who is neither banned nor barred."""
        if member.standing is Standing.BANNED or self.is_barred(account):
            raise ProtocolError("AccountBanned", account)
        if member.standing is not Standing.MEMBER:
            raise ProtocolError("NotMember", account, member.standing)

    def check_newcomer(self, account: Address) -> None:
        """Raise AccountBanned or AlreadyMember unless `account` is a stranger."""
        standing = self.state.ledger.get(account).standing
        if standing is Standing.BANNED:
            raise ProtocolError("AccountBanned", account)
        if standing is not Standing.STRANGER:
            raise ProtocolError("AlreadyMember", account, standing)

    def _is_in_play(self, member: Member) -> bool:
        """Return whether the member acted in the round in progress."""
        return bool(member.acts) and self.state.rounds[member.round].outcome is Outcome.NONE

    def _compute_booked(self, account: Address, member: Member) -> Member:
        """Return the record with its last round booked, if that is settled."""
        if not member.acts or self._is_in_play(member):
            return member
        terms, mechanism = self.terms, self.mechanism
        record, docket = self.state.rounds[member.round], self.state.dockets[member.round]
        delta = mechanism.payout.compute_delta(terms, account, member, record, docket)
        booked = replace(member, stake=min(member.stake + delta, STAKE_MAX), acts=Act.NONE)
        return mechanism.guard.compute_guarded(terms, member, booked, record, docket)
