"""stake_vote, from its participants' side: voters judge the aggregate of all updates, and the majority's
digest becomes the head."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from clients.mechanisms.base import MIN_VOTERS, Candidate, Conduct, Desk, Done, Run, Who, get_common_terms
from clients.mechanisms.behaviours import lying, overclaiming
from clients.mechanisms.jury import PAPER, JurorMemory, JurySettings, find_bar, is_worse
from clients.mechanisms.training import train
from clients.protocol.blame import is_blamed
from clients.protocol.docket import Docket
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.stake_vote import STAKE_VOTE
from clients.roles import judging
from clients.roles.round_log import Proposal
from clients.roles.view import Judge, Train
from clients.types.amounts import format_amount, parse_amount
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble, RequestError, catch_trouble, raise_trouble
from clients.types.federation import Address, Outcome, StakeVoteTerms, Status
from clients.types.mechanisms import KINDS
from clients.types.settings import check_range, option, term_option
from clients.types.terms import BPS

if TYPE_CHECKING:
    from clients.mechanisms.participant import Participant


ERROR = 0.05
"""How often jurors may together reject an aggregate that is worse by exactly the tolerance. Its
proposers then lose their stakes."""


@dataclass(frozen=True, slots=True)
class StakeVoteSettings(JurySettings):
    """The options of stake_vote."""

    proposers: int = term_option(StakeVoteTerms, "proposers")
    tolerance: float = option(
        0.02, "epsilon of eq. (2): how far the score may fall in an approved round", personal=True
    )
    proposer_stake: str = term_option(StakeVoteTerms, "proposer_stake")
    voter_stake: str = term_option(StakeVoteTerms, "voter_stake")
    quorum: float = term_option(StakeVoteTerms, "quorum_bps")
    attribution: bool = term_option(StakeVoteTerms, "attribution")
    newcomers: int = term_option(StakeVoteTerms, "newcomers")

    def check(self) -> None:
        """See `Settings`."""
        JurySettings.check(self)
        check_range("proposers", self.proposers, 1, 1_000_000)
        check_range("tolerance", self.tolerance, 0.0, 1.0)
        check_range("quorum", self.quorum, 0.0, 1.0)
        check_range("newcomers", self.newcomers, 0, 2**16 - 1)
        if self.attribution and self.proposers > UPDATES_MAX:
            raise RequestError(
                f"{self.proposers} proposers with attribution: a ballot names {UPDATES_MAX} updates at most."
            )

    def check_run(self, run: Run) -> None:
        """See `Settings`."""
        if self.proposers >= run.clients:
            raise RequestError(
                f"{self.proposers} proposers of {run.clients} clients leave no voters: lower --proposers."
            )
        for name in ("proposer_stake", "voter_stake"):
            if parse_amount(name, getattr(self, name)) > run.stake:
                raise RequestError(
                    f"{name} {getattr(self, name)} is more than the {format_amount(run.stake)} tokens at the "
                    "start."
                )


StakeVoteDesk: TypeAlias = Desk[StakeVoteSettings, StakeVoteTerms]


def _get_terms(settings: StakeVoteSettings, run: Run, genesis: bytes, samples: int) -> StakeVoteTerms:
    proposer_stake = parse_amount("proposer_stake", settings.proposer_stake)
    voter_stake = parse_amount("voter_stake", settings.voter_stake)
    return StakeVoteTerms(
        **get_common_terms(KINDS[STAKE_VOTE.name], run, genesis, samples, settings.newcomers),
        bond=max(proposer_stake, voter_stake, 1),
        proposer_stake=proposer_stake,
        voter_stake=voter_stake,
        proposers=settings.proposers,
        min_voters=MIN_VOTERS,
        quorum_bps=round(settings.quorum * BPS),
        attribution=settings.attribution,
    )


def _judge(desk: StakeVoteDesk, who: Who) -> Done | None:
    """Return ballots on the aggregate. With attribution, rejecting ballots name the updates to blame."""
    proposals = desk.read_log().proposals()
    candidate = desk.cohort.aggregate(proposals)
    if candidate.missing and desk.patient:
        return None
    rule = _get_rule(desk, who, candidate, proposals)
    votes = _get_votes(desk, who, candidate, rule)
    named = _get_named(desk, who, candidate, proposals, votes, rule)

    def fill_in(account: Address) -> bytes:
        return judging.get_ballot(raise_trouble(votes[account]), raise_trouble(named.get(account)))

    ballots = {one.account: catch_trouble(partial(fill_in, one.account)) for one in who}
    rejected = {account: candidate.digest for account, vote in votes.items() if vote == judging.REJECT}
    memory = {
        account: record.remember(rejected.get(account), desk.status.head)
        for account, record in rule.records.items()
    }
    return Done(ballots=ballots, candidate=candidate, memory=memory)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Whether the aggregate fails against the head, and whether it would gain without an update.

    `records`: what the jurors remember who judge by evidence.
    """

    fails: Callable[["Participant", Answers, Answers], bool]
    gains: Callable[["Participant", Answers, Answers], bool]
    records: Mapping[Address, JurorMemory]


