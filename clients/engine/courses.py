"""Courses: how rounds follow one another. A course is a generator of reports, from which the caller pulls.

`ChainCourse`: a federation's rounds, as its chain settles them. `ServerCourse`: the rounds of a trusted
server, the baseline `fedavg`. Both put their heads into the store; the caller records the reports.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from clients.engine.driver import Driver
from clients.engine.holdings import Holdings
from clients.engine.report import ChainUse, Jury, Money, Report
from clients.engine.results import RoundLine
from clients.engine.settled import Settled
from clients.learning.evaluate import Score
from clients.learning.meters import Meters
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.fedavg import FedavgSettings
from clients.mechanisms.participant import Participant
from clients.protocol.draw import compute_positions, compute_seed
from clients.roles.round_log import Proposal
from clients.types.cid import Cid
from clients.types.errors import RequestError, split_troubles
from clients.types.federation import ZERO32, Act, Address, MemberView, Outcome, Role
from clients.types.store import Store


class Traffic:
    """Counts bytes to and from a store since the last `take`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._up = self._down = 0

    def take(self) -> dict[str, int]:
        """Return the bytes `up` and `down` since the last call."""
        up, down = self._store.bytes_up - self._up, self._store.bytes_down - self._down
        self._up, self._down = self._store.bytes_up, self._store.bytes_down
        return {"up": up, "down": down}


class ChainCourse:
    """The rounds of a federation.

    `start`: what the driver's participants own before the first round. `lines`: the lines of the rounds that
    earlier runs reported.
    """

    def __init__(
        self,
        driver: Driver,
        start: Mapping[Address, int],
        lines: Sequence[RoundLine] = (),
    ) -> None:
        self._driver = driver
        self._told = len(lines)
        self._owned: Mapping[Address, int] = lines[-1].balances if lines else start
        self._banned = {account for line in lines for account in line.banned}
        self._traffic = Traffic(driver.store)
        self._quality: dict[bytes, Score] = {}

    def run(self, rounds: int) -> Iterator[Report]:
        """Run until round `rounds` is settled; see `Driver.run`."""
        yield from self._driver.run(rounds, self._report, told=self._told)

    def _report(self, settled: Settled) -> Report:
        driver, status, log, notes = self._driver, settled.status, settled.log, settled.notes
        rules = driver.rules
        votes, proposals = log.votes(), log.proposals()
        docket = log.docket(rules.conduct.spec, rules.terms)
        blamed = rules.conduct.get_blamed(rules.terms, status, docket)
        score = self._test(status.head)
        # In a tie the chain's leading option depends on who revealed first; what was judged here doesn't.
        leading_digest = votes.candidate if any(votes.candidate) else None
        banned = {member.account for member in settled.members if member.out}
        report = Report(
            round=status.round,
            outcome=status.record.outcome,
            head=status.head,
            candidate=notes.candidate.digest if notes.candidate is not None else leading_digest,
            score=score,
            guess=driver.cohort.guess,
            seconds=driver.meters.take(),
            traffic=self._traffic.take(),
            money=Money(
                balances={member.account: member.balance for member in settled.members},
                before=self._owned,
                banned=sorted(banned - self._banned),
            ),
            jury=Jury(
                votes_for=votes.votes_for,
                votes_against=votes.votes_against,
                proposers=[proposal.proposer for proposal in proposals],
                voters=[member.account for member in settled.members if _voted(member, status.round)],
                publisher=log.winner(),  # of those who published the block, the one who won it
                blamed=[proposal.proposer for proposal in proposals if proposal.update_number in blamed],
                broken_pledges=log.broken_pledges(),
                missed=log.missed(),
            ),
            chain=ChainUse(
                gas=dict(driver.gas),
                refused=[
                    {"account": call.sender, "method": call.method, "error": error.name}
                    for call, error in notes.refused
                ],
            ),
            trouble=notes.troubles,
            own=rules.conduct.tell(docket, notes.findings),
        )
        driver.gas.clear()
        self._owned, self._banned = report.money.balances, self._banned | banned
        return report

    def _test(self, head: bytes) -> Score:
        if head not in self._quality:
            self._quality = {head: self._driver.cohort.test(head)}
        return self._quality[head]


