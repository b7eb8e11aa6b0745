"""Computes the CID of a file as Kubo does.

A file is cut into 256 KiB chunks, each a UnixFS leaf in a dag-pb block. Up to 174 blocks hang from one node,
level by level until a single root is left (the balanced layout). The root's sha2-256 is the digest. Formats:
https://specs.ipfs.tech/unixfs/ and https://ipld.io/specs/codecs/dag-pb/spec/. Kubo gives the same with
`ipfs add --cid-version=1 --raw-leaves=false --chunker=size-262144 --max-file-links=174`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clients.types.cid import Cid

CHUNK_BYTES = 262_144
LINKS_PER_NODE = 174

# Protobuf keys, (field number << 3) | wire type, of the messages below. All fit in one byte.
_NODE_DATA = b"\x0a"  # PBNode.Data
_NODE_LINK = b"\x12"  # PBNode.Links
_LINK_HASH = b"\x0a"  # PBLink.Hash
_LINK_NO_NAME = b"\x12\x00"  # PBLink.Name, empty yet always written
_LINK_TSIZE = b"\x18"  # PBLink.Tsize
_FILE_TYPE = b"\x08\x02"  # UnixFS Data.Type = File
_FILE_DATA = b"\x12"  # UnixFS Data.Data
_FILE_SIZE = b"\x18"  # UnixFS Data.filesize
_FILE_BLOCK_SIZE = b"\x20"  # UnixFS Data.blocksizes, one key each


class _Block(NamedTuple):
    """A block as its parent sees it."""

    digest: bytes
    file_bytes: int  # of the file, below this block
    tree_bytes: int  # of encoded blocks, this one and all below it


def compute_cid(data: bytes | bytearray | memoryview) -> Cid:
    """Return the CID of a file with the content `data`, which may be empty."""
    level = list(_leaves(memoryview(data).cast("B")))
    while len(level) > 1:
        level = [_parent(level[at : at + LINKS_PER_NODE]) for at in range(0, len(level), LINKS_PER_NODE)]
    return Cid(level[0].digest)


def verify(cid: Cid, data: bytes | bytearray | memoryview) -> bool:
    """Return whether `data` is exactly the file that `cid` names."""
    return compute_cid(data) == cid


def _leaves(data: memoryview) -> Iterator[_Block]:
    for at in range(0, max(len(data), 1), CHUNK_BYTES):
        chunk = data[at : at + CHUNK_BYTES]
        size = _varint(len(chunk))
        head = _FILE_TYPE + (_FILE_DATA + size if len(chunk) else b"")
        tail = _FILE_SIZE + size
        head = _NODE_DATA + _varint(len(head) + len(chunk) + len(tail)) + head
        # hashed in pieces: joining them would copy the whole file again
        digest = hashlib.sha256(head)
        digest.update(chunk)
        digest.update(tail)
        yield _Block(digest.digest(), len(chunk), len(head) + len(chunk) + len(tail))


def _parent(children: Sequence[_Block]) -> _Block:
    file_bytes = sum(child.file_bytes for child in children)
    # dag-pb's canonical form puts links before data, against the field numbers
    links = b"".join(_field(_NODE_LINK, _link(child)) for child in children)
    sizes = b"".join(_FILE_BLOCK_SIZE + _varint(child.file_bytes) for child in children)
    block = links + _field(_NODE_DATA, _FILE_TYPE + _FILE_SIZE + _varint(file_bytes) + sizes)
    tree_bytes = len(block) + sum(child.tree_bytes for child in children)
    return _Block(hashlib.sha256(block).digest(), file_bytes, tree_bytes)


def _link(child: _Block) -> bytes:
    return (
        _field(_LINK_HASH, bytes(Cid(child.digest))) + _LINK_NO_NAME + _LINK_TSIZE + _varint(child.tree_bytes)
    )


def _field(key: bytes, value: bytes) -> bytes:
    return key + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