def _get_rule(desk: StakeVoteDesk, who: Who, candidate: Candidate, proposals: Sequence[Proposal]) -> _Rule:
    tolerance = desk.settings.tolerance
    if desk.settings.judge == PAPER or candidate.digest is None:
        return _Rule(
            lambda one, mine, head: judging.is_below(mine.score, head.score, tolerance),
            lambda one, mine, rest: rest.score - mine.score > tolerance,
            {},
        )
    bar, updates = find_bar(desk, who, proposals, ERROR), range(len(proposals))
    records = {one.account: JurorMemory.recall(desk, one.account) for one in who}

    def fails(one: "Participant", mine: Answers, other: Answers) -> bool:
        level = records[one.account].soften(bar.get_level(one.index, updates))
        return is_worse(mine, other, tolerance, level)

    return _Rule(fails, fails, records)


def _get_votes(
    desk: StakeVoteDesk, who: Who, candidate: Candidate, rule: _Rule
) -> Mapping[Address, bytes | OwnTrouble]:
    """Return each voter's vote, or its trouble if it can't judge.

    If a peer's misbehaviour left no candidate, everybody votes against.
    """
    if candidate.digest is None:
        return {one.account: judging.REJECT for one in who}
    indices = [one.index for one in who]
    answers = desk.cohort.answers(candidate.digest, indices)
    references = desk.cohort.answers(desk.status.head, indices)

    def vote(
        one: "Participant", digest: bytes, mine: Answers | OwnTrouble, reference: Answers | OwnTrouble
    ) -> bytes:
        failed = rule.fails(one, raise_trouble(mine), raise_trouble(reference))
        return judging.REJECT if failed else digest

    return {
        one.account: catch_trouble(partial(vote, one, candidate.digest, mine, reference))
        for one, mine, reference in zip(who, answers, references, strict=True)
    }


def _get_named(
    desk: StakeVoteDesk,
    who: Who,
    candidate: Candidate,
    proposals: Sequence[Proposal],
    votes: Mapping[Address, bytes | OwnTrouble],
    rule: _Rule,
) -> Mapping[Address, set[int] | OwnTrouble]:
    """Return the updates that each voter blames; without attribution, an empty mapping.

    A voter that approves blames nobody. If misbehaviour left no candidate, the faulty updates are to blame.
    """
    if not desk.terms.attribution:
        return {}
    if candidate.digest is None:
        faulty = set(desk.cohort.find_faulty(proposals))
        return {one.account: faulty for one in who}
    # Leaving out each update in turn is expensive, so only rejecting voters do it.
    rejecting = [one for one in who if votes[one.account] == judging.REJECT]
    indices = [one.index for one in rejecting]
    answers = desk.cohort.answers(candidate.digest, indices)
    without = desk.cohort.answers_without_each(proposals, desk.status.head, indices)
    blamed: dict[Address, set[int] | OwnTrouble] = {one.account: set() for one in who}

    def blame(
        one: "Participant", mine: Answers | OwnTrouble, rest: Sequence[Answers | OwnTrouble]
    ) -> set[int]:
        gains = partial(rule.gains, one, raise_trouble(mine))
        return judging.get_blamed(gains, list(map(raise_trouble, rest)))

    for one, mine, rest in zip(rejecting, answers, without, strict=True):
        blamed[one.account] = catch_trouble(partial(blame, one, mine, rest))
    return blamed


def _lie(desk: StakeVoteDesk, done: Done, ballot: bytes) -> bytes:
    """Return the opposite of a ballot: approve what it rejects, blame the updates that it doesn't."""
    vote = judging.get_lie(ballot[:32], done.candidate.digest if done.candidate else None)
    if len(ballot) == len(vote):
        return vote
    named = judging.get_numbers(ballot[32:])
    return judging.get_ballot(vote, judging.get_unnamed(named, desk.status.record.proposals))


def _get_blamed(terms: StakeVoteTerms, status: Status, docket: Docket) -> set[int]:
    """Return the numbers of the updates whose proposers lose their stake in a rejected round."""
    if status.record.outcome != Outcome.REJECTED:
        return set()
    numbers = range(status.record.proposals)
    return {number for number in numbers if is_blamed(terms, status.record, docket, number)}


CONDUCT: Conduct[StakeVoteSettings, StakeVoteTerms] = Conduct(
    spec=STAKE_VOTE,
    settings=StakeVoteSettings,
    get_terms=_get_terms,
    jobs={Train: overclaiming(train), Judge: lying(_judge, _lie)},
    get_blamed=_get_blamed,
    why_out="its stake is below the bond",
)
