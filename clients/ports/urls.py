"""URLs that may hold secrets: user names and passwords, and access keys in the path or the query.

A command takes a URL itself, or a reference to it: `env:NAME`, an environment variable, or `file:PATH`, a
file's first line. A reference keeps the URL out of the list of processes and out of the shell's history.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from clients.ports.files import read_line
from clients.ports.hiding import hide_url
from clients.types.errors import RequestError

_VARIABLE, _FILE = "env:", "file:"
WAYS = "a URL, env:NAME for the environment variable that holds it, or file:PATH for the file"
"""How a URL may be given, for messages and help."""


def redacted(url: str) -> str:
    """Return `url` without user, password, path and query, for messages. RequestError if it is no URL."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise RequestError("this is not a URL: scheme://, a host, and maybe a port.") from None
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_url(given: str) -> bool:
    """Return whether `given` is a URL, or a reference to one."""
    return "://" in given or given.startswith((_VARIABLE, _FILE))


def holds_secret(given: str) -> bool:
    """Return whether `given` is a URL with more than scheme, host and port. RequestError if it is
    malformed."""
    if "://" not in given:
        return False
    redacted(given)
    parts = urlsplit(given)
    return bool("@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment)


def shown(given: str) -> str:
    """Return the part of `given` that others may read: a URL's scheme, host and port, or anything else
    unchanged."""
    return redacted(given) if "://" in given else given


def read_url(given: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL that `given` is or refers to; from then on its secret parts are hidden.

    RequestError if there is no URL, or others may read the file; UnavailableError if the file can't be read.
    Neither quotes the content.
    """
    if given.startswith(_VARIABLE):
        name = given.removeprefix(_VARIABLE)
        if not name:
            raise RequestError(f"{_VARIABLE} names no environment variable: {_VARIABLE}NAME does.")
        if not environ.get(name):
            raise RequestError(f"the environment variable {name} should hold a URL, and is not set.")
        url, where = environ[name].strip(), f"the environment variable {name}"
    elif given.startswith(_FILE):
        path = Path(given.removeprefix(_FILE)).expanduser()
        url, where = read_line(path, "URL file", private=True).strip(), f"the first line of {path}"
    else:
        url, where = given, "this"
    if "://" not in url:
        raise RequestError(f"{where} is not a URL: scheme://, a host, and maybe a port and a path.")
    hide_url(url)
    return url


def beside(given: str, folder: Path) -> str:
    """Return `given`, with a relative `file:` path resolved against `folder`, where the file that names it
    is."""
    if not given.startswith(_FILE):
        return given
    return f"{_FILE}{folder.resolve() / Path(given.removeprefix(_FILE)).expanduser()}"
