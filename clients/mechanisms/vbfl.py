"""vbfl, from its participants' side: validators judge each update against one epoch of their own; miners and
validators publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from clients.mechanisms.base import Conduct, Desk, Done, Run, Who
from clients.mechanisms.behaviours import lying, overclaiming
from clients.mechanisms.jury import PAPER, JurySettings, find_bar, is_worse
from clients.mechanisms.publishing import forging, mining, publishing
from clients.mechanisms.training import propose, train_from_head
from clients.protocol.docket import Docket
from clients.protocol.marks import UPDATES_MAX
from clients.protocol.vbfl import VBFL, select_approved
from clients.roles import judging
from clients.roles.judging import FIXED_THRESHOLD, LATEST_DRIFTS
from clients.roles.view import Assemble, Judge, Train
from clients.types.amounts import parse_amount
from clients.types.answers import Answers
from clients.types.errors import OwnTrouble, RequestError, catch_trouble, raise_trouble
from clients.types.federation import PUBLISHING, ZERO_ADDRESS, Address, Outcome, Role, Status, VbflTerms
from clients.types.settings import check_range, option, term_option
from clients.types.store import ContentMissing

ADAPTIVE, GAP = "adaptive", "gap"
ERROR = 0.05
"""How often validators may together reject an update that is behind by exactly the threshold.

