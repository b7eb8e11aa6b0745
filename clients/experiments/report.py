"""Writes the documentation's parts about results, from the results themselves.

    python -m clients.experiments.report

redraws the saved results' tables and pictures from their lines. Then it rewrites the text between
`<!-- begin NAME PAPER -->` and `<!-- end NAME PAPER -->` in the pages, with the functions in `PARTS`. A test
checks results and pages against it.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from clients.experiments import pictures, results
from clients.experiments.figure import Figure, find, papers
from clients.experiments.over import OVER
from clients.experiments.results import MARKDOWN, META, TABLE
from clients.experiments.runs_of_games import GRIEFING_MOST
from clients.experiments.saving import save_tables
from clients.experiments.strict import Table
from clients.ports.command import guard
from clients.ports.files import write_whole
from clients.types.errors import RequestError

ROOT = Path(__file__).resolve().parents[2]
PRESET = "laptop"


def _folder(figure: Figure) -> Path:
    return ROOT / "results" / figure.paper / figure.name / PRESET


def saved(paper: str) -> list[Figure]:
    """Return the figures of a paper that have saved results, in order."""
    return [figure for figure in find(paper) if (_folder(figure) / TABLE).exists()]


def _read(figure: Figure, name: str) -> Table:
    content: Table = json.loads((_folder(figure) / name).read_text("utf-8"))
    return content


def _read_runs(figure: Figure) -> list[Table]:
    lines = (_folder(figure) / results.RUNS).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def claims_table(paper: str, page: Path) -> str:
    """Return a row for each claim: what it says, its number, ours, whether it holds, and why not."""
    rows = [
        "| where | claim | its number | ours, mean ± deviation (in how many seeds it holds) | seeds | holds "
        "| why not, or how far |"
    ]
    rows.append("|---|---|---|---|---|---|---|")
    for figure in saved(paper):
        where = f"{figure.title.split(':')[0]} (`{figure.name}`)"
        for claim in _read(figure, TABLE)["claims"]:
            ours = "<br>".join(map(tell_found, claim["found"]))
            holds = "yes" if claim["holds"] else _holds_partly(claim)
            number, seeds = claim["number"] or "–", count_seeds(claim)
            rows.append(
                f"| {' | '.join([where, claim['text'], number, ours, seeds, holds, claim['note']])} |"
            )
    there = {figure.name for figure in saved(paper)}
    missing = [figure.name for figure in find(paper) if figure.name not in there]
    if missing:
        rows += ["", f"No results at this preset yet: {', '.join(missing)}."]
    return "\n".join(rows)


def tell_found(found: Table) -> str:
    """Return one number of a claim in words: `η = 0.1: 89.0 ± 3.0 % (4/5)`, with ✗ if it doesn't hold."""
    at = f"{found['at']}: " if found["at"] else ""
    share = "" if found["seeds_hold"] is None else f" ({found['seeds_hold']}/{found['seeds']})"
    return f"{at}{found['shown']}{share}{' ✗' if found['holds'] is False else ''}"


def count_seeds(claim: Table) -> str:
    """Return how many seeds a claim's places have, as `5` or `3–5`; those without runs don't count."""
    seeds = [one["seeds"] for one in claim["found"] if one["seeds"]] or [0]
    least, most = min(seeds), max(seeds)
    return str(least) if least == most else f"{least}–{most}"


def _holds_partly(claim: Table) -> str:
    judged = [one["holds"] for one in claim["found"] if one["holds"] is not None]
    return f"in {sum(judged)} of {len(judged)}" if any(judged) else "no"


def time_table(paper: str, page: Path) -> str:
    """Return where the time of each figure's runs went."""
    rows = ["| figure | runs | seconds of all runs | train | judge | aggregate | codec | chain | store |"]
    rows.append("|---|---|---|---|---|---|---|---|---|")
    seen: set[str] = set()
    total = 0.0
    for figure in saved(paper):
        spent: dict[str, float] = {}
        fresh = 0
        for run in _read_runs(figure):
            if run["run"] in seen:
                continue
            seen.add(run["run"])
            fresh += 1
            spent["wall"] = spent.get("wall", 0.0) + run["wall_seconds"]
            for part, value in run.get("seconds", {}).items():
                spent[part] = spent.get(part, 0.0) + value
        total += spent.get("wall", 0.0)
        parts = ("train", "judge", "aggregate", "codec", "chain", "store")
        shares = [f"{spent[part] / spent['total']:.0%}" if spent.get("total") else "" for part in parts]
        rows.append(f"| {figure.name} | {fresh} | {spent.get('wall', 0.0):.0f} | {' | '.join(shares)} |")
    rows.append(f"| together | {len(seen)} | {total:.0f} | | | | | | |")
    rows += ["", f"With a run on each of two cores that is {total / 2 / 3600:.1f} hours."]
    return "\n".join(rows)


