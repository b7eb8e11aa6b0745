"""stake_jury, from its participants' side: jurors judge each update against the head and an epoch of their
own, say which they could have at all, and publish the average of those that pass."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from clients.mechanisms.base import MIN_VOTERS, Conduct, Desk, Done, Entry, Run, Who, get_common_terms
from clients.mechanisms.behaviours import lying, overclaiming
from clients.mechanisms.excusing import excusing
from clients.mechanisms.planting import planting
from clients.mechanisms.publishing import forging, publishing
from clients.mechanisms.reviewing import ReviewSettings, review, tell_reviews, train
from clients.protocol.docket import Docket
from clients.protocol.jury import count_ballots, select
from clients.protocol.marks import UPDATES_MAX, get_marked
from clients.protocol.stake_jury import STAKE_JURY
from clients.roles import judging, lots
from clients.roles.member import ROLES
from clients.roles.view import Assemble, Judge, Train
from clients.types.amounts import format_amount, parse_amount
from clients.types.errors import RequestError
from clients.types.federation import Address, Outcome, StakeJuryTerms, Status
from clients.types.mechanisms import KINDS
from clients.types.settings import check_range, term_option
from clients.types.terms import BPS

ERROR = 0.05
"""How often jurors may together reject an update that is behind by exactly what one of the two tests of
`evidence.find_harm` tolerates. Its proposer isn't paid then, and loses its stake if three quarters of them
do."""


@dataclass(frozen=True, slots=True)
class StakeJurySettings(ReviewSettings):
    """The options of stake_jury."""

    proposers: int = term_option(StakeJuryTerms, "proposers")
    voters: int = term_option(StakeJuryTerms, "voters")
    floor: str = term_option(StakeJuryTerms, "floor")
    proposer_stake: str = term_option(StakeJuryTerms, "proposer_stake")
    voter_stake: str = term_option(StakeJuryTerms, "voter_stake")
    update_shares: int = term_option(StakeJuryTerms, "update_shares", elsewhere=3)
    seat_shares: int = term_option(StakeJuryTerms, "seat_shares", elsewhere=1)
    profit: float = term_option(StakeJuryTerms, "profit_bps")
    newcomers: int = term_option(StakeJuryTerms, "newcomers")
    decoy_odds: int = term_option(StakeJuryTerms, "decoy_odds", unsaid=0)
    absent_after: int = term_option(StakeJuryTerms, "absent_after", unsaid=0)

    def check(self) -> None:
        """See `Settings`."""
        ReviewSettings.check(self)
        check_range("proposers", self.proposers, 1, UPDATES_MAX)
        check_range("voters", self.voters, 0, 1_000_000)
        check_range("update_shares", self.update_shares, 1, 2**16 - 1)
        check_range("seat_shares", self.seat_shares, 1, 2**16 - 1)
        check_range("profit", self.profit, 0.0, 1.0)
        check_range("newcomers", self.newcomers, 0, 2**16 - 1)
        check_range("decoy_odds", self.decoy_odds, 0, 2**16 - 1)
        check_range("absent_after", self.absent_after, 0, 2**16 - 1)
        if self.decoy_odds == 1:
            raise RequestError("decoy_odds = 1: if every update is a decoy, there is never a model.")
        floor = parse_amount("floor", self.floor)
        for name in ("proposer_stake", "voter_stake"):
            if parse_amount(name, getattr(self, name)) > floor:
                raise RequestError(
                    f"{name} {getattr(self, name)} is more than the floor, {self.floor}: a member could lose "
                    "more than it has."
                )

    def check_run(self, run: Run) -> None:
        """See `Settings`."""
        if self.proposers >= run.clients:
            raise RequestError(
                f"{self.proposers} proposers of {run.clients} clients leave no jury: lower --proposers."
            )
        if parse_amount("floor", self.floor) > run.stake:
            raise RequestError(
                f"floor {self.floor} is more than the {format_amount(run.stake)} tokens at the start."
            )


StakeJuryDesk: TypeAlias = Desk[StakeJurySettings, StakeJuryTerms]


def _get_terms(settings: StakeJurySettings, run: Run, genesis: bytes, samples: int) -> StakeJuryTerms:
    floor = parse_amount("floor", settings.floor)
    return StakeJuryTerms(
        **get_common_terms(KINDS[STAKE_JURY.name], run, genesis, samples, settings.newcomers),
        bond=max(floor, 1),
        fee=0,
        floor=floor,
        proposer_stake=parse_amount("proposer_stake", settings.proposer_stake),
        voter_stake=parse_amount("voter_stake", settings.voter_stake),
        proposers=settings.proposers,
        voters=settings.voters,
        min_voters=MIN_VOTERS,
        update_shares=settings.update_shares,
        seat_shares=settings.seat_shares,
        profit_bps=round(settings.profit * BPS),
        decoy_odds=settings.decoy_odds,
        absent_after=settings.absent_after,
    )


def _judge(desk: StakeJuryDesk, who: Who) -> Done | None:
    """Return each juror's ballot: the updates that it finds good, and those that it could have.

    A juror that could have none says that. It is excused then (`excusing`), so it loses no more than by
    silence, and it doesn't miss the round. Nor does whoever serves its updates to nobody deny the round its
    quorum.
    """
    reviews = review(desk, who, ERROR, waits=desk.early)
    if reviews is None:
        return None
    done = reviews.to_done(lambda one: _get_ballot(one.good, reviews.had))
    # Others may lack what its proposer doesn't serve any more, and can't publish the model without it.
    return replace(done, held=[one.digest for one in reviews.usable])


def _get_ballot(good: Collection[int], had: Collection[int]) -> bytes:
    return judging.get_bitmap(good) + judging.get_bitmap(had)


def _lie(desk: StakeJuryDesk, done: Done, ballot: bytes) -> bytes:
    """Return the opposite of a ballot: of the updates that its juror could have, those are good that it
    rejects."""
    good, had = judging.get_numbers(ballot[:32]), judging.get_numbers(ballot[32:])
    return _get_ballot(had - good, had)


def _get_rejected(terms: StakeJuryTerms, status: Status, docket: Docket) -> set[int]:
    """Return the numbers of the updates that were clearly rejected: each costs its proposer's stake."""
    if status.record.outcome in (Outcome.NONE, Outcome.UNDECIDED):
        return set()
    return set(get_marked(select(terms, status.record, docket).rejected, status.record.proposals))


def _tell(docket: Docket, findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many jurors found each update good, how many could have it, which updates were shown and
    which of them are decoys, and what each juror found."""
    updates = len(docket.updates)
    good, had = count_ballots(docket, updates)
    return {
        "positives": list(good),
        "had": list(had),
        **tell_reviews(findings),
        "shown": get_marked(docket.shown, updates),
        "decoys": get_marked(docket.decoys, updates),
    }


CONDUCT: Conduct[StakeJurySettings, StakeJuryTerms] = Conduct(
    spec=STAKE_JURY,
    settings=StakeJurySettings,
    get_terms=_get_terms,
    jobs={
        Train: overclaiming(planting(train)),
        Judge: lying(_judge, _lie),
        Assemble: excusing(forging(publishing(STAKE_JURY, select))),
    },
    entry=Entry(get_price=lambda terms, stake: stake + terms.fee),
    get_blamed=_get_rejected,
    why_out="its stake is below the floor",
    tell=_tell,
    roles=(lots.step, *ROLES),
    draws_lots=lambda terms: terms.decoy_odds > 0,
)
