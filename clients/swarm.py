"""`python -m clients.swarm`: a whole federation on this machine."""

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.engine.config import COMMON, build, get_owned, read_toml, refuse_others
from clients.engine.options import add_options
from clients.engine.rundir import CONFIG, RunFolder
from clients.ports.command import Parser, guard
from clients.types.errors import RequestError
from clients.types.settings import to_flag

if TYPE_CHECKING:
    from clients.engine.swarm import Swarm


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    started: list[Path] = []
    return guard(lambda: _run(vars(_parser().parse_args(argv)), started), lambda: _farewell(started))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clients.swarm", description=__doc__)
    parser.add_argument("--config", type=Path, help="settings as TOML; the command line overrides them")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="resume the interrupted run in DIR")
    parser.add_argument("--verbose", action="store_true", help="print progress on stderr")
    add_options(parser)
    return parser


def _run(options: dict[str, Any], started: list[Path]) -> int:
    verbose = options.pop("verbose")
    logging.basicConfig(level=logging.DEBUG if verbose else logging.ERROR, format="%(message)s")
    # Warnings of learning are about the user's own model.
    logging.getLogger("clients.learning").setLevel(logging.NOTSET if verbose else logging.WARNING)
    # Imported here, where Ctrl-C is handled: torch alone takes seconds to import.
    from rich.console import Console

    from clients.engine.display import Display, get_table, get_verdict
    from clients.engine.driver import Stalled
    from clients.engine.swarm import Swarm

    resume, file = options.pop("resume"), options.pop("config")
    if resume is not None:
        changed = sorted(options.keys() & ({*COMMON, *get_owned()} - {"rounds"}))
        if file is not None or changed:
            raise RequestError(
                f"--resume goes on with the settings in {resume}; leave out "
                f"{', '.join(['--config'] if file else [to_flag(name) for name in changed])}."
            )
        _, config = RunFolder.reopen(resume)
        config = dataclasses.replace(config, **options, out=str(resume))
    else:
        there = read_toml(file) if file else {}
        config = build({**there, **options}, given=options)
        if file:
            refuse_others(config.mechanism, there, file=file)
    console = Console()
    with Swarm(config, resume=resume) as swarm:
        started.append(swarm.folder.root)
        config, task = swarm.config, swarm.bench.task
        title = f"{config.mechanism}: {config.clients} participants, {config.malicious} of them malicious"
        with Display(config.rounds, title, task, console) as display:
            try:
                for line in swarm.run():
                    display.show(line)
                    display.tell(*swarm.bench.take_news())
            except Stalled as stop:
                if not swarm.lines:
                    raise
                swarm.finish()
                console.print(str(stop), style="yellow", highlight=False)
        honest, malicious = swarm.accounts(malicious=False), swarm.accounts(malicious=True)
        if not console.is_terminal:
            console.width = 160
            console.print(get_table(swarm.lines[-5:], title, task))
        console.print(
            get_verdict(swarm.lines, honest, malicious, config.stake, task),
            highlight=False,
            soft_wrap=True,
        )
        console.print(f"Results: {swarm.folder.root}", highlight=False, soft_wrap=True)
        _draw(swarm)
    return 0


def _draw(swarm: "Swarm") -> None:
    """Draw the pictures, after everything that matters is printed and saved: a run is complete without
    them."""
    try:
        swarm.draw()
    except (OSError, MemoryError, ImportError) as error:
        why = (error.strerror or error) if isinstance(error, OSError) else "no memory left"
        print(
            f"warning: the pictures can't be drawn: {why}. Draw them when that is fixed: "
            f"python -m clients.swarm --resume {swarm.folder.root}",
            file=sys.stderr,
        )


def _farewell(started: list[Path]) -> str:
    if not started or not (started[0] / CONFIG).exists():
        return "Stopped before the first round; nothing was kept."
    return f"Stopped. Every settled round is kept; go on with: python -m clients.swarm --resume {started[0]}"


if __name__ == "__main__":
    sys.exit(main())
