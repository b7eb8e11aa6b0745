"""What the participants here have worked out for the round in progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from clients.engine.cohort import Candidate
from clients.roles.view import Knowledge, Proposal, Publication, Update
from clients.types.chain import Call
from clients.types.errors import OwnTrouble, ProtocolError
from clients.types.federation import Act, Address


@dataclass(slots=True)
class Notes:
    """Notes of round `round`; nothing in them is needed to go on, but that ballots must not change."""

    round: int
    updates: dict[Address, Sequence[Update]] = field(default_factory=dict)
    """What each proposes; more than one where it tries to cheat, the next as the one before is refused."""
    ballots: dict[Address, bytes] = field(default_factory=dict)
    publications: dict[Address, Sequence[Publication]] = field(default_factory=dict)
    proposals: list[Proposal] | None = None
    candidate: Candidate | None = None
    findings: dict[Address, Mapping[str, Any]] = field(default_factory=dict)
    """What voters found, for the record."""
    refused: list[tuple[Call, ProtocolError]] = field(default_factory=list)
    """What the chain refused to those who tried to cheat it."""
    troubles: dict[Address, dict[Act, OwnTrouble]] = field(default_factory=dict)
    """What each can't do in this round, and why."""
    tried: int = 0
    """Nonces that were tried for a proof of work."""

    def knowledge_of(self, account: Address) -> Knowledge:
        """Return what `account` holds for the round."""
        update = next(iter(self.updates.get(account, ())), None)
        unable = reduce(or_, self.troubles.get(account, ()), Act.NONE)
        return Knowledge(update, self.ballots.get(account), self.publications.get(account), unable)

    def rank(self, call: Call) -> int:
        """Return where among others a call is sent: publications in the order in which they were ready."""
        return list(self.publications).index(call.sender) if call.method == "publish" else 0

    def drop(self, call: Call, error: ProtocolError) -> None:
        """Note that the update or publication of `call` was refused: the next one is tried."""
        self.refused.append((call, error))
        if call.method == "publish":
            self.publications[call.sender] = self.publications.get(call.sender, ())[1:]
        else:
            self.updates[call.sender] = self.updates[call.sender][1:]
