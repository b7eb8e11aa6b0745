"""The codec: one encoding a set of weights, and nothing but a plain `BadUpdate` for anything else."""

import json
import pickle
import sys

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clients.learning.codec import decode, encode
from clients.learning.schema import WEIGHT_LIMIT, BadUpdate, Schema, Weights
from clients.types.errors import PeerError, RequestError

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda name: name != "__metadata__"
)
VALUES = st.floats(-(WEIGHT_LIMIT / 2), WEIGHT_LIMIT / 2, width=32)
WEIGHTS = st.dictionaries(
    NAMES,
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), elements=VALUES),
    min_size=1,
    max_size=4,
)
SAMPLE: Weights = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a.bias": np.array([0.5, -1.5], np.float32),
}
SCHEMA = Schema.of(SAMPLE)


def file(entries: object, body: bytes = b"", pad: bool = True) -> bytes:
    """A safetensors file with this header."""
    text = entries if isinstance(entries, bytes) else json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8 if pad else 0)
    return len(text).to_bytes(8, "little") + text + body


@given(WEIGHTS)
def test_what_is_encoded_decodes_to_the_same(weights: Weights) -> None:
    schema = Schema.of(weights)
    data = encode(weights, schema)
    assert len(data) == schema.encoded_size
    back = decode(data, schema)
    assert back.keys() == weights.keys()
    for name in weights:
        assert back[name].tobytes() == weights[name].tobytes()
        assert back[name].shape == weights[name].shape


@given(WEIGHTS, st.randoms())
def test_the_same_weights_give_the_same_bytes_in_any_order(weights: Weights, random) -> None:
    names = list(weights)
    random.shuffle(names)
    shuffled = {name: weights[name].copy(order="F") for name in names}
    assert encode(shuffled) == encode(weights)


@given(WEIGHTS)
def test_the_safetensors_library_reads_and_writes_the_same(weights: Weights) -> None:
    data = encode(weights)
    read = safetensors.numpy.load(data)
    assert {name: array.tobytes() for name, array in read.items()} == {
        name: array.tobytes() for name, array in weights.items()
    }
    contiguous = {name: array.copy(order="C") for name, array in weights.items()}
    assert safetensors.numpy.save(contiguous) == data


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_plainly(data: bytes) -> None:
    with pytest.raises(BadUpdate):
        decode(data, SCHEMA)


@given(st.data())
def test_any_change_is_refused_or_gives_other_valid_weights(data) -> None:
    good = bytearray(encode(SAMPLE))
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["flip", "cut", "grow", "insert"]))
        at = data.draw(st.integers(0, len(good) - 1)) if good else 0
        if kind == "flip" and good:
            good[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del good[at:]
        elif kind == "grow":
            good += data.draw(st.binary(min_size=1, max_size=16))
        else:
            good[at:at] = data.draw(st.binary(min_size=1, max_size=16))
    try:
        weights = decode(bytes(good), SCHEMA)
    except BadUpdate:
        return
    assert encode(weights, SCHEMA) == bytes(good)


BODY = b"\0" * 32
ENTRY_B = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
ENTRY_W = {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]}


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        (b"", "file", "0 bytes"),
        (b"\xff" * 8 + BODY, "header", "claims"),
        ((1 << 40).to_bytes(8, "little") + BODY, "header", "claims"),
        (file(b"{nonsense", BODY), "header", "not JSON"),
        (file(b"[" * 100_000, BODY), "header", "not JSON"),
        (file(b"9" * 10_000, BODY), "header", "not JSON"),
        (file([1, 2], BODY), "header", "JSON list"),
        (file(b'{"a":1,"a":2}', BODY), "header", "twice"),
        (file({"a.bias": ENTRY_B}, BODY), "names", "lacks a.weight"),
        (file({"a.bias": ENTRY_B, "a.weight": ENTRY_W, "evil": ENTRY_B}, BODY), "names", "unknown evil"),
        (file({"__metadata__": {}, "a.bias": ENTRY_B, "a.weight": ENTRY_W}, BODY), "names", "__metadata__"),
        (file({"a.bias": 7, "a.weight": ENTRY_W}, BODY), "a.bias", "JSON int"),
        (file({"a.bias": {**ENTRY_B, "dtype": "F64"}, "a.weight": ENTRY_W}, BODY), "a.bias", "F64"),
        (file({"a.bias": {**ENTRY_B, "shape": [2**62]}, "a.weight": ENTRY_W}, BODY), "a.bias", "shape"),
        (file({"a.bias": ENTRY_B, "a.weight": {**ENTRY_W, "shape": [3, 2]}}, BODY), "a.weight", "[3, 2]"),
        (file({"a.weight": ENTRY_W, "a.bias": ENTRY_B}, BODY), "header", "canonical"),
        (
            file({"a.bias": ENTRY_B, "a.weight": {**ENTRY_W, "data_offsets": [0, 24]}}, BODY),
            "header",
            "canonical",
        ),
        (file(SCHEMA.header[8:].rstrip() + b" " * 64, BODY), "header", "canonical"),
        (encode(SAMPLE)[:-1], "file", "bytes"),
        (encode(SAMPLE) + b"\0", "file", "bytes"),
        (pickle.dumps(SAMPLE), "header", ""),
    ],
)
def test_bad_files_are_refused_saying_what_and_where(data: bytes, where: str, why: str) -> None:
    with pytest.raises(BadUpdate) as caught:
        decode(data, SCHEMA)
    assert caught.value.where == where
    assert why in caught.value.why
    assert isinstance(caught.value, PeerError)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, WEIGHT_LIMIT, -WEIGHT_LIMIT])
