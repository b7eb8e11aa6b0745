"""Look for known faults in the contracts: none of high or medium impact may be left.

`make lint-slither`. A finding that is none is accepted by an entry of `tools/slither.json`: the detector, a
pattern that each place it names must match, or each equality of a condition, and the reason. It lies with the
pattern to let nothing else through.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

from clients.ports import binaries
from deploy import compiler

ROOT = binaries.ROOT
ACCEPTED = ROOT / "tools" / "slither.json"
BUILD = Path("build") / "slither"
REPORT = BUILD / "report.json"
GRAVE = ("High", "Medium")
# What Slither logs of a function that it leaves out, and goes on.
_LEFT_OUT = re.compile(r"Impossible to generate IR for (.+):$", re.MULTILINE)

Finding: TypeAlias = dict[str, Any]


def program(name: str) -> Path:
    """Return a program's path, or end with how to get it."""
    found = binaries.find(name)
    if found is None:
        print(f"slither: no {name} here; {binaries.hint(name)}", file=sys.stderr)
        sys.exit(3)
    return found


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in the repository's root, with ours first on PATH."""
    environment = binaries.node_environment()
    environment["PATH"] = f"{program('forge').parent}:{environment['PATH']}"
    environment["FOUNDRY_DENY"] = "never"  # warnings have a gate of their own
    environment["FOUNDRY_SOLC"] = str(compiler.solc_binary())
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def findings() -> list[Finding]:
    """Compile the contracts and return what Slither has to say of them, informational or not.

    A function that Slither can't read would pass for one without faults: then this ends the program.
    """
    built = run(program("forge"), "build", "contracts", "--build-info", "--force", "--quiet",
                "--out", BUILD / "out", "--cache-path", BUILD / "cache")  # fmt: skip
    if built.returncode != 0:
        sys.exit(built.stdout + built.stderr)
    framework = ("--compile-force-framework", "foundry", "--foundry-out-directory", BUILD / "out")
    report = ROOT / REPORT
    # Slither doesn't write over a file, and keeps its log to itself where the report goes to stdout.
    report.unlink(missing_ok=True)
    done = run(program("slither"), ".", *framework, "--ignore-compile", "--filter-paths", "node_modules",
               "--json", REPORT)  # fmt: skip
    try:
        answer = json.loads(report.read_text("utf-8"))
    except (OSError, ValueError):
        sys.exit(done.stdout + done.stderr)
    if not answer["success"]:
        sys.exit(str(answer["error"]))
    if left_out := _LEFT_OUT.findall(done.stderr):
        sys.exit("\n".join(f"slither: it can't read {name}" for name in sorted(set(left_out))))
    found: list[Finding] = answer["results"].get("detectors", [])
    return found


def places(finding: Finding) -> list[str]:
    """Return the expressions that a finding points at, or what it says where it points at none."""
    lines = re.findall(r"^\t+- (.*) \([^()]*\)$", finding["description"], re.MULTILINE)
    return lines or [finding["description"].splitlines()[0]]


def questions(finding: Finding) -> list[str]:
    """Return what each accepted pattern answers: the places, or in conditions each of their equalities."""
    if finding["check"] != "incorrect-equality":
        return places(finding)
    # a condition may be kept under a name
    conditions = [re.sub(r"^\w+ = ", "", place) for place in places(finding)]
    clauses = [clause for condition in conditions for clause in re.split(r" (?:&&|\|\|) ", condition)]
    return [clause for clause in clauses if re.search("[!=]=", clause)]


def accepts(rule: dict[str, str], check: str, question: str) -> bool:
    """Tell whether an accepted pattern answers a question."""
    return rule["check"] == check and re.search(rule["pattern"], question) is not None


def is_accepted(rules: list[dict[str, str]], finding: Finding) -> bool:
    """Tell whether each of a finding's questions has an answer."""
    return all(
        any(accepts(rule, finding["check"], question) for rule in rules) for question in questions(finding)
    )


def main() -> int:
    """Print a summary and every grave finding that isn't accepted. The status is 1 where there is one."""
    rules: list[dict[str, str]] = json.loads(ACCEPTED.read_text("utf-8"))
    found = findings()
    grave = [one for one in found if one["impact"] in GRAVE]
    left = [one for one in grave if not is_accepted(rules, one)]
    for one in left:
        print(f"{one['impact']}, {one['check']}: {one['description']}")
    counts = Counter(one["impact"] for one in found)
    told = ", ".join(f"{counts[impact]} {impact.lower()}" for impact in [*GRAVE, "Low"])
    print(f"slither: {told}; {len(grave) - len(left)} accepted with a reason, {len(left)} left")
    for rule in rules:
        if not any(accepts(rule, one["check"], question) for one in grave for question in questions(one)):
            print(f"slither: nothing matches the accepted {rule['check']} of {rule['pattern']!r} any more")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