No stake hangs on a vote here, so validators could afford more. Workers can't: every rejection is a strike,
and where data are uneven 25 % put three times as many honest workers out (docs/explanation/evidence.md)."""
DRIFTS = "drifts"
"""The name under which validators remember theirs."""
WORK_MAX = 24
"""The most bits of work with which a run on one machine still finishes."""


@dataclass(frozen=True, slots=True)
class VbflSettings(JurySettings):
    """The options of vbfl."""

    proposers: int = term_option(VbflTerms, "proposers", respelled=True)
    validators: int = term_option(VbflTerms, "validators")
    miners: int = term_option(VbflTerms, "miners")
    unit_reward: str = term_option(VbflTerms, "unit_reward")
    kick_rounds: int = term_option(VbflTerms, "kick_rounds")
    pow_bits: int = term_option(VbflTerms, "pow_bits")
    threshold: str = option(
        str(FIXED_THRESHOLD),
        "how far an update may fall behind a validator's own; or adaptive, gap",
        personal=True,
    )
    newcomers: int = term_option(VbflTerms, "newcomers")

    def check(self) -> None:
        """See `Settings`."""
        JurySettings.check(self)
        if self.proposers > UPDATES_MAX:
            raise RequestError(
                f"{self.proposers} proposers: a ballot votes on {UPDATES_MAX} updates at most."
            )
        parse_amount("unit_reward", self.unit_reward)
        check_range("kick_rounds", self.kick_rounds, 1, 2**16 - 1)
        check_range("newcomers", self.newcomers, 0, 2**16 - 1)
        check_range("pow_bits", self.pow_bits, 0, WORK_MAX)
        self.get_fixed_threshold()

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

    @property
    def weighs_evidence(self) -> bool:
        """Whether validators judge by evidence; `adaptive` and `gap` allow for chance by themselves."""
        return self.judge != PAPER and self.get_fixed_threshold() is not None

    def get_fixed_threshold(self) -> float | None:
        """Return vh, or None if each validator finds its own."""
        if self.threshold in (ADAPTIVE, GAP):
            return None
        try:
            threshold = float(self.threshold)
        except ValueError:
            threshold = float("nan")
        if not -1.0 <= threshold <= 1.0:
            raise RequestError(
                f"threshold = {self.threshold!r}: a number between -1 and 1, {ADAPTIVE!r} or {GAP!r} is "
                "needed."
            )
        return threshold


VbflDesk: TypeAlias = Desk[VbflSettings, VbflTerms]


def _get_terms(settings: VbflSettings, run: Run, genesis: bytes, samples: int) -> VbflTerms:
    return VbflTerms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=genesis,
        bond=run.stake,
        managers=(),
        founders=tuple(run.accounts) if settings.newcomers else (),
        newcomers=settings.newcomers,
        unit_reward=parse_amount("unit_reward", settings.unit_reward),
        proposers=settings.proposers,
        validators=settings.validators,
        miners=settings.miners,
        max_samples=samples,
        max_epochs=run.local_epochs,
        kick_rounds=settings.kick_rounds,
        pow_bits=settings.pow_bits,
        schedule=PUBLISHING,
    )


def _get_pool(settings: VbflSettings, run: Run, samples: int) -> int:
    """Return the most that eqs. (1) to (3) pay in a round: every update passes, and nobody is absent."""
    votes = settings.proposers * settings.validators
    units = settings.proposers * samples * run.local_epochs + 2 * votes + settings.miners * votes
    return units * parse_amount("unit_reward", settings.unit_reward)


def _train(desk: VbflDesk, who: Who) -> Done:
    """Return proposals. Participants with an adaptive threshold remember how their training moved their
    score."""
    adaptive = desk.settings.threshold == ADAPTIVE
    trained = train_from_head(desk, who, drifts=adaptive)
    done = propose(desk, who, trained)
    if not adaptive:
        return done
    memory = {
        one.account: {DRIFTS: [*desk.recall(one.account, DRIFTS, ()), update.drift][-LATEST_DRIFTS:]}
        for one, update in zip(who, trained, strict=True)
        if not isinstance(update, OwnTrouble) and update.drift is not None
    }
    return replace(done, memory=memory)


def _judge(desk: VbflDesk, who: Who) -> Done | None:
    """Return each validator's votes on all updates. Withheld and ill-formed updates get negative votes."""
    proposals = desk.read_log().proposals()
    faults = desk.cohort.find_faulty(proposals)
    if desk.patient and any(isinstance(fault, ContentMissing) for fault in faults.values()):
        return None
    usable = [proposal for proposal in proposals if proposal.update_number not in faults]
    indices = [one.index for one in who]
    answers = desk.cohort.answers_each(usable, indices)
    owns = desk.cohort.answer_first_epochs(indices, desk.status.round, desk.status.head)
    bar = find_bar(desk, who, usable, ERROR) if desk.settings.weighs_evidence else None
    findings: dict[Address, dict[str, Any]] = {}

    def check(
        account: Address, index: int, own: Answers | OwnTrouble, found: Sequence[Answers | OwnTrouble]
    ) -> bytes:
        own, theirs = raise_trouble(own), list(map(raise_trouble, found))
        vads = [own.score - one.score for one in theirs]
        threshold = _get_threshold(desk, account, index, own.score, vads)

        def passes(number: int, one: Answers) -> bool:
            if bar is None:
                return judging.is_positive(own.score, one.score, threshold)
            return not is_worse(one, own, threshold, bar.get_level(index, [number]))

        vad: list[float | None] = [None] * len(proposals)
        positive = set()
        for proposal, one, behind in zip(usable, theirs, vads, strict=True):
            vad[proposal.update_number] = round(behind, 6)
            if passes(proposal.update_number, one):
                positive.add(proposal.update_number)
        findings[account] = {"vad": vad, "threshold": round(threshold, 6)}
        return judging.get_bitmap(positive)

    ballots = {
        one.account: catch_trouble(partial(check, one.account, one.index, own, theirs))
        for one, own, theirs in zip(who, owns, answers, strict=True)
    }
    return Done(ballots=ballots, findings=findings)


def _get_threshold(desk: VbflDesk, account: Address, index: int, own: float, vads: Sequence[float]) -> float:
    fixed = desk.settings.get_fixed_threshold()
    if fixed is not None:
        return fixed
    samples, share = desk.cohort.test_samples(index), desk.cohort.task.scores_shares
    if desk.settings.threshold == GAP:
        return judging.get_gap_threshold(vads, own, samples, share=share)
    return judging.get_threshold(desk.recall(account, DRIFTS, ()), own, samples, share=share)


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
    return {
        "positives": list(docket.approvals),
        "vad": {who: found["vad"] for who, found in findings.items()},
        "thresholds": {who: found["threshold"] for who, found in findings.items()},
    }


CONDUCT: Conduct[VbflSettings, VbflTerms] = Conduct(
    spec=VBFL,
    settings=VbflSettings,
    get_terms=_get_terms,
    jobs={
        Train: overclaiming(_train),
        Judge: lying(_judge, _lie),
        Assemble: mining(forging(publishing(VBFL, select_approved)), _get_work),
    },
    get_blamed=_get_unselected,
    why_out="its updates were rejected too many rounds in a row",
    get_pool=_get_pool,
    pool_settings=("unit_reward",),
    tell=_tell,
)
