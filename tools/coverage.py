"""Run the Solidity tests and tell which lines and branches of the contracts they leave out.

`make coverage`. Hardhat measures lines, forge branches: Hardhat knows no branches, and forge counts as a
line the head of a function without a statement, whether or not anybody could call it. The status is 1 unless
every line and 98 % of the branches are run. The invariants are left out, for a line should have a test that
means it, and so are the replay of the specification, the gas figures, and campaigns of hundreds of rounds:
their traces take Hardhat more memory than machines have.
"""

import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from clients.ports import binaries
from deploy import compiler

ROOT = binaries.ROOT
BUILD = Path("build") / "coverage"
TESTS = Path("tests") / "contracts"
LEAST_LINES = 100.0
LEAST_BRANCHES = 98.0
_LEFT_OUT = re.compile(r"(?:Invariants\w*|Vectors|Gas\w*|\w+(?:Sabotage|Admitted|Served|Flood))\.t\.sol")
# Random cases serve to find what nobody thought of; for running every line a few do.
FUZZ_RUNS = 16
_CODE = re.compile(r"^\s*(?:function|constructor|modifier)\b[^;{]*\{", re.MULTILINE)


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


def suites() -> tuple[list[str], list[str]]:
    """Return the files of tests to run, and those to leave out."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / TESTS).glob("*.t.sol"))
    out = [path for path in files if _LEFT_OUT.fullmatch(path.rpartition("/")[2])]
    return [path for path in files if path not in out], out


def run(program: str, *arguments: str, **environment: str) -> None:
    """Run a program from the root; leave, with the end of what it printed, where it fails."""
    binary = binaries.find(program)
    if binary is None:
        print(f"coverage: no {program} here; {binaries.hint(program)}", file=sys.stderr)
        sys.exit(3)
    done = subprocess.run(
        [binary, *arguments],
        cwd=ROOT,
        env=binaries.node_environment() | {"NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print((done.stdout + done.stderr)[-4000:], file=sys.stderr)
        sys.exit(f"coverage: {program} ended with status {done.returncode}")


def by_hardhat() -> dict[str, Covered]:
    """Run the tests on Hardhat's chain: lines."""
    report = ROOT / "coverage" / "lcov.info"
    report.unlink(missing_ok=True)
    run("hardhat", "--config", "hardhat.coverage.config.js", "--coverage", "test", "solidity", *suites()[0])
    return read(report.read_text("utf-8"))


def by_forge() -> dict[str, Covered]:
    """Run the tests by forge: branches, and lines by its own count."""
    report = ROOT / BUILD / "lcov.info"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    left_out = [*suites()[1], *(f"{TESTS.as_posix()}/{name}/*" for name in ("symbolic", "echidna"))]
    run(
        "forge",
        *("coverage", "--report", "lcov", "--report-file", str(report), "--fuzz-runs", str(FUZZ_RUNS)),
        *(part for path in left_out for part in ("--skip", path)),
        FOUNDRY_SOLC=str(compiler.solc_binary()),
        FOUNDRY_DENY="never",
        FOUNDRY_CACHE_PATH=str(BUILD / "cache"),
        FOUNDRY_OUT=str(BUILD / "out"),
    )
    return read(report.read_text("utf-8"))


def unmeasured(covered: dict[str, Covered], seen: dict[str, Covered]) -> list[str]:
    """Return the contracts with code of which neither report knows."""
    files = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "contracts").rglob("*.sol")}
    return sorted(
        name
        for name, path in files.items()
        if not name.startswith("contracts/interfaces/")
        and name not in covered.keys() | seen.keys()
        and _CODE.search(path.read_text("utf-8"))
    )


def main() -> int:
    """Print a row a contract, with what no test runs."""
    lines, branches = by_hardhat(), by_forge()
    print(f"{'contract':<46}{'lines':>7}{'run, %':>8}{'branches':>10}{'run, %':>8}  never run")
    everything = Covered()
    for path in sorted(lines.keys() | branches.keys()):
        one = Covered(lines.get(path, Covered()).lines, branches.get(path, Covered()).branches)
        for count in one.lines.values():
            everything.lines[len(everything.lines)] = count
        everything.branches |= {f"{path},{place}": count for place, count in one.branches.items()}
        told = [str(number) for number, count in sorted(one.lines.items()) if count == 0]
        told += [f"branch at {place.split(',')[0]}" for place, count in one.branches.items() if count == 0]
        print(f"{row(path, one)}  {', '.join(told)}".rstrip())
    print(row("all", everything))
    low = [f"no report knows {path}" for path in unmeasured(lines, branches)]
    if not lines or not branches:
        low.append("nothing was measured")
    if share([*everything.lines.values()]) < LEAST_LINES:
        low.append(f"less than {LEAST_LINES:.0f} % of the lines are run")
    if share([*everything.branches.values()]) < LEAST_BRANCHES:
        low.append(f"less than {LEAST_BRANCHES:.0f} % of the branches are run")
    for reason in low:
        print(f"coverage: {reason}", file=sys.stderr)
    return 1 if low else 0


def row(name: str, one: Covered) -> str:
    """Return the numbers of a contract, or of all."""
    counts = [*one.lines.values()], [*one.branches.values()]
    cells = [f"{len(each):>{wide}}{share(each):>8.1f}" for each, wide in zip(counts, (7, 10), strict=True)]
    return f"{name:<46}{''.join(cells)}"


if __name__ == "__main__":
    sys.exit(main())
