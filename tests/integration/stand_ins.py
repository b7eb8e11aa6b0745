"""bflc and blade with the simplest of jobs: enough to play whole rounds, and no more."""

from dataclasses import dataclass
from typing import Any

from clients.mechanisms.base import Conduct, Desk, Done, Entry, Run, Settings, Who
from clients.mechanisms.publishing import mining, publishing
from clients.mechanisms.training import train
from clients.protocol.bflc import BFLC
from clients.protocol.blade import BLADE, select_approved
from clients.protocol.plagiarism import compute_challenge_end
from clients.protocol.scores import select_best
from clients.roles import judging
from clients.roles.view import Assemble, Judge, Train
from clients.types.chain import Call
from clients.types.errors import raise_trouble
from clients.types.federation import (
    ZERO_ADDRESS,
    Address,
    BflcTerms,
    BladeTerms,
    Election,
    Phase,
    Schedule,
    Status,
)
from clients.types.settings import option

TOKEN = 10**18


def score(desk: Desk[Any, Any], who: Who) -> dict[Address, list[float]]:
    """Return each one's scores of all proposals, on its own data."""
    proposals = desk.read_log().proposals()
    found = desk.cohort.scores_each(proposals, [one.index for one in who])
    return {one.account: list(map(raise_trouble, scores)) for one, scores in zip(who, found, strict=True)}


def get_nothing(terms: object, status: Status, docket: object) -> set[int]:
    return set()


# ------------------------------------------------------------------ bflc


@dataclass(frozen=True, slots=True)
class BflcSettings(Settings):
    committee: int = option(3, "members who score and publish")


def get_bflc_terms(settings: BflcSettings, run: Run, genesis: bytes, samples: int) -> BflcTerms:
    return BflcTerms(
        ZERO_ADDRESS, ZERO_ADDRESS, genesis, bond=run.stake, fee=TOKEN, managers=tuple(run.accounts[:3]),
        founders=(), newcomers=0,
        committee=settings.committee, updates=4, proposers=6, max_samples=samples,
        max_epochs=run.local_epochs, min_score=1, election=Election.SCORE, speed_bps=0,
        profit_bps=1000, schedule=Schedule(publish=3600),
    )  # fmt: skip


def be_allowed(terms: BflcTerms, accounts: Any, stake: int) -> list[Call]:
    """Return the calls in a new federation: the first manager's opens motion 1, which the others' name."""
    most = terms.managers[: len(terms.managers) // 2 + 1]
    ayes = enumerate(most if accounts else ())
    allow = [Call(manager, "allow", (min(place, 1), tuple(accounts))) for place, manager in ayes]
    return [*allow, *(Call(account, "join", (stake,)) for account in accounts)]


def judge_scores(desk: Desk[BflcSettings, BflcTerms], who: Who) -> Done:
    ballots = {
        account: b"".join(round(10_000 * one).to_bytes(2, "big") for one in scores)
        for account, scores in score(desk, who).items()
    }
    return Done(ballots=ballots)


BFLC_CONDUCT: Conduct[BflcSettings, BflcTerms] = Conduct(
    spec=BFLC,
    settings=BflcSettings,
    get_terms=get_bflc_terms,
    jobs={Train: train, Judge: judge_scores, Assemble: publishing(BFLC, select_best)},
    get_blamed=get_nothing,
    why_out="the managers expelled it",
    entry=Entry(get_calls=be_allowed, get_price=lambda terms, stake: stake + terms.fee),
)

# ------------------------------------------------------------------ blade


@dataclass(frozen=True, slots=True)
class BladeSettings(Settings):
    bounty: str = option("100", "tokens for the task")


def get_blade_terms(settings: BladeSettings, run: Run, genesis: bytes, samples: int) -> BladeTerms:
    return BladeTerms(
        ZERO_ADDRESS, ZERO_ADDRESS, genesis, bond=run.stake, managers=(), publisher=run.accounts[0],
        bounty=100 * TOKEN, rule=b"fedavg".ljust(32, b"\0"), rounds=3, bidding_ends=4_102_444_800,
        deadline=7_258_118_400, winners=run.clients, min_winners=3, min_samples=1,
        max_samples=samples, max_epochs=run.local_epochs, block_bps=1000, pow_bits=0, challenge=600,
        schedule=Schedule(publish=3600),
    )  # fmt: skip


def bid(terms: BladeTerms, accounts: Any, stake: int) -> list[Call]:
    return [Call(account, "bid", (terms.max_samples, 1, b"\1" * 32)) for account in accounts]


def get_blade_begins(terms: BladeTerms, status: Status) -> dict[str, int]:
    if status.phase == Phase.OPEN:
        return {"open": max(status.rest_until, terms.bidding_ends)}
    return {"commit": compute_challenge_end(terms, status.record)}


def judge_approvals(desk: Desk[BladeSettings, BladeTerms], who: Who) -> Done:
    heads = desk.cohort.scores(desk.status.head, [one.index for one in who])
    before = {one.account: raise_trouble(head) for one, head in zip(who, heads, strict=True)}
    ballots = {}
    for account, scores in score(desk, who).items():
        good = {number for number, found in enumerate(scores) if found > before[account]}
        ballots[account] = judging.get_bitmap(good) + bytes(32)
    return Done(ballots=ballots)


BLADE_CONDUCT: Conduct[BladeSettings, BladeTerms] = Conduct(
    spec=BLADE,
    settings=BladeSettings,
    get_terms=get_blade_terms,
    jobs={
        Train: train,
        Judge: judge_approvals,
        Assemble: mining(publishing(BLADE, select_approved), lambda terms, roles: terms.pow_bits),
    },
    get_blamed=get_nothing,
    why_out="it was convicted of a copy",
    entry=Entry(
        get_calls=bid,
        get_begins=get_blade_begins,
        is_over=lambda terms, status, accepted: accepted >= terms.rounds,
    ),
    get_pool=lambda terms: 100 * TOKEN,
)
