"""vbfl by its paper's rules, from its participants' side: validators judge each update against one epoch of
their own; miners and validators publish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from clients.mechanisms.base import Conduct, Desk, Done, Run, Who, get_common_terms
from clients.mechanisms.behaviours import lying, overclaiming
from clients.mechanisms.publishing import forging, mining, publishing
from clients.mechanisms.reviewing import ReviewSettings, review, tell_reviews, train
from clients.protocol.docket import Docket
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.vbfl import VBFL, select_approved
from clients.roles import judging
from clients.roles.view import Assemble, Judge, Train
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError
from clients.types.federation import Address, Outcome, Role, Status, VbflTerms
from clients.types.mechanisms import KINDS
from clients.types.settings import check_range, term_option

ERROR = 0.05
"""How often validators may together reject an update that is behind by exactly what one of the two tests of
`evidence.find_harm` tolerates.

No stake hangs on a vote here, so validators could afford more. Workers can't: every rejection is a strike,
and where data are uneven 25 % put three times as many honest workers out (docs/explanation/evidence.md)."""
WORK_MAX = 24
"""The most bits of work with which a run on one machine still finishes."""


@dataclass(frozen=True, slots=True)
class VbflSettings(ReviewSettings):
    """The options of vbfl."""

    proposers: int = term_option(VbflTerms, "proposers", respelled=True)
    validators: int = term_option(VbflTerms, "validators")
    miners: int = term_option(VbflTerms, "miners")
    unit_reward: str = term_option(VbflTerms, "unit_reward")
    update_units: int = term_option(VbflTerms, "update_units")
    kick_rounds: int = term_option(VbflTerms, "kick_rounds")
    pow_bits: int = term_option(VbflTerms, "pow_bits")
    newcomers: int = term_option(VbflTerms, "newcomers")

    def check(self) -> None:
        """See `Settings`."""
        ReviewSettings.check(self)
        if self.proposers > UPDATES_MAX:
            raise RequestError(
                f"{self.proposers} proposers: a ballot votes on {UPDATES_MAX} updates at most."
            )
        parse_amount("unit_reward", self.unit_reward)
        check_range("update_units", self.update_units, 0, 2**32 - 1)
        check_range("kick_rounds", self.kick_rounds, 1, 2**16 - 1)
        check_range("newcomers", self.newcomers, 0, 2**16 - 1)
        check_range("pow_bits", self.pow_bits, 0, WORK_MAX)

    def check_run(self, run: Run) -> None:
        """See `Settings`."""
        wanted = self.proposers + self.validators + self.miners
        if min(self.proposers, self.validators, self.miners) < 1 or wanted > run.clients:
            raise RequestError(
                f"{self.proposers} proposers, {self.validators} validators and {self.miners} miners don't "
                f"add up to the {run.clients} clients: at least one of each, and together no more."
            )
        if not run.stake:
            raise RequestError("tokens = 0: a member needs a stake.")


VbflDesk: TypeAlias = Desk[VbflSettings, VbflTerms]


def _get_terms(settings: VbflSettings, run: Run, genesis: bytes, samples: int) -> VbflTerms:
    return VbflTerms(
        **get_common_terms(KINDS[VBFL.name], run, genesis, samples, settings.newcomers),
        bond=run.stake,
        unit_reward=parse_amount("unit_reward", settings.unit_reward),
        update_units=settings.update_units,
        proposers=settings.proposers,
        validators=settings.validators,
        miners=settings.miners,
        kick_rounds=settings.kick_rounds,
        pow_bits=settings.pow_bits,
    )


def _get_pool(terms: VbflTerms) -> int:
    """Return the most that a round pays: every update passes, claims the most, and nobody is absent."""
    votes = terms.proposers * terms.validators
    an_update = terms.update_units or terms.max_samples * terms.max_epochs
    units = terms.proposers * an_update + 2 * votes + terms.miners * votes
    return units * terms.unit_reward


def _judge(desk: VbflDesk, who: Who) -> Done | None:
    """Return each validator's votes on all updates. Withheld and ill-formed updates get negative votes, so
    validators wait for them as long as they can."""
    reviews = review(desk, who, ERROR, waits=desk.patient)
    return None if reviews is None else reviews.to_done(lambda one: judging.get_bitmap(one.good))


def _lie(desk: VbflDesk, done: Done, ballot: bytes) -> bytes:
    """Return the opposite of a ballot: approve exactly the updates that it rejects."""
    approved = judging.get_numbers(ballot)
    return judging.get_bitmap(judging.get_unnamed(approved, desk.status.record.proposals))


def _get_unselected(terms: VbflTerms, status: Status, docket: Docket) -> set[int]:
    """Return the numbers of the updates that didn't pass, in accepted rounds too: each is a strike
    against its proposer."""
    if status.record.outcome in (Outcome.NONE, Outcome.UNDECIDED):
        return set()
    return set(range(status.record.proposals)) - set(_select(terms, status, docket))


def _select(terms: VbflTerms, status: Status, docket: Docket) -> tuple[int, ...]:
    return select_approved(terms, status.record, docket).numbers


def _get_work(terms: VbflTerms, roles: Role) -> int:
    return 0 if Role.VOTER in roles else terms.pow_bits


def _tell(docket: Docket, findings: Mapping[Address, Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many validators approved each update, and what each validator found."""
    return {"positives": list(docket.approvals), **tell_reviews(findings)}


CONDUCT: Conduct[VbflSettings, VbflTerms] = Conduct(
    spec=VBFL,
    settings=VbflSettings,
    get_terms=_get_terms,
    jobs={
        Train: overclaiming(train),
        Judge: lying(_judge, _lie),
        Assemble: mining(forging(publishing(VBFL, select_approved)), _get_work),
    },
    get_blamed=_get_unselected,
    why_out="its updates were rejected too many rounds in a row",
    get_pool=_get_pool,
    pool_settings=("unit_reward",),
    tell=_tell,
)
