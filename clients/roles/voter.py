"""The voter: judges the round's candidate on private data, commits to a ballot, reveals it."""

from clients.protocol.commitment import compute_commitment
from clients.roles.view import Action, Judge, Send, View
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Phase, Role

REJECT = ZERO32


def get_ballot(candidate: bytes | None, score: float, reference: float, tolerance: float) -> bytes:
    """Return the ballot of an honest voter: eq. (2) of arXiv 2307.00543.

    The candidate's digest if its score on the voter's own data is not below the threshold, else `REJECT`.
    The paper's threshold lost its formula; §4.2 says that it "can be based on a validation score acquired in
    the previous round" less a tolerance ε, so: `score >= reference - tolerance`, with `reference` the score
    of the current head on the same data. `candidate` is None where no aggregate could be formed from the
    proposals because a peer misbehaved: that is voted against. A score that isn't a number fails the test.
    """
    if candidate is None or not score >= reference - tolerance:
        return REJECT
    return candidate


def get_lie(ballot: bytes, candidate: bytes | None) -> bytes:
    """Return the dishonest vote of §3.2: approve what is poisoned, reject what is not."""
    return (candidate or REJECT) if ballot == REJECT else REJECT


def step(view: View) -> list[Action]:
    """Return what a drawn voter does next: judge, then commit, then reveal."""
    number, ballot = view.status.round, view.knowledge.ballot
    if view.is_due(Phase.COMMIT, Role.VOTER):
        if ballot is None:
            return [Judge(number, view.status.head)]
        commitment = compute_commitment(view.chain_id, view.federation, number, view.me, ballot, view.salt)
        return [Send(Call(view.me, "commit", (number, commitment)))]
    if view.status.phase == Phase.REVEAL and view.acted == Act.COMMITTED:
        if ballot is None:
            return [Judge(number, view.status.head)]  # its journal is lost: what it finds again may still fit
        return [Send(Call(view.me, "reveal", (number, ballot, view.salt)))]
    return []
