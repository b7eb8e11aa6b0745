"""URLs that may hold secrets: user names and passwords, and access keys in the path or the query.

A command takes a URL as it is, or where it stands: `env:NAME`, an environment variable, or `file:PATH`, a
file's first line. Either keeps it out of the list of processes and out of the shell's history.
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
    """Return `url` without user, password, path and query: fit for messages. RequestError if it is none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise RequestError("this is no URL: scheme://, a host, and maybe a port.") from None
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_url(given: str) -> bool:
    """Return whether `given` is a URL, or says where one stands."""
    return "://" in given or given.startswith((_VARIABLE, _FILE))


def holds_secret(given: str) -> bool:
    """Return whether `given` is a URL of more than scheme, host and port. RequestError if it is none."""
    if "://" not in given:
        return False
    redacted(given)
    parts = urlsplit(given)
    return bool("@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment)


def shown(given: str) -> str:
    """Return what others may read of `given`: a URL's place, and anything else as it is."""
    return redacted(given) if "://" in given else given


def read_url(given: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL that `given` is or names; what may be secret of it is hidden from then on.

    RequestError where there is none, or where others may read the file; UnavailableError where it can't be
    read. Neither quotes what it found.
    """
    if given.startswith(_VARIABLE):
        name = given.removeprefix(_VARIABLE)
        if not name:
            raise RequestError(f"{_VARIABLE} names no environment variable: {_VARIABLE}NAME does.")
        if not environ.get(name):
            raise RequestError(f"the environment variable {name} is to hold a URL, and is not set.")
        url, where = environ[name].strip(), f"the environment variable {name}"
    elif given.startswith(_FILE):
        path = Path(given.removeprefix(_FILE)).expanduser()
        url, where = read_line(path, "URL file", private=True).strip(), f"the first line of {path}"
    else:
        url, where = given, "this"
    if "://" not in url:
        raise RequestError(f"{where} is no URL: scheme://, a host, and maybe a port and a path.")
    hide_url(url)
    return url


def beside(given: str, folder: Path) -> str:
    """Return `given` with the path of a `file:` understood from `folder`, as that of a file that names it."""
    if not given.startswith(_FILE):
        return given
    return f"{_FILE}{folder.resolve() / Path(given.removeprefix(_FILE)).expanduser()}"
