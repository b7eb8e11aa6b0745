"""What a participant sees, and what it may decide to do.

A decision follows only from chain, store and the participant's own journal, so a participant that crashes and
comes back sees the same view and decides the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clients.types.chain import Call
from clients.types.federation import Act, Address, MemberView, Phase, Role, Standing, Status


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the participant has worked out for the round in progress.

    `done`: the jobs that it has finished; a job that left nothing to send isn't repeated. `calls`: the
    transactions that jobs prepared, by method; each is tried when the one before it was refused.
    """

    done: frozenset[type["Job"]] = frozenset()
    ballot: bytes | None = None
    calls: Mapping[str, Sequence[Call]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a participant knows by its anchor of its chains of secrets (`clients.roles.lots`).

    `next`: the one that leads to its anchor, and decides its next lot; None if it knows none. `end`: what it
    anchors then. `is_exposed`: whether others may know `next`, as it was to be shown in the last round, and
    wasn't: a transaction that fails is public, too.
    """

    next: bytes | None
    end: bytes
    is_exposed: bool = False

    @property
    def to_anchor(self) -> bytes | None:
        """What the participant anchors before the next round; None if it keeps its anchor. An exposed secret
        is passed by, as if it had been shown."""
        if self.next is None:
            return self.end
        return self.next if self.is_exposed else None


@dataclass(frozen=True, slots=True)
class View:
    """The federation as one participant sees it.

    `waited`: for how many seconds the participant has seen the federation wait for a housekeeping call.
    `sealed_for`: in phase Draw, how many blocks follow the seal block. `begins`: the time at which a method
    can be called, if its phase alone doesn't say. `secrets`: None where no lots are drawn. `unanchored`:
    whether a member has no anchor yet, and wouldn't be paid for an update.
    `absent_after`: missed rounds in a row after which a drawn member can be put out; 0: never.
    """

    me: Address
    chain_id: int
    federation: Address
    min_members: int
    status: Status
    member: MemberView
    registry: Sequence[MemberView]
    knowledge: Knowledge
    salt: bytes
    now: int
    waited: float = 0.0
    sealed_for: int = 0
    begins: Mapping[str, int] = field(default_factory=dict)
    secrets: Secrets | None = None
    unanchored: bool = False
    absent_after: int = 0

    @property
    def acted(self) -> Act:
        """Return the participant's acts in the round in progress."""
        record = self.member.record
        return record.acts if record.round == self.status.round else Act.NONE

    @property
    def must_pledge(self) -> bool:
        """Return whether only an update that was pledged can be proposed in this federation."""
        return self.status.pledge_end > self.status.record.drawn_at

    def is_time(self, method: str) -> bool:
        """Return whether `method` can be called already, as far as `begins` says."""
        return self.now >= self.begins.get(method, 0)

    def is_due(self, phase: Phase, role: Role, act: Act) -> bool:
        """Return whether it is `phase`, and the participant is drawn as `role` and hasn't done `act` yet."""
        return (
            self.status.phase == phase
            and role in self.member.roles
            and self.member.record.standing == Standing.MEMBER
            and not self.member.out
            and act not in self.acted
        )


@dataclass(frozen=True, slots=True)
class Job:
    """Work on private data that a participant must do before its next transaction.

    A mechanism has a handler for each kind of job (`clients.mechanisms.base`).
    """


class Train(Job):
    """Train on private data from the head."""


class Judge(Job):
    """Test the proposals on private data, and decide on a ballot."""


class Assemble(Job):
    """Find out which updates passed, make their model, and the proof of work if the terms ask for one."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a transaction."""

    call: Call


Action = Job | Send
Step = Callable[[View], list[Action]]
"""Returns a role's next actions, given its participant's view."""


def prepare(view: View, job: type[Job], method: str) -> list[Action]:
    """Return the call of `method` that the job left; the job, if it isn't done. A job may leave no call.

    A call from before a restart is enough: the job isn't done again.
    """
    calls = view.knowledge.calls.get(method, ())[:1]
    if calls or job in view.knowledge.done:
        return [Send(call) for call in calls]
    return [job()]
