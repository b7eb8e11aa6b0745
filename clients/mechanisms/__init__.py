"""Every mechanism that can be run, by its name: the one list, from which all others are derived."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clients.mechanisms import fedavg, stake_vote, vbfl
from clients.mechanisms.base import Conduct, Settings

CONDUCTS: Mapping[str, Conduct[Any, Any]] = MappingProxyType(
    {conduct.name: conduct for conduct in (stake_vote.CONDUCT, vbfl.CONDUCT)}
)
"""Those that are a federation on a chain."""

SETTINGS: Mapping[str, type[Settings]] = MappingProxyType(
    {**{name: conduct.settings for name, conduct in CONDUCTS.items()}, fedavg.NAME: fedavg.FedavgSettings}
)
"""The options of each, the baseline included."""