def _voted(member: MemberView, round_number: int) -> bool:
    """Return whether the account was drawn as a voter of the round just settled."""
    committed = member.record.round == round_number and Act.COMMITTED in member.record.acts
    return committed or Role.VOTER in member.roles


class ServerCourse:
    """FedAvg with a trusted server, no jury and no chain (McMahan et al. 2017).

    Each round the server draws as many participants as the federations draw proposers, averages their updates
    by eq. (1), and accepts the average. Nobody judges, stakes or votes; balances don't change. An informed
    server knows who is malicious and draws none of them: no jury can do better. Nobody may claim more than
    `most_samples`.
    """

    def __init__(
        self,
        cohort: Cohort,
        store: Store,
        holdings: Holdings,
        meters: Meters,
        participants: Sequence[Participant],
        settings: FedavgSettings,
        *,
        most_samples: int,
        entropy: bytes,
        balances: Mapping[Address, int],
    ) -> None:
        self._cohort = cohort
        self._holdings = holdings
        self._meters = meters
        self._participants = participants
        self._settings = settings
        self._most_samples = most_samples
        self._entropy = entropy
        self._balances = balances
        self._traffic = Traffic(store)

    def run(self, rounds: range, head: bytes) -> Iterator[Report]:
        """Run `rounds` from the model `head`. If no drawn participant can train, the head stays.

        Raises `RequestError` if updates can't be aggregated.
        """
        for round_number in rounds:
            report = self._run_round(round_number, head)
            head = report.head
            yield report

    def _run_round(self, round_number: int, head: bytes) -> Report:
        drawn = [one.at(self._balances[one.account]) for one in self._draw(round_number)]
        found = self._cohort.train([(one.index, one.behaviour) for one in drawn], round_number, head)
        trained, troubles = split_troubles(dict(zip(drawn, found, strict=True)))
        self._put(round_number, [update.data for update in trained.values()])
        proposals = [
            Proposal(
                one.account, place, update.digest, self._most_samples if one.overclaims else update.samples
            )
            for place, (one, update) in enumerate(trained.items())
        ]
        if proposals:
            head = self._average(round_number, proposals)
        score = self._cohort.test(head)
        report = Report(
            round=round_number,
            outcome=Outcome.ACCEPTED if proposals else Outcome.UNDECIDED,
            head=head,
            candidate=head if proposals else None,
            score=score,
            guess=self._cohort.guess,
            seconds=self._meters.take(),
            traffic=self._traffic.take(),
            money=Money(self._balances, self._balances),
            jury=Jury(proposers=[proposal.proposer for proposal in proposals]),
            trouble={one.account: [trouble] for one, trouble in troubles.items()},
        )
        self._cohort.forget(keep={head})
        return report

    def _draw(self, round_number: int) -> list[Participant]:
        """Return the round's participants: the first of the permutation keyed by entropy and round.

        So any round can be repeated on its own.
        """
        positions = compute_positions(
            compute_seed(self._entropy, ZERO32, round_number), len(self._participants)
        )
        order = [one for _, one in sorted(zip(positions, self._participants, strict=True), key=_get_position)]
        wanted = [one for one in order if not (self._settings.informed and one.malicious)]
        return wanted[: self._settings.proposers]

    def _average(self, round_number: int, proposals: Sequence[Proposal]) -> bytes:
        """Put the average of the proposals into the store; return its digest."""
        candidate = self._cohort.aggregate(proposals)
        if candidate.digest is None:
            raise RequestError(
                f"round {round_number} can't be averaged: {candidate.fault}. No jury keeps such updates out."
            )
        [cid] = self._put(round_number, [candidate.data])
        with self._meters.part("store"):
            self._holdings.let_go(round_number, {cid: partial(self._cohort.encoded, cid.digest)})
        return candidate.digest

    def _put(self, round_number: int, files: Sequence[bytes]) -> list[Cid]:
        with self._meters.part("store"):
            return self._holdings.put(round_number, files)


def _get_position(pair: tuple[int, Participant]) -> int:
    return pair[0]
