"""Says in words what is wrong with a term that a contract refuses, and which option to change.

Contracts and specification name the term and its value alone, `InvalidTerms(field, value)`. Here each field
has the faults for which they refuse it (docs/reference/protocol.md), each with a sentence. A test compares
them with the specification's checks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.types.federation import STAKE_MAX, BflcTerms, Election, StakeJuryTerms, StakeVoteTerms, VbflTerms
from clients.types.mechanisms import Terms
from clients.types.settings import to_flag
from clients.types.terms import BPS
from deploy.terms import format_term, format_value, get_name

_UPDATES_MAX = 256
_MEMBERS_MAX = 2**16 - 1
_MANAGERS_MAX = 200
_COMMITTEE_MAX = 32
_SELECTED_MAX = 128
_POW_BITS_MAX = 64
_SAMPLES_LIMIT, _VISITS_LIMIT = 2**31, 2**32


@dataclass(frozen=True, slots=True)
class Fault:
    """A way in which a term can be wrong: whether given terms are so, and what to say then."""

    broken: Callable[[Any], bool]
    tell: Callable[[Any], str]


def explain_term(terms: Terms, field: str) -> str:
    """Return what is wrong with the refused term `field`, by the ABI's name, with its value and the options
    that mend it."""
    name = get_name(field)
    told = find_fault(terms, field) or f"the contract doesn't allow it; change {get_flag(terms, name)}"
    return f"{format_term(terms, name)}: {told}"


def find_fault(terms: Terms, field: str) -> str:
    """Return the sentence for the first fault that the term has; empty if none is known."""
    return next((one.tell(terms) for one in FAULTS.get(field, ()) if one.broken(terms)), "")


def get_flag(terms: Terms, name: str) -> str:
    """Return the option by which a term, or a phase's length, is given."""
    return f"--{name}-seconds" if hasattr(terms.schedule, name) else to_flag(name)


def _get(terms: Any, name: str) -> int:
    return int(getattr(terms.schedule if hasattr(terms.schedule, name) else terms, name))


Bound = int | Callable[[Any], int]


def _at_least(name: str, least: Bound, why: str = "", others: str = "") -> Fault:
    """Return the fault of too small a number. `why` explains the bound, `others` mends it elsewhere."""
    return _bounded(name, least, why, others, upper=False)


def _at_most(name: str, most: Bound, why: str = "", others: str = "") -> Fault:
    """Return the fault of too large a number."""
    return _bounded(name, most, why, others, upper=True)


def _bounded(name: str, bound: Bound, why: str, others: str, *, upper: bool) -> Fault:
    def get_bound(terms: Any) -> int:
        return bound if isinstance(bound, int) else bound(terms)

    def broken(terms: Any) -> bool:
        value = _get(terms, name)
        return value > get_bound(terms) if upper else value < get_bound(terms)

    def tell(terms: Any) -> str:
        shown = format_value(terms, name, get_bound(terms))
        mend = f"{'lower' if upper else 'raise'} {get_flag(terms, name)}{f', or {others}' if others else ''}"
        reason = f", {why}" if why else ""
        return f"it must be {'at most' if upper else 'at least'} {shown}{reason}; {mend}"

    return Fault(broken, tell)


def _where(holds: Callable[[Any], bool], fault: Fault) -> Fault:
    """Return a fault that only terms for which `holds` is true can have."""
    return Fault(lambda terms: holds(terms) and fault.broken(terms), fault.tell)


def _is(kind: type[Terms]) -> Callable[[Any], bool]:
    return lambda terms: isinstance(terms, kind)


def _if(holds: Callable[[Any], bool], told: str) -> Fault:
    """Return the fault that is there if `holds`, and told alike for all values."""
    return Fault(holds, lambda terms: told)


def _accounts(name: str) -> tuple[Fault, Fault]:
    """Return the faults of a list of accounts."""
    flag = to_flag(name)

    def numbers(terms: Any) -> list[int]:
        return [int(account, 16) for account in getattr(terms, name)]

    def tell_twice(terms: Any) -> str:
        accounts = getattr(terms, name)
        again = next(one for place, one in enumerate(accounts) if one in accounts[:place])
        return f"{again} is named twice; name each account once with {flag}"

    return (
        _if(lambda terms: 0 in numbers(terms), f"the zero address is nobody's; leave it out of {flag}"),
        Fault(lambda terms: len(set(numbers(terms))) < len(numbers(terms)), tell_twice),
    )


def _phases(terms: Any) -> int:
    one = terms.schedule
    return int(one.pledge + one.propose + one.commit + one.reveal + one.publish)


