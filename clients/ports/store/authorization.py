"""Credentials for an IPFS API: a user's password, or a token.

They come from the environment or a file, never from the command line, and appear in no `repr` or message.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clients.ports.files import read_line
from clients.ports.hiding import hide
from clients.types.errors import RequestError

VARIABLE, FILE_VARIABLE = "FEDJURY_IPFS_AUTH", "FEDJURY_IPFS_AUTH_FILE"
"""The variable with the credentials, and the variable with the path of a file whose first line has them."""
FORMS = "bearer:TOKEN, basic:user:password or user:password"
HOW = f"Set {VARIABLE}, or the first line of the file that {FILE_VARIABLE} names, to {FORMS}."


class Authorization:
    """Adds the header `Authorization` to each request of the HTTP library, and shows it to nobody else."""

    def __init__(self, header: str) -> None:
        self._header = header
        hide(header.partition(" ")[2])

    def __call__(self, request: Any) -> Any:
        """Return the request with the header."""
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self) -> str:
        return "Authorization(…)"


def read_authorization(environ: Mapping[str, str] = os.environ) -> Authorization | None:
    """Return the credentials in the environment or the file that it names; None if there are none.

    RequestError if they have an unknown form, both variables are set, or others can read the file;
    UnavailableError if there is no file.
    """
    given, file = environ.get(VARIABLE), environ.get(FILE_VARIABLE)
    if given and file:
        raise RequestError(f"both {VARIABLE} and {FILE_VARIABLE} are set: keep one of them.")
    if file:
        return _parse(read_line(Path(file).expanduser(), "credentials file", private=True), FILE_VARIABLE)
    return _parse(given, VARIABLE) if given else None


def _parse(text: str, where: str) -> Authorization:
    """Return the credentials in `text`, in the forms of Kubo's `AuthSecret` or as `user:password`."""
    hide(*text.removeprefix("bearer:").removeprefix("basic:").split(":"))
    kind, colon, rest = text.partition(":")
    if kind == "bearer" and rest and all("!" <= sign <= "~" for sign in rest):
        return Authorization(f"Bearer {rest}")
    if kind == "basic" and colon:
        pair = rest.encode() if ":" in rest else _decode(rest)
        if b":" in pair:
            return Authorization(f"Basic {base64.b64encode(pair).decode()}")
    if colon and kind not in ("bearer", "basic"):
        return Authorization(f"Basic {base64.b64encode(text.encode()).decode()}")
    # the message doesn't quote the text
    raise RequestError(f"{where} holds no credentials of a known form: {FORMS}; no blanks in a token.")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
