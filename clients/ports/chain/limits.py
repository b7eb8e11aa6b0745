"""What providers mean when they refuse: too many requests, too many at once, or history that they don't keep.

Each says so in its own way, by HTTP status, code or words, and they share codes: -32005 is a rate limit at
Infura and Chainstack, a too long batch in Besu and Nethermind, and too many results elsewhere. So words count
before codes, and a revert is never a limit, whatever its reason says.
"""

import math
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import Enum, auto

LOGS = "eth_getLogs"


class Limit(Enum):
    """Why a correct request was refused."""

    RATE = auto()  # not now: the same request may be taken later
    BATCH = auto()  # not with so many others
    GONE = auto()  # never: this node has forgotten


_BATCH = re.compile(r"batch")
_RATE = re.compile(
    r"rate.?limit|rate exceeded|request rate|too many (?:concurrent )?(?:requests|calls|connections)"
    r"|requests? (?:limit|per (?:second|minute|hour|day))|requests limited|request count exceeded"
    r"|concurrent requests|credits limited|compute units|reduce (?:calls|requests)|quota|monthly capacity"
    r"|throughput|over(?:loaded| capacity)|too much load|server is busy|try again in"
)
_GONE = re.compile(
    r"prun|missing trie node|receipt not available|data before .* not available|history .*unavailable"
    r"|historical state|state .*(?:not|un)available|old data not available|archive"
)
_TOO_MUCH = re.compile(r"range|more than|exceed|too (?:many|large|wide)|at most|up to")
# Alchemy and others; TheRPC; BlockVision.
_RATE_CODES = frozenset({429, -32029, -32605, -32607})
_SHARED_CODE = -32005
_SHARED_WORDS = re.compile(r"range|results|blocks|filter|address|size|timeout|duration|logs")
_GONE_CODE = 4444  # EIP-4444's
_REVERTED = 3
_LATER = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_LONGEST = 10**9


def limit_of(method: str, code: int, message: str, *, batched: bool = False) -> Limit | None:
    """Return the limit that an error to `method` is about, or None. `batched`: whether it was in a batch."""
    words = message.lower()
    if code == _REVERTED or "revert" in words:
        return None
    if batched and _BATCH.search(words):
        return Limit.BATCH
    if code in _RATE_CODES or _RATE.search(words):
        return Limit.RATE
    if code == _GONE_CODE or (_GONE.search(words) and not (method == LOGS and _TOO_MUCH.search(words))):
        return Limit.GONE
    # An error about logs that doesn't mention rates is about their range or number.
    if code == _SHARED_CODE and method != LOGS and not _SHARED_WORDS.search(words):
        return Limit.RATE
    return None


def get_pause(data: object) -> float | None:
    """Return the seconds that an error's data ask to wait, as Infura's and Chainstack's do; None if they
    don't."""
    for _ in range(2):
        if not isinstance(data, Mapping):
            return None
        asked = data.get("backoff_seconds", data.get("try_again_in"))
        if isinstance(asked, str) and (found := _LATER.fullmatch(asked)):
            return float(found[1]) * _UNITS[found[2]]
        if isinstance(asked, int | float) and not isinstance(asked, bool) and 0 <= asked <= _LONGEST:
            return float(asked)
        data = data.get("rate")
    return None


def parse_retry_after(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    """Return the seconds that the header Retry-After asks to wait: it holds a number of seconds, or a date.

    A date is compared with the answer's own date, if it has one, since clocks differ.
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", asked):
        return float(asked)
    later = _parse_date(asked)
    if later is None:
        return None
    since = _parse_date(headers.get("Date", ""))
    pause = later - (now() if since is None else since)
    return min(max(0.0, pause), float(_LONGEST)) if math.isfinite(pause) else None


def _parse_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
