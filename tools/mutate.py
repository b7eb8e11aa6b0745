"""Seed faults in the contracts, one at a time, and see whether the Solidity tests notice.

`make mutants`. Every mutant is compiled and tested in a copy of the tree: by the unit tests, by the vectors
where these notice nothing and there are some in `build/vectors`, and at last by the invariants. What changes
nothing that anybody could see stands in `tools/mutants.json`, with the reason. The status is 1 where less
than 95 % of the others are killed.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from clients.ports import binaries
from deploy import compiler

ROOT = binaries.ROOT
EQUIVALENT = ROOT / "tools" / "mutants.json"
LEAST = 95
# Any change of the gas used is told there.
UNFIT = "Gas"
VECTORS = Path("build") / "vectors"
QUICK = ["--no-match-contract", "Invariant|Vectors"]
LATER = [["--match-contract", "Vectors"], ["--match-contract", "Invariant"]]
# A deployment that is linked may revert with anything: who survives that is asked again without.
UNLINKED = {"FOUNDRY_DYNAMIC_TEST_LINKING": "false"}
STAGES = [(QUICK, {}), (QUICK, UNLINKED), *((suites, {}) for suites in LATER)]
ENVIRONMENT = {
    "FOUNDRY_PROFILE": "default",
    "FOUNDRY_DENY": "never",  # a fault may well leave something unused
    "FOUNDRY_OPTIMIZER": "false",  # compiles three times as fast
    "FOUNDRY_CODE_SIZE_LIMIT": "1000000",
    "FOUNDRY_DYNAMIC_TEST_LINKING": "true",  # a test isn't compiled again for what it only deploys
    "FOUNDRY_FUZZ_RUNS": "64",
    "FOUNDRY_INVARIANT_RUNS": "32",
    "NO_COLOR": "1",
}

# An operator: its name, what it looks for in the code of a line, and what it puts there.
_SWAPS = [
    (
        "comparison",
        r" (<=|>=|<|>) ",
        {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"]},
    ),
    ("equality", r" (==|!=) ", {"==": ["!="], "!=": ["=="]}),
    ("arithmetic", r" (\+|-|\*|/|%) ", {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"]}),
    ("assignment", r" (\+=|-=|\^=|\|=) ", {"+=": ["-=", "="], "-=": ["+=", "="], "^=": ["="], "|=": ["="]}),
    ("logic", r" (&&|\|\|) ", {"&&": ["||"], "||": ["&&"]}),
    ("step", r"(\+\+|--)(?=\w)", {"++": ["--"], "--": ["++"]}),
]
_ENUM = re.compile(r"\b(Phase|Outcome|Standing|Acts|Roles)\.(\w+)")
_NUMBER = re.compile(r"(?<![\w.\"])(\d[\d_]*)(?![\w.\"])")
_OPERANDS = re.compile(r"([\w.()]+) ([-/<>]|<=|>=) ([\w.]+)")
_DELETED = [
    ("check", re.compile(r"^(if \(.*\) revert \w+\(.*\)|_?require\w*\(.*\)|_check\w*\(.*\));$")),
    ("event", re.compile(r"^emit \w+\(.*\);$")),
    ("write", re.compile(r"^[\w.\[\]]+ [-+^|]?= [^;]+;$|^delete [^;]+;$|^(\+\+|--)[\w.\[\]]+;$")),
    ("call", re.compile(r"^_?[a-z][\w.]*\([^;{]*\);$")),
]
# What stands behind a function's arguments; of that, what is no modifier.
_HEADER = re.compile(r"^    function \w+\([^()]*\) ([^{;]*)\{$")
_NO_MODIFIER = re.compile(
    r"override\([^()]*\)|returns \([^()]*\)"
    r"|\b(?:external|public|internal|private|view|pure|payable|virtual|override)\b"
)
_MEMBERS = re.compile(r"(?:enum|library) (\w+) \{(.*?)\n\s*\}", re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """A line of a contract, from 0, and what stands there instead."""

    path: str
    number: int
    operator: str
    old: str
    new: str

    def told(self) -> str:
        new = self.new.strip() or "(nothing)"
        return f"{self.path}:{self.number + 1} {self.operator}: {self.old.strip()} -> {new}"


def code(line: str) -> str:
    """Return a line without its comment."""
    return re.sub(r"\s*//.*$", "", line)


def enum_members(sources: dict[str, str]) -> dict[str, list[str]]:
    """Return what else may stand for a value: the values of each enum and set of flags."""
    found: dict[str, list[str]] = {}
    for text in sources.values():
        for name, body in _MEMBERS.findall(text):
            flags = re.findall(r"constant (\w+) = ", body)
            found[name] = flags or re.findall(r"^\s*(\w+),?(?:\s*//.*)?$", body, re.MULTILINE)
    return found


def changes(line: str, members: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield each operator's name with what it makes of a line of code."""
    for name, pattern, others in _SWAPS:
        for match in re.finditer(pattern, line):
            for other in others[match[1]]:
                yield name, line[: match.start(1)] + other + line[match.end(1) :]
    for match in _ENUM.finditer(line):
        values = members.get(match[1], [])
        if match[2] in values and len(values) > 1:
            other = values[(values.index(match[2]) + 1) % len(values)]
            yield "value", line[: match.start(2)] + other + line[match.end(2) :]
    for match in _NUMBER.finditer(line):
        number = int(match[1].replace("_", ""))
        for near in {number + 1, number - 1} - {-1}:
            yield "constant", f"{line[: match.start()]}{near}{line[match.end() :]}"
    for match in _OPERANDS.finditer(line):
        if match[1].count("(") == match[1].count(")"):
            swapped = f"{match[3]} {match[2]} {match[1]}"
            yield "operands", line[: match.start()] + swapped + line[match.end() :]
    statement = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    for name, shape in _DELETED:
        if shape.match(statement):
            yield f"no {name}", ""
            break
    if re.match(r"if \(.*\) return\b.*;$", statement):
        yield "no return", ""
    elif guarded := re.match(r"if \(.*\) (.+;)$", statement):
        yield "always", indent + guarded[1]
    if re.match(r"(emit|[\w.\[\]]+ =) ", statement):
        yield "return early", f"{indent}if (block.number != 0) return;\n{line}"


