"""What the participants here have worked out for the round in progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.mechanisms.base import Candidate
from clients.roles.view import Job, Knowledge
from clients.types.chain import Call
from clients.types.errors import OwnTrouble, ProtocolError
from clients.types.federation import Address


@dataclass(slots=True)
class Notes:
    """Notes of round `round`. All but the ballots can be worked out again, and ballots are in the journal."""

    round: int
    finished: dict[Address, set[type[Job]]] = field(default_factory=dict)
    """The jobs that each needn't do again."""
    ballots: dict[Address, bytes] = field(default_factory=dict)
    calls: dict[tuple[Address, str], Sequence[Call]] = field(default_factory=dict)
    """What each sends when a method is due, in the order in which it was ready; more than one where it tries
    to cheat, the next as the one before is refused."""
    candidate: Candidate | None = None
    findings: dict[Address, Mapping[str, Any]] = field(default_factory=dict)
    """What voters found, for the record."""
    refused: list[tuple[Call, ProtocolError]] = field(default_factory=list)
    """What the chain refused to those who tried to cheat it."""
    troubles: dict[Address, list[OwnTrouble]] = field(default_factory=dict)
    """What kept each from doing its part in this round."""
    scratch: dict[type[Job], dict[str, Any]] = field(default_factory=dict)
    """What each job keeps for itself."""
    kept: list[bytes] = field(default_factory=list)
    """Files that jobs left and the store has."""
    memory: Mapping[Address, Any] = field(default_factory=dict)
    """What each remembers of earlier rounds."""

    def knowledge_of(self, account: Address) -> Knowledge:
        """Return what `account` holds for the round."""
        calls = {method: tried for (who, method), tried in self.calls.items() if who == account}
        done = frozenset(self.finished.get(account, ()))
        return Knowledge(done, self.ballots.get(account), calls)

    def rank(self, call: Call) -> int:
        """Return where among others a call is sent: those that a job prepared, as they were ready."""
        key = (call.sender, call.method)
        return list(self.calls).index(key) if key in self.calls else -1

    def fall_back(self, call: Call, error: ProtocolError) -> bool:
        """Return whether there is something else to try now that `call` was refused: a cheat's next try."""
        key = (call.sender, call.method)
        tried = self.calls.get(key, ())
        if len(tried) < 2:
            return False
        self.calls[key] = tried[1:]
        self.refused.append((call, error))
        return True
