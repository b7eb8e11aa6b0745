"""The ballots of the participants here: what they find on their private data, and what some make of it."""

from collections.abc import Sequence

from clients.engine.cohort import Candidate, Cohort
from clients.engine.participant import Participant, Rules
from clients.roles import voter
from clients.roles.view import Proposal
from clients.types.federation import Address


def compute_ballots(
    cohort: Cohort,
    who: Sequence[Participant],
    proposals: Sequence[Proposal],
    candidate: Candidate,
    head: bytes,
    rules: Rules,
) -> dict[Address, bytes]:
    """Return the ballot of each of `who` on `candidate`, the aggregate of `proposals`, where `head` stands.

    With attribution, a ballot that rejects names the updates to blame.
    """
    votes = _get_votes(cohort, who, candidate, head, rules)
    named = _get_blamed(cohort, who, proposals, candidate, head, rules, votes)
    ballots = {}
    for one in who:
        vote, blamed = votes[one.account], named.get(one.account)
        if one.lies:
            vote = voter.get_lie(vote, candidate.digest)
            blamed = None if blamed is None else voter.get_false_blame(blamed, len(proposals))
        ballots[one.account] = voter.get_ballot(vote, blamed)
    return ballots


def _get_votes(
    cohort: Cohort, who: Sequence[Participant], candidate: Candidate, head: bytes, rules: Rules
) -> dict[Address, bytes]:
    """Return what each would vote for if it were honest."""
    if candidate.digest is None:
        return {one.account: voter.REJECT for one in who}
    indices = [one.index for one in who]
    scores, references = cohort.scores(candidate.digest, indices), cohort.scores(head, indices)
    return {
        one.account: voter.get_vote(candidate.digest, score, reference, rules.tolerance)
        for one, score, reference in zip(who, scores, references, strict=True)
    }


def _get_blamed(
    cohort: Cohort,
    who: Sequence[Participant],
    proposals: Sequence[Proposal],
    candidate: Candidate,
    head: bytes,
    rules: Rules,
    votes: dict[Address, bytes],
) -> dict[Address, set[int]]:
    """Return whom each would blame if it were honest; nothing for anybody without attribution.

    Who approves blames nobody. Where misbehaviour left no candidate, it is the fault of those who misbehaved.
    """
    if not rules.terms.attribution:
        return {}
    if candidate.digest is None:
        faulty = cohort.find_faulty(proposals)
        return {one.account: faulty for one in who}
    # Leaving each update out is dear, so it is done for those alone whose ballot will say it.
    rejecting = [one for one in who if votes[one.account] == voter.REJECT and not one.lies]
    indices = [one.index for one in rejecting]
    scores = cohort.scores(candidate.digest, indices)
    without = cohort.scores_without_each(proposals, head, indices)
    blamed: dict[Address, set[int]] = {one.account: set() for one in who}
    for one, score, rest in zip(rejecting, scores, without, strict=True):
        blamed[one.account] = voter.get_blamed(score, rest, rules.tolerance)
    return blamed
