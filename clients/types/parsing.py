"""JSON that a stranger wrote."""

import json
import re
from collections.abc import Callable
from typing import Any

DEPTH_MAX = 64
"""The most levels of lists and tables in a JSON text. Nodes' answers and reports have fewer than ten."""

_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{}\]]', re.DOTALL)
"""Strings, the last perhaps without an end, and brackets. A string is read once, so the time is linear."""


def parse_json(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Return the value of a JSON text; `ValueError` if it isn't JSON, or nested more than 64 levels deep.

    Python's parser recurses, and stops only at the interpreter's limit of recursion. Libraries that we import
    raise that limit so far that deep nesting would overflow the stack and end the process.
    `pairs` makes each table from its pairs of key and value.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    if text.count("[") + text.count("{") > DEPTH_MAX:
        depth = 0
        for token in _TOKENS.finditer(text):
            if token[0] in ("[", "{"):
                depth += 1
            elif token[0] in ("]", "}"):
                depth -= 1
            if depth > DEPTH_MAX:
                raise ValueError(f"nested more than {DEPTH_MAX} levels deep")
    return json.loads(text, object_pairs_hook=pairs)
