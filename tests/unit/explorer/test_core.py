"""The audit page's pure core, run by Node, against vectors that the Python side makes."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from clients.auditing.words import describe_gone, describe_kept
from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import encode
from clients.learning.schema import Weights
from clients.ports.binaries import ROOT, find, node_environment
from clients.ports.store.unixfs import CHUNK_BYTES, compute_cid
from clients.protocol.draw import compute_positions, compute_seed
from clients.protocol.hashing import (
    compute_commitment,
    compute_hash,
    compute_pledge,
    get_address_word,
    get_checksummed,
)
from clients.protocol.ledger import Ledger
from clients.types.federation import Standing
from clients.types.keeping import may_be_gone
from clients.types.mechanisms import KINDS
from tests.unit.auditing.played import Recorded, play_history

HERE = Path(__file__).parent
SIZES = (0, 1, 1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 5)
MANY = 175 * CHUNK_BYTES + 1
"""More than one node has links for."""


def pattern(size: int, seed: int) -> bytes:
    at = np.arange(size, dtype=np.int64)
    return bytes(((at * 31 + seed * 7 + (at >> 8)) & 0xFF).astype(np.uint8))


def to_hex(data: bytes) -> str:
    return "0x" + data.hex()


def make_file(size: int, seed: int) -> dict[str, Any]:
    cid = compute_cid(pattern(size, seed))
    return {"size": size, "seed": seed, "digest": to_hex(cid.digest), "cid": str(cid)}


def make_draws(rng: Random) -> Iterator[dict[str, Any]]:
    for members in (0, 1, 2, 3, 4, 5, 9, 10, 16, 17, 50, 257):
        seed = rng.randbytes(32)
        yield {
            "seed": to_hex(seed),
            "members": members,
            "positions": list(compute_positions(seed, members)),
        }


def make_registry(rng: Random, newcomers: int) -> dict[str, Any]:
    """Return events, and the registry that the specification's ledger has after them."""
    accounts = [to_hex(rng.randbytes(20)) for _ in range(12)]
    founders = accounts[:5] if newcomers and rng.random() < 0.7 else []
    ledger, events, opened, fewest = Ledger(), [], False, rng.randrange(6)
    for _ in range(rng.randrange(60)):
        account = rng.choice(accounts)
        member = ledger.get(account)
        if rng.random() < 0.15 and newcomers and ledger.get_inside(newcomers, fewest) < fewest:
            if opened:
                ledger.process_postpone()
            events.append(["Postponed", ""])
        elif rng.random() < 0.15:
            ledger.process_let_in(newcomers, fewest)
            events.append(["Opened", ""])
            opened = True
        elif member.index:
            ledger.process_remove(account, member, Standing.LEAVING, 1)
            events.append([rng.choice(("Left", "Evicted")), account])
        else:
            founds = account in founders and (not opened or not member.unbonds_at)
            founds |= not opened and not founders
            ledger.process_register(account, 1, waits=newcomers > 0 and not founds)
            events.append(["Joined", account])
    limit = {"founders": founders, "newcomers": newcomers, "fewest": fewest}
    return {"limit": limit, "events": events, "accounts": ledger.registry, "inside": ledger.inside}


def make_commitment(rng: Random, size: int) -> dict[str, Any]:
    federation, voter = (get_checksummed(to_hex(rng.randbytes(20))) for _ in range(2))
    chain, number, ballot, salt = (
        rng.randrange(2**40),
        rng.randrange(2**40),
        rng.randbytes(size),
        rng.randbytes(32),
    )
    made = compute_commitment(chain, federation, number, voter, ballot, salt)
    return {
        "chain": chain, "federation": federation.lower(), "round": number, "voter": voter.lower(),
        "ballot": to_hex(ballot), "salt": to_hex(salt), "commitment": to_hex(made),
    }  # fmt: skip


