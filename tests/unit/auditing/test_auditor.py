"""Going on from a checkpoint, stepping back where the chain was reorganised, and bounded memory."""

import json
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.checkpoint import Point, load_points, save_points, thin
from clients.auditing.source import Block, Logs
from clients.protocol.mechanisms import MECHANISMS
from clients.types.errors import FedJuryError, RequestError, UnavailableError
from clients.types.federation import Event, Outcome
from tests.unit.auditing.faults import WRONG
from tests.unit.auditing.played import Recorded, audit, build_playground, digest_of, play, play_history

OWNER = {"chain": 31337, "federation": "0xfed"}


class Growing(Recorded):
    """A record that can be cut off, and that a test can reorganise while it is read."""

    def cut(self, last: int) -> "Growing":
        shorter = deepcopy(self)
        shorter.block_list = {number: one for number, one in self.block_list.items() if number <= last}
        shorter.entries = [one for one in self.entries if one.block <= last]
        shorter.transfers = [one for one in self.transfers if one.block <= last]
        return shorter


def grow(record: Recorded) -> Growing:
    return Growing(**vars(record))


def state_of(seed: str, mechanism: str, steps: Sequence[int]) -> list[Growing]:
    """Return one history, as of after so many steps each."""
    ground, player = build_playground(Random(seed), mechanism)
    records, done = [], 0
    for upto in steps:
        play(ground, player, upto - done)
        done = upto
        records.append(grow(ground.record()))
    return records


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), cut=st.integers(1, 199))
def test_an_audit_that_goes_on_later_comes_to_the_same(mechanism: str, seed: int, cut: int) -> None:
    first, whole = state_of(f"later-{seed}", mechanism, (cut, 200))
    kept: list[Sequence[Point]] = []
    audit(first, save=kept.append, history=True)
    points = [Point.from_json(json.loads(json.dumps(one.to_json()))) for one in kept[-1]]
    whole.asked.clear()
    later = audit(whole, points=points, history=True)
    assert later.findings == ()
    assert all(start > first.tip().number for start, _ in whole.asked)
    assert later == audit(grow(whole), history=True)


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_findings_go_with_the_checkpoint(mechanism: str) -> None:
    first, whole = state_of("found-5", mechanism, (150, 250))
    for record in (first, whole):
        place = record.find("Drawn")
        record.alter(place, seed=WRONG)
    kept: list[Sequence[Point]] = []
    early = audit(first, save=kept.append)
    assert early.findings
    later = audit(whole, points=kept[-1])
    assert later.findings[0] == early.findings[0]
    assert later.findings == audit(whole).findings


# ---------------------------------------------------------------------- reorganised blocks


def reorganise(record: Growing, after: int) -> Growing:
    """Return the record with other hashes for the blocks after `after`."""
    other = deepcopy(record)
    other.block_list = {
        number: replace(one, hash="0x" + digest_of(f"other {number}").hex()) if number > after else one
        for number, one in record.block_list.items()
    }
    return other


@pytest.fixture(scope="module")
def by_beacon() -> Growing:
    """A history whose draws don't rest on the hashes of blocks."""
    for seed in range(50):
        ground = play_history(f"beacon {seed}", "stake_vote", 200)
        if ground.beacon_value != bytes(32) and ground.chain.core.round_number > 5:
            return grow(ground.record())
    raise AssertionError


@settings(max_examples=30)
@given(after=st.integers(0, 100))
def test_a_checkpoint_of_blocks_that_are_gone_is_stepped_back_from(by_beacon: Growing, after: int) -> None:
    kept: list[Sequence[Point]] = []
    audit(by_beacon, save=kept.append)
    other = reorganise(by_beacon, after)
    verdict = audit(other, points=kept[-1])
    assert verdict.findings == ()
    assert verdict.transcript == audit(reorganise(by_beacon, after)).transcript


class Moving(Growing):
    """A chain that is reorganised while it is read."""

    moves: int = 0
    after: int = 0
    other: dict[int, Block]

    def logs(self, first: int, last: int) -> Logs:
        logs = super().logs(first, last)
        if self.moves and last > self.after:
            self.moves -= 1
            self.block_list = {
                number: replace(one, hash="0x" + digest_of(f"{self.moves} {number}").hex())
                if number > self.after else one
                for number, one in self.block_list.items()
            }  # fmt: skip
        return logs


@pytest.mark.parametrize("after", [0, 40, 90, 140])
@pytest.mark.parametrize("moves", [1, 3])
def test_a_chain_may_be_reorganised_while_it_is_read(by_beacon: Growing, after: int, moves: int) -> None:
    moving = Moving(**vars(deepcopy(by_beacon)))
    moving.moves, moving.after = moves, after
    verdict = audit(moving)
    assert moving.moves == 0
    assert verdict.findings == ()
    assert verdict.tip == moving.tip()
    assert verdict.transcript == audit(moving).transcript


def test_a_chain_that_never_rests_is_given_up(by_beacon: Growing) -> None:
    moving = Moving(**vars(deepcopy(by_beacon)))
    moving.moves, moving.after = 10**6, 0
    with pytest.raises(UnavailableError, match="reorganised"):
        audit(moving)


# ---------------------------------------------------------------------- checkpoint files


def make_point(block: int, **changes: Any) -> Point:
    return Point(**({"block": block, "hash": "0x1", "replay": {}, "progress": {}, "findings": ()} | changes))


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=60))
def test_few_points_are_kept_and_always_the_newest(numbers: list[int]) -> None:
    points: list[Point] = []
    for number in sorted(numbers):
        points = thin([*points, make_point(number)])
    kept = [one.block for one in points]
    assert len(kept) <= 6
    assert kept[-2:] == sorted(numbers)[-2:]
    assert kept == sorted(kept)


