"""Run the Solidity tests and tell which lines and branches of the contracts they leave out.

`make coverage`. The status is 1 unless every line and 98 % of the branches are run. The invariants are left
out: a line should have a test that means it.
"""

import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from clients.ports import binaries
from deploy import compiler

ROOT = binaries.ROOT
BUILD = Path("build") / "coverage"
LEAST_LINES = 100.0
LEAST_BRANCHES = 98.0


@dataclass
class Covered:
    """How often each line of a file was run, and each way out of each of its branches."""

    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[str, int] = field(default_factory=dict)


def share(counts: list[int]) -> float:
    """Return how many of the counts aren't 0, in percent."""
    return 100 * sum(count != 0 for count in counts) / len(counts) if counts else 100.0


def read(report: str) -> dict[str, Covered]:
    """Return what an lcov report says of our contracts, by path."""
    found: dict[str, Covered] = defaultdict(Covered)
    path = ""
    for line in report.splitlines():
        kind, _, value = line.partition(":")
        if kind == "SF":
            path = value
        elif kind == "DA":
            number, count = value.split(",")[:2]
            found[path].lines[int(number)] = int(count)
        elif kind == "BRDA":
            place, _, taken = value.rpartition(",")
            found[path].branches[place] = 0 if taken == "-" else int(taken)
    return {path: one for path, one in sorted(found.items()) if path.startswith("contracts/")}


def measure() -> str:
    """Run the tests, instrumented, and return the report in lcov's format."""
    forge = binaries.find("forge")
    if forge is None:
        print(f"coverage: no forge here; {binaries.hint('forge')}", file=sys.stderr)
        sys.exit(3)
    report = ROOT / BUILD / "lcov.info"
    report.parent.mkdir(parents=True, exist_ok=True)
    environment = binaries.node_environment()
    environment |= {"FOUNDRY_SOLC": str(compiler.solc_binary()), "FOUNDRY_DENY": "never", "NO_COLOR": "1"}
    environment |= {"FOUNDRY_CACHE_PATH": str(BUILD / "cache"), "FOUNDRY_OUT": str(BUILD / "out")}
    suites = (
        "--no-match-contract",
        "Invariant|Gas",
        "--no-match-path",
        "tests/contracts/{symbolic,echidna}/*",
    )
    done = subprocess.run(
        [forge, "coverage", "--report", "lcov", "--report-file", report, *suites],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit((done.stdout + done.stderr)[-4000:])
    return report.read_text("utf-8")


def main() -> int:
    """Print a row a file, with the lines that no test runs."""
    covered = read(measure())
    lines = [count for one in covered.values() for count in one.lines.values()]
    branches = [count for one in covered.values() for count in one.branches.values()]
    print(f"{'file':<46}{'lines':>8}{'branches':>10}  never run")
    for path, one in covered.items():
        missed = sorted(number for number, count in one.lines.items() if count == 0)
        missed_branches = sorted(
            {place.split(",")[0] for place, count in one.branches.items() if count == 0}, key=int
        )
        told = " ".join(map(str, missed))
        if missed_branches:
            told += f" (branches of {' '.join(missed_branches)})"
        row = f"{share([*one.lines.values()]):>8.1f}{share([*one.branches.values()]):>10.1f}"
        print(f"{path:<46}{row}  {told}".rstrip())
    print(f"{'all':<46}{share(lines):>8.1f}{share(branches):>10.1f}")
    if not lines:
        print("coverage: nothing was measured", file=sys.stderr)
        return 1
    return 0 if share(lines) >= LEAST_LINES and share(branches) >= LEAST_BRANCHES else 1


if __name__ == "__main__":
    sys.exit(main())
