"""small_jury: like `stake_vote`, but few vote, and proposers test the head before they train.

Run it with `--mechanism small_jury --chain spec`.
"""

import sys
from dataclasses import dataclass, replace
from typing import Any

from clients import swarm
from clients.mechanisms import register
from clients.mechanisms.base import Conduct, Desk, Done, Run, Who
from clients.mechanisms.stake_vote import CONDUCT as STAKE_VOTE_CONDUCT
from clients.mechanisms.stake_vote import StakeVoteSettings
from clients.protocol.policies import PanelPolicy, Wanted
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.state import State
from clients.roles import proposer, voter
from clients.roles.view import Action, Job, View
from clients.types.errors import RequestError, split_troubles
from clients.types.federation import Act, Address, Phase, Role, StakeVoteTerms
from clients.types.settings import option

# ------------------------------------------------------------------ the rules: a panel of its own


def get_fewest(terms: StakeVoteTerms) -> int:
    """Return the members without whom no round opens."""
    return terms.proposers + terms.min_voters


def count(terms: StakeVoteTerms, state: State, members: int) -> Wanted:
    """Return how many proposals, commitments and publications a round waits for."""
    return Wanted(terms.proposers, terms.min_voters, 0)


def get_roles(terms: StakeVoteTerms, state: State, account: Address, position: int, members: int) -> Role:
    """Return what the member at `position` of the draw does: the first propose, the next few vote."""
    if position < terms.proposers:
        return Role.PROPOSER
    return Role.VOTER if position < terms.proposers + terms.min_voters else Role.NONE


SMALL_JURY = replace(STAKE_VOTE, name="small_jury", panel=PanelPolicy(get_fewest, count, get_roles))

# ------------------------------------------------------------------ an option


@dataclass(frozen=True, slots=True)
class SmallJurySettings(StakeVoteSettings):
    """The options of small_jury: those of stake_vote, and its own."""

    jurors: int = option(3, "members drawn a round to vote")

    def check_run(self, run: Run) -> None:
        """Raise `RequestError` where there are too few participants."""
        StakeVoteSettings.check_run(self, run)
        if not 1 <= self.jurors <= run.clients - self.proposers:
            raise RequestError(
                f"jurors = {self.jurors}: between 1 and {run.clients - self.proposers} can vote."
            )


def get_terms(settings: SmallJurySettings, run: Run, genesis: bytes, samples: int) -> StakeVoteTerms:
    """Return the terms of a federation with so many jurors."""
    return replace(STAKE_VOTE_CONDUCT.get_terms(settings, run, genesis, samples), min_voters=settings.jurors)


# ------------------------------------------------------------------ a job, and a number that is remembered


class Measure(Job):
    """Test the head on private data."""


def step(view: View) -> list[Action]:
    """Return what a drawn proposer does next: test the head, and then as in stake_vote."""
    due = view.is_due(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED)
    return [Measure()] if due and Measure not in view.knowledge.done else proposer.step(view)


def measure(desk: Desk[SmallJurySettings, StakeVoteTerms], who: Who) -> Done:
    """Return what each finds of the head; it remembers the best score that it ever found.

    Who can't test the head for trouble of its own hands that in as its finding: the line of the round tells.
    """
    scores = desk.cohort.scores(desk.status.head, [one.index for one in who])
    found, troubles = split_troubles(dict(zip((one.account for one in who), scores, strict=True)))
    best = {account: max(score, desk.recall(account, "best", 0.0)) for account, score in found.items()}
    findings = {
        account: {"score": round(found[account], 4), "best": round(best[account], 4)} for account in found
    }
    memory = {account: {"best": score} for account, score in best.items()}
    return Done(findings={**findings, **troubles}, memory=memory)


# ------------------------------------------------------------------ a group in the report


def tell(docket: Any, findings: Any) -> dict[str, Any]:
    """Return what proposers found of the head, by account: the field `measured` of a round's line."""
    return {"measured": {account: found for account, found in findings.items() if "best" in found}}


CONDUCT: Conduct[SmallJurySettings, StakeVoteTerms] = Conduct(
    spec=SMALL_JURY,
    settings=SmallJurySettings,
    get_terms=get_terms,
    jobs={**STAKE_VOTE_CONDUCT.jobs, Measure: measure},
    roles=(step, voter.step),
    get_blamed=STAKE_VOTE_CONDUCT.get_blamed,
    why_out=STAKE_VOTE_CONDUCT.why_out,
    tell=tell,
)

register(CONDUCT)

if __name__ == "__main__":
    sys.exit(swarm.main())