def test_weights_that_are_not_finite_or_too_large_are_refused_both_ways(bad: float) -> None:
    weights = {name: array.copy() for name, array in SAMPLE.items()}
    weights["a.weight"][1, 2] = bad
    with pytest.raises(BadUpdate, match=r"a\.weight: weight 5 is"):
        encode(weights)
    data = bytearray(encode(SAMPLE))
    data[-4:] = np.float32(bad).tobytes()
    with pytest.raises(BadUpdate, match=r"a\.weight: weight 5 is"):
        decode(bytes(data), SCHEMA)


@pytest.mark.parametrize(
    "weights",
    [
        {"a.weight": SAMPLE["a.weight"]},
        {**SAMPLE, "b": np.zeros(1, np.float32)},
        {**SAMPLE, "a.bias": np.zeros(3, np.float32)},
        {**SAMPLE, "a.bias": np.zeros(2, np.float64)},
    ],
)
def test_weights_of_another_schema_are_not_encoded(weights: Weights) -> None:
    with pytest.raises(BadUpdate):
        encode(weights, SCHEMA)


@given(WEIGHTS)
def test_a_schema_survives_being_written_down(weights: Weights) -> None:
    schema = Schema.of(weights)
    again = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema
    assert again.digest == schema.digest
    assert schema.join(schema.split(schema.join(weights))) is not None


def test_split_weights_join_without_a_copy() -> None:
    flat = np.arange(8, dtype=np.float32)
    weights = SCHEMA.split(flat)
    assert np.shares_memory(SCHEMA.join(weights), flat)
    other = {**weights, "a.bias": weights["a.bias"].copy()}
    assert SCHEMA.join(other).tobytes() == flat.tobytes()
    swapped = Schema.of({"x": flat[:4], "y": flat[4:]})
    assert swapped.join({"x": flat[4:], "y": flat[:4]}).tolist() == [4, 5, 6, 7, 0, 1, 2, 3]


@pytest.mark.parametrize("data", [None, [], {"a": 3}, {"a": [-1]}, {"a": [True]}, {}, {"": [1]}])
def test_a_bad_schema_is_a_request_error(data: object) -> None:
    with pytest.raises(RequestError):
        Schema.from_json(data)


def test_the_encoding_stays_what_it_is() -> None:
    """Clients of different versions must agree on every byte, or their CIDs part."""
    header = (
        b'{"a.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}}'
    )
    data = encode(SAMPLE)
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    assert data[8 : 8 + length].rstrip(b" ") == header
    assert np.frombuffer(data[8 + length :], "<f4").tolist() == [0.5, -1.5, 0, 1, 2, 3, 4, 5]


def test_deep_nesting_is_refused_whatever_the_limit_of_recursion() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(BadUpdate, match="not JSON"):
            decode(file(b"[" * 1_000_000, BODY), SCHEMA)
    finally:
        sys.setrecursionlimit(before)
