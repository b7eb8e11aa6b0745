"""Every mechanism that has a client, by its name. The commands derive their choices and options from here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clients.mechanisms import fedavg, stake_vote, vbfl
from clients.mechanisms.base import Conduct, Settings

_conducts: dict[str, Conduct[Any, Any]] = {}
_settings: dict[str, type[Settings]] = {}
CONDUCTS: Mapping[str, Conduct[Any, Any]] = MappingProxyType(_conducts)
"""The mechanisms that run as a federation on a chain."""
SETTINGS: Mapping[str, type[Settings]] = MappingProxyType(_settings)
"""Each mechanism's options, including the baseline's."""


def register(conduct: Conduct[Any, Any]) -> None:
    """Add a mechanism, so that commands know its name and its options."""
    if conduct.name in _settings:
        raise ValueError(f"there is a mechanism {conduct.name!r} already")
    _conducts[conduct.name] = conduct
    _settings[conduct.name] = conduct.settings


for _conduct in (stake_vote.CONDUCT, vbfl.CONDUCT):
    register(_conduct)
_settings[fedavg.NAME] = fedavg.FedavgSettings
