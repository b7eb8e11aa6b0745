"""Every mechanism that has a client, by its name. The commands derive their choices and options from here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clients.mechanisms import fedavg, stake_jury, stake_vote, vbfl
from clients.mechanisms.base import Conduct, Settings
from clients.mechanisms.probing import find_unhandled

_conducts: dict[str, Conduct[Any, Any]] = {}
_settings: dict[str, type[Settings]] = {}
CONDUCTS: Mapping[str, Conduct[Any, Any]] = MappingProxyType(_conducts)
"""The mechanisms that run as a federation on a chain."""
SETTINGS: Mapping[str, type[Settings]] = MappingProxyType(_settings)
"""Each mechanism's options, including the baseline's."""


def register(conduct: Conduct[Any, Any]) -> None:
    """Add a mechanism, so that commands know its name and its options.

    ValueError if there is one of this name, or if its roles ask for a job that it has no handler for.
    """
    if conduct.name in _settings:
        raise ValueError(f"there is a mechanism {conduct.name!r} already")
    if unhandled := sorted(job.__name__ for job in find_unhandled(conduct)):
        raise ValueError(
            f"the mechanism {conduct.name!r} has no handler for {', '.join(unhandled)}: its roles ask for "
            "this, so add one to its jobs"
        )
    _conducts[conduct.name] = conduct
    _settings[conduct.name] = conduct.settings


for _conduct in (stake_vote.CONDUCT, stake_jury.CONDUCT, vbfl.CONDUCT):
    register(_conduct)
_settings[fedavg.NAME] = fedavg.FedavgSettings
