"""What all tests share: programs of others that may be missing, and reproducible hypothesis runs."""

import os
import signal
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from clients.ports import binaries

CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
MISSING = "missing program"
TOGETHER = {
    "forge": {
        "tests/contracts/test_echidna.py",
        "tests/contracts/test_forge.py",
        "tests/contracts/test_halmos.py",
        "tests/spec/test_differential.py",
    },
    "hardhat": {"tests/contracts/test_compilers.py", "tests/contracts/test_hardhat.py"},
}
"""Files of tests that build into the same folder."""

APART = {"tests/integration/test_pages.py"}
"""Files whose tests share nothing, and take long."""

# Timing is never asserted, hypothesis's own deadline included: two busy cores would make it flaky.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("default", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", deadline=None, suppress_health_check=_SLOW, derandomize=True)
settings.register_profile("deep", deadline=None, suppress_health_check=_SLOW, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "default"))

# Where tests are shared among processes, each with threads for every core would be in the others' way.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell's job in the background ignores Ctrl-C, and so would all that tests start and then stop in that way.
signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFile(LoadScopeScheduling):
    """A file's tests stay in one process, for they share what is costly to set up, unless they are `APART`;
    and so do `TOGETHER`.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in APART:
            return nodeid
        return next((name for name, files in TOGETHER.items() if file in files), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Say how tests are shared, where they are."""
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that isn't there; fail it where everything has to be there."""
    wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in wanted if binaries.find(name) is None]
    if not missing:
        return
    # On the report, so that the summary has it from other processes too.
    item.user_properties += [(MISSING, name) for name in missing]
    reason = "; ".join(f"needs {name}: {binaries.hint(name)}" for name in missing)
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was left out, and how to get what it wants."""
    reports = [one for reports in terminalreporter.stats.values() for one in reports]
    # A test has several reports, of its set-up and of its end.
    missing = {
        (one.nodeid, value)
        for one in reports
        for name, value in getattr(one, "user_properties", ())
        if name == MISSING
    }
    counts = Counter(value for _, value in missing)
    if not counts:
        return
    terminalreporter.section("programs that were missing")
    done = "failed" if CI else "skipped"
    for name, count in sorted(counts.items()):
        terminalreporter.line(f"{name}: {count} {done}; to run them: {binaries.hint(name)}")
