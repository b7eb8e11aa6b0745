"""Every mechanism that has a client, by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clients.engine.mechanisms import stake_vote, vbfl
from clients.engine.mechanisms.base import Conduct

CONDUCTS: Mapping[str, Conduct[Any]] = MappingProxyType(
    {conduct.spec.name: conduct for conduct in (stake_vote.CONDUCT, vbfl.CONDUCT)}
)
