"""What the local participants have worked out for the round in progress."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.mechanisms.base import Candidate, Done
from clients.roles.view import Job, Knowledge
from clients.types.chain import Call, Receipt
from clients.types.errors import OwnTrouble, ProtocolError
from clients.types.federation import Address


@dataclass(slots=True)
class Notes:
    """Notes of round `round`. Ballots and pledged updates can't be recomputed: they are in the journal
    too."""

    round: int
    finished: dict[Address, set[type[Job]]] = field(default_factory=dict)
    """The jobs that each participant has finished."""
    ballots: dict[Address, bytes] = field(default_factory=dict)
    calls: dict[tuple[Address, str], Sequence[Call]] = field(default_factory=dict)
    """The call of each participant when a method is due, in the order in which the calls were ready. A
    simulated attacker has several: it tries the next when one is refused."""
    candidate: Candidate | None = None
    findings: dict[Address, Mapping[str, Any]] = field(default_factory=dict)
    """Voters' findings, for the report."""
    refused: list[tuple[Call, ProtocolError]] = field(default_factory=list)
    """Refused calls of simulated attackers."""
    troubles: dict[Address, list[OwnTrouble]] = field(default_factory=dict)
    """The trouble that kept a participant from doing its part in this round."""
    scratch: dict[type[Job], dict[str, Any]] = field(default_factory=dict)
    """Working storage of each job."""
    kept: list[bytes] = field(default_factory=list)
    """Files of unfinished jobs that the store already has."""
    memory: Mapping[Address, Any] = field(default_factory=dict)
    """Each participant's memory of earlier rounds."""

    def knowledge_of(self, account: Address) -> Knowledge:
        """Return what `account` has worked out for the round."""
        calls = {method: tried for (who, method), tried in self.calls.items() if who == account}
        done = frozenset(self.finished.get(account, ()))
        return Knowledge(done, self.ballots.get(account), calls)

    def take_calls(self, calls: Mapping[Address, Sequence[Call]]) -> None:
        """Note the calls that a job prepared, by account."""
        self.calls |= {(account, tried[0].method): tried for account, tried in calls.items()}

    def take_findings(self, findings: Mapping[Address, Mapping[str, Any]]) -> None:
        """Note what voters found, beside what they found before."""
        for account, found in findings.items():
            self.findings[account] = {**self.findings.get(account, {}), **found}

    def take_files(self, done: Done) -> list[bytes]:
        """Return the files of a job that the store doesn't have from an earlier pass."""
        files = [file for file in done.files if file not in self.kept]
        if done.pending:  # the job will run again and make the same files
            self.kept += files
        return files

    def rank(self, call: Call) -> int:
        """Return a sort key: calls that a job prepared go in the order in which they were ready."""
        key = (call.sender, call.method)
        return list(self.calls).index(key) if key in self.calls else -1

    def drop_sent(self, receipts: Iterable[Receipt], methods: Container[str]) -> None:
        """Forget calls of these methods that were carried out: no act shows that they aren't due any more."""
        for receipt in receipts:
            if receipt.error is None and receipt.call.method in methods:
                self.calls.pop((receipt.call.sender, receipt.call.method), None)

    def fall_back(self, call: Call, error: ProtocolError) -> bool:
        """Return whether a simulated attacker's call was refused; if so, queue its fallback."""
        key = (call.sender, call.method)
        tried = self.calls.get(key, ())
        if len(tried) < 2:
            return False
        self.calls[key] = tried[1:]
        self.refused.append((call, error))
        return True
