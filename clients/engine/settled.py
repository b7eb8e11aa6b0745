"""Rounds that were settled, as a process is told of them: once each, even if it was down at the time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clients.engine.notes import Notes
from clients.roles.round_log import RoundLog, as_bytes32
from clients.types.chain import Chain
from clients.types.errors import UnavailableError
from clients.types.federation import MemberView, Status


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled round as this process sees it. `notes` are blank if this process didn't see the round."""

    status: Status
    log: RoundLog
    members: Sequence[MemberView]
    """The local participants as the chain sees them, in the participants' order."""
    notes: Notes


def get_untold(chain: Chain, status: Status, told: int) -> list[Status]:
    """Return the status of each settled round after `told`, as of its settlement."""
    last = status.settled
    if last <= told:
        return []
    if last == told + 1 == status.round:
        return [status]
    events = {event.args["round"]: event for event in chain.events() if event.name == "Settled"}
    records = {round_number: chain.round(round_number) for round_number in range(told + 1, last + 1)}
    untraced = [round_number for round_number in records if round_number not in events]
    if untraced:
        raise UnavailableError(f"the chain's node has no log of round {untraced[0]}'s settlement yet.")
    return [
        replace(
            status,
            round=round_number,
            record=record,
            head=as_bytes32(events[round_number].args["head"]),
            seal_block=0,
        )
        for round_number, record in records.items()
    ]
