"""Every mechanism that has a contract, by its name: the registry's root. All other lists are derived from it.

The specification (`clients.protocol.mechanisms`) has the rules of each, and clients (`clients.mechanisms`)
have its settings and conduct.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Kind:
    """A mechanism's contract, the class of its terms, and the default lengths of its phases."""

    contract: str
    terms: type[Terms]
    schedule: Schedule = PUBLISHING

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
        "bflc": Kind("Bflc", BflcTerms),
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


def mechanism_of(terms: Terms) -> str:
    """Return the mechanism whose terms these are."""
    return next(name for name, kind in KINDS.items() if kind.terms is type(terms))
