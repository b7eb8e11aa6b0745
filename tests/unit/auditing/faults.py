"""Faults to plant in a record of a chain, one at a time, and what an audit must say of each."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.types.federation import Outcome
from clients.types.mechanisms import KINDS
from tests.unit.auditing.played import Recorded, digest_of

WRONG = digest_of("wrong")


@dataclass(frozen=True)
class Sign:
    """What the audit must say: the kind, and where it is."""

    kind: str
    round: int | None = None
    account: str = ""


@dataclass(frozen=True)
class Fault:
    name: str
    mechanisms: Sequence[str]
    plant: Callable[[Recorded], Sign]
    """Alters the record, and returns what must be found. LookupError or StopIteration where it can't."""


FAULTS: list[Fault] = []
ALL = tuple(KINDS)
JUDGED = tuple(name for name in ALL if name != "stake_vote")
"""Those that judge each update."""


def fault(
    name: str, mechanisms: Sequence[str] = ("stake_vote",)
) -> Callable[[Callable[[Recorded], Sign]], Callable[[Recorded], Sign]]:
    def note(plant: Callable[[Recorded], Sign]) -> Callable[[Recorded], Sign]:
        FAULTS.append(Fault(name, mechanisms, plant))
        return plant

    return note


def event_of(record: Recorded, place: int) -> dict[str, Any]:
    return record.entries[place].args


def settled(record: Recorded, outcome: Outcome) -> int:
    return record.find("Settled", lambda args: args["outcome"] == outcome)


def revealing(record: Recorded) -> int:
    """Return a reveal in a round that was accepted, rejected or left undecided: any that was settled."""
    done = {one.args["round"] for one in record.entries if one.name == "Settled"}
    return record.find("Revealed", lambda args: args["round"] in done)


def needs(condition: object) -> None:
    if not condition:
        raise LookupError


# ---------------------------------------------------------------------- rounds


@fault("a seed that doesn't follow from the entropy", ALL)
def wrong_seed(record: Recorded) -> Sign:
    place = record.find("Drawn")
    record.alter(place, seed=WRONG)
    return Sign("seed", event_of(record, place)["round"])


@fault("a block's hash other than the one that the seed was made of")
def wrong_hash(record: Recorded) -> Sign:
    needs(record.beacon_value == bytes(32))
    opened = record.find("Opened")
    number = event_of(record, opened)["sealBlock"]
    record.find("Drawn", lambda args: args["round"] == event_of(record, opened)["round"])
    record.block_list[number] = replace(record.block_list[number], hash="0x" + WRONG.hex())
    return Sign("seed", event_of(record, opened)["round"])


@fault("an outcome that the votes don't give", ALL)
def wrong_outcome(record: Recorded) -> Sign:
    place = settled(record, Outcome.REJECTED)
    record.alter(place, outcome=int(Outcome.ACCEPTED))
    return Sign("outcome", event_of(record, place)["round"])


@fault("a head that wasn't voted for", ALL)
def wrong_head(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, head=WRONG)
    return Sign("head", event_of(record, place)["round"])


@fault("a pool that the round doesn't leave", ALL)
def wrong_pool(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, pool=event_of(record, place)["pool"] + 1)
    return Sign("pool", event_of(record, place)["round"])


@fault("a vote counted twice", ALL)
def wrong_votes(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, votesFor=event_of(record, place)["votesFor"] + 1)
    return Sign("tally", event_of(record, place)["round"])


@fault("a reward that is too high", ALL)
def wrong_reward(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    record.alter(place, proposerReward=event_of(record, place)["proposerReward"] + 1)
    return Sign("payout", event_of(record, place)["round"])


@fault("a reveal that the chain's events lack", ALL)
def missing_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    number = event_of(record, place)["round"]
    del record.entries[place]
    return Sign("tally", number)


@fault("a reveal of another ballot than was committed to", ALL)
def other_ballot(record: Recorded) -> Sign:
    place = revealing(record)
    args = event_of(record, place)
    record.alter(place, ballot=args["ballot"][:-1] + bytes([args["ballot"][-1] ^ 1]))
    return Sign("commitment", args["round"], args["voter"])


@fault("a reveal with another salt")
def other_salt(record: Recorded) -> Sign:
    place = revealing(record)
    record.alter(place, salt=WRONG)
    args = event_of(record, place)
    return Sign("commitment", args["round"], args["voter"])


@fault("a commitment changed after the fact", ALL)
def other_commitment(record: Recorded) -> Sign:
    revealed = event_of(record, revealing(record))
    place = record.find(
        "Committed", lambda args: (args["round"], args["voter"]) == (revealed["round"], revealed["voter"])
    )
    record.alter(place, commitment=WRONG)
    return Sign("commitment", revealed["round"], revealed["voter"])


@fault("a vote counted that came after the deadline", ALL)
def late_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    event = record.entries[place]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=block.time + 2**33)
    return Sign("phase", event.args["round"], str(event.args["voter"]))