def unguarded(line: str) -> Iterator[str]:
    """Yield a function's first line without each of its modifiers."""
    header = _HEADER.match(line)
    if header is None:
        return
    for match in re.finditer(r"\b[a-z]\w*\b", _NO_MODIFIER.sub(lambda word: " " * len(word[0]), header[1])):
        start, end = header.start(1) + match.start(), header.start(1) + match.end()
        yield line[:start] + line[end:].lstrip()


def mutants(sources: dict[str, str]) -> list[Mutant]:
    """Return every mutant of the bodies of functions, of their modifiers and of constants."""
    members = enum_members(sources)
    found = []
    for path, text in sources.items():
        body = False
        for number, line in enumerate(text.splitlines()):
            if re.match(r"    (function|constructor|modifier)\b", line):
                body = True
            found += [Mutant(path, number, "no modifier", line, new) for new in unguarded(line)]
            inside = body and re.match(r" {8}", line) and not re.match(r"^\s*(///|//|\*)", line)
            if inside or " constant " in line:
                for operator, new in changes(code(line), members):
                    if new != code(line):
                        found.append(Mutant(path, number, operator, line, new))
            if re.match(r"    \}", line):
                body = False
    return found


def sample(found: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Return `size` of them, from every file in turn and there from every operator in turn."""
    chooser = random.Random(seed)
    files: dict[str, dict[str, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        files[one.path][one.operator].append(one)
    rows = []
    for path in sorted(files):
        piles = [chooser.sample(pile, len(pile)) for _, pile in sorted(files[path].items())]
        chooser.shuffle(piles)
        row = [pile[depth] for depth in range(max(map(len, piles))) for pile in piles if depth < len(pile)]
        rows.append(row)
    chooser.shuffle(rows)
    order = [row[depth] for depth in range(max(map(len, rows))) for row in rows if depth < len(row)]
    return order[:size]


class Bench:
    """A copy of what forge needs, in which one mutant at a time is compiled and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ["contracts", "tests/contracts"]:
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("symbolic", "echidna", "*.py")
            )
        for path in (folder / "tests" / "contracts").rglob("*.t.sol"):
            text = path.read_text("utf-8")
            if UNFIT in path.name:
                path.unlink()
            elif "creationCode" in text:
                # What the linking puts there instead reads from the environment.
                path.write_text(text.replace(" pure", " view"), "utf-8")
        if (ROOT / VECTORS).is_dir():
            shutil.copytree(ROOT / VECTORS, folder / VECTORS)
        shutil.copy(ROOT / "foundry.toml", folder)
        for name in ["@openzeppelin/contracts", "@uniswap/v4-core/lib/forge-std"]:
            shutil.copytree(ROOT / "node_modules" / name, folder / "node_modules" / name)

    def forge(self, arguments: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        binary = binaries.find("forge")
        if binary is None:
            sys.exit(f"mutate: no forge here; {binaries.hint('forge')}")
        environment = {
            **binaries.node_environment(),
            **ENVIRONMENT,
            "FOUNDRY_SOLC": str(compiler.solc_binary()),
            **more,
        }
        return subprocess.run(
            [binary, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test(self) -> str:
        """Return `survived`, `killed`, or `stillborn` where it doesn't compile."""
        for suites, more in STAGES:
            done = self.forge(["test", "--fail-fast", *suites], more)
            said = done.stdout + done.stderr
            if "Compiler run failed" in said or "Error: Compil" in said:
                return "stillborn"
            if done.returncode != 0:
                return "killed" if re.search(r"\[FAIL|Failing tests", said) else f"failed: {said[-300:]}"
        return "survived"

    def judge(self, mutant: Mutant) -> str:
        path = self.folder / mutant.path
        text = path.read_text("utf-8")
        lines = text.splitlines()
        lines[mutant.number] = mutant.new
        path.write_text("\n".join(lines) + "\n", "utf-8")
        try:
            return self.test()
        finally:
            path.write_text(text, "utf-8")


def report(outcomes: list[tuple[Mutant, str]]) -> float:
    """Print the survivors and a row an operator; return the share of kills in percent."""
    for mutant, outcome in outcomes:
        if outcome not in ("killed", "equivalent", "stillborn"):
            print(f"{outcome}: {mutant.told()}")
    kinds = ["killed", "survived", "equivalent"]
    print(f"\n{'operator':<14}" + "".join(f"{kind:>12}" for kind in kinds))
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant, outcome in outcomes:
        if outcome != "stillborn":
            table[mutant.operator][outcome] += 1
            table["all"][outcome] += 1
    for operator in [*sorted(set(table) - {"all"}), "all"]:
        print(f"{operator:<14}" + "".join(f"{table[operator][kind]:>12}" for kind in kinds))
    total = sum(table["all"].values()) - table["all"]["equivalent"]
    score = 100 * table["all"]["killed"] / max(total, 1)
    print(f"\n{score:.1f} % of {total} mutants killed, in {len({one.path for one, _ in outcomes})} files")
    return score


def main() -> int:
    """Test a sample of mutants; the status is 1 where too many survive."""
    parser = argparse.ArgumentParser(prog="mutate", description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=80, help="how many mutants that compile (default: 80)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument("--only", default="", help="only in files of which the path holds this")
    parser.add_argument("--operator", default="", help="only by operators of which the name holds this")
    parser.add_argument("--jobs", type=int, default=max(1, min(2, (os.cpu_count() or 2) // 2)))
    parser.add_argument("--list", action="store_true", help="list them and test none")
    given = parser.parse_args()
    folder = ROOT / "contracts"
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.sol"))
        if "interfaces" not in path.parts
    }
    found = [one for one in mutants(sources) if given.only in one.path and given.operator in one.operator]
    chosen = sample(found, given.sample, given.seed)
    known = {(one["path"], one["old"], one["new"]) for one in json.loads(EQUIVALENT.read_text("utf-8"))}
    if given.list:
        print("\n".join(one.told() for one in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants") as scratch:
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(given.jobs):
            bench = Bench(Path(scratch) / str(number))
            done = bench.forge(["test", *QUICK], {})
            if done.returncode != 0:
                sys.exit(f"mutate: the tests fail without any fault\n{(done.stdout + done.stderr)[-3000:]}")
            benches.put(bench)

        def judge(mutant: Mutant) -> tuple[Mutant, str]:
            if (mutant.path, mutant.old.strip(), mutant.new.strip()) in known:
                return mutant, "equivalent"
            bench = benches.get()
            try:
                outcome = bench.judge(mutant)
            finally:
                benches.put(bench)
            print(f"{outcome:<10} {mutant.told()}", flush=True)
            return mutant, outcome

        with ThreadPoolExecutor(given.jobs) as pool:
            outcomes = list(pool.map(judge, chosen))
    return 0 if report(outcomes) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
