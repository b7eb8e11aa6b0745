"""The loop: look at the federation, let every participant here decide, carry the decisions out.

A swarm drives all participants, a node one; the loop is the same. What a participant decides is in
`clients.roles`; here it is only done, and written down before it is sent.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from clients.engine.cohort import Candidate, Cohort
from clients.engine.holdings import Holdings
from clients.engine.journal import Journal
from clients.engine.mechanisms.base import Court, Rules
from clients.engine.mechanisms.publishing import assemble
from clients.engine.meters import Meters
from clients.engine.notes import Notes
from clients.engine.participant import Participant
from clients.engine.results import tell_trouble
from clients.protocol.rounds import get_end
from clients.roles import member
from clients.roles.keeper import LOOK_AGAIN
from clients.roles.proposer import get_false_claims
from clients.roles.view import (
    Assemble,
    Judge,
    Proposal,
    Send,
    Train,
    Update,
    View,
    as_bytes32,
    get_proposals,
)
from clients.types.chain import Call, Chain, Devnet, Receipt
from clients.types.cid import Cid
from clients.types.errors import (
    FedJuryError,
    OutOfPatience,
    OwnTrouble,
    UnavailableError,
    UnminedError,
    part,
)
from clients.types.federation import Act, Address, Phase, Role, Seat, Status
from clients.types.store import Store

log = logging.getLogger(__name__)

FETCH_MARGIN = 300
"""Seconds before the end of a phase at which a judge or a publisher no longer waits for what a peer
withholds, or for its own luck."""


class Stalled(FedJuryError):
    """The federation can't go on: too few members are left to open a round."""