@fault("a round settled before its time", ALL)
def early_settle(record: Recorded) -> Sign:
    place = settled(record, Outcome.ACCEPTED)
    event = record.entries.pop(place)
    drawn = record.find("Drawn", lambda args: args["round"] == event.args["round"])
    block, transaction = record.entries[drawn].block, record.entries[drawn].transaction
    record.entries.insert(drawn + 1, replace(event, block=block, transaction=transaction))
    return Sign("phase", event.args["round"])


@fault("a round opened before the rest was over", ALL)
def early_open(record: Recorded) -> Sign:
    place = record.find("Opened", lambda args: args["round"] == 2)
    event = record.entries[place]
    block = record.block_list[event.block]
    record.block_list[event.block] = replace(block, time=1_000)
    return Sign("phase", 1)


@fault("a draw in the block of the seal")
def early_draw(record: Recorded) -> Sign:
    place = record.find("Drawn")
    event = record.entries[place]
    opened = record.entries[record.find("Opened", lambda args: args["round"] == event.args["round"])]
    record.entries[place] = replace(event, block=opened.block)
    return Sign("phase", event.args["round"])  # type: ignore[arg-type]


@fault("an update by somebody who wasn't drawn to propose", ("stake_vote", "vbfl", "bflc"))
def undrawn_proposer(record: Recorded) -> Sign:
    voter = event_of(record, record.find("Committed"))
    place = record.find("Proposed", lambda args: args["round"] == voter["round"])
    record.alter(place, proposer=voter["voter"])
    return Sign("draw", voter["round"], voter["voter"])


@fault("an update with a false number", ALL)
def wrong_number(record: Recorded) -> Sign:
    place = record.find("Proposed")
    record.alter(place, updateNumber=7)
    args = event_of(record, place)
    return Sign("update", args["round"], args["proposer"])


@fault("more samples than may be claimed", ALL)
def forged_samples(record: Recorded) -> Sign:
    needs(not record.terms.schedule.pledge)
    place = record.find("Proposed")
    args = event_of(record, place)
    record.alter(place, samples=record.terms.max_samples + 1)
    return Sign("claim", args["round"], args["proposer"])


@fault("samples forged to be paid more", ("vbfl",))
def forged_weight(record: Recorded) -> Sign:
    needs(record.terms.max_samples > 1 and record.terms.update_units == 0)
    needs(not record.terms.schedule.pledge)
    paid = event_of(
        record,
        record.find("Settled", lambda a: a["outcome"] == Outcome.ACCEPTED and a["proposerReward"] > 0),
    )
    bitmap = event_of(record, record.find("Published", lambda a: a["round"] == paid["round"]))["selection"]
    place = record.find(
        "Proposed", lambda args: args["round"] == paid["round"] and bitmap >> args["updateNumber"] & 1
    )
    samples = event_of(record, place)["samples"]
    record.alter(place, samples=1 if samples > 1 else record.terms.max_samples)
    return Sign("pool", paid["round"])


@fault("a reveal told of twice", ALL)
def double_reveal(record: Recorded) -> Sign:
    place = revealing(record)
    record.entries.insert(place, record.entries[place])
    args = event_of(record, place)
    waiting = [one for one in record.entries if one.name == "Revealed" and one.args["round"] == args["round"]]
    needs(waiting[-1].args["voter"] != args["voter"])  # the phase goes on
    return Sign("twice", args["round"], args["voter"])


@fault("a publication of another digest", JUDGED)
def wrong_publisher_digest(record: Recorded) -> Sign:
    done = {one.args["round"] for one in record.entries if one.name == "Settled"}
    said = Counter(
        (one.args["round"], one.args["digest"]) for one in record.entries if one.name == "Published"
    )
    place = record.find(
        "Published",
        lambda args: args["round"] in done and args["digest"] != bytes(32)
        and said[args["round"], args["digest"]] > 1,
    )  # fmt: skip
    record.alter(place, digest=WRONG)
    return Sign("tally", event_of(record, place)["round"])


@fault("a publication of other updates than passed", JUDGED)
def wrong_selection(record: Recorded) -> Sign:
    place = record.find("Published", lambda args: args["selection"] > 0)
    args = event_of(record, place)
    record.alter(place, selection=args["selection"] ^ 2**200)
    return Sign("selection", args["round"], args["publisher"])


@fault("a block given to somebody else", ("vbfl", "blade"))
def wrong_winner(record: Recorded) -> Sign:
    place = record.find("BlockWon")
    args = event_of(record, place)
    other = next(who for who in record.members_now if who != args["winner"])
    record.alter(place, winner=other)
    return Sign("winner", args["round"])


@fault("a block that nobody is told to have won", ("vbfl", "blade"))
def missing_winner(record: Recorded) -> Sign:
    place = record.find("BlockWon")
    args = event_of(record, place)
    del record.entries[place]
    return Sign("winner", args["round"])


@fault("a winner on record other than the one told of", ("vbfl", "blade"))
def forged_winner(record: Recorded) -> Sign:
    args = event_of(record, record.find("BlockWon"))
    needs(any(one.name == "Settled" and one.args["round"] == args["round"] for one in record.entries))
    record.views_now["winnerOf", (args["round"],)] = next(
        who for who in record.members_now if who != args["winner"]
    )
    return Sign("winner", args["round"])
