"""The rules of every mechanism that has a contract, by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from clients.protocol.bflc import BFLC
from clients.protocol.blade import BLADE
from clients.protocol.policies import Mechanism
from clients.protocol.stake_jury import STAKE_JURY
from clients.protocol.stake_vote import STAKE_VOTE
from clients.protocol.vbfl import VBFL

_SPECS: tuple[Mechanism[Any], ...] = (STAKE_VOTE, STAKE_JURY, VBFL, BFLC, BLADE)
MECHANISMS: Mapping[str, Mechanism[Any]] = MappingProxyType({spec.name: spec for spec in _SPECS})
