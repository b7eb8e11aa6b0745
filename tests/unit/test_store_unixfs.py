"""CIDs computed here against those that a real Kubo gave for the same bytes."""

import hashlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.store.unixfs import CHUNK_BYTES, compute_cid, verify
from clients.types.cid import Cid

# Captured from the real node: python -m pytest tests/integration/test_kubo_cids.py checks them against it.
VECTORS = json.loads((Path(__file__).parents[1] / "integration" / "kubo_cids.json").read_text())


@pytest.mark.parametrize(
    "size", [pytest.param(int(size), marks=[pytest.mark.slow] * (int(size) > 30_000_000)) for size in VECTORS]
)
def test_cid_is_that_of_the_real_node(size: int) -> None:
    assert compute_cid(random.Random(size).randbytes(size)) == Cid.parse(VECTORS[str(size)])


def test_the_empty_file_is_a_leaf_without_data() -> None:
    assert compute_cid(b"").digest == hashlib.sha256(bytes.fromhex("0a0408021800")).digest()


@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_a_small_file_is_one_block(data: bytes) -> None:
    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value % 128 + 128, value // 128])

    file = b"\x08\x02" + (b"\x12" + varint(len(data)) + data if data else b"") + b"\x18" + varint(len(data))
    assert compute_cid(data).digest == hashlib.sha256(b"\x0a" + varint(len(file)) + file).digest()


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 3), st.data())
def test_any_change_is_noticed(seed: bytes, chunks: int, data: st.DataObject) -> None:
    content = bytearray((seed + b".") * (chunks * CHUNK_BYTES // (len(seed) + 1)) + seed)
    cid = compute_cid(content)
    assert verify(cid, bytes(content))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    assert not verify(cid, content)


def test_any_buffer_of_the_same_bytes_has_the_same_cid() -> None:
    data = random.Random(1).randbytes(CHUNK_BYTES + 8)
    halves = memoryview(data).cast("H")
    assert (
        compute_cid(data)
        == compute_cid(bytearray(data))
        == compute_cid(memoryview(data))
        == compute_cid(halves)
    )
