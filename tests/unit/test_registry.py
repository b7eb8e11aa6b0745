"""One registry of mechanisms: what each layer adds to it is there for all, and terms have one home."""

from collections.abc import Sequence
from dataclasses import fields, replace

import pytest

from clients.mechanisms import CONDUCTS, SETTINGS, register
from clients.mechanisms.stake_vote import CONDUCT, StakeVoteSettings
from clients.mechanisms.vbfl import VbflSettings
from clients.ports.binaries import ROOT
from clients.protocol.mechanisms import MECHANISMS
from clients.roles import proposer, voter
from clients.roles.view import Action, Assemble, Job, Judge, Step, Train, View
from clients.types.errors import RequestError
from clients.types.mechanisms import DEFAULT, KINDS, PLANNED
from clients.types.terms import BPS, Unit, get_terms
from deploy.terms import WAYS

RENAMED = {"proposers": "proposers", "quorum": "quorum_bps"}


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


@pytest.mark.parametrize("mechanism", CONDUCTS)
def test_settings_that_become_terms_are_the_terms(mechanism: str) -> None:
    terms = get_terms(KINDS[mechanism].terms)
    for item in fields(SETTINGS[mechanism]):
        if item.metadata.get("personal"):
            assert RENAMED.get(item.name, item.name) not in terms
            continue
        term = terms[RENAMED.get(item.name, item.name)]
        assert item.metadata["help"].startswith(term.help)
        read = WAYS[term.unit].read
        default = int(item.default * BPS) if term.unit is Unit.BPS else item.default
        assert read(item.name, default) == read(item.name, term.default)


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
    assert StakeVoteSettings() == StakeVoteSettings("evidence", 4, 0.02, "16", "8", 0.5, False, 0)
    assert VbflSettings() == VbflSettings("evidence", 12, 5, 3, "0.001", 6, 0, "0.08", 0)
