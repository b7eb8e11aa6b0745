"""vbfl at home: validators judge each update by one epoch of their own; miners and validators publish."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from clients.engine.mechanisms.base import Conduct, Court, Judged, get_schedule
from clients.engine.participant import Participant
from clients.protocol.claims import UPDATES_MAX
from clients.protocol.docket import Docket
from clients.protocol.vbfl import VBFL, select_approved
from clients.roles import judging
from clients.types.errors import OwnTrouble, RequestError, attempt, sound
from clients.types.federation import ZERO_ADDRESS, Address, Outcome, Role, Status, VbflTerms
from clients.types.store import ContentMissing

if TYPE_CHECKING:
    from clients.engine.config import SwarmConfig
    from clients.engine.notes import Notes

ADAPTIVE, GAP = "adaptive", "gap"
PUBLISH_SECONDS = 3600
WORK_MAX = 24
"""Bits of work that a run on one machine still comes to an end with."""


def _check(config: "SwarmConfig") -> None:
    wanted = config.workers + config.validators + config.miners
    if min(config.workers, config.validators, config.miners) < 1 or wanted > config.clients:
        raise RequestError(
            f"{config.workers} workers, {config.validators} validators and {config.miners} miners don't add "
            f"up to the {config.clients} clients: at least one of each, and no more than there are."
        )
    if config.workers > UPDATES_MAX:
        raise RequestError(f"{config.workers} workers: a ballot votes on {UPDATES_MAX} updates at most.")
    if not config.units("tokens"):
        raise RequestError("tokens = 0: a member needs a stake.")
    config.units("unit_reward")
    for name, low, high in (("kick_rounds", 1, 2**16 - 1), ("pow_bits", 0, WORK_MAX)):
        if not low <= getattr(config, name) <= high:
            raise RequestError(f"{name} = {getattr(config, name)}: it must lie between {low} and {high}.")
    _check_own(config)


def _check_own(config: "SwarmConfig") -> None:
    _get_fixed_threshold(config)


def _get_fixed_threshold(config: "SwarmConfig") -> float | None:
    """Return vh, or None where each validator finds its own."""
    if config.threshold in (ADAPTIVE, GAP):
        return None
    try:
        threshold = float(config.threshold)
    except ValueError:
        threshold = float("nan")
    if not -1.0 <= threshold <= 1.0:
        raise RequestError(
            f"threshold = {config.threshold!r}: a number between -1 and 1, {ADAPTIVE!r} or {GAP!r} is needed."
        )
    return threshold


def _get_terms(config: "SwarmConfig", genesis: bytes, samples: int) -> VbflTerms:
    return VbflTerms(
        token=ZERO_ADDRESS,
        beacon=ZERO_ADDRESS,
        genesis=genesis,
        bond=config.units("tokens"),
        unit_reward=config.units("unit_reward"),
        workers=config.workers,
        validators=config.validators,
        miners=config.miners,
        max_samples=samples,
        max_epochs=config.local_epochs,
        kick_rounds=config.kick_rounds,
        pow_bits=config.pow_bits,
        schedule=get_schedule(PUBLISH_SECONDS),
    )


def _get_pool(config: "SwarmConfig", samples: int) -> int:
    """Return the most that eqs. (1) to (3) pay in a round: every update passes, everybody comes."""
    votes = config.workers * config.validators
    units = config.workers * samples * config.local_epochs + 2 * votes + config.miners * votes
    return units * config.units("unit_reward")


def _judge(court: Court[VbflTerms], who: Sequence[Participant]) -> Judged | None:
    """Return each validator's votes on all updates. What is withheld or ill-formed is voted against."""
    faults = court.cohort.find_faulty(court.proposals)
    if court.patient and any(isinstance(fault, ContentMissing) for fault in faults.values()):
        return None
    usable = [proposal for proposal in court.proposals if proposal.number not in faults]
    indices = [one.index for one in who]
    scores = court.cohort.scores_each(usable, indices)
    owns = court.cohort.score_first_epochs(indices, court.status.round, court.status.head)
    findings: dict[Address, dict[str, Any]] = {}

    def check(one: Participant, own: float | OwnTrouble, found: Sequence[float | OwnTrouble]) -> bytes:
        own, theirs = sound(own), list(map(sound, found))
        threshold = _get_threshold(court, one, own, [own - score for score in theirs])
        positive = {
            proposal.number
            for proposal, score in zip(usable, theirs, strict=True)
            if judging.is_positive(own, score, threshold)
        }
        said = judging.get_others(positive, len(court.proposals)) if one.lies else positive
        vad: list[float | None] = [None] * len(court.proposals)
        for proposal, score in zip(usable, theirs, strict=True):
            vad[proposal.number] = round(own - score, 6)
        findings[one.account] = {"vad": vad, "threshold": round(threshold, 6)}
        return judging.get_bitmap(said)

    ballots = {
        one.account: attempt(partial(check, one, own, theirs))
        for one, own, theirs in zip(who, owns, scores, strict=True)
    }
    return Judged(ballots, findings=findings)


def _get_threshold(court: Court[VbflTerms], one: Participant, own: float, vads: Sequence[float]) -> float:
    fixed = _get_fixed_threshold(court.config)
    if fixed is not None:
        return fixed
    samples, share = court.cohort.test_samples(one.index), court.cohort.task.scores_shares
    if court.config.threshold == GAP:
        return judging.get_gap_threshold(vads, own, samples, share=share)
    return judging.get_threshold(court.drifts.get(one.account, ()), own, samples, share=share)


def _get_blamed(terms: VbflTerms, status: Status, docket: Docket) -> set[int]:
    """Return the numbers of the updates that didn't pass, which is held against their workers."""
    if status.record.outcome in (Outcome.NONE, Outcome.UNDECIDED):
        return set()
    return set(range(status.record.proposals)) - set(_select(terms, status, docket))


def _select(terms: VbflTerms, status: Status, docket: Docket) -> tuple[int, ...]:
    return select_approved(terms, status.record, docket).numbers


def _get_work(terms: VbflTerms, roles: Role) -> int:
    return 0 if Role.VOTER in roles else terms.pow_bits


def _tell(docket: Docket, status: Status, notes: "Notes") -> dict[str, Any]:
    """Return what each validator found."""
    return {
        "positives": list(docket.marks),
        "vad": {who: found["vad"] for who, found in notes.findings.items()},
        "thresholds": {who: found["threshold"] for who, found in notes.findings.items()},
    }


CONDUCT: Conduct[VbflTerms] = Conduct(
    spec=VBFL,
    check=_check,
    get_terms=_get_terms,
    judge=_judge,
    get_blamed=_get_blamed,
    check_own=_check_own,
    why_out="its updates were rejected too many rounds in a row",
    select=select_approved,
    get_work=_get_work,
    measures_drifts=lambda config: config.threshold == ADAPTIVE,
    get_pool=_get_pool,
    tell=_tell,
)
