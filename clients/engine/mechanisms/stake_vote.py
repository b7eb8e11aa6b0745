"""stake_vote at home: voters judge the aggregate of all updates, and their majority's digest is the head."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from clients.engine.mechanisms.base import Conduct, Court, Judged, get_schedule
from clients.engine.participant import Participant
from clients.protocol.blame import is_blamed
from clients.protocol.claims import UPDATES_MAX
from clients.protocol.docket import Docket
from clients.protocol.stake_vote import STAKE_VOTE
from clients.roles import judging
from clients.types.errors import OwnTrouble, RequestError, attempt, sound
from clients.types.federation import ZERO_ADDRESS, Address, Outcome, StakeVoteTerms, Status

if TYPE_CHECKING:
    from clients.engine.cohort import Candidate
    from clients.engine.config import SwarmConfig

StakeVoteCourt = Court[StakeVoteTerms]


def _check(config: "SwarmConfig") -> None:
    if config.proposers >= config.clients:
        raise RequestError(
            f"{config.proposers} proposers of {config.clients} clients leave no voters: lower --proposers."
        )
    if config.attribution and config.proposers > UPDATES_MAX:
        raise RequestError(
            f"{config.proposers} proposers with attribution: a ballot names {UPDATES_MAX} updates at most."
        )
    for name in ("proposer_stake", "voter_stake"):
        if config.units(name) > config.units("tokens"):
            raise RequestError(
                f"{name} {getattr(config, name)} is more than the {config.tokens} tokens at the start."
            )


def _get_terms(config: "SwarmConfig", genesis: bytes, samples: int) -> StakeVoteTerms:
    return StakeVoteTerms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=genesis,
        bond=max(config.units("proposer_stake"), config.units("voter_stake"), 1),
        proposer_stake=config.units("proposer_stake"),
        voter_stake=config.units("voter_stake"),
        seats=config.proposers,
        min_voters=1,
        quorum_bps=round(config.quorum * 10_000),
        max_samples=samples,
        max_epochs=config.local_epochs,
        attribution=config.attribution,
        schedule=get_schedule(),
    )


def _judge(court: StakeVoteCourt, who: Sequence[Participant]) -> Judged | None:
    """Return ballots on the aggregate. With attribution, those that reject name the updates to blame."""
    candidate = court.cohort.aggregate(court.proposals)
    if candidate.missing and court.patient:
        return None
    votes = _get_votes(court, who, candidate)
    named = _get_named(court, who, candidate, votes)

    def fill_in(one: Participant) -> bytes:
        vote, blamed = sound(votes[one.account]), sound(named.get(one.account))
        if one.lies:
            vote = judging.get_lie(vote, candidate.digest)
            blamed = None if blamed is None else judging.get_others(blamed, len(court.proposals))
        return judging.get_ballot(vote, blamed)

    return Judged({one.account: attempt(partial(fill_in, one)) for one in who}, candidate)


def _get_votes(
    court: StakeVoteCourt, who: Sequence[Participant], candidate: "Candidate"
) -> dict[Address, bytes | OwnTrouble]:
    """Return what each would vote for if it were honest, or why it can't judge.

    Where a peer's misbehaviour left no candidate, all vote against.
    """
    if candidate.digest is None:
        return {one.account: judging.REJECT for one in who}
    indices = [one.index for one in who]
    scores = court.cohort.scores(candidate.digest, indices)
    references = court.cohort.scores(court.status.head, indices)

    def vote(digest: bytes, score: float | OwnTrouble, reference: float | OwnTrouble) -> bytes:
        return judging.get_vote(digest, sound(score), sound(reference), court.config.tolerance)

    return {
        one.account: attempt(partial(vote, candidate.digest, score, reference))
        for one, score, reference in zip(who, scores, references, strict=True)
    }


def _get_named(
    court: StakeVoteCourt,
    who: Sequence[Participant],
    candidate: "Candidate",
    votes: dict[Address, bytes | OwnTrouble],
) -> dict[Address, set[int] | OwnTrouble]:
    """Return whom each would blame if it were honest; nothing for anybody without attribution.

    Who approves blames nobody. Where misbehaviour left no candidate, it is the fault of those who misbehaved.
    """
    if not court.terms.attribution:
        return {}
    if candidate.digest is None:
        faulty = set(court.cohort.find_faulty(court.proposals))
        return {one.account: faulty for one in who}
    # Leaving each update out is dear, so it is done for those alone whose ballot will say it.
    rejecting = [one for one in who if votes[one.account] == judging.REJECT and not one.lies]
    indices = [one.index for one in rejecting]
    scores = court.cohort.scores(candidate.digest, indices)
    without = court.cohort.scores_without_each(court.proposals, court.status.head, indices)
    blamed: dict[Address, set[int] | OwnTrouble] = {one.account: set() for one in who}

    def blame(score: float | OwnTrouble, rest: Sequence[float | OwnTrouble]) -> set[int]:
        return judging.get_blamed(sound(score), list(map(sound, rest)), court.config.tolerance)

    for one, score, rest in zip(rejecting, scores, without, strict=True):
        blamed[one.account] = attempt(partial(blame, score, rest))
    return blamed


def _get_blamed(terms: StakeVoteTerms, status: Status, docket: Docket) -> set[int]:
    """Return the numbers of the updates that lose their stake by a rejected round."""
    if status.record.outcome != Outcome.REJECTED:
        return set()
    numbers = range(status.record.proposals)
    return {number for number in numbers if is_blamed(terms, status.record, docket, number)}


CONDUCT: Conduct[StakeVoteTerms] = Conduct(
    spec=STAKE_VOTE,
    check=_check,
    get_terms=_get_terms,
    judge=_judge,
    get_blamed=_get_blamed,
    why_out="its stake is below the bond",
)
