"""One registry of mechanisms: what each layer adds to it is there for all, and terms have one home."""

from dataclasses import fields

import pytest

from clients.mechanisms import CONDUCTS, SETTINGS
from clients.mechanisms.stake_vote import StakeVoteSettings
from clients.mechanisms.vbfl import VbflSettings
from clients.ports.binaries import ROOT
from clients.protocol.mechanisms import MECHANISMS
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


def test_defaults_that_papers_and_runs_go_by() -> None:
    """They change with a reason alone: every run that doesn't name them has others then."""
    assert StakeVoteSettings() == StakeVoteSettings(4, 0.02, "16", "8", 0.5, False)
    assert VbflSettings() == VbflSettings(12, 5, 3, "0.001", 6, 0, "0.08")
