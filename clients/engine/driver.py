"""The loop: look at the federation, let every local participant decide, carry out the decisions.

A swarm drives all participants, a node drives one; the loop is the same. Each pass reads the chain's status.
First `Driver.run` yields a report of each round that was settled since the last pass. Then a sweep asks every
participant what it does next (`clients.roles`):

* a job: all local participants with the same job do it together, in one call of their mechanism's handler;
* a transaction: the transactions of all local participants go out together.

When nobody has anything to do, the driver waits. On a chain of our own it sets the clock forward instead.

**What always holds.** Files are in the store before a transaction names them, and not before its phase.
Ballots, memory and files that wait for a phase are in the journal before anything is sent. A ballot that was
written down never changes. So the process may die between any two steps, and the next one continues.

**Whose fault.** A participant's own trouble (`OwnTrouble`) makes it sit out the round and stops nobody else.
While chain or store are out of reach, the driver tries again, up to `outage_seconds`. A refused transaction
means that somebody else was faster; on a chain of our own nobody else acts, so it is a bug and ends the run.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

from clients.engine.anchors import AnchorReader
from clients.engine.holdings import Holdings
from clients.engine.journal import Journal, Waiting
from clients.engine.notes import Notes
from clients.engine.results import tell_trouble
from clients.engine.settled import Settled, get_untold
from clients.learning.meters import Meters
from clients.mechanisms.base import Desk, Done, Rules
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.participant import Participant
from clients.protocol.rounds import get_end
from clients.roles import member
from clients.roles.fetching import is_early, is_patient
from clients.roles.keeper import PATIENCE, count_ready
from clients.roles.round_log import RoundLog
from clients.roles.view import Job, Send, View
from clients.types.chain import Call, Chain, Devnet, Receipt
from clients.types.cid import Cid
from clients.types.errors import (
    FedJuryError,
    OutOfPatience,
    OwnTrouble,
    UnavailableError,
    UnminedError,
    split_troubles,
)
from clients.types.federation import Act, Address, MemberView, Outcome, Phase, Status
from clients.types.store import Store

R = TypeVar("R")

log = logging.getLogger(__name__)

LOOK_AGAIN = 2 * PATIENCE
"""Seconds to wait for a call to be mined before looking again what is due: it may be of no use any more."""


class Stalled(FedJuryError):
    """The federation can't go on: too few members are left to open a round."""


