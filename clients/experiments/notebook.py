"""What notebooks show: a figure redrawn from its saved results, with an explanation and its claims."""

import json
import os
from pathlib import Path

from clients.experiments import figure, pictures, results


def show(paper: str, name: str) -> None:
    """Show a figure of a paper, of the preset `$FEDJURY_PRESET` (laptop) in the folder `$FEDJURY_RESULTS`."""
    # Imported here: only users of notebooks have these packages.
    from IPython.display import SVG, Markdown, display
    from matplotlib import pyplot as plt

    def say(text: str) -> None:
        display(Markdown(text))  # type: ignore[no-untyped-call]

    preset = os.environ.get("FEDJURY_PRESET", "laptop")
    root = Path(os.environ.get("FEDJURY_RESULTS", figure.HOME.parents[1] / "results"))
    one = figure.load(paper, name)
    folder = root / paper / name / preset
    if not (folder / results.RUNS).exists():
        say(f"No results yet: `python -m clients.experiments {paper}/{name} --preset {preset}`")
        return
    found = results.load(folder, one, preset)
    say(one.about)
    for picture in one.pictures:
        drawn = pictures.draw(found, picture)
        display(SVG(pictures.to_svg(drawn)))  # type: ignore[no-untyped-call]
        plt.close(drawn)
        if picture.see:
            say(f"*What to see.* {picture.see}")
    say((folder / results.MARKDOWN).read_text("utf-8"))
    for claim in json.loads((folder / results.TABLE).read_text("utf-8"))["claims"]:
        numbers = "; ".join(": ".join(filter(None, (one["at"], one["shown"]))) for one in claim["found"])
        say(f"**{'Holds' if claim['holds'] else 'Does not hold'}**: {claim['text']} ({numbers})")
