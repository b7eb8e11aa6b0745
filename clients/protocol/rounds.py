"""A round's clock, and the protocol as a table: which action in which phase, by whom.

A phase is computed from the round's record and the time, never stored. So nobody has to move a round forward,
and no absent member can hang it. What ends each phase:

- Open: a call of `open`, by anybody, at least `schedule.open` seconds after the last settlement.
- Draw: a call of `draw`, by anybody, from the block after `open` on; after 256 blocks the round goes to
  Settle, void.
- Pledge, Propose, Commit, Reveal: the last act that the round waits for, or the phase's end. Without a
  single pledge, proposal or commitment, the round goes straight to Settle. Pledge is skipped if it has no
  length; else only the updates pledged in it may be proposed, when nobody can copy them any more.
- Publish: the last publication that the round waits for, or the phase's end. Skipped without publishers, or
  if at most half of the drawn voters revealed.
- Settle: a call of `settle`, by anybody.

The draw fixes the ends, so a phase that ends early leaves its time to the next one. Counts and time only
grow, so no round goes back to an earlier phase.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clients.protocol.hashing import UINT256_MAX
from clients.types.chain import Call
from clients.types.errors import RequestError
from clients.types.federation import Act, Outcome, Phase, Role, Round, Schedule, Status

SEAL_BLOCKS = 256
"""A block's hash can be looked up for this many blocks."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its ABI types, and the conditions that are checked first."""

    types: tuple[str, ...]
    phase: Phase | None = None
    """The phase it needs; None: any."""
    role: Role = Role.NONE
    """The role for which the sender must be drawn; NONE: any, or none."""
    act: Act = Act.NONE
    """The act that it counts as; nobody does an act twice in a round."""
    names_round: bool = False
    """Whether its first argument must be the current round."""

    @property
    def has_addresses(self) -> bool:
        """Whether addresses are among its arguments."""
        return any(kind.startswith("address") for kind in self.types)


def _act(phase: Phase, role: Role, act: Act, *types: str) -> Action:
    return Action(("uint256", *types), phase, role, act, True)


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "join": Action(("uint256",), Phase.OPEN),
        "fund": Action(("uint256",)),
        "deposit": Action(("uint256",), Phase.OPEN),
        "exit": Action((), Phase.OPEN),
        "withdraw": Action(()),
        "claim": Action(()),
        "collect": Action(("address",)),
        "evict": Action(("address[]",), Phase.OPEN),
        "open": Action((), Phase.OPEN),
        "draw": Action((), Phase.DRAW),
        "pledge": _act(Phase.PLEDGE, Role.PROPOSER, Act.PLEDGED, "bytes32"),
        "propose": _act(Phase.PROPOSE, Role.PROPOSER, Act.PROPOSED, "bytes32", "uint256", "uint256"),
        "commit": _act(Phase.COMMIT, Role.VOTER, Act.COMMITTED, "bytes32"),
        "reveal": Action(("uint256", "bytes", "bytes32"), Phase.REVEAL, names_round=True),
        "publish": _act(Phase.PUBLISH, Role.PUBLISHER, Act.PUBLISHED, "bytes32", "uint256", "bytes32"),
        "settle": Action((), Phase.SETTLE),
    }
)


def check_arguments(call: Call, types: tuple[str, ...]) -> None:
    """Raise RequestError unless the arguments are what the ABI takes: no chain would encode others."""
    if len(call.args) != len(types):
        raise RequestError(
            f"{call.method} takes {len(types)} arguments ({', '.join(types)}), not {len(call.args)}"
        )
    for value, kind in zip(call.args, types, strict=True):
        if kind == "uint256":
            valid = isinstance(value, int) and 0 <= value <= UINT256_MAX
        elif kind == "bytes32":
            valid = isinstance(value, bytes) and len(value) == 32
        elif kind == "bytes":
            valid = isinstance(value, bytes)
        elif kind == "address":
            valid = isinstance(value, str)
        else:
            valid = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        if not valid:
            raise RequestError(f"{call.method}: {value!r} is no {kind}")


@dataclass(frozen=True, slots=True)
class Ends:
    """The latest ends of a drawn round's phases, in seconds. The draw fixes them."""

    pledge: int
    propose: int
    commit: int
    reveal: int
    publish: int


def compute_ends(drawn_at: int, schedule: Schedule) -> Ends:
    """Return the ends of a round drawn at `drawn_at`. A phase that ends early leaves its time to the next."""
    pledge = drawn_at + schedule.pledge
    propose = pledge + schedule.propose
    commit = propose + schedule.commit
    reveal = commit + schedule.reveal
    return Ends(pledge, propose, commit, reveal, reveal + schedule.publish)


def get_end(status: Status, phase: Phase | None) -> int | None:
    """Return the time from which on the round in progress isn't in `phase`; None if no time ends it."""
    ends = {
        Phase.PLEDGE: status.pledge_end,
        Phase.PROPOSE: status.propose_end,
        Phase.COMMIT: status.commit_end,
        Phase.REVEAL: status.reveal_end,
        Phase.PUBLISH: status.publish_end,
    }
    return ends.get(phase) if phase else None


def get_begin(status: Status, phase: Phase) -> int:
    """Return the earliest time of `phase`: Pledge, Propose, Commit, Reveal or Publish."""
    begins = {
        Phase.PLEDGE: status.record.drawn_at,
        Phase.PROPOSE: status.pledge_end,
        Phase.COMMIT: status.propose_end,
        Phase.REVEAL: status.commit_end,
        Phase.PUBLISH: status.reveal_end,
    }
    return begins[phase]


def has_quorum(record: Round, voters: int) -> bool:
    """Return whether more than half of the `voters` drawn revealed. Without that nothing is published."""
    return record.reveals * 2 > voters


def is_in_progress(record: Round, round_number: int) -> bool:
    """Return whether round `round_number` is open and not settled."""
    return round_number > 0 and record.outcome is Outcome.NONE


def compute_phase(
    record: Round,
    round_number: int,
    *,
    seal_block: int,
    schedule: Schedule,
    proposers: int,
    voters: int,
    publishers: int,
    awaited: bool,
    time: int,
    block: int,
) -> Phase:
    """Return the phase at `time` and `block`; the round waits for `proposers`, `voters` and `publishers`.

    `awaited`: whether something else is to come in phase Reveal, before anything is published.
    """
    if not is_in_progress(record, round_number):
        return Phase.OPEN
    if record.drawn_at == 0:
        return Phase.DRAW if block <= seal_block + SEAL_BLOCKS else Phase.SETTLE
    ends = compute_ends(record.drawn_at, schedule)
    if schedule.pledge:
        if time < ends.pledge and record.pledges < proposers:
            return Phase.PLEDGE
        proposers = record.pledges
    if time < ends.propose and record.proposals < proposers:
        return Phase.PROPOSE
    if record.proposals == 0:
        return Phase.SETTLE
    if time < ends.commit and record.commits < voters:
        return Phase.COMMIT
    if record.commits == 0:
        return Phase.SETTLE
    if time < ends.reveal and record.reveals < record.commits:
        return Phase.REVEAL
    if has_quorum(record, voters) and record.publications < publishers and time < ends.publish:
        return Phase.REVEAL if awaited and time < ends.reveal else Phase.PUBLISH
    return Phase.SETTLE
