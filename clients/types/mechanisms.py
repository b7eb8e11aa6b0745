"""Every mechanism that has a contract, by its name: the registry's root. All other lists are derived from it.

The specification (`clients.protocol.mechanisms`) has the rules of each, and clients (`clients.mechanisms`)
have its settings and conduct.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from clients.types.errors import unknown_name
from clients.types.federation import (
    BflcTerms,
    BladeTerms,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from clients.types.terms import PAPER, RuleSet, get_differing, get_terms

Terms: TypeAlias = StakeVoteTerms | StakeJuryTerms | VbflTerms | BflcTerms | BladeTerms


PLEDGING = Schedule(pledge=get_terms(Schedule)["pledge"].default)
PUBLISHING = replace(PLEDGING, publish=3600)
"""The same where members publish."""


UNSLASHED: Mapping[str, Any] = MappingProxyType(
    {
        "managers": None,
        "floor": "0",
        "proposer_stake": "0",
        "voter_stake": "0",
        "proposers": 6,
        "voters": 9,
        "update_shares": 3,
        "newcomers": 1,
    }
)
"""What `bflc` sets in the terms of `stake_jury`, as people write it; None: to be given. Managers let members
in, and nobody's stake is ever slashed: what is rejected, and a wrong or missing ballot, earns nothing.

A juror has its seat's pay alone to lose, so that is a third of an update's. The jury's size is odd: half of
an even one is enough to let nothing pass.
"""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands for a mechanism under a set of rules: the name of a kind.

    `defaults`: the defaults of its terms that are others here than where that kind itself is asked for, as
    people write them; None for a term that must be given.
    """

    name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A mechanism's contract, the class of its terms, and the default lengths of its phases.

    `hardened`: what stands for it under the hardened rules, if that isn't the same contract.
    """

    contract: str
    terms: type[Terms]
    schedule: Schedule = PUBLISHING
    hardened: Leaf | None = None

    def get_schedule(self, rules: RuleSet) -> Schedule:
        """Return the default lengths under a set of rules.

        `schedule` has those of the hardened rules. A phase that is another under the papers' rules says so at
        its field, as terms do.
        """
        if rules != PAPER:
            return self.schedule
        theirs = {
            name: phase.get_default(rules) for name, phase in get_differing(type(self.schedule)).items()
        }
        return replace(self.schedule, **theirs)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "stake_vote": Kind("StakeVote", StakeVoteTerms, PLEDGING),  # its ballots name the head
        "stake_jury": Kind("StakeJury", StakeJuryTerms),
        "vbfl": Kind("Vbfl", VbflTerms),
        "bflc": Kind("Bflc", BflcTerms, hardened=Leaf("stake_jury", UNSLASHED)),
        "blade": Kind("Blade", BladeTerms),
    }
)
DEFAULT = "stake_vote"
"""The mechanism if none is named."""
PLANNED = ("dfl",)
"""Mechanisms of the papers that have neither contract nor client."""


def kind_of(mechanism: str) -> Kind:
    """Return the kind of a mechanism's federation; `RequestError` for an unknown name."""
    if mechanism not in KINDS:
        raise unknown_name("mechanism", mechanism, KINDS)
    return KINDS[mechanism]


def get_leaf(mechanism: str, rules: RuleSet) -> Leaf:
    """Return what stands for a mechanism under a set of rules: itself where nothing else does."""
    hardened = kind_of(mechanism).hardened
    return Leaf(mechanism) if hardened is None or rules == PAPER else hardened


def mechanism_of(terms: Terms) -> str:
    """Return the mechanism whose terms these are."""
    return next(name for name, kind in KINDS.items() if kind.terms is type(terms))
