"""Every mechanism that has a contract, by its name: the registry's root. All other lists are derived from it.

The specification (`clients.protocol.mechanisms`) has the rules of each, and clients (`clients.mechanisms`)
have its settings and conduct.

Where terms can't mend what a paper's rules allow, another contract stands for the mechanism under the
hardened rules. `get_leaf` says which, and `resolve` refuses what nobody can ask for. Whoever asks for a
mechanism by its name goes through them; a federation's `mechanism()` and a run's record name the leaf itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from clients.types.errors import RequestError, unknown_name
from clients.types.federation import (
    BflcTerms,
    BladeTerms,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from clients.types.terms import HARDENED, PAPER, RuleSet, get_defaults, get_differing, get_terms

Terms: TypeAlias = StakeVoteTerms | StakeJuryTerms | VbflTerms | BflcTerms | BladeTerms


PLEDGING = Schedule(pledge=get_terms(Schedule)["pledge"].default)
PUBLISHING = replace(PLEDGING, publish=3600)
"""The same where members publish."""


ADMITTED: Mapping[str, Any] = MappingProxyType(
    {
        "managers": None,
        "proposer_stake": "0",
        "voter_stake": "0.25",
        "voters": 15,
        "newcomers": 1,
    }
)
"""What `bflc` sets in the terms of `stake_jury`, as people write it; None: to be given. Managers let members
in, so stakes matter less: a rejected update isn't paid and costs nothing, and a ballot that is mostly wrong
costs a little.

Without that little, whoever votes for the coalition's own costs others more than itself. The jury's size is
odd: half of an even one is enough to let nothing pass.
"""

PANEL: Mapping[str, Any] = MappingProxyType({"voters": 15})
"""What `vbfl` sets in the terms of `stake_jury`: how many jurors there are at most. They are what validators
and miners are in the paper, and so many that a silent third of 100 members seldom denies a round its model.
"""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands for a mechanism under a set of rules: the name of a kind.

    `defaults`: the defaults of its terms that are others here than where that kind itself is asked for, as
    people write them; None for a term that must be given. `why`: why this leaf, and not the mechanism's own.
    """

    name: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    def get_defaults(self, rules: RuleSet) -> dict[str, Any]:
        """Return its terms' defaults under a set of rules, as people write them; None for those to be
        given."""
        return {**get_defaults(kind_of(self.name).terms, rules), **self.defaults}


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
        "stake_vote": Kind(
            "StakeVote",
            StakeVoteTerms,
            PLEDGING,  # its ballots name the head
            hardened=Leaf(
                "stake_jury",
                why="a verdict on the average costs honest proposers their stakes with the spoiler",
            ),
        ),
        "stake_jury": Kind("StakeJury", StakeJuryTerms),
        "vbfl": Kind(
            "Vbfl",
            VbflTerms,
            hardened=Leaf(
                "stake_jury",
                PANEL,
                why="validators lose nothing by wrong votes, and who couldn't get an update votes against it",
            ),
        ),
        "bflc": Kind(
            "Bflc",
            BflcTerms,
            hardened=Leaf(
                "stake_jury",
                ADMITTED,
                why="best scores let a part of the committee choose who is best",
            ),
        ),
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


def get_leaf(mechanism: str, rules: RuleSet) -> Leaf:
    """Return what stands for a mechanism under a set of rules: the mechanism itself where nothing else does.

    A mechanism without a contract here, as the baseline, has one set of rules.
    """
    kind = KINDS.get(mechanism)
    hardened = None if kind is None or rules == PAPER else kind.hardened
    return Leaf(mechanism) if hardened is None else hardened


def resolve(mechanism: str, rules: RuleSet) -> Leaf:
    """Return what stands for a mechanism that somebody asks for; `RequestError` for one that is nobody's
    paper, under the papers' rules."""
    if rules == PAPER and (published := get_published(mechanism)):
        raise RequestError(
            f"{mechanism} has no paper: it stands for {' and '.join(published)} under the hardened rules. "
            f"With --rules paper, choose --mechanism {published[0]}."
        )
    return get_leaf(mechanism, rules)


def get_published(leaf: str) -> list[str]:
    """Return the mechanisms for which a leaf stands under the hardened rules."""
    return [name for name, kind in KINDS.items() if kind.hardened is not None and kind.hardened.name == leaf]


def tell_kind(name: str) -> str:
    """Return a kind's name as help texts have it: with the rules that lead to it, if only one set does."""
    kind = KINDS.get(name)
    return f"{name} (paper)" if kind is not None and kind.hardened is not None else name


def refuse_other_rules(mechanism: str, rules: RuleSet, told: str, what: str, owners: Collection[str]) -> None:
    """Raise `RequestError` for a setting or a term (`what`) that the mechanism has by the other rules alone.

    `told`: its name as it was written. `owners`: the kinds that have it.
    """
    kind = KINDS.get(mechanism)
    if kind is None or kind.hardened is None or resolve(mechanism, rules).name in owners:
        return
    if rules == HARDENED and mechanism in owners:
        raise RequestError(
            f"{told} is a {what} of {mechanism} under the paper's rules, not under the hardened ones, where "
            f"{kind.hardened.name} stands for it: leave it out or add --rules paper."
        )
    if rules == PAPER and kind.hardened.name in owners:
        raise RequestError(
            f"{told} is a {what} of {mechanism} under the hardened rules, not under the paper's: leave it "
            "out, or leave out --rules paper."
        )
