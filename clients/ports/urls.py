"""URLs that may hold secrets: user names and passwords, and access keys in the path or the query."""

from urllib.parse import urlsplit

from clients.types.errors import RequestError


def redacted(url: str) -> str:
    """Return `url` without user, password, path and query: fit for messages. RequestError if it is none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise RequestError("this is no URL: scheme://, a host, and maybe a port.") from None
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