def make_pledge(rng: Random) -> dict[str, Any]:
    federation, proposer = (get_checksummed(to_hex(rng.randbytes(20))) for _ in range(2))
    chain, number, samples, epochs = (rng.randrange(1, 2**40) for _ in range(4))
    digest = rng.randbytes(32)
    made = compute_pledge(chain, federation, number, proposer, digest, samples, epochs)
    return {
        "chain": chain, "federation": federation.lower(), "round": number, "proposer": proposer.lower(),
        "digest": to_hex(digest), "samples": samples, "epochs": epochs, "pledge": to_hex(made),
    }  # fmt: skip


HISTORIES = dict.fromkeys(KINDS, 30) | {"stake_jury": 90}
"""Of each mechanism; a jury's rounds come to more, some of it seldom."""


def to_json(value: Any) -> Any:
    """Return a value of the chain as JSON; a whole number, which may be large, as `{"whole": its digits}`."""
    if isinstance(value, bytes):
        return to_hex(value)
    if isinstance(value, tuple | list):
        return [to_json(one) for one in value]
    return value if isinstance(value, str | bool) else {"whole": str(int(value))}


def make_history(record: Recorded) -> dict[str, Any]:
    """Return a federation's events, for the page to tell and judge its rounds."""
    terms = {field.name: getattr(record.terms, field.name) for field in fields(record.terms)}
    schedule = asdict(terms.pop("schedule"))
    return {
        "mechanism": record.mechanism,
        "chain": record.chain_id,
        "federation": record.federation.lower(),
        "terms": {name: to_json(value) for name, value in terms.items()},
        "schedule": schedule,
        "events": [
            {"name": one.name, "block": one.block, "transaction": one.transaction,
             "args": {name: to_json(value) for name, value in one.args.items()}}
            for one in record.entries
        ],
    }  # fmt: skip


SHAPES = {
    "plain": {"a.weight": (3, 5), "a.bias": (5,), "scalar": ()},
    "odd names": {"10": (2,), "9": (3,), "é\u2028\x7f\x01": (2, 2), "\U0001f600": (1,), "\uffee": (2,)},
}


def make_weights(rng: np.random.Generator, shapes: dict[str, tuple[int, ...]], scale: str) -> Weights:
    weights: Weights = {}
    for name, shape in shapes.items():
        drawn = rng.normal(size=shape)
        if scale == "extreme":
            drawn = drawn * 10.0 ** rng.integers(-45, 5, size=shape)
        if scale == "largest":
            drawn = np.where(rng.random(shape) < 0.5, -1, 1) * np.nextafter(np.float32(2**60), np.float32(0))
        if scale == "wide":
            drawn = drawn * 2.0 ** rng.integers(-45, 58, size=shape)
        if scale == "halves":
            drawn = rng.integers(-9, 9, size=shape) * 2.0**-41
        if scale == "zeros":
            drawn = np.copysign(0.0, drawn)
        weights[name] = np.asarray(drawn, dtype=np.float32)
    return weights