class Driver:
    """Drives participants through rounds.

    `devnet`: the chain, if it is our own. Then nobody else acts on it, the driver sets its clock forward when
    nobody has anything to do, and the journal keeps its calls for a replay. On other chains the driver waits,
    and survives an outage of chain or store of up to `outage_seconds`. `closed`: nobody else can join.
    """

    def __init__(
        self,
        *,
        chain: Chain,
        store: Store,
        cohort: Cohort,
        participants: Sequence[Participant],
        rules: Rules[Any, Any],
        journal: Journal,
        meters: Meters,
        devnet: Devnet | None = None,
        history: int = 0,
        closed: bool = False,
        poll_seconds: float = 1.0,
        outage_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.chain = chain
        self.store = store
        self.cohort = cohort
        self.participants = {participant.account: participant for participant in participants}
        self.rules = rules
        self.journal = journal
        self.meters = meters
        self.devnet = devnet
        self.gas: Counter[str] = Counter()
        self.notes = Notes(0)
        genesis, size = Cid.from_digest(rules.terms.genesis), cohort.schema.encoded_size
        self._holdings = Holdings(store, journal, genesis, size, history)
        self._closed = closed or devnet is not None
        self._poll_seconds = poll_seconds
        self._outage_seconds = outage_seconds
        self._clock = clock
        self._sleep = sleep
        self._accepted = 0
        self._anchors = AnchorReader(chain, self.participants, rules)
        self._waiting: tuple[tuple[int, Phase], float] | None = None

    def run(self, rounds: int, report: Callable[[Settled], R], *, told: int = 0) -> Iterator[R]:
        """Drive until round `rounds` is settled; yield `report` of each settled round after `told`.

        Each round is reported once and in order, even if it was settled while this process was down. If
        `report` can't reach chain or store, it is called again. `Stalled` if too few members are left;
        `UnavailableError` if chain or store is out of reach for longer than this driver waits.
        """
        outage_since: float | None = None
        looked_after = False
        self._accepted = self.rules.conduct.entry.count_accepted(self.chain, told)
        while told < rounds:
            try:
                status = self._look()
                with self.meters.part("chain"):
                    untold = get_untold(self.chain, status, told)[: rounds - told]
                for settled in untold:
                    yield report(self._read(settled))
                    told = settled.round
                    self._accepted += settled.record.outcome == Outcome.ACCEPTED
                if untold or not looked_after:
                    self._let_go(status)
                    looked_after = True
                if told >= rounds:
                    return
                self._see_whether_over(status)
                if not self.sweep(status):
                    self._wait(status)
                outage_since = None
            except UnminedError as error:
                # Nothing is out of reach. The next pass decides again; the same call keeps its nonce.
                if self.devnet is not None:
                    raise
                log.warning("%s", error)
                self._sleep(self._poll_seconds)
            except UnavailableError as error:
                now = self._clock()
                outage_since = now if outage_since is None else outage_since
                over = now - outage_since >= self._outage_seconds or isinstance(error, OutOfPatience)
                if self.devnet is not None or over:
                    raise
                log.warning("%s Trying again.", error)
                self._sleep(min(self._poll_seconds * 5, 30.0))

    def _read(self, status: Status) -> Settled:
        """Return a settled round with its log, the local participants' views and notes."""
        with self.meters.part("chain"):
            registry = {member.account: member for member in self.chain.members()}
            # Evicted participants aren't in the registry any more.
            members = [registry.get(one) or self.chain.member(one) for one in self.participants]
            events = self.chain.events(status.seal_block)
        notes = self.notes if self.notes.round == status.round else Notes(status.round)
        return Settled(status, RoundLog(status, events), members, notes)

    def sweep(self, status: Status) -> bool:
        """Let every local participant take its next step; return whether anybody did anything."""
        with self.meters.part("chain"):
            registry = self.chain.members()
        if self.notes.round != status.round:
            # On a chain of our own a resumed run starts the current round over, with new ballots.
            ballots = {} if self.devnet is not None else self.journal.ballots(status.round)
            memory = self.journal.memory(before=status.round)
            self.notes = Notes(status.round, ballots=ballots, memory=memory)
            for waiting in self._holdings.resume(status.round):
                self.notes.take_calls(waiting.calls)
        conduct, actions = self.rules.conduct, self.rules.conduct.actions
        jobs: dict[type[Job], list[View]] = {}
        calls: list[Call] = []
        for view in self._views(status, registry):
            for action in member.step(view, conduct.roles, actions):
                if isinstance(action, Send):
                    calls.append(action.call)
                else:
                    jobs.setdefault(type(action), []).append(view)
        for job, views in jobs.items():
            self._do(job, views, status)
        if calls:
            self._send(sorted(calls, key=self.notes.rank), status.round)
        return bool(jobs or calls)

    # ------------------------------------------------------------------ what they see

    def _look(self) -> Status:
        with self.meters.part("chain"):
            return self.chain.status()

    def _views(self, status: Status, registry: Sequence[MemberView]) -> list[View]:
        waited = self._waited(status)
        with self.meters.part("chain"):
            now = self.chain.now()
            sealed_for = self.chain.block() - status.seal_block if status.phase == Phase.DRAW else 0
            secrets = self._anchors.look(status, registry)
            unanchored = self._anchors.is_wanting(status, registry)
        return [
            View(
                me=member.account,
                chain_id=self.chain.chain_id,
                federation=self.chain.federation,
                min_members=self.rules.get_min_members(status),
                status=status,
                member=member,
                registry=registry,
                knowledge=self.notes.knowledge_of(member.account),
                salt=self._salt(member.account, status.round),
                now=now,
                waited=waited,
                sealed_for=sealed_for,
                begins=self._get_begins(status),
                secrets=secrets.get(member.account),
                unanchored=unanchored,
                absent_after=self.rules.absent_after,
            )
            for member in registry
            if member.account in self.participants
        ]

    def _get_begins(self, status: Status) -> Mapping[str, int]:
        return self.rules.conduct.entry.get_begins(self.rules.terms, status)

    def _salt(self, account: Address, round_number: int) -> bytes:
        salts = self.participants[account].salts
        return salts.salt(self.chain.chain_id, self.chain.federation, round_number)

    def _waited(self, status: Status) -> float:
        key = (status.round, status.phase)
        if self._waiting is None or self._waiting[0] != key:
            self._waiting = (key, self._clock())
        return self._clock() - self._waiting[1]

    # ------------------------------------------------------------------ what they do

    def _do(self, job: type[Job], views: Sequence[View], status: Status) -> None:
        """Let the participants of `views` do `job`, and keep the results."""
        who = [self.participants[view.me].at(view.member.balance) for view in views]
        done = self.rules.conduct.get_handler(job)(self._desk(job, views, status), who)
        if done is None:
            self._sleep(self._poll_seconds)
            return
        calls, troubles = split_troubles(done.calls)
        ballots, more_troubles = split_troubles(done.ballots)
        findings, own_troubles = split_troubles(done.findings)
        self._keep(done, Waiting(calls, done.files), ballots, status)
        self.notes.take_calls(calls)
        self.notes.ballots.update(ballots)
        self.notes.take_findings(findings)
        for one in who:
            if one.account not in done.pending:
                self.notes.finished.setdefault(one.account, set()).add(job)
        for account, trouble in {**troubles, **more_troubles, **own_troubles}.items():
            self._sit_out(account, trouble)

    def _desk(self, job: type[Job], views: Sequence[View], status: Status) -> Desk[Any, Any]:
        now, waited, others = self.chain.now(), self._waited(status), self.devnet is None
        in_time = is_patient(status, now)
        records = [member.record for member in views[0].registry]
        shown = sum(one.round == status.round and Act.SHOWN in one.acts for one in records)

        @cache
        def read_log() -> RoundLog:
            with self.meters.part("chain"):
                return RoundLog(status, self.chain.events(status.seal_block), shown)

        return Desk(
            status=status,
            terms=self.rules.terms,
            settings=self.rules.settings,
            cohort=self.cohort,
            read_log=read_log,
            roles={view.me: view.member.roles for view in views},
            memory=self.notes.memory,
            secrets={view.me: view.secrets.next for view in views if view.secrets and view.secrets.next},
            scratch=self.notes.scratch.setdefault(job, {}),
            early=others and is_early(status, now, waited),
            patient=others and in_time,
            hurried=others and not in_time,
        )

    def _keep(self, done: Done, waiting: Waiting, ballots: Mapping[Address, bytes], status: Status) -> None:
        """Put files into the store, and write ballots, memory and files that wait into the journal."""
        round_number, files = status.round, self.notes.take_files(done)
        if done.memory:  # before files wait: who finds them after a restart doesn't do the job again
            self.journal.add_memory(round_number, done.memory)
        if files and waiting.is_early(self.rules.conduct.actions, status.phase):
            self._holdings.wait(round_number, waiting)
            files = []
        if done.candidate is not None and done.candidate != self.notes.candidate:
            self.notes.candidate = done.candidate
            if done.candidate.digest is not None:
                files.insert(0, done.candidate.data)
            else:
                log.warning("round %d has no candidate: %s", round_number, done.candidate.fault)
        with self.meters.part("store"):
            self._holdings.put(round_number, files, held=done.held)
        if ballots:
            self.journal.note_ballots(round_number, ballots)

    def _sit_out(self, account: Address, why: OwnTrouble) -> None:
        """Record that a participant can't do its part in this round. Trying again would fail again."""
        self.notes.troubles.setdefault(account, []).append(why)
        log.warning("%s", tell_trouble(self.notes.round, [self.participants[account].index], str(why)))

    def _send(self, calls: Sequence[Call], round_number: int) -> None:
        with self.meters.part("store"):
            self._holdings.show(round_number, calls)
        with self.meters.part("chain"):
            receipts = self.chain.send(calls, wait=None if self.devnet else LOOK_AGAIN)
        for receipt in receipts:
            self.gas[receipt.call.method] += receipt.gas
        if self.devnet is not None:
            self.journal.note_calls(round_number, receipts)
        self.notes.drop_sent(receipts, self.rules.conduct.spec.actions)
        self._check(receipts)

    def _check(self, receipts: Sequence[Receipt]) -> None:
        refused = [receipt for receipt in receipts if receipt.error is not None]
        for receipt in refused:
            log.info("%s by %s was refused: %s", receipt.call.method, receipt.call.sender, receipt.error)
        refused = [
            receipt
            for receipt in refused
            if receipt.error is None or not self.notes.fall_back(receipt.call, receipt.error)
        ]
        if refused and self.devnet is not None:
            # Nobody else acts on a chain of our own, so a refusal is a bug, and would recur.
            assert refused[0].error is not None
            raise refused[0].error
        if refused and len(refused) == len(receipts):
            self._sleep(self._poll_seconds)  # somebody was faster, or the chain is a block behind: look again

    def _wait(self, status: Status) -> None:
        now, end = self.chain.now(), get_end(status, status.phase)
        times = [begin for begin in self._get_begins(status).values() if begin > now]
        if end is not None:
            times.append(end + 1)  # a phase is over when the latest block is past it
        seconds = min(times, default=now) - now
        closing = self._closed and status.phase == Phase.OPEN
        if seconds <= 0 and (self.devnet is not None or closing):
            ready = count_ready(self.chain.members(), status.round)
            needed = self.rules.get_min_members(status)
            if self.devnet is not None or ready < needed:
                raise Stalled(
                    f"round {status.round} was the last: {ready} members are left, "
                    f"{needed} are needed to open the next."
                )
        if self.devnet is None:
            self._sleep(self._poll_seconds)
            return
        with self.meters.part("chain"):
            self.devnet.advance(seconds=seconds)
        self.journal.note_advance(status.round, seconds)

    def _see_whether_over(self, status: Status) -> None:
        """Raise `Stalled` if the mechanism opens no more rounds."""
        if self.rules.conduct.entry.has_ended(self.rules.terms, status, self._accepted):
            raise Stalled(f"round {status.settled} was the last: the task is over.")

    def _let_go(self, status: Status) -> None:
        """Keep the files that are needed as of `status`, and release the rest."""
        with self.meters.part("store"):
            read_head = partial(self.cohort.encoded, status.head)
            self._holdings.let_go(status.settled, {Cid.from_digest(status.head): read_head})
        self.cohort.forget(keep={status.head})
