"""The name of a stored file: a CIDv1, dag-pb, sha2-256, of which 32 bytes go on chain.

The other four bytes never vary here, so the digest alone names the content exactly. The layout is that of
https://github.com/multiformats/cid.
"""

import base64
from dataclasses import dataclass
from typing import ClassVar, Self

from clients.types.errors import RequestError

DIGEST_BYTES = 32

_DAG_PB = 0x70
_PREFIX = bytes((0x01, _DAG_PB, 0x12, DIGEST_BYTES))  # version, codec, sha2-256, its length
_CODECS = {0x55: "raw", 0x70: "dag-pb", 0x71: "dag-cbor", 0x72: "libp2p-key", 0x0129: "dag-json"}


@dataclass(frozen=True, order=True, slots=True)
class Cid:
    """A CIDv1 (dag-pb, sha2-256): equal, hashed and ordered by its 32-byte digest."""

    digest: bytes
    """sha2-256 of the root block, 32 bytes: what the contract stores as `bytes32`."""

    TEXT_LENGTH: ClassVar[int] = 59

    def __post_init__(self) -> None:
        if len(self.digest) != DIGEST_BYTES:
            raise ValueError(f"a CID's digest is {DIGEST_BYTES} bytes, not {len(self.digest)}")

    @classmethod
    def from_digest(cls, digest: bytes) -> Self:
        """Return the CID of a 32-byte digest, as read from the chain. ValueError for any other length."""
        return cls(bytes(digest))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the CID written as `text`: base32 CIDv1, dag-pb, sha2-256, and nothing else.

        Raises RequestError, which says what the text is instead, if that is known.
        """
        if len(text) == 46 and text.startswith("Qm"):
            raise _refusal(text, "is a CIDv0; write it as CIDv1 (`ipfs cid base32`)")
        if not text.startswith("b"):
            raise _refusal(text, "is not in lower-case base32, which starts with 'b'")
        try:
            raw = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
        except ValueError as error:
            raise _refusal(text, "is not valid base32") from error
        if raw[:1] != _PREFIX[:1]:
            raise _refusal(text, "is not a CIDv1")
        codec, rest = _varint(raw[1:])
        if codec < 0:
            raise _refusal(text, "is cut")
        if codec != _DAG_PB:
            raise _refusal(text, f"names a {_CODECS.get(codec, hex(codec))} block, not dag-pb")
        if rest[:2] != _PREFIX[2:]:
            raise _refusal(text, "is not hashed with sha2-256 to 32 bytes")
        if len(rest) != 2 + DIGEST_BYTES:
            raise _refusal(
                text, f"is cut or has too much: {len(rest) - 2} bytes of digest, not {DIGEST_BYTES}"
            )
        cid = cls(rest[2:])
        if str(cid) != text:  # mixed case, or bits set in the padding
            raise _refusal(text, "is not in its one canonical spelling")
        return cid

    @property
    def hex(self) -> str:
        """The digest as 64 hexadecimal digits, without 0x."""
        return self.digest.hex()

    def __bytes__(self) -> bytes:
        """Return the binary CID, 36 bytes: what a dag-pb link holds."""
        return _PREFIX + self.digest

    def __str__(self) -> str:
        """Return the base32 text, 59 characters, from `bafybei`."""
        return "b" + base64.b32encode(bytes(self)).decode("ascii").rstrip("=").lower()

    def __repr__(self) -> str:
        return f"Cid({self})"


def _varint(raw: bytes) -> tuple[int, bytes]:
    """Return the leading unsigned varint of `raw` and what follows; -1 when there is none."""
    value = 0
    for place, byte in enumerate(raw[:9]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, raw[place + 1 :]
    return -1, b""


def _refusal(text: str, why: str) -> RequestError:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return RequestError(
        f"CID {shown!r} {why}. FedJury's CIDs are CIDv1, dag-pb, sha2-256, in base32: bafybei…, "
        f"{Cid.TEXT_LENGTH} characters."
    )
