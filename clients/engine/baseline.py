"""The baseline: FedAvg with a trusted server, no jury and no chain (McMahan et al. 2017).

Each round the server draws as many participants as the federations draw proposers, averages what they send by
eq. (1), and accepts it. Judging, staking and voting don't happen; balances stay what they were. An informed
server, which knows who is malicious and draws none of them, is the most that any jury can come to.
"""

from collections.abc import Callable, Sequence
from functools import partial

from clients.engine.cohort import Cohort
from clients.engine.holdings import Holdings
from clients.engine.meters import Meters
from clients.engine.participant import Participant
from clients.engine.recorder import mean
from clients.engine.results import RoundLine
from clients.protocol.draw import compute_positions, compute_seed
from clients.roles.view import Proposal
from clients.types.cid import Cid
from clients.types.errors import RequestError, part
from clients.types.federation import ZERO32, Address, Outcome
from clients.types.store import Store


def run_fedavg(
    *,
    cohort: Cohort,
    store: Store,
    holdings: Holdings,
    participants: Sequence[Participant],
    drawn: int,
    informed: bool,
    most_samples: int,
    rounds: range,
    head: bytes,
    entropy: bytes,
    balances: dict[Address, int],
    meters: Meters,
    on_line: Callable[[RoundLine], None],
) -> None:
    """Run `rounds` from the model `head`; `on_line` gets each round's line.

    Round `r`'s participants are those at the first `drawn` positions of the permutation keyed by
    `entropy` and `r`, so any round can be run again alone. Nobody may claim more than `most_samples`.
    Where none of the drawn can train, the head stays. `RequestError` where updates make no aggregate.
    """
    unwanted = {one.account for one in participants if informed and one.malicious}
    up = down = 0
    for number in rounds:
        positions = compute_positions(compute_seed(entropy, ZERO32, number), len(participants))
        order = [
            one for _, one in sorted(zip(positions, participants, strict=True), key=lambda pair: pair[0])
        ]
        order = [one for one in order if one.account not in unwanted][:drawn]
        proposals: list[Proposal] = []
        found = cohort.train([one.index for one in order], number, head)
        trained, troubles = part(dict(zip(order, found, strict=True)))
        with meters.part("store"):
            cids = holdings.put(number, [update.data for update in trained.values()])
        for (one, update), cid in zip(trained.items(), cids, strict=True):
            samples = most_samples if one.overclaims else update.samples
            proposals.append(Proposal(one.account, len(proposals), cid.digest, samples))
        if proposals:
            candidate = cohort.aggregate(proposals)
            if candidate.digest is None:
                raise RequestError(
                    f"round {number} can't be averaged: {candidate.fault}. No jury keeps such updates out."
                )
            with meters.part("store"):
                [cid] = holdings.put(number, [candidate.data])
                holdings.let_go(number, cid, partial(cohort.encoded, cid.digest))
            head = candidate.digest
        metrics = cohort.test(head)
        cid_text = str(Cid.from_digest(head))
        line = RoundLine(
            round=number,
            accepted=bool(proposals),
            outcome=(Outcome.ACCEPTED if proposals else Outcome.UNDECIDED).name,
            head_cid=cid_text,
            candidate_cid=cid_text if proposals else None,
            accuracy=metrics.accuracy,
            auroc=metrics.auroc,
            guess=cohort.guess,
            loss=metrics.loss,
            votes_for=0,
            votes_against=0,
            proposers=[proposal.proposer for proposal in proposals],
            voters=[],
            publisher=None,
            balances=balances,
            honest_mean_balance=mean([balances[one.account] for one in participants if not one.malicious]),
            malicious_mean_balance=mean([balances[one.account] for one in participants if one.malicious]),
            slashed=[],
            rewarded=[],
            banned=[],
            blamed=[],
            gas={},
            seconds=meters.take(),
            bytes={"up": store.bytes_up - up, "down": store.bytes_down - down},
            trouble=[
                {"account": one.account, "participant": one.index, "why": str(why)}
                for one, why in troubles.items()
            ],
        )
        up, down = store.bytes_up, store.bytes_down
        cohort.forget(keep=head)
        on_line(line)
