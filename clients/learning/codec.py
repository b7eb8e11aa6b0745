"""Weights as bytes: canonical safetensors, checked against a schema before use. Nothing unpickles.

The schema fixes every byte of the header, so the same weights have one encoding, one digest and one CID.
Decoding starts with comparing the header; only if that fails is a stranger's header parsed, to say what is
wrong.
"""

import numpy as np

from clients.learning.schema import MAX_HEADER, BadUpdate, Schema, Weights
from clients.types.parsing import parse_json


def encode(weights: Weights, schema: Schema | None = None) -> bytes:
    """Return the canonical safetensors file of `weights`.

    Raises `BadUpdate` if they don't fit the schema (by default their own) or aren't finite.
    """
    fitting = schema if schema is not None else Schema.of(weights)
    flat = fitting.check(weights)
    return fitting.header + flat.astype("<f4", copy=False).tobytes()


def decode(data: bytes, schema: Schema) -> Weights:
    """Return the weights in `data`, or raise `BadUpdate` saying what is wrong and where.

    It refuses wrong names, shapes, dtypes and sizes, duplicate or extra keys, headers that are not canonical,
    missing and trailing bytes, and weights that aren't finite or reach the schema's bound.
    """
    header = schema.header
    if data[: len(header)] != header:
        _explain(data, schema)
    if len(data) != schema.encoded_size:
        raise BadUpdate("file", f"it has {len(data)} bytes; expected {schema.encoded_size}")
    flat = np.frombuffer(data, "<f4", offset=len(header)).astype(np.float32)
    schema.check_values(flat)
    return schema.split(flat)


def _explain(data: bytes, schema: Schema) -> None:
    """Raise the `BadUpdate` that best says why `data` is not a file of the schema."""
    if len(data) < 8:
        raise BadUpdate("file", f"it has {len(data)} bytes, too few for a safetensors file")
    length = int.from_bytes(data[:8], "little")
    if length > min(len(data) - 8, MAX_HEADER):
        raise BadUpdate("header", f"it claims {length} bytes of the file's {len(data)}")
    text = data[8 : 8 + length]
    try:
        entries = parse_json(text, pairs=_no_duplicates)
    except ValueError as error:
        raise BadUpdate("header", f"it is not JSON: {str(error)[:120]}") from error
    if not isinstance(entries, dict):
        raise BadUpdate("header", f"it is a JSON {type(entries).__name__}; expected a table of tensors")
    schema.check_names(entries)
    for name, shape in schema.shapes:
        entry = entries[name]
        if not isinstance(entry, dict):
            raise BadUpdate(name, f"its entry is a JSON {type(entry).__name__}; expected a table")
        found = str(entry.get("dtype"))[:20], str(entry.get("shape"))[:80]
        if found != ("F32", str(list(shape))):
            raise BadUpdate(name, f"{found[0]} of shape {found[1]}; expected F32 of shape {list(shape)}")
    raise BadUpdate("header", "it is not canonical: tensors sorted by name, end to end, and nothing else")


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key occurs twice")
    return table
