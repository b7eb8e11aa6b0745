"""How many cores there are to compute on, and for how many processes there is memory."""

import os
import resource
import sys
from pathlib import Path

_CONTAINER = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")


def count_cores() -> int:
    """Return how many cores this process may use: those it is bound to, or fewer where a container's share
    is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (_CONTAINER / "cpu.max").read_text().split()
        return max(1, min(count, round(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        return count


def count_affordable() -> int | None:
    """Return how many more processes as large as this one find room in half of the memory that is left; None
    where the system doesn't say."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    left = [_read_available(), _read_container()]
    known = [one for one in left if one is not None]
    return max(0, min(known)) // 2 // own if known else None


def _read_available() -> int | None:
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _read_container() -> int | None:
    try:
        most, used = ((_CONTAINER / f"memory.{what}").read_text() for what in ("max", "current"))
        return int(most) - int(used)
    except (OSError, ValueError):  # ValueError: `max`, without a limit
        return None