def test_old_points_stay_far_apart() -> None:
    points: list[Point] = []
    for number in range(0, 10_000, 10):
        points = thin([*points, make_point(number)])
    gaps = [later.block - earlier.block for earlier, later in pairwise(points)]
    assert points[0].block == 0
    assert gaps[0] > 5 * gaps[-1]


def test_a_checkpoint_file_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    assert load_points(file, OWNER) == []
    kept: list[Sequence[Point]] = []
    audit(grow(play_history("kept", "bflc", 150).record()), save=kept.append)
    save_points(file, OWNER, kept[-1])
    assert load_points(file, OWNER) == list(kept[-1])
    with pytest.raises(RequestError, match="another audit: federation"):
        load_points(file, {**OWNER, "federation": "0xbad"})


@given(place=st.integers(0, 10**9), byte=st.integers(0, 255))
def test_a_damaged_checkpoint_is_refused_or_the_same(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    file = tmp_path_factory.mktemp("damaged") / "checkpoint"
    points = [make_point(3, progress={"settled": 1})]
    save_points(file, OWNER, points)
    data = bytearray(file.read_bytes())
    data[place % len(data)] = byte
    file.write_bytes(bytes(data))
    try:
        assert load_points(file, OWNER) == points
    except FedJuryError:
        pass
    except UnicodeDecodeError:
        raise AssertionError from None


def spoil(value: Any, rng: Random) -> Any:
    """Return JSON with something else in one place."""
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        return {**value, key: spoil(value[key], rng)}
    if isinstance(value, list) and value:
        place = rng.randrange(len(value))
        return [*value[:place], spoil(value[place], rng), *value[place + 1 :]]
    return rng.choice([None, -1, 2**300, "x", "0x" + "f" * 64, [], {}, True, 1.5])


@given(st.integers(0, 10**9))
def test_a_hostile_checkpoint_is_refused_or_contradicted(seed: int) -> None:
    """Whoever writes a checkpoint can make its digest right, too: nothing but errors of ours comes of it."""
    record, point = history_with_checkpoint()
    spoilt = spoil(point.to_json(), Random(seed))
    with suppress(FedJuryError):
        try:
            hostile = Point.from_json(spoilt)
        except (KeyError, TypeError, ValueError, AttributeError):  # what the file's reader catches
            return
        assert isinstance(audit(deepcopy(record), points=[hostile]), AuditResult)


CACHE: list[tuple[Recorded, Point]] = []


def history_with_checkpoint() -> tuple[Recorded, Point]:
    if not CACHE:
        first, whole = state_of("hostile", "vbfl", (150, 200))
        kept: list[Sequence[Point]] = []
        audit(first, save=kept.append)
        CACHE.append((whole, kept[-1][-1]))
    return CACHE[0]


# ---------------------------------------------------------------------- memory, scope, and the end


@pytest.mark.parametrize("mechanism", sorted(MECHANISMS))
def test_settled_rounds_are_forgotten(mechanism: str) -> None:
    for seed in range(20):
        record = play_history(f"long {seed}", mechanism, 400).record()
        rounds = record.status_now.round
        if rounds > 12:
            break
    kept: list[Sequence[Point]] = []
    verdict = audit(record, save=kept.append)
    assert verdict.findings == ()
    held = {member.record.round for member in record.members_now.values() if member.record.acts}
    state = kept[-1][-1].replay
    assert set(state["rounds"]) == held | {0, rounds}
    assert len(state["state"]["rounds"]) == len(state["rounds"]) <= len(record.members_now) + 2


def test_pages_adapt_to_what_is_in_them() -> None:
    record = grow(play_history("pages", "stake_vote", 300).record())
    audit(record)
    assert record.asked[0][0] == 0
    assert [later[0] for later in record.asked[1:]] == [one[1] + 1 for one in record.asked[:-1]]
    assert record.asked[-1][1] == record.tip().number


def test_only_findings_of_the_scope_are_told() -> None:
    record = play_history("some scope", "stake_vote", 300).record()
    place = record.find("Settled", lambda args: args["outcome"] == Outcome.REJECTED)
    number = record.entries[place].args["round"]
    assert isinstance(number, int)
    record.alter(place, outcome=int(Outcome.ACCEPTED))
    assert [one.round for one in audit(record, Scope(number, number)).findings] == [number]
    assert audit(record, Scope(number + 1)).findings == ()
    history = audit(record, Scope(number, number), history=True).history
    assert [one["round"] for one in history] == [number]


def test_a_history_gone_wild_ends_early() -> None:
    record = play_history("wild", "stake_vote", 400).record()
    who, block = next(iter(record.members_now)), record.entries[0].block
    record.entries[:] = [
        Event("Funded", {"account": who, "amount": 1, "pool": 0}, block, f"0x{place:064x}")
        for place in range(1, 1_200)
    ]
    verdict = audit(record)
    assert verdict.ended_early
    assert len(verdict.findings) == 1_000


def test_the_latest_points_are_kept_where_the_chain_goes_away(by_beacon: Growing) -> None:
    class Gone(Growing):
        def logs(self, first: int, last: int) -> Logs:
            if first > 0:
                raise UnavailableError("gone")
            return super().logs(first, min(last, 29))

    kept: list[Sequence[Point]] = []
    gone = Gone(**vars(deepcopy(by_beacon)))
    auditor = Auditor(gone, Scope(), save=kept.append)
    auditor._span = 30
    with pytest.raises(UnavailableError):
        auditor.run()
    assert kept[-1][-1].block == 29
    assert audit(deepcopy(by_beacon), points=kept[-1]).findings == ()
