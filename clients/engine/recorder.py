"""Turns settled rounds into lines of results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.engine.driver import Driver
from clients.engine.notes import Notes
from clients.engine.participant import Participant
from clients.engine.results import RoundLine
from clients.roles.docket import get_docket
from clients.roles.view import as_bytes32
from clients.types.cid import Cid
from clients.types.errors import UnavailableError
from clients.types.federation import Act, Address, Event, Outcome, Role, Seat, Status


@dataclass(slots=True)
class Balances:
    """What every participant owned at the end of the last round, in base units."""

    owned: dict[Address, int]
    gone: set[Address]


def mean(values: Sequence[int]) -> float:
    """Return the mean in base units, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


class Recorder:
    """Builds one `RoundLine` a settled round from what `driver` sees."""

    def __init__(
        self, driver: Driver, participants: Sequence[Participant], start: dict[Address, int]
    ) -> None:
        self._driver = driver
        self._participants = participants
        self._last = Balances(start, set())
        self._bytes = (0, 0)
        self._quality: dict[bytes, tuple[float, float, float | None]] = {}

    def resume(self, lines: Sequence[RoundLine]) -> None:
        """Go on after `lines`."""
        if lines:
            self._last = Balances(dict(lines[-1].balances), {one for line in lines for one in line.banned})

    def record(self, status: Status) -> RoundLine:
        """Return the line of the round that `status` shows as settled."""
        driver, record = self._driver, status.record
        with driver.meters.part("chain"):
            seats = self._seats()
            events = driver.chain.events(status.seal_block)
        votes_for, votes_against, candidate = _get_votes(events, status)
        proposals = driver.proposals(status)
        rules = driver.rules
        docket = get_docket(rules.conduct.spec, rules.terms, events, status)
        blamed = rules.conduct.get_blamed(rules.terms, status, docket)
        accuracy, loss, auroc = self._test(status.head)
        owned = {seat.account: seat.balance for seat in seats}
        gone = {seat.account for seat in seats if seat.out}
        before = self._last.owned
        line = RoundLine(
            round=status.round,
            accepted=record.outcome == Outcome.ACCEPTED,
            outcome=record.outcome.name,
            head_cid=str(Cid.from_digest(status.head)),
            candidate_cid=self._candidate(status, candidate),
            accuracy=accuracy,
            auroc=auroc,
            guess=driver.cohort.guess,
            loss=loss,
            votes_for=votes_for,
            votes_against=votes_against,
            proposers=[proposal.proposer for proposal in proposals],
            voters=[seat.account for seat in seats if _voted(seat, status.round)],
            publisher=_get_winner(events, status.round),
            balances=owned,
            honest_mean_balance=mean([owned[one.account] for one in self._participants if not one.malicious]),
            malicious_mean_balance=mean([owned[one.account] for one in self._participants if one.malicious]),
            slashed=[account for account in owned if owned[account] < before[account]],
            rewarded=[account for account in owned if owned[account] > before[account]],
            banned=sorted(gone - self._last.gone),
            blamed=[proposal.proposer for proposal in proposals if proposal.number in blamed],
            gas=dict(sorted(driver.gas.items())),
            seconds=driver.meters.take(),
            bytes=self._traffic(),
            refused=[
                {"account": call.sender, "method": call.method, "error": error.name}
                for call, error in self._notes(status).refused
            ],
            trouble=self._get_trouble(status),
            own=rules.conduct.tell(docket, status, self._notes(status)),
        )
        driver.gas.clear()
        self._last = Balances(owned, self._last.gone | gone)
        return line

    def _seats(self) -> list[Seat]:
        """Return every participant's seat: most in one call, those that were evicted one by one."""
        chain = self._driver.chain
        registry = {seat.account: seat for seat in chain.seats()}
        return [registry.get(one.account) or chain.seat(one.account) for one in self._participants]

    def _candidate(self, status: Status, leading: bytes) -> str | None:
        """Return what was judged: what was worked out here, or else what the leading ballots named.

        In a tie the chain's leader depends on who revealed first; what was judged doesn't.
        """
        known = self._notes(status).candidate
        digest = known.digest if known is not None else leading if any(leading) else None
        return str(Cid.from_digest(digest)) if digest else None

    def _notes(self, status: Status) -> Notes:
        """Return what was worked out here for the round: nothing, where it was told of later."""
        notes = self._driver.notes
        return notes if notes.round == status.round else Notes(status.round)

    def _get_trouble(self, status: Status) -> list[dict[str, Any]]:
        return [
            {"account": one.account, "participant": one.index, "why": str(trouble)}
            for one in self._participants
            for trouble in self._notes(status).troubles.get(one.account, {}).values()
        ]

    def _test(self, head: bytes) -> tuple[float, float, float | None]:
        if head not in self._quality:
            metrics = self._driver.cohort.test(head)
            self._quality = {head: (metrics.accuracy, metrics.loss, metrics.auroc)}
        return self._quality[head]

    def _traffic(self) -> dict[str, int]:
        up, down = self._driver.store.bytes_up, self._driver.store.bytes_down
        taken = {"up": up - self._bytes[0], "down": down - self._bytes[1]}
        self._bytes = (up, down)
        return taken


def _get_votes(events: Sequence[Event], status: Status) -> tuple[int, int, bytes]:
    """Return votes for and against, and the candidate that the settlement names."""
    for event in reversed(events):
        if event.name == "Settled" and event.args["round"] == status.round:
            votes_for, votes_against = event.args["votesFor"], event.args["votesAgainst"]
            assert isinstance(votes_for, int)
            assert isinstance(votes_against, int)
            return votes_for, votes_against, as_bytes32(event.args["candidate"])
    raise UnavailableError(f"the chain's node has no log of the settlement of round {status.round} yet.")


def _get_winner(events: Sequence[Event], round_number: int) -> Address | None:
    """Return who won the round's block, where there are blocks to win and somebody did."""
    won = [
        str(event.args["winner"])
        for event in events
        if event.name == "BlockWon" and event.args["round"] == round_number
    ]
    return won[0] if won else None


def _voted(seat: Seat, round_number: int) -> bool:
    """Return whether the account was a voter of the round just settled, whether or not it voted."""
    committed = seat.member.round == round_number and Act.COMMITTED in seat.member.acts
    return committed or Role.VOTER in seat.roles