def made_by(paper: str, page: Path) -> str:
    """Return the commands, versions and machine of the saved results."""
    lines = []
    for figure in saved(paper):
        meta = _read(figure, META)
        versions = ", ".join(f"{name} {version}" for name, version in meta["versions"].items())
        hardware = meta["hardware"]
        machine = f"{hardware['cores']} cores {hardware.get('processor', hardware['machine'])}"
        lines.append(f"| {figure.name} | {meta['runs']} | {versions} | {machine} |")
    return "\n".join(["| figure | runs | versions | machine |", "|---|---|---|---|", *lines])


def over_table(paper: str, page: Path) -> str:
    """Return the table of figures with a run over a real chain and store, with the same lines."""
    rows = ["| figure | run | rounds | over | gas |", "|---|---|---|---|---|"]
    for figure in saved(paper):
        if (_folder(figure) / OVER).exists():
            found = _read(figure, OVER)
            where = f"{found['chain']} and {found['store']}"
            rows.append(
                f"| {figure.name} | `{found['run']}` | {found['rounds']} | {where} | {found['gas']:,} |"
            )
    return "\n".join(rows)


def gallery(paper: str, page: Path) -> str:
    """Return every figure with its pictures, their explanations, and its numbers."""
    parts = []
    for figure in saved(paper):
        folder = _folder(figure)
        parts.append(f"## {figure.title}\n\n{figure.about}\n")
        for picture in figure.pictures:
            link = os.path.relpath(folder / f"{picture.name}.svg", page.parent)
            parts.append(f"![{picture.title or figure.title}]({Path(link).as_posix()})\n")
            if picture.see:
                parts.append(f"{picture.see}\n")
        parts.append((folder / MARKDOWN).read_text("utf-8").strip() + "\n")
    return "\n".join(parts).rstrip()


def strategies_table(paper: str, page: Path) -> str:
    """Return a row for each strategy that a search found: in which game, its worth, and its name if it has
    one."""
    rows = ["| game | goal | what the coalition does | also known as | gain | harm | griefing factor | out |"]
    rows.append("|---|---|---|---|---|---|---|---|")
    for figure in saved(paper):
        for run in _read_runs(figure):
            rows += [_tell_strategy(run["cells"][0]["game"], found) for found in run.get("found", ())]
    return "\n".join(rows)


def _tell_strategy(game: str, found: Table) -> str:
    gain, harm = (f"{mean:.2f} ± {half:.2f}" for mean, half in (found["gain"], found["harm"]))
    factor, low, high = (f"{one:.2f}" if one < GRIEFING_MOST else "no bound" for one in found["griefing"])
    row = (
        game,
        found["goal"],
        found["words"],
        found["known"] or "–",
        gain,
        harm,
        f"{factor} ({low} to {high})",
    )
    return f"| {' | '.join(row)} | {found['put_out']:.0%} |"


PARTS: Mapping[str, Callable[[str, Path], str]] = MappingProxyType(
    {
        "claims": claims_table,
        "time": time_table,
        "made by": made_by,
        "over": over_table,
        "gallery": gallery,
        "strategies": strategies_table,
    }
)


def renew(page: Path) -> str:
    """Return the page's text with every marked part rewritten."""
    text = page.read_text("utf-8")
    for name, part in PARTS.items():
        for paper in papers():
            begin, end = f"<!-- begin {name} {paper} -->", f"<!-- end {name} {paper} -->"
            if begin not in text:
                continue
            if end not in text:
                raise RequestError(f"{page}: {begin} without {end}.")
            before, rest = text.split(begin, 1)
            after = rest.split(end, 1)[1]
            text = f"{before}{begin}\n\n{part(paper, page)}\n\n{end}{after}"
    return text


def pages() -> list[Path]:
    """Return the pages with marked parts."""
    return [
        page for page in sorted((ROOT / "docs").rglob("*.md")) if "<!-- begin " in page.read_text("utf-8")
    ]


def redraw(figure: Figure) -> None:
    """Remake a figure's tables and pictures from its saved lines, by its present file."""
    folder = _folder(figure)
    found = results.load(folder, figure, PRESET)
    save_tables(found, folder)
    for old in folder.glob("*.svg"):
        old.unlink()
    pictures.save_all(found, folder)


def main() -> int:
    """Rewrite tables, pictures and pages; return the exit status."""
    return guard(_run)


def _run() -> int:
    for paper in papers():
        for figure in saved(paper):
            redraw(figure)
    for page in pages():
        write_whole(page, renew(page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
