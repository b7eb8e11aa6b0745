"""Learning data: every file fetched and checked, and heads aggregated again; planted faults are named."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.auditing.auditor import Scope
from clients.auditing.findings import Finding
from clients.auditing.models import read_schema
from clients.learning.codec import encode
from clients.learning.schema import Schema
from clients.mechanisms import CONDUCTS
from clients.ports.store.memory import MemoryStore
from clients.types.cid import Cid
from clients.types.errors import PeerError
from tests.unit.auditing.modelled import SCHEMA, Modelled, broken, draw_weights
from tests.unit.auditing.played import audit

MECHANISMS = tuple(CONDUCTS)


class Tampered(MemoryStore):
    """Hands out other bytes for a CID, as a store does that was tampered with."""

    def put_under(self, cid: Cid, data: bytes) -> None:
        self._files[cid] = data


def found_in(world: Modelled, **options: object) -> tuple[Finding, ...]:
    return audit(world.ground.record(), store=world.store, kept=20, **options).findings


def make(mechanism: str) -> Modelled:
    world = Modelled(mechanism, store=Tampered())
    world.play_round()
    world.play_round(reject=True)
    return world


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_honest_models_have_no_findings(mechanism: str) -> None:
    world = make(mechanism)
    world.play_round()
    assert [one.sentence for one in found_in(world)] == []
    assert [one.outcome.name for one in world.ground.chain.core.state.rounds[1:]] == [
        "ACCEPTED", "REJECTED", "ACCEPTED"
    ]  # fmt: skip


def withheld(world: Modelled) -> None:
    world.store.release(Cid.from_digest(world.updates[1][1]))


def withheld_of_a_rejected_round(world: Modelled) -> None:
    world.store.release(Cid.from_digest(world.updates[2][0]))


def wrong_bytes(world: Modelled) -> None:
    assert isinstance(world.store, Tampered)
    world.store.put_under(Cid.from_digest(world.updates[1][1]), encode(draw_weights(Random(1)), SCHEMA))


def head_withheld(world: Modelled) -> None:
    world.store.release(Cid.from_digest(world.heads[1]))


def genesis_withheld(world: Modelled) -> None:
    world.store.release(Cid.from_digest(world.ground.chain.terms.genesis))


def malformed(world: Modelled) -> None:
    world.play_round(forge=lambda number, data: b"\x80\x04" + data if number == 1 else data)


def nan(world: Modelled) -> None:
    world.play_round(forge=lambda number, data: broken(data) if number == 2 else data)


def too_large(world: Modelled) -> None:
    world.play_round(forge=lambda number, data: data + bytes(100) if number == 0 else data)


def other_model(world: Modelled) -> None:
    other = {"other": np.zeros(3, np.float32)}
    world.play_round(forge=lambda number, data: encode(other) if number == 0 else data)


def not_the_aggregate(world: Modelled) -> None:
    other = world.store.put(encode(draw_weights(Random(2)), SCHEMA)).digest
    world.play_round(head=lambda digest: other)


def wrong_publisher(world: Modelled) -> None:
    other = world.store.put(encode(draw_weights(Random(3)), SCHEMA)).digest
    world.play_round(publish=lambda place, digest: other if place == 3 else digest)


FAULTS: list[tuple[str, Callable[[Modelled], None], str, int | None, tuple[str, ...]]] = [
    ("withheld CID", withheld, "withheld", 1, MECHANISMS),
    ("withheld CID of a rejected round", withheld_of_a_rejected_round, "withheld", 2, MECHANISMS),
    ("wrong bytes", wrong_bytes, "bytes", 1, MECHANISMS),
    ("accepted model withheld", head_withheld, "withheld", 1, MECHANISMS),
    ("genesis withheld", genesis_withheld, "withheld", None, MECHANISMS),
    ("malformed safetensors", malformed, "content", 3, MECHANISMS),
    ("NaN weights", nan, "content", 3, MECHANISMS),
    ("bytes too many", too_large, "content", 3, MECHANISMS),
    ("weights of another model", other_model, "content", 3, MECHANISMS),
    ("head that is not the aggregate", not_the_aggregate, "aggregate", 3, MECHANISMS),
    ("wrong publisher digest", wrong_publisher, "publication", 3, ("vbfl",)),
]


@pytest.mark.parametrize(
    ("plant", "kind", "number", "mechanism"),
    [pytest.param(plant, kind, number, mechanism, id=f"{mechanism}: {name}")
     for name, plant, kind, number, mechanisms in FAULTS for mechanism in mechanisms],
)  # fmt: skip
def test_what_the_store_holds_is_held_against_the_chain(
    plant: Callable[[Modelled], None], kind: str, number: int | None, mechanism: str
) -> None:
    world = make(mechanism)
    plant(world)
    found = found_in(world)
    assert (kind, number) in {(one.kind, one.round) for one in found}, [one.sentence for one in found]
    assert not found_in(Modelled(mechanism))
    assert not audit(world.ground.record()).findings  # without learning data, it all adds up


def test_samples_forged_within_limits_make_another_aggregate() -> None:
    world = make("stake_vote")
    record = world.ground.record()
    place = record.find("Proposed")
    record.alter(place, samples=record.entries[place].args["samples"] % 900 + 1)  # type: ignore[operator]
    [one] = audit(record, store=world.store, kept=20).findings
    assert (one.kind, one.round) == ("aggregate", 1)
    assert str(Cid.from_digest(world.heads[1])) == one.found


def test_only_the_rounds_asked_for_are_fetched() -> None:
    world = make("stake_vote")
    withheld(world)
    assert found_in(world)
    assert not found_in(world, scope=Scope(first=2))
    assert found_in(world, scope=Scope(first=1, last=1))


@given(st.binary(max_size=400))
def test_no_bytes_are_taken_for_a_model(data: bytes) -> None:
    with pytest.raises(PeerError):
        read_schema(data)


@given(
    st.dictionaries(
        st.text("abc.é", min_size=1, max_size=8),
        st.lists(st.integers(0, 4), max_size=4),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)  # fmt: skip
def test_a_models_schema_is_read_from_its_file(shapes: dict[str, list[int]], data: st.DataObject) -> None:
    schema = Schema.from_json(shapes)
    file = encode(schema.split(np.ones(schema.size, np.float32)), schema)
    assert read_schema(file) == schema
    place = data.draw(st.integers(0, len(file) - 1))
    changed = broken(file, place, bytes([file[place] ^ 0x80]))
    try:
        other = read_schema(changed)
    except PeerError:
        return
    assert changed[: len(other.header)] == other.header  # only weights may be others


@pytest.mark.parametrize(
    "entry", [{"shape": [2**62, 2**62]}, {"shape": [-1]}, {"shape": "x"}, {}, [], None, {"shape": [True]}]
)
def test_hostile_headers_are_refused(entry: object) -> None:
    import json

    text = json.dumps({"layer": entry}).encode()
    with pytest.raises(PeerError):
        read_schema(len(text).to_bytes(8, "little") + text + bytes(64))
