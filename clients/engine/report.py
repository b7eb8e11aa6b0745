"""A course's report of a round: a small core, and groups that not every course has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.engine.results import RoundLine
from clients.learning.evaluate import Score
from clients.mechanisms.participant import Participant
from clients.types.cid import Cid
from clients.types.errors import OwnTrouble
from clients.types.federation import Address, Outcome


@dataclass(frozen=True, slots=True)
class Jury:
    """Who proposed and who judged, and how it went."""

    votes_for: int = 0
    votes_against: int = 0
    proposers: Sequence[Address] = ()
    voters: Sequence[Address] = ()
    publisher: Address | None = None
    blamed: Sequence[Address] = ()
    """Proposers that the round blames for their updates."""
    broken_pledges: Sequence[Address] = ()
    """Members that pledged an update and didn't propose it."""
    missed: Sequence[Address] = ()
    """Members that were drawn and are reported to have done nothing by the time the ballots were in."""


@dataclass(frozen=True, slots=True)
class Money:
    """What every participant owned after the round and before it, in base units, and whom the round
    banned."""

    balances: Mapping[Address, int]
    before: Mapping[Address, int]
    banned: Sequence[Address] = ()


@dataclass(frozen=True, slots=True)
class ChainUse:
    """Gas by action, and the refused calls of simulated attackers: account, method, error."""

    gas: Mapping[str, int] = field(default_factory=dict)
    refused: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A finished round. `candidate`: the digest that was judged. `score`: the head's, on the public test
    set."""

    round: int
    outcome: Outcome
    head: bytes
    candidate: bytes | None
    score: Score
    guess: float
    seconds: Mapping[str, float]
    traffic: Mapping[str, int]
    """Bytes to the store (`up`) and from it (`down`)."""
    money: Money
    jury: Jury = field(default_factory=Jury)
    chain: ChainUse = field(default_factory=ChainUse)
    trouble: Mapping[Address, Sequence[OwnTrouble]] = field(default_factory=dict)
    """Participants that sat the round out, with their trouble."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """What the mechanism adds."""


def to_line(report: Report, participants: Sequence[Participant]) -> RoundLine:
    """Return the report as a line of `rounds.jsonl`."""
    jury, money = report.jury, report.money
    owned, before = money.balances, money.before
    return RoundLine(
        round=report.round,
        accepted=report.outcome == Outcome.ACCEPTED,
        outcome=report.outcome.name,
        head_cid=str(Cid.from_digest(report.head)),
        candidate_cid=str(Cid.from_digest(report.candidate)) if report.candidate else None,
        accuracy=report.score.accuracy,
        auroc=report.score.auroc,
        guess=report.guess,
        loss=report.score.loss,
        votes_for=jury.votes_for,
        votes_against=jury.votes_against,
        proposers=list(jury.proposers),
        voters=list(jury.voters),
        publisher=jury.publisher,
        balances=dict(owned),
        honest_mean_balance=_mean([owned[one.account] for one in participants if not one.malicious]),
        malicious_mean_balance=_mean([owned[one.account] for one in participants if one.malicious]),
        slashed=[account for account in owned if owned[account] < before[account]],
        rewarded=[account for account in owned if owned[account] > before[account]],
        banned=list(money.banned),
        blamed=list(jury.blamed),
        broken_pledges=list(jury.broken_pledges),
        missed=list(jury.missed),
        gas=dict(sorted(report.chain.gas.items())),
        seconds=dict(report.seconds),
        bytes=dict(report.traffic),
        refused=[dict(one) for one in report.chain.refused],
        trouble=[
            {"account": one.account, "participant": one.index, "why": str(trouble)}
            for one in participants
            for trouble in report.trouble.get(one.account, ())
        ],
        own=dict(report.own),
    )


def _mean(values: Sequence[int]) -> float:
    """Return the mean in base units; 0 if there are no values."""
    return sum(values) / len(values) if values else 0.0
