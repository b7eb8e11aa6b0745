"""Checks learning data: fetches every update and model, and recomputes the head, bit for bit."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clients.auditing.absences import Absences
from clients.auditing.findings import Findings, clean
from clients.auditing.replay import ReplayedRound
from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import decode, encode
from clients.learning.schema import MAX_DIMENSIONS, MAX_HEADER, Schema, Weights
from clients.ports.store.unixfs import compute_cid
from clients.protocol.docket import Update
from clients.types.cid import Cid
from clients.types.errors import FedJuryError, PeerError, RequestError
from clients.types.federation import ZERO32, Outcome
from clients.types.parsing import parse_json
from clients.types.store import ContentCorrupt, ContentMissing, Store

TOGETHER = 4
"""Files to fetch from the store in parallel."""
MAX_BYTES = 2**30
"""The most that the genesis may take; its schema bounds all later models."""


def read_schema(data: bytes) -> Schema:
    """Return the schema of a safetensors file; `PeerError` if it isn't a model of the kind that clients
    write."""
    try:
        length = int.from_bytes(data[:8], "little")
        if not 0 < length <= min(len(data) - 8, MAX_HEADER):
            raise ValueError("no header")
        entries: Any = parse_json(data[8 : 8 + length])
        shapes = {name: entry["shape"] for name, entry in entries.items()}
        if any(type(size) is not int or size < 0 for shape in shapes.values() for size in shape):
            raise ValueError("sizes are no numbers")
        if any(len(shape) > MAX_DIMENSIONS or math.prod(shape) > len(data) for shape in shapes.values()):
            raise ValueError("tensors larger than the file")
        schema = Schema.from_json(shapes)
        decode(data, schema)
    except PeerError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RequestError) as error:
        raise PeerError(f"it is no model: {clean(error)}") from None
    return schema


def get_kind(error: PeerError) -> str:
    """Return the kind of finding for content that can't be used."""
    if isinstance(error, ContentMissing):
        return "withheld"
    return "bytes" if isinstance(error, ContentCorrupt) else "content"


class Models:
    """Checks the models of rounds in a store. Holds one round's models at a time."""

    def __init__(
        self,
        store: Store,
        genesis: bytes,
        findings: Findings,
        absences: Absences,
        *,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._store = store
        self._genesis = genesis
        self._absences = absences
        self._max_bytes = max_bytes
        self._schema: Schema | None = None
        self.findings = findings

    def get_schema(self) -> Schema | None:
        """Return the genesis's schema; None, with a finding, if the genesis can't be fetched or read."""
        if self._schema is None:
            cid = Cid.from_digest(self._genesis)
            try:
                self._schema = read_schema(self._store.get(cid, max_bytes=self._max_bytes))
            except PeerError as error:
                what = f"the model to start from, {cid}"
                self.findings.add(get_kind(error), what, "a model, which is never let go of", str(error))
        return self._schema

    def check(self, settled: ReplayedRound) -> None:
        """Check that a settled round's updates are there and well-formed, and recompute the round's model."""
        schema = self.get_schema()
        updates = settled.docket.updates
        if schema is None or not updates:
            return
        weights, gone = self._fetch_updates(settled, schema)
        if settled.record.outcome is Outcome.ACCEPTED:
            self._check_head(settled, schema)
        chosen = self._get_chosen(settled)
        if not chosen:
            return
        unusable = [number for number in chosen if updates[number].digest not in {*weights, *gone}]
        if unusable and settled.record.outcome is Outcome.ACCEPTED:
            self._find(settled, "aggregate", "the aggregate of its updates", "one that can be recomputed",
                       f"none: updates {clean(unusable)} can't be used")  # fmt: skip
        if any(updates[number].digest not in weights for number in chosen):
            return
        self._compare(
            settled, self._aggregate(settled, [updates[number] for number in chosen], weights, schema)
        )

    def _get_chosen(self, settled: ReplayedRound) -> tuple[int, ...]:
        """Return the numbers of the updates that make the round's model; none if the round has no model."""
        if settled.publications:
            return settled.docket.selected.numbers
        accepted = settled.record.outcome is Outcome.ACCEPTED
        return tuple(range(len(settled.docket.updates))) if accepted else ()

    def _fetch_updates(
        self, settled: ReplayedRound, schema: Schema
    ) -> tuple[dict[bytes, Weights], set[bytes]]:
        """Return the weights of a round's updates by digest, and the digests of those that may be gone."""
        updates = settled.docket.updates
        weights: dict[bytes, Weights] = {}
        gone: set[bytes] = set()
        with ThreadPoolExecutor(TOGETHER) as pool:
            files = pool.map(lambda one: self._fetch(one.digest, schema), updates)
            for number, (update, got) in enumerate(zip(updates, files, strict=True)):
                if self._is_gone(settled, update.digest, got):
                    gone.add(update.digest)
                elif isinstance(got, PeerError):
                    where = settled.proposals[number] if number < len(settled.proposals) else ("", 0)
                    self.findings.add(
                        get_kind(got), f"its update {number}, {Cid.from_digest(update.digest)}",
                        self._absences.expected, str(got), round=settled.round_number,
                        account=update.proposer, transaction=where[0], block=where[1],
                    )  # fmt: skip
                else:
                    weights[update.digest] = got
        return weights, gone

    def _is_gone(self, settled: ReplayedRound, digest: bytes, got: object) -> bool:
        """Return whether a file is missing and may be: then it is recorded as gone and is no finding."""
        return isinstance(got, ContentMissing) and self._absences.excuse(settled.round_number, digest)

    def _fetch(self, digest: bytes, schema: Schema) -> Weights | PeerError:
        try:
            return decode(self._store.get(Cid.from_digest(digest), max_bytes=schema.encoded_size), schema)
        except PeerError as error:
            return error

    def _check_head(self, settled: ReplayedRound, schema: Schema) -> None:
        got = self._fetch(settled.head, schema)
        if isinstance(got, PeerError) and not self._is_gone(settled, settled.head, got):
            what = f"the accepted model, {Cid.from_digest(settled.head)}"
            self._find(settled, get_kind(got), what, self._absences.expected, str(got))

    def _aggregate(
        self, settled: ReplayedRound, updates: Sequence[Update], weights: dict[bytes, Weights], schema: Schema
    ) -> bytes | None:
        """Return the digest of the average of `updates`, weighted by the samples that they claim."""
        try:
            made = fedavg([Contribution(weights[one.digest], one.samples) for one in updates], schema)
            return compute_cid(encode(made, schema)).digest
        except FedJuryError as error:
            self._find(settled, "aggregate", "the aggregate of its updates", "a model", str(error))
            return None

    def _compare(self, settled: ReplayedRound, digest: bytes | None) -> None:
        if digest is None:
            return
        expected = Cid.from_digest(digest)
        if settled.record.outcome is Outcome.ACCEPTED and settled.head != digest:
            whole = f"the aggregate of its updates, {expected}"
            self._find(settled, "aggregate", "the accepted model", whole, Cid.from_digest(settled.head))
        for one in settled.publications:
            if one.publication.digest not in (digest, ZERO32):
                self.findings.add(
                    "publication", "the model that it published", f"the aggregate of the updates, {expected}",
                    Cid.from_digest(one.publication.digest), round=settled.round_number, account=one.account,
                    transaction=one.transaction, block=one.block,
                )  # fmt: skip

    def _find(self, settled: ReplayedRound, kind: str, what: str, expected: object, found: object) -> None:
        self.findings.add(
            kind, what, expected, found, round=settled.round_number, transaction=settled.transaction,
            block=settled.block,
        )  # fmt: skip
