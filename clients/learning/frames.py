"""Messages between a process and its siblings: a JSON header and raw bytes, each preceded by its length.

    2 bytes     "FJ"
    4 bytes     length of the header, big-endian
    8 bytes     length of the body, big-endian
    header      a JSON object
    body        tensors, as `clients.learning.codec` encodes them

The reader checks every message: a process that is about to die, or a library that prints into the pipe, may
write anything.
"""

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

from clients.types.parsing import parse_json

_START = struct.Struct(">2sIQ")
_MAGIC = b"FJ"
MAX_HEADER = 1 << 24
MAX_BODY = 1 << 36


class Garbled(Exception):
    """The bytes read are no message, or not the expected one."""


def write_frame(stream: IO[bytes], header: Mapping[str, Any], body: bytes = b"") -> None:
    """Write a message; raise `OSError` if nobody reads the stream any more."""
    text = json.dumps(header).encode()
    stream.write(_START.pack(_MAGIC, len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes], max_body: int = MAX_BODY) -> tuple[dict[str, Any], bytes]:
    """Return the next message's header and body.

    Raises `EOFError` if the stream ends before the message, `Garbled` if the stream ends within the message
    or holds something else.
    """
    start = stream.read(_START.size)
    if not start:
        raise EOFError
    if len(start) < _START.size or start[:2] != _MAGIC:
        raise Garbled(f"no message begins with {start[:20]!r}")
    _, length, size = _START.unpack(start)
    if length > MAX_HEADER or size > max_body:
        raise Garbled(f"a message claims {length} + {size} bytes; {max_body} are expected at most")
    text, body = stream.read(length), stream.read(size)
    if len(text) < length or len(body) < size:
        raise Garbled("a message ends too early")
    try:
        header = parse_json(text)
    except ValueError as error:
        raise Garbled(f"a header is not JSON: {str(error)[:80]}") from None
    if not isinstance(header, dict):
        raise Garbled(f"a header is a JSON {type(header).__name__}")
    return header, body
