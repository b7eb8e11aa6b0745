"""Keeps secrets out of logs and errors: keys in URLs, user names and passwords.

Libraries show what they are given: urllib3 logs the path of every request, web3 whole URLs, websockets the
request line with its credentials, and exceptions quote any of these. So code that gets a secret first passes
it to `hide` or `hide_url`. From then on every log record of this process is cleaned when it is made,
whichever logger makes it, and so are tracebacks that end the process. `hidden` cleans any other text.

A secret is found however it is written: percent-encoded in part or whole, or escaped as in a repr or in JSON.
Texts of fewer than 6 characters are no secrets, and hiding them would garble everything else.
"""

import base64
import json
import logging
import re
import sys
import threading
import traceback
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

SHOWN = "***"
"""The replacement for a secret."""

_SHORTEST = 6
_lock = threading.Lock()
_patterns: dict[str, str] = {}  # by the secret itself
_pattern: re.Pattern[str] | None = None


def hide(*secrets: str) -> None:
    """Keep `secrets` out of all logs and errors from now on."""
    global _pattern
    plain = {unquote(one, errors="surrogateescape") for one in secrets}
    with _lock:
        fresh = {one: _spelled(one) for one in plain if len(one) >= _SHORTEST and one not in _patterns}
        if not fresh:
            return
        _watch()
        _patterns.update(fresh)
        _pattern = None  # compiled when a text is cleaned


def hide_url(url: str) -> None:
    """Keep all of `url` but scheme, host and port out of all logs and errors from now on.

    A text that is no URL, such as a folder or a multiaddr, is ignored.
    """
    if "://" not in url:
        return None
    try:
        parts = urlsplit(url)
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return hide(url)
    path = parts.path.strip("/")
    # The wholes as well, since their parts may be too short.
    hide(path, *path.split("/"), parts.query, f"{path}?{parts.query}", parts.fragment)
    hide(*re.split("[&;=]", parts.query))
    if user or password:
        hide_credentials(user, password)
    return None


def hide_credentials(user: str, password: str) -> None:
    """Keep both, and their form in HTTP's basic authentication, out of all logs and errors from now on."""
    hide(user, password, f"{user}:{password}")
    for pair in {f"{user}:{password}", f"{unquote(user)}:{unquote(password)}"}:
        hide(*(base64.b64encode(pair.encode(code, "replace")).decode() for code in ("utf-8", "latin-1")))


def hidden(text: str) -> str:
    """Return `text` without the secrets that this process was told to hide."""
    global _pattern
    with _lock:
        if not _patterns:
            return text
        if _pattern is None:
            longest_first = sorted(_patterns, key=len, reverse=True)
            _pattern = re.compile("|".join(_patterns[one] for one in longest_first))
        pattern = _pattern
    return pattern.sub(SHOWN, text)


def _spelled(secret: str) -> str:
    """Return a pattern of all ways to write `secret`."""
    return "".join(f"(?:{'|'.join(_ways(sign))})" for sign in secret)


def _ways(sign: str) -> list[str]:
    number = ord(sign)
    # A URL may hold bytes that are no text; these can only be written percent-encoded.
    raw = bytes([number - 0xDC00]) if 0xDC80 <= number <= 0xDCFF else sign.encode("utf-8", "surrogatepass")
    percents = "".join(f"%(?i:{byte:02x})" for byte in raw)
    written = {sign, repr(sign)[1:-1], ascii(sign)[1:-1], json.dumps(sign)[1:-1], f"\\{sign}"}
    if sign in " +":  # a query may write one for the other
        written |= {" ", "+", "%20"}
    return [percents, *sorted(map(re.escape, written))]


# ---------------------------------------------------------------------- logs and tracebacks of this process


@cache
def _watch() -> None:
    """Clean every log record, and every traceback that ends a thread or the process, from now on."""
    make, end, end_thread = logging.getLogRecordFactory(), sys.excepthook, threading.excepthook

    def make_clean(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        _clean(record)
        return record

    def end_clean(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if _tell_clean(kind, error, trace):
            return
        end(kind, error, trace)

    def end_thread_clean(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if error is not None and _tell_clean(args.exc_type, error, args.exc_traceback):
            return
        end_thread(args)

    logging.setLogRecordFactory(make_clean)
    sys.excepthook, threading.excepthook = end_clean, end_thread_clean


def _tell_clean(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> bool:
    """If a traceback holds secrets, print it without them; return whether it did."""
    text = "".join(traceback.format_exception(kind, error, trace))
    if hidden(text) == text:
        return False
    print(hidden(text), end="", file=sys.stderr)
    return True


def _clean(record: logging.LogRecord) -> None:
    try:
        text = record.getMessage()
    except Exception:  # a wrong format may raise anything, and `logging` would then print the arguments
        text = f"{record.msg} {record.args!r}"
        record.msg, record.args = text.replace("%", "%%"), ()
    if hidden(text) != text or hidden(repr(record.args)) != repr(record.args):
        record.msg, record.args = hidden(text), ()
    if record.exc_info and record.exc_info[0] is not None:
        trace = "".join(traceback.format_exception(*record.exc_info))
        if hidden(trace) != trace:
            record.exc_info, record.exc_text = None, hidden(trace).rstrip("\n")
    if record.stack_info:
        record.stack_info = hidden(record.stack_info)
