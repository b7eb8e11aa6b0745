"""The voter: judges the round's candidate on private data, commits to a ballot, reveals it."""

from collections.abc import Collection, Sequence

from clients.protocol.commitment import compute_commitment
from clients.roles.view import Action, Judge, Send, View
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Phase, Role

REJECT = ZERO32


def get_vote(candidate: bytes | None, score: float, reference: float, tolerance: float) -> bytes:
    """Return what an honest voter votes for, 32 bytes: eq. (2) of arXiv 2307.00543.

    The candidate's digest if its score on the voter's own data is not below the threshold, else `REJECT`.
    The paper's threshold lost its formula; §4.2 says that it "can be based on a validation score acquired in
    the previous round" less a tolerance ε, so: `score >= reference - tolerance`, with `reference` the score
    of the current head on the same data. `candidate` is None where no aggregate could be formed from the
    proposals because a peer misbehaved: that is voted against. A score that isn't a number fails the test.
    """
    if candidate is None or not score >= reference - tolerance:
        return REJECT
    return candidate


def get_blamed(score: float, without: Sequence[float], tolerance: float) -> set[int]:
    """Return the numbers of the updates that make a rejected aggregate fail, by leaving one out at a time.

    Beyond arXiv 2307.00543, which slashes every proposer of a rejected round, honest ones too. `score` is
    the aggregate's on the voter's own data, `without[n]` that of the aggregate of all updates but `n`. An
    update is blamed where leaving it out gains more than the tolerance of the verdict itself.
    """
    return {number for number, rest in enumerate(without) if rest - score > tolerance}


def get_lie(vote: bytes, candidate: bytes | None) -> bytes:
    """Return the dishonest vote of §3.2: approve what is poisoned, reject what is not."""
    return (candidate or REJECT) if vote == REJECT else REJECT


def get_false_blame(blamed: Collection[int], updates: int) -> set[int]:
    """Return the lie about blame: every one of the round's `updates` that an honest voter doesn't name."""
    return set(range(updates)) - set(blamed)


def get_ballot(vote: bytes, blamed: Collection[int] | None = None) -> bytes:
    """Return a ballot: the vote; with attribution (`blamed` not None) and a bitmap of the blamed after it.

    Who approves blames nobody.
    """
    if blamed is None:
        return vote
    bitmap = sum(1 << number for number in blamed) if vote == REJECT else 0
    return vote + bitmap.to_bytes(32, "big")


def step(view: View) -> list[Action]:
    """Return what a drawn voter does next: judge, then commit, then reveal."""
    number, ballot = view.status.round, view.knowledge.ballot
    if view.is_due(Phase.COMMIT, Role.VOTER, Act.COMMITTED):
        if ballot is None:
            return [Judge(number, view.status.head)]
        commitment = compute_commitment(view.chain_id, view.federation, number, view.me, ballot, view.salt)
        return [Send(Call(view.me, "commit", (number, commitment)))]
    unrevealed = Act.COMMITTED in view.acted and Act.REVEALED not in view.acted
    if view.status.phase == Phase.REVEAL and unrevealed:
        if ballot is None:
            return [Judge(number, view.status.head)]  # its journal is lost: what it finds again may still fit
        return [Send(Call(view.me, "reveal", (number, ballot, view.salt)))]
    return []
