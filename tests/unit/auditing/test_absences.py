"""Models that are gone as agreed, withheld, or gone for a reason that nobody can tell."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.auditing.auditor import AuditResult, Scope
from clients.auditing.checkpoint import Point
from clients.auditing.findings import get_status
from clients.auditing.page import render_page
from clients.auditing.report import build_report, check_report, load_report, save_report, sign_report
from clients.auditing.source import Block
from clients.learning.codec import encode
from clients.mechanisms import CONDUCTS
from clients.ports.keys import dev_key
from clients.ports.store.memory import MemoryStore
from clients.protocol.mechanisms import MECHANISMS
from clients.types.cid import Cid
from clients.types.errors import RequestError
from clients.types.federation import Outcome, Status
from clients.types.keeping import compute_needed, may_be_gone
from clients.types.store import ContentMissing
from tests.unit.auditing.modelled import SCHEMA, Modelled, draw_weights
from tests.unit.auditing.played import Recorded, audit, play_history

PLAYED = ("accepted", "rejected", "void")


class Emptied(MemoryStore):
    """Has the genesis of whatever federation it is asked about, and nothing else."""

    def __init__(self, genesis: bytes) -> None:
        super().__init__()
        self._genesis = genesis

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        if cid.digest != self._genesis:
            raise ContentMissing(cid, "not here")
        return encode(draw_weights(Random(0)), SCHEMA)


def play(mechanism: str, plan: Sequence[str]) -> Modelled:
    world = Modelled(mechanism)
    for what in plan:
        if what == "void":
            world.play_void()
        else:
            world.play_round(reject=what == "rejected")
    return world


def get_head(world: Modelled) -> bytes:
    return world.ground.chain.status().head


def get_genesis(world: Modelled) -> bytes:
    genesis: bytes = world.ground.chain.terms.genesis
    return genesis


def get_files(world: Modelled) -> dict[int, set[bytes]]:
    """Return the files of each settled round: its updates, and the model that it accepted."""
    rounds = world.ground.chain.core.state.rounds
    return {
        number: {
            *world.updates.get(number, ()),
            *([world.heads[number]] if record.outcome == Outcome.ACCEPTED else []),
        }
        for number, record in enumerate(rounds)
        if number
    }


def keep_only(world: Modelled, digests: set[bytes]) -> None:
    for cid in list(world.store._files):
        if cid.digest not in digests:
            world.store.release(cid)


def tell(world: Modelled, kept: int | None, **options: Any) -> tuple[AuditResult, dict[str, Any]]:
    record = world.ground.record()
    verdict = audit(record, store=world.store, kept=kept, **options)
    return verdict, build_report(record, Scope(), verdict, first_hash="0x1", models=True, kept=kept)


plans = st.lists(st.sampled_from(PLAYED), min_size=1, max_size=5)


@pytest.mark.parametrize("mechanism", CONDUCTS)
@settings(max_examples=12)
@given(plan=plans, history=st.sampled_from((0, 1, 2, 20)), data=st.data())
def test_who_keeps_what_was_agreed_on_audits_clean_and_who_does_not_is_told_of(
    mechanism: str, plan: list[str], history: int, data: st.DataObject
) -> None:
    world, settled = play(mechanism, plan), len(plan)
    files, genesis, head = get_files(world), get_genesis(world), get_head(world)
    owed = {
        one for number, some in files.items() if not may_be_gone(number, settled, history) for one in some
    }
    owed |= {genesis, head}
    uses = {one: number for number, some in files.items() for one in some}
    needed = compute_needed(uses, genesis=genesis, heads={head}, settled=settled, history=history)
    for kept in (needed, owed):  # what our own clients keep, and what anybody must
        keep_only(world, kept)
        verdict, report = tell(world, history)
        assert not verdict.findings, [one.sentence for one in verdict.findings]
        assert get_status(report) == 0
        gone = {number for number, some in files.items() if some - kept}
        assert {number for first, last in verdict.gone for number in range(first, last + 1)} == gone
    missing = data.draw(st.sampled_from(sorted(owed)))
    world.store.release(Cid.from_digest(missing))
    verdict, report = tell(world, history)
    assert get_status(report) == 4
    assert {"withheld"} <= {one.kind for one in verdict.findings} <= {"withheld", "aggregate"}
    assert any(str(Cid.from_digest(missing)) in one.what for one in verdict.findings)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("kept", [None, 0, 1, 50])
def test_in_every_mechanism_only_rounds_within_the_agreement_are_asked_for(
    mechanism: str, kept: int | None
) -> None:
    record = play_history("kept", mechanism, 300).record()
    verdict = audit(record, store=Emptied(record.terms.genesis), kept=kept)
    owes = range(
        max(1, verdict.rounds - kept + 1) if kept is not None else verdict.rounds + 1, verdict.rounds + 1
    )
    withheld = [one for one in verdict.findings if one.kind == "withheld"]
    late = [one for one in withheld if one.round not in owes]
    assert {one.kind for one in verdict.findings} <= {"withheld", "aggregate"}
    assert all(str(Cid.from_digest(record.status_now.head)) in one.what for one in late)  # the head alone
    told = [number for first, last in verdict.gone for number in range(first, last + 1)]
    assert told == sorted(set(told))
    assert not set(told) & set(owes)
    assert told or kept == 50


def test_without_an_agreement_nobody_is_accused_and_nothing_is_declared_clean() -> None:
    world = play("stake_vote", ("accepted", "rejected", "accepted"))
    assert tell(world, None)[1]["gone"] == []
    assert get_status(tell(world, None)[1]) == 0
    keep_only(world, {get_genesis(world), get_head(world)})
    verdict, report = tell(world, None)
    assert (verdict.findings, verdict.gone) == ((), ((1, 3),))
    assert get_status(report) == 3
    [one] = report["gone"]
    assert one["sentence"] == (
        "Rounds 1 to 3: models not to be had, and for how many rounds models are kept isn't known here."
    )
    for never in (get_genesis(world), get_head(world)):
        other = play("stake_vote", ("accepted", "rejected", "accepted"))
        other.store.release(Cid.from_digest(never))
        assert get_status(tell(other, None)[1]) == 4


class Going(Recorded):
    """A chain that goes on: what was recorded, and, to whoever asks again for its end, a later status."""

    later: Status

    def tip(self) -> Block:
        tip = super().tip()
        self.asked.append((0, 0))
        return tip if len(self.asked) == 1 else replace(tip, number=tip.number + 1)

    def status(self, at: int) -> Status:
        return self.later if at > super().tip().number else self.status_now


def test_rounds_settled_while_the_audit_runs_count() -> None:
    world = play("stake_vote", ("accepted",))
    record = world.ground.record()
    world.play_round()  # so that models of round 1, kept for one round, may be gone
    keep_only(world, {get_genesis(world), *get_files(world)[2]})
    assert audit(record, store=world.store, kept=1).findings
    going = Going(**vars(record))
    going.asked, going.later = [], world.ground.chain.status()
    verdict = audit(going, store=world.store, kept=1)
    assert (verdict.findings, verdict.gone) == ((), ((1, 1),))


def test_an_audit_that_goes_on_remembers_what_it_saw() -> None:
    world = play("stake_vote", ("accepted", "accepted"))
    saved: list[Sequence[Point]] = []
    keep_only(world, {get_genesis(world), *get_files(world)[2]})
    first, _ = tell(world, 1, save=saved.append)
    assert first.gone == ((1, 1),)
    world.play_round()
    keep_only(world, {get_genesis(world), *get_files(world)[3]})
    later, _ = tell(
        world, 1, points=[Point.from_json(json.loads(json.dumps(one.to_json()))) for one in saved[-1]]
    )
    assert later.gone == ((1, 1),)  # it looked at round 2 while its models were there
    afresh, _ = tell(world, 1)
    assert afresh.gone == ((1, 2),)
    assert not later.findings + afresh.findings


def test_a_wrong_file_is_a_finding_however_old() -> None:
    world = play("stake_vote", ("accepted", "rejected"))
    world.store._files[Cid.from_digest(world.updates[1][0])] = b"something else"
    verdict, _ = tell(world, 0)
    assert {(one.kind, one.round) for one in verdict.findings} == {("bytes", 1), ("aggregate", 1)}


@pytest.mark.parametrize(("kept", "status"), [(1, 0), (None, 3)])
def test_report_and_page_say_the_same_words(
    kept: int | None, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from clients import audit as command

    world = play("stake_vote", ("accepted", "rejected", "accepted"))
    keep_only(world, {get_genesis(world), *get_files(world)[3]})
    report = sign_report(tell(world, kept)[1], dev_key(1))
    [one] = report["gone"]
    if kept == 1:
        assert one["sentence"] == "Rounds 1 to 2: models let go of, as agreed: kept for 1 round."
    page = render_page(report)
    assert one["sentence"].replace("'", "&#x27;") in page
    assert ("Everything adds up." in page) == (status == 0)
    assert ("--history 1 " in page) == (kept == 1)
    for name in ("report.json", "report.html"):
        save_report(tmp_path / name, report)
        assert load_report(tmp_path / name)["gone"] == report["gone"]
        assert command.main(["--verify-report", str(tmp_path / name)]) == status
        assert one["sentence"] in capsys.readouterr().out
    one["sentence"] = one["sentence"].replace("2", "1")
    with pytest.raises(RequestError):
        check_report(sign_report(report, dev_key(1)))
