"""The voter: judges the proposals on private data, commits to a ballot, reveals it."""

from clients.protocol.hashing import compute_commitment
from clients.roles.view import Action, Judge, Send, View
from clients.types.chain import Call
from clients.types.federation import Act, Phase, Role


def step(view: View) -> list[Action]:
    """Return what a drawn voter does next: judge, then commit, then reveal. A voter that can't judge does
    nothing."""
    round_number, ballot = view.status.round, view.knowledge.ballot
    if ballot is None and Judge in view.knowledge.done:
        return []
    if view.is_due(Phase.COMMIT, Role.VOTER, Act.COMMITTED):
        if ballot is None:
            return [Judge()]
        commitment = compute_commitment(
            view.chain_id, view.federation, round_number, view.me, ballot, view.salt
        )
        return [Send(Call(view.me, "commit", (round_number, commitment)))]
    unrevealed = Act.COMMITTED in view.acted and Act.REVEALED not in view.acted
    if view.status.phase == Phase.REVEAL and unrevealed:
        if ballot is None:
            return [Judge()]  # its journal is lost: judging again may still give the same ballot
        return [Send(Call(view.me, "reveal", (round_number, ballot, view.salt)))]
    return []