def _fewest(terms: Any) -> int:
    """Return the fewest members with which a round opens."""
    if isinstance(terms, VbflTerms):
        return terms.validators + terms.miners + 1
    if isinstance(terms, BflcTerms):
        return terms.committee + terms.updates
    return int(terms.proposers + terms.min_voters)


def _updates(terms: Any) -> int:
    """Return how many updates a round can have at most."""
    return int(terms.winners if hasattr(terms, "winners") else terms.proposers)


def _stakes(name: str) -> tuple[Fault, ...]:
    why = "so that no member loses more than it has"
    return (
        _where(
            _is(StakeJuryTerms),
            _at_most(name, lambda terms: terms.floor, f"the floor, {why}", "raise --floor"),
        ),
        _at_most(name, lambda terms: terms.bond, f"the bond, {why}", "raise --bond"),
    )


def _phase(name: str, does: str) -> tuple[Fault]:
    return (_at_least(name, 1, f"or nobody has time to {does}"),)


_PER_BALLOT = f"as a ballot has room for {_UPDATES_MAX} updates"
_WHOLE = "which is all of it"

FAULTS: Mapping[str, tuple[Fault, ...]] = MappingProxyType(
    {
        "token": (_if(lambda terms: int(terms.token, 16) == 0, "no token has that address; give --token"),),
        "genesis": (
            _if(lambda terms: not any(terms.genesis), "no model has that digest; give its CID as --genesis"),
        ),
        "bond": (
            _at_least("bond", 1, "or joining would cost nothing"),
            _at_most("bond", STAKE_MAX, "as the contract counts no more"),
        ),
        "open": _phase("open", "join or leave between rounds"),
        "propose": _phase("propose", "propose"),
        "commit": _phase("commit", "judge"),
        "reveal": _phase("reveal", "reveal a ballot"),
        "publish": (
            _where(
                lambda terms: not isinstance(terms, StakeVoteTerms),
                _at_least("publish", 1, "or nobody has time to publish"),
            ),
        ),
        "unbonding": (
            _at_least(
                "unbonding",
                _phases,
                "as long as a round's phases last together, so that nobody leaves before it is slashed",
                "shorten the phases",
            ),
        ),
        "managers": (
            _where(
                _is(BflcTerms),
                _if(lambda terms: not terms.managers, "somebody must admit members; name --managers"),
            ),
            Fault(
                lambda terms: len(terms.managers) > _MANAGERS_MAX,
                lambda terms: (
                    f"{len(terms.managers)} are more than {_MANAGERS_MAX}, the most there can be; name fewer "
                    "--managers"
                ),
            ),
            *_accounts("managers"),
        ),
        "founders": (
            _if(
                lambda terms: terms.founders and not terms.newcomers,
                "founders are those who needn't wait, and with newcomers = 0 nobody waits; set --newcomers 1 "
                "or more, or leave out --founders",
            ),
            *_accounts("founders"),
            Fault(
                lambda terms: 0 < len(terms.founders) < _fewest(terms),
                lambda terms: (
                    f"{len(terms.founders)} are too few: the first round needs {_fewest(terms)}, and only "
                    "founders are in then; name more --founders, or ask for fewer members a round "
                    f"({_get_panel(terms)})"
                ),
            ),
        ),
        "fee": (_at_most("fee", STAKE_MAX, "as the contract counts no more"),),
        "floor": (
            _at_most(
                "floor", lambda terms: terms.bond, "the bond, or whoever joins is banned", "raise --bond"
            ),
        ),
        "proposerStake": _stakes("proposer_stake"),
        "voterStake": _stakes("voter_stake"),
        "proposers": (
            _at_least("proposers", 1, "or nobody proposes"),
            _where(
                _is(BflcTerms),
                _at_least(
                    "proposers", lambda terms: terms.updates, "the updates of a model", "lower --updates"
                ),
            ),
            _where(
                lambda terms: getattr(terms, "attribution", True),
                _at_most("proposers", _UPDATES_MAX, _PER_BALLOT),
            ),
        ),
        "minVoters": (
            _at_least("min_voters", 1, "or nobody judges"),
            _at_most(
                "min_voters",
                lambda terms: _MEMBERS_MAX - terms.proposers,
                f"as there is room for {_MEMBERS_MAX} members",
                "lower --proposers",
            ),
        ),
        "voters": (
            _where(
                lambda terms: terms.voters > 0,
                _at_least(
                    "voters",
                    lambda terms: terms.min_voters,
                    "the min_voters, or 0: no limit",
                    "lower --min-voters",
                ),
            ),
        ),
        "quorumBps": (_at_most("quorum_bps", BPS, _WHOLE),),
        "updateShares": (_at_least("update_shares", 1, "or updates earn nothing"),),
        "seatShares": (_at_least("seat_shares", 1, "or jurors earn nothing"),),
        "profitBps": (_at_most("profit_bps", BPS, _WHOLE),),
        "validators": (_at_least("validators", 1, "or nobody judges"),),
        "miners": (
            _at_least("miners", 1, "or nobody puts a model on record"),
            _at_most(
                "miners",
                lambda terms: _MEMBERS_MAX - 1 - terms.validators,
                f"as there is room for {_MEMBERS_MAX} members",
                "lower --validators",
            ),
        ),
        "unitReward": (_at_most("unit_reward", STAKE_MAX, "as the contract counts no more"),),
        "kickRounds": (_at_least("kick_rounds", 1, "or workers are banned before their first update"),),
        "powBits": (_at_most("pow_bits", _POW_BITS_MAX, "as nobody finds a proof of more"),),
        "decoyOdds": (
            _if(
                lambda terms: terms.decoy_odds == 1,
                "every update would be a decoy, and there would be no model; raise --decoy-odds, or set it "
                "to 0 for none",
            ),
        ),
        "maxSamples": (
            _at_least("max_samples", 1, "or no update can be proposed"),
            _at_most(
                "max_samples",
                lambda terms: (_SAMPLES_LIMIT - 1) // _updates(terms),
                "so that the claims of all updates can be summed",
            ),
        ),
        "maxEpochs": (
            _at_least("max_epochs", 1, "or no update can be proposed"),
            _at_most(
                "max_epochs",
                lambda terms: (_VISITS_LIMIT - 1) // terms.max_samples,
                "so that samples times epochs can be counted",
                "lower --max-samples",
            ),
        ),
        "committee": (
            _at_least("committee", 1, "or nobody judges"),
            _at_most("committee", _COMMITTEE_MAX),
        ),
        "updates": (
            _at_least(
                "updates",
                lambda terms: terms.committee,
                "as many as the committee, which is elected from their makers",
                "lower --committee",
            ),
            _at_most("updates", _SELECTED_MAX, "whose records fit a transaction"),
        ),
        "minScore": (_at_most("min_score", BPS, "the highest score"),),
        "election": (
            _if(
                lambda terms: terms.election not in tuple(Election),
                "there is no such election; choose another --election",
            ),
        ),
        "speedBps": (_at_most("speed_bps", BPS, _WHOLE),),
        "winners": (
            _at_least("winners", 1, "or nobody can win"),
            _at_most("winners", _UPDATES_MAX, _PER_BALLOT),
        ),
        "minWinners": (
            _at_least("min_winners", 1, "or a round opens with nobody"),
            _at_most("min_winners", lambda terms: terms.winners, "the winners", "raise --winners"),
        ),
        "publisher": (
            _if(
                lambda terms: int(terms.publisher, 16) == 0,
                "the zero address is nobody's, and the rest of the pool goes to the publisher; give "
                "--publisher",
            ),
        ),
        "bounty": (_at_most("bounty", STAKE_MAX, "as the contract counts no more"),),
        "rule": (_if(lambda terms: not any(terms.rule), "the rule of aggregation has no name; give --rule"),),
        "rounds": (_at_least("rounds", 1, "or the task is over before it begins"),),
        "deadline": (
            Fault(
                lambda terms: terms.deadline <= terms.bidding_ends,
                lambda terms: (
                    f"rounds are opened after the bidding, which ends at "
                    f"{format_value(terms, 'bidding_ends', terms.bidding_ends)}; choose a later --deadline, "
                    "or an earlier --bidding-ends"
                ),
            ),
        ),
        "minSamples": (
            _at_least("min_samples", 1, "or a bid could offer nothing"),
            _at_most(
                "min_samples", lambda terms: terms.max_samples, "the max_samples", "raise --max-samples"
            ),
        ),
        "challenge": (
            _at_most(
                "challenge",
                lambda terms: terms.schedule.commit - 1,
                "so that time is left to vote in the phase Commit",
                "raise --commit-seconds",
            ),
        ),
        "blockBps": (_at_most("block_bps", BPS, _WHOLE),),
    }
)
"""The faults of each field, by the ABI's name. Several can be there: the first that terms have is told."""


def _get_panel(terms: Any) -> str:
    if isinstance(terms, VbflTerms):
        return "--validators, --miners"
    return "--committee, --updates" if isinstance(terms, BflcTerms) else "--proposers, --min-voters"
