"""One registry of mechanisms: what each layer adds to it is there for all, and terms have one home."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import pytest

from clients.mechanisms import CONDUCTS, SETTINGS, register
from clients.mechanisms.stake_vote import CONDUCT, StakeVoteSettings
from clients.mechanisms.vbfl import VbflSettings
from clients.ports.binaries import ROOT
from clients.protocol.mechanisms import MECHANISMS
from clients.roles import proposer, voter
from clients.roles.view import Action, Assemble, Job, Judge, Step, Train, View
from clients.types.errors import RequestError
from clients.types.federation import Schedule, StakeVoteTerms
from clients.types.mechanisms import DEFAULT, KINDS, PLANNED, Kind, get_published, resolve
from clients.types.settings import from_terms, make_by_rules
from clients.types.terms import (
    BPS,
    HARDENED,
    PAPER,
    RULES,
    Paper,
    Unit,
    get_defaults,
    get_differing,
    get_terms,
    term,
)
from deploy.terms import WAYS

RENAMED = {"proposers": "proposers", "quorum": "quorum_bps", "profit": "profit_bps"}


def test_every_layer_has_every_mechanism() -> None:
    assert list(MECHANISMS) == list(KINDS)
    assert [name for name in CONDUCTS if name in KINDS] == [name for name in KINDS if name in CONDUCTS]
    for name, conduct in CONDUCTS.items():
        assert conduct.spec is MECHANISMS[name]
        assert SETTINGS[name] is conduct.settings
    assert DEFAULT in CONDUCTS
    assert not set(PLANNED) & set(KINDS)
    for kind in KINDS.values():
        assert (ROOT / "contracts" / "federations" / f"{kind.contract}.sol").exists()
        assert (ROOT / "contracts" / "interfaces" / f"I{kind.contract}.sol").exists()


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_settings_that_become_terms_are_the_terms(mechanism: str, rules: str) -> None:
    terms = get_terms(KINDS[mechanism].terms)
    own = make_by_rules(SETTINGS[mechanism], {}, rules)
    for item in fields(SETTINGS[mechanism]):
        if item.metadata.get("personal"):
            assert RENAMED.get(item.name, item.name) not in terms
            continue
        about = terms[RENAMED.get(item.name, item.name)]
        assert item.metadata["help"].startswith(about.help)
        read = WAYS[about.unit].read
        default = getattr(own, item.name)
        default = int(default * BPS) if about.unit is Unit.BPS else default
        assert read(item.name, default) == read(item.name, about.get_default(rules))


def test_the_rules_choose_the_leaf() -> None:
    chosen = {(name, rules): resolve(name, rules).name for name in ("stake_vote", "bflc") for rules in RULES}
    assert chosen == {
        ("stake_vote", HARDENED): "stake_jury",
        ("stake_vote", PAPER): "stake_vote",
        ("bflc", HARDENED): "stake_jury",
        ("bflc", PAPER): "bflc",
    }
    for name in (*KINDS, "fedavg"):
        leaf = resolve(name, HARDENED)
        assert resolve(leaf.name, HARDENED).name == leaf.name, "a leaf is its own"
        if (published := get_published(name)) == []:
            assert resolve(name, PAPER).name == name
            continue
        with pytest.raises(RequestError, match=f"{name} has no paper.* choose --mechanism {published[0]}"):
            resolve(name, PAPER)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.hardened])
def test_what_stands_for_a_mechanism_has_a_reason_and_defaults_that_can_be_read(name: str) -> None:
    leaf = resolve(name, HARDENED)
    terms, defaults = get_terms(KINDS[leaf.name].terms), leaf.get_defaults(HARDENED)
    assert leaf.why
    assert list(defaults) == list(terms)
    for one, value in leaf.defaults.items():
        assert value != terms[one].default, one
        assert value is None or WAYS[terms[one].unit].read(one, value) is not None
    own = from_terms(SETTINGS[leaf.name], KINDS[leaf.name].terms, leaf.get_defaults(HARDENED))
    plain = make_by_rules(SETTINGS[leaf.name], {}, HARDENED)
    for one, value in own.items():
        changed = RENAMED.get(one, one) in leaf.defaults
        assert (value != getattr(plain, one)) == changed, one


@dataclass(frozen=True, slots=True)
class Longer(Schedule):
    """Phases, with one that the papers lack."""

    sealed: int = field(default=60, metadata=term(60, "", paper=Paper(0, "nobody sees what others propose")))


def test_a_phase_has_a_length_under_each_set_of_rules() -> None:
    kind = Kind("", StakeVoteTerms, Longer(publish=7))
    assert kind.get_schedule(HARDENED) == Longer(publish=7)
    assert kind.get_schedule(PAPER) == Longer(publish=7, sealed=0)
    for known in KINDS.values():
        assert known.get_schedule(HARDENED) == known.schedule


def test_what_differs_between_the_rules_has_a_reason() -> None:
    for record in (Schedule, *(kind.terms for kind in KINDS.values())):
        for name, one in get_differing(record).items():
            assert one.paper is not None
            assert one.paper.why, name
            assert one.get_default(PAPER) != one.get_default(HARDENED), name
        assert get_defaults(record, HARDENED) == {
            name: one.default for name, one in get_terms(record).items()
        }


class Measure(Job):
    """A job of one's own."""


def measure_first(view: View) -> list[Action]:
    """Need more of a view than trying gives, outside of one case."""
    assert view.member.roles
    return [Measure()] if Measure not in view.knowledge.done else proposer.step(view)


@pytest.mark.parametrize(
    ("mechanism", "roles", "without"),
    [
        ("stake_vote", None, Train),
        ("stake_vote", None, Judge),
        ("vbfl", None, Assemble),
        ("stake_vote", (measure_first, voter.step), Measure),
        ("vbfl", (measure_first, voter.step), Train),
    ],
)
def test_a_mechanism_without_a_handler_is_refused(
    mechanism: str, roles: Sequence[Step] | None, without: type[Job]
) -> None:
    conduct = CONDUCTS[mechanism]
    handlers = {**conduct.jobs, Measure: conduct.jobs[Train]}
    del handlers[without]
    new = replace(
        conduct, spec=replace(conduct.spec, name="new"), jobs=handlers, roles=roles or conduct.roles
    )
    with pytest.raises(ValueError, match=f"'new' has no handler for {without.__name__}: its roles ask"):
        register(new)
    assert "new" not in CONDUCTS
    assert "new" not in SETTINGS
    with pytest.raises(RequestError, match=f"new has no handler for the job {without.__name__}"):
        new.get_handler(without)


def test_nobody_asks_for_a_publication_where_nobody_publishes() -> None:
    assert Assemble not in CONDUCT.jobs


def test_defaults_that_papers_and_runs_go_by() -> None:
    """They change with a reason alone: every run that doesn't name them has others then."""
    assert StakeVoteSettings() == StakeVoteSettings("evidence", 4, 0.02, "16", "8", 0.5, False, 2)
    assert VbflSettings() == VbflSettings("evidence", "0.08", 12, 5, 3, "0.001", 0, 6, 0, 2)
    assert make_by_rules(StakeVoteSettings, {}, PAPER) == StakeVoteSettings(newcomers=0)
    papers = VbflSettings("evidence", "0.08", 12, 5, 3, "0.001", 0, 6, 0, 0)
    assert make_by_rules(VbflSettings, {}, PAPER) == papers
