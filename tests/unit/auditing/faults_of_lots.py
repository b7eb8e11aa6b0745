"""Faults around lots: secrets that weren't anchored, and updates that are decoys or aren't."""

from clients.protocol.decoys import is_decoy
from clients.types.federation import Act, Event
from tests.unit.auditing.faults import WRONG, Sign, event_of, fault, needs
from tests.unit.auditing.faults_of_pledges import FAULTS, of_round
from tests.unit.auditing.played import Recorded

__all__ = ["FAULTS"]

JURY = ("stake_jury",)


def shown(record: Recorded, *, decoy: bool | None = None) -> int:
    needs(record.terms.decoy_odds)
    return record.find("Shown", lambda args: decoy is None or args["decoy"] == decoy)


@fault("a secret that wasn't anchored", JURY)
def strange_secret(record: Recorded) -> Sign:
    place = shown(record)
    args = event_of(record, place)
    [drawn] = of_round(record, "Drawn", args["round"])
    decoy = is_decoy(record.terms.decoy_odds, WRONG, bytes(drawn.args["seed"]))  # type: ignore[arg-type]
    record.alter(place, secret=WRONG, decoy=decoy)
    return Sign("decoy", args["round"], args["proposer"])


@fault("a decoy told of as an honest update", JURY)
def hidden_decoy(record: Recorded) -> Sign:
    place = shown(record, decoy=True)
    record.alter(place, decoy=False)
    args = event_of(record, place)
    return Sign("decoy", args["round"], args["proposer"])


@fault("an honest update told of as a decoy", JURY)
def false_decoy(record: Recorded) -> Sign:
    place = shown(record, decoy=False)
    record.alter(place, decoy=True)
    args = event_of(record, place)
    return Sign("decoy", args["round"], args["proposer"])


@fault("a lot shown for an update that its account didn't propose", JURY)
def needless_show(record: Recorded) -> Sign:
    place = shown(record)
    args = event_of(record, place)
    voter = next(one.args["voter"] for one in of_round(record, "Committed", args["round"]))
    record.alter(place, proposer=voter)
    return Sign("decoy", args["round"], str(voter))


@fault("a lot shown twice", JURY)
def double_show(record: Recorded) -> Sign:
    """Plant it before another's, so that the phase goes on."""
    needs(record.terms.decoy_odds)
    place = record.find(
        "Shown",
        lambda args: of_round(record, "Shown", args["round"])[-1].args["proposer"] != args["proposer"],
    )
    record.entries.insert(place, record.entries[place])
    args = event_of(record, place)
    return Sign("twice", args["round"], args["proposer"])


@fault("a lot shown before the ballots were fixed", JURY)
def early_show(record: Recorded) -> Sign:
    """Then jurors could know it."""
    place = shown(record)
    event = record.entries[place]
    [first, *_] = of_round(record, "Committed", event.args["round"])
    at = record.entries.index(first)
    record.entries.insert(at, Event("Shown", event.args, first.block, first.transaction))
    return Sign("phase", event.args["round"], str(event.args["proposer"]))  # type: ignore[arg-type]


@fault("an empty anchor", JURY)
def empty_anchor(record: Recorded) -> Sign:
    place = record.find("Anchored")
    record.alter(place, anchor=bytes(32))
    return Sign("decoy", None, event_of(record, place)["account"])


@fault("an anchor chosen when the seed is known", JURY)
def late_anchor(record: Recorded) -> Sign:
    """Whoever can choose it then chooses its lot."""
    event = record.entries[record.find("Anchored")]
    at = record.find("Drawn", lambda args: len(of_round(record, "Proposed", args["round"])) > 0)
    drawn = record.entries[at]
    record.entries.insert(at + 1, Event("Anchored", event.args, drawn.block, drawn.transaction))
    return Sign("phase", None, str(event.args["account"]))


@fault("an anchor on record that isn't the one that was chosen", JURY)
def wrong_anchor(record: Recorded) -> Sign:
    args = event_of(record, record.find("Anchored"))
    record.views_now["anchorOf", (args["account"],)] = WRONG
    return Sign("decoy", None, args["account"])


@fault("a show that the books don't have", JURY)
def unbooked_show(record: Recorded) -> Sign:
    who, acts = next(
        (who, one.record.acts) for who, one in record.members_now.items() if Act.SHOWN in one.record.acts
    )
    record.alter_member(who, acts=acts & ~Act.SHOWN)
    return Sign("acts", None, who)