class Driver:
    """Drives participants through rounds.

    `devnet` is given where the chain is our own: its clock is set forward when nobody has anything to do,
    nobody else acts on it, and what it executed is journalled to be replayed. Elsewhere the driver waits, and
    sits an outage of chain or store out for up to `outage_seconds`. `closed`: nobody else can join.
    """

    def __init__(
        self,
        *,
        chain: Chain,
        store: Store,
        cohort: Cohort,
        participants: Sequence[Participant],
        rules: Rules[Any],
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
        self._waiting: tuple[tuple[int, Phase], float] | None = None

    def run(self, rounds: int, on_settled: Callable[[Status], bool | None], *, told: int = 0) -> None:
        """Drive until round `rounds` is settled, or `on_settled` returns False.

        `on_settled` is told of every settled round after `told`, once and in order, also of those that were
        settled while nobody looked. `Stalled` where too few members are left; `UnavailableError` where chain
        or store is out of reach for longer than this driver waits.
        """
        outage_since: float | None = None
        go_on: bool | None = True
        looked_after = False
        while told < rounds:
            try:
                status = self._look()
                untold = self._get_untold(status, told)
                for settled in untold:
                    go_on = on_settled(settled)
                    told = settled.round  # only now: what fails on the way is told again
                    if go_on is False or told >= rounds:
                        break
                if untold or not looked_after:
                    self._let_go(status)
                    looked_after = True
                if go_on is False or told >= rounds:
                    return
                if not self.sweep(status):
                    self._wait(status)
                outage_since = None
            except UnminedError as error:
                # Nothing is out of reach. What is due is decided anew; the same call goes on with its nonce.
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

    def _get_untold(self, status: Status, told: int) -> list[Status]:
        """Return the status of each settled round after `told`, as of its settlement."""
        last = status.settled
        if last <= told:
            return []
        if last == told + 1 == status.round:
            return [status]
        with self.meters.part("chain"):
            events = {event.args["round"]: event for event in self.chain.events() if event.name == "Settled"}
            records = {number: self.chain.round(number) for number in range(told + 1, last + 1)}
        missed = [number for number in records if number not in events]
        if missed:
            raise UnavailableError(f"the chain's node has no log of round {missed[0]}'s settlement yet.")
        return [
            replace(
                status,
                round=number,
                record=record,
                head=as_bytes32(events[number].args["head"]),
                seal_block=0,
            )
            for number, record in records.items()
        ]

    def sweep(self, status: Status) -> bool:
        """Let every participant take its next step; return whether anybody did anything."""
        with self.meters.part("chain"):
            registry = self.chain.seats()
        if self.notes.round != status.round:
            # On a chain of our own a round in progress is begun anew, ballots and all.
            ballots = {} if self.devnet is not None else self.journal.ballots(status.round)
            self.notes = Notes(status.round, ballots=ballots)
        trains: list[Participant] = []
        judges: list[Participant] = []
        publishers: list[tuple[Participant, Role]] = []
        calls: list[Call] = []
        for view in self._views(status, registry):
            for action in member.step(view):
                one = self.participants[view.me].at(view.seat.balance)
                if isinstance(action, Train):
                    trains.append(one)
                elif isinstance(action, Judge):
                    judges.append(one)
                elif isinstance(action, Assemble):
                    publishers.append((one, view.seat.roles))
                elif isinstance(action, Send):
                    calls.append(action.call)
        if trains:
            self._train(trains, status)
        if judges:
            self._judge(judges, status)
        if publishers:
            self._assemble(publishers, status)
        if calls:
            self._send(sorted(calls, key=self.notes.rank), status.round)
        return bool(trains or judges or publishers or calls)

    # ------------------------------------------------------------------ what they see

    def _look(self) -> Status:
        with self.meters.part("chain"):
            return self.chain.status()

    def _views(self, status: Status, registry: Sequence[Seat]) -> list[View]:
        with self.meters.part("chain"):
            now = self.chain.now()
        waited = self._waited(status)
        return [
            View(
                me=seat.account,
                chain_id=self.chain.chain_id,
                federation=self.chain.federation,
                min_members=self.rules.min_members,
                status=status,
                seat=seat,
                registry=registry,
                knowledge=self.notes.knowledge_of(seat.account),
                salt=self._salt(seat.account, status.round),
                now=now,
                waited=waited,
            )
            for seat in registry
            if seat.account in self.participants
        ]

    def _salt(self, account: Address, round_number: int) -> bytes:
        salts = self.participants[account].salts
        return salts.salt(self.chain.chain_id, self.chain.federation, round_number)

    def _waited(self, status: Status) -> float:
        key = (status.round, status.phase)
        if self._waiting is None or self._waiting[0] != key:
            self._waiting = (key, self._clock())
        return self._clock() - self._waiting[1]

    def proposals(self, status: Status) -> list[Proposal]:
        """Return the round's proposals in the order of their numbers, once the phase Propose is over.

        `UnavailableError` where the node's logs don't hold as many as its state has counted.
        """
        noted = self.notes.proposals if self.notes.round == status.round else None
        if noted is not None:
            return noted
        with self.meters.part("chain"):
            found = get_proposals(self.chain.events(status.seal_block), status.round)
        if len(found) != status.record.proposals:
            raise UnavailableError(
                f"the chain's node shows {len(found)} of the {status.record.proposals} proposals "
                f"of round {status.round}."
            )
        if self.notes.round == status.round:
            self.notes.proposals = found
        return found

    # ------------------------------------------------------------------ what they do

    def _train(self, who: Sequence[Participant], status: Status) -> None:
        behaving = {one.index for one in who if not one.malicious}
        watching = self.rules.conduct.measures_drifts(self.rules.config)
        found = self.cohort.train(
            [one.index for one in who], status.round, status.head, behaving, drifts=watching
        )
        trained, troubles = part(dict(zip((one.account for one in who), found, strict=True)))
        self._sit_out(Act.PROPOSED, troubles)
        drifts = {account: one.drift for account, one in trained.items() if one.drift is not None}
        if drifts:
            self.journal.note_drifts(status.round, drifts)
        cids = self._put(status.round, [update.data for update in trained.values()])
        liars = {one.account for one in who if one.overclaims}
        for (account, update), cid in zip(trained.items(), cids, strict=True):
            claimed = Update(cid.digest, update.samples, update.epochs)
            claims = get_false_claims(claimed, self.rules.terms) if account in liars else (claimed,)
            self.notes.updates[account] = claims

    def _judge(self, who: Sequence[Participant], status: Status) -> None:
        court = self._court(status, status.propose_end, status.commit_end)
        judged = self.rules.conduct.judge(court, who)
        if judged is None:
            self._sleep(self._poll_seconds)
            return
        if judged.candidate is not None:
            self._keep(judged.candidate, status)
        self.notes.findings |= judged.findings
        ballots, troubles = part(judged.ballots)
        self._sit_out(Act.COMMITTED, troubles)
        self.journal.note_ballots(status.round, ballots)
        self.notes.ballots.update(ballots)

    def _sit_out(self, act: Act, troubles: Mapping[Address, OwnTrouble]) -> None:
        """Note who can't act in this round. To try again would end no better."""
        for who, why in troubles.items():
            self.notes.troubles.setdefault(who, {})[act] = why
            log.warning("%s", tell_trouble(self.notes.round, [self.participants[who].index], str(why)))

    def _assemble(self, who: Sequence[tuple[Participant, Role]], status: Status) -> None:
        court = self._court(status, status.reveal_end, status.publish_end)
        with self.meters.part("chain"):
            court = replace(court, events=self.chain.events(status.seal_block))
        assembled = assemble(self.rules.conduct, court, who)
        if assembled is None:
            self._sleep(self._poll_seconds)
            return
        self._keep(assembled.candidate, status, assembled.files)
        self.notes.publications.update(assembled.publications)
        self.notes.tried = assembled.tried

    def _court(self, status: Status, begin: int, end: int) -> Court[Any]:
        """Return what there is to judge by in a phase that lasts from `begin` to `end` at the latest."""
        watching = self.rules.conduct.measures_drifts(self.rules.config)
        margin = min(FETCH_MARGIN, (end - begin) // 2)
        in_time = self.devnet is None and self.chain.now() < end - margin
        return Court(
            status=status,
            terms=self.rules.terms,
            config=self.rules.config,
            cohort=self.cohort,
            proposals=self.proposals(status),
            drifts=self.journal.drifts(status.round) if watching else {},
            tried=self.notes.tried,
            patient=in_time,
            hurried=self.devnet is None and not in_time,
        )

    def _keep(self, candidate: Candidate, status: Status, files: Sequence[bytes] = ()) -> None:
        """Put the model that was worked out, and other files, where everybody finds them."""
        self.notes.candidate = candidate
        if candidate.digest is None:
            log.warning("round %d has no candidate: %s", status.round, candidate.fault)
        self._put(status.round, [candidate.data] * (candidate.digest is not None) + [*files])

    def _put(self, round_number: int, files: Sequence[bytes]) -> list[Cid]:
        """Put what round `round_number` uses into the store; return the CIDs in order."""
        with self.meters.part("store"):
            return self._holdings.put(round_number, files)

    def _send(self, calls: Sequence[Call], round_number: int) -> None:
        with self.meters.part("chain"):
            receipts = self.chain.send(calls, wait=None if self.devnet else LOOK_AGAIN)
        for receipt in receipts:
            self.gas[receipt.call.method] += receipt.gas
        if self.devnet is not None:
            self.journal.note_calls(round_number, receipts)
        self._check(receipts)

    def _check(self, receipts: Sequence[Receipt]) -> None:
        refused = [receipt for receipt in receipts if receipt.error is not None]
        for receipt in refused:
            log.info("%s by %s was refused: %s", receipt.call.method, receipt.call.sender, receipt.error)
        refused = [receipt for receipt in refused if not self._is_caught(receipt)]
        if refused and self.devnet is not None:
            # Nobody else acts on a chain of our own, so a refusal is a fault of ours, and would only recur.
            assert refused[0].error is not None
            raise refused[0].error
        if refused and len(refused) == len(receipts):
            self._sleep(self._poll_seconds)  # somebody was faster, or the chain is a block behind: look again

    def _is_caught(self, receipt: Receipt) -> bool:
        """Return whether it is a cheat of ours that the chain has found out: it tries something else."""
        call, error, who = receipt.call, receipt.error, self.participants[receipt.call.sender]
        assert error is not None
        cheats = {"publish": who.forges, "propose": who.overclaims and error.name == "SamplesOutOfRange"}
        if not cheats.get(call.method):
            return False
        self.notes.drop(call, error)
        return True

    def _wait(self, status: Status) -> None:
        # The next block may open a round that has rested; a phase is over when the latest one is past it.
        end = get_end(status, status.phase)
        over = status.rest_until if status.phase == Phase.OPEN else 0 if end is None else end + 1
        seconds = over - self.chain.now()
        few = status.phase == Phase.OPEN and status.members < self.rules.min_members
        if seconds <= 0 and (self.devnet is not None or (few and self._closed)):
            raise Stalled(
                f"round {status.round} was the last: {status.members} members are left, "
                f"{self.rules.min_members} are needed to open the next."
            )
        if self.devnet is None:
            self._sleep(self._poll_seconds)
            return
        with self.meters.part("chain"):
            self.devnet.advance(seconds=seconds)
        self.journal.note_advance(status.round, seconds)

    def _let_go(self, status: Status) -> None:
        """Hold what is needed as of `status`, and release the rest."""
        with self.meters.part("store"):
            read_head = partial(self.cohort.encoded, status.head)
            self._holdings.let_go(status.settled, Cid.from_digest(status.head), read_head)
        self.cohort.forget(keep=status.head)
