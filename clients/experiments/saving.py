"""What is kept of a figure's results: their lines, by what they were made, their tables and claims."""

import contextlib
import json
import os
import platform
import tempfile
from pathlib import Path

from clients.engine import rundir
from clients.experiments.claims import check_all
from clients.experiments.plan import Plan
from clients.experiments.results import MARKDOWN, META, RUNS, TABLE, Results
from clients.experiments.strict import Table
from clients.experiments.tables import compute_markdown, compute_table
from clients.ports.files import write_whole
from clients.types.errors import RequestError, UnavailableError


def get_commit() -> str:
    """Return the commit that runs are done at; asked before results are written, which change the tree."""
    return rundir.versions()["commit"]


def save(results: Results, folder: Path, command: str, commit: str, seconds: float) -> None:
    """Write `runs.jsonl`, `meta.json`, `table.json` and `table.md` into `folder`."""
    text = "".join(json.dumps(run, separators=(",", ":"), ensure_ascii=False) + "\n" for run in results.runs)
    write_whole(folder / RUNS, text)
    spent: dict[str, float] = {}
    for run in results.runs:
        for part, value in run.get("seconds", {}).items():
            spent[part] = round(spent.get(part, 0.0) + value, 1)
    meta = {
        "figure": results.figure.full_name,
        "preset": results.plan.preset,
        "command": command,
        "commit": commit,
        "versions": results.runs[0]["versions"],
        "hardware": hardware(),
        "runs": len(results.runs),
        "run_seconds": round(sum(run["wall_seconds"] for run in results.runs), 1),
        "seconds_by_part": spent,
        "wall_seconds": round(seconds, 1),
    }
    write_whole(folder / META, json.dumps(meta, indent=1, ensure_ascii=False) + "\n")
    save_tables(results, folder)


def save_tables(results: Results, folder: Path) -> None:
    """Write `table.json` and `table.md`, which follow from the runs."""
    tables = [compute_table(results, table) for table in results.figure.tables]
    claims = check_all(results)
    content = {"tables": tables, "claims": claims}
    write_whole(folder / TABLE, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_whole(folder / MARKDOWN, "".join(compute_markdown(table) for table in tables))


def rehearse(plan: Plan) -> None:
    """Make a plan's tables and claims of no runs: `RequestError` where they couldn't be made of any."""
    nothing = Results(plan, ())
    for table in plan.figure.tables:
        compute_table(nothing, table)
    check_all(nothing)


def check_writable(folder: Path, option: str) -> None:
    """See that files can be made in `folder`, or where it would be made, and leave nothing there.

    Raises:
        RequestError: there is a file in its place; `option` is what named it.
        UnavailableError: it isn't ours to write, or there is no room.
    """
    try:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not there.is_dir():
            raise RequestError(f"{option} {folder}: {there} is a file. Name a folder.")
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise UnavailableError(
            f"{option} {folder}: nothing can be written there: {error.strerror}. Choose another folder."
        ) from error


def hardware() -> Table:
    """Return in words what this machine is."""
    found: Table = {"cores": os.cpu_count(), "machine": platform.machine(), "system": platform.system()}
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text("utf-8")
        model = next((line.split(":")[1].strip() for line in text.splitlines() if "model name" in line), "")
        if model:
            found["processor"] = model
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found["memory_gib"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return found