def make_average(seed: int, kind: str, scale: str, counts: tuple[int, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    updates = [make_weights(rng, SHAPES[kind], scale) for _ in counts]
    given = zip(updates, counts, strict=True)
    file = encode(fedavg([Contribution(weights, samples) for weights, samples in given]))
    return {
        "updates": [
            {"file": to_hex(encode(one)), "samples": samples}
            for one, samples in zip(updates, counts, strict=True)
        ],
        "file": to_hex(file),
        "digest": to_hex(compute_cid(file).digest),
        "names": sorted(SHAPES[kind]),
    }


def make_averages() -> Iterator[dict[str, Any]]:
    counts = [(1,), (1, 1), (2, 3), (100, 7, 13), (2**31 - 2, 1), (2**30, 2**30 - 1), (3,) * 20]
    for seed, given in enumerate(counts):
        for scale in ("plain", "extreme", "wide", "largest", "halves", "zeros"):
            yield make_average(seed, "plain", scale, given)
    yield make_average(99, "odd names", "plain", (5, 9))


def make_bad() -> Iterator[dict[str, str]]:
    shapes = SHAPES["plain"]
    good = encode(make_weights(np.random.default_rng(1), shapes, "plain"))
    length = int.from_bytes(good[:8], "little")
    text = good[8 : 8 + length]
    files = {
        "nothing": b"",
        "short": good[:7],
        "a byte too few": good[:-1],
        "a byte too many": good + b"\0",
        "a header that isn't there": (2**63).to_bytes(8, "little") + good[8:],
        "no header": bytes(8) + good[8:],
        "no JSON": good[:8] + b"x" * length + good[8 + length :],
        "a list": good[:8] + b"[]".ljust(length) + good[8 + length :],
        "brackets": (2**16).to_bytes(8, "little") + b"[" * 2**16,
        "another dtype": good.replace(b"F32", b"I32", 1),
        "another order": good[:8] + text.replace(b'"a.bias"', b'"b.bias"') + good[8 + length :],
        "another model": encode(make_weights(np.random.default_rng(1), {"a.bias": (7,)}, "plain")),
        "a page": b"<html><script>alert(1)</script></html>",
    }
    for value in (float("nan"), float("inf"), -float("inf"), 2.0**60, -(2.0**60), 3e38):
        files[f"a weight {value}"] = good[:-4] + np.float32(value).tobytes()
    for why, file in files.items():
        yield {"file": to_hex(file), "why": why}


def make_kept() -> Iterator[dict[str, Any]]:
    for history in (None, 0, 1, 2, 20):
        for number, settled in ((1, 1), (1, 2), (3, 4), (1, 20), (1, 21), (5, 400)):
            yield {
                "round": number, "settled": settled, "history": history,
                "gone": history is None or may_be_gone(number, settled, history),
                "kept": describe_kept(history), "sentence": describe_gone(number, number, history),
            }  # fmt: skip


def make_vectors() -> dict[str, Any]:
    rng = Random("the audit page")
    words = [[rng.randbytes(32), rng.randbytes(32), rng.randrange(2**40)] for _ in range(5)]
    voters = [(get_checksummed(to_hex(rng.randbytes(20))), rng.randbytes(32)) for _ in range(5)]
    return {
        "files": [make_file(size, seed) for seed, size in enumerate([*SIZES, MANY])],
        "draws": list(make_draws(rng)),
        "registries": [make_registry(Random(seed), seed % 4) for seed in range(40)],
        "seeds": [
            {"entropy": to_hex(one), "mix": to_hex(two), "round": number,
             "seed": to_hex(compute_seed(one, two, number))}
            for one, two, number in words
        ],
        "mixes": [
            {"voter": voter.lower(), "salt": to_hex(salt),
             "mix": to_hex(compute_hash(get_address_word(voter), salt))}
            for voter, salt in voters
        ],
        "commitments": [make_commitment(rng, size) for size in (0, 1, 31, 32, 33, 64, 200)],
        "pledges": [make_pledge(rng) for _ in range(5)],
        "histories": [
            make_history(play_history(f"page-{seed}", mechanism).record())
            for mechanism in KINDS for seed in range(HISTORIES[mechanism])
        ],
        "averages": list(make_averages()),
        "bad": list(make_bad()),
        "kept": list(make_kept()),
        "sorted": sorted(["", "a", "ab", "b", "\uffff", "\U00010000", "é", "10", "9", "\U0010ffff"]),
    }  # fmt: skip


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("core") / "vectors.json"
    file.write_text(json.dumps(make_vectors()))
    return file


@pytest.mark.needs("node")
@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.ts")))
def test_the_pure_core_in_node(name: str, vectors: Path) -> None:
    environment = node_environment() | {"FEDJURY_VECTORS": str(vectors)}
    node = find("node")
    assert node is not None
    done = subprocess.run(
        [str(node), "--test-reporter=spec", "--test", str(HERE / name)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "\nℹ fail 0" in done.stdout
