"""Take the documentation's pictures of the audit page anew: `python -m tests.e2e.pictures`."""

import dataclasses
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from PIL import Image

from clients.ports.binaries import ROOT, find, node_environment
from deploy.explorer.__main__ import serve
from deploy.explorer.building import build
from tests.e2e.worlds import everything

TARGET = ROOT / "docs" / "images" / "explorer"
COLOURS = 128


def main() -> int:
    """Play the runs, look at them, and write the pictures with few colours."""
    with tempfile.TemporaryDirectory() as scratch, serve(build(), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = Path(scratch)
        with everything(folder) as place:
            file = folder / "place.json"
            page = f"http://127.0.0.1:{server.server_address[1]}/"
            file.write_text(json.dumps(dataclasses.asdict(place) | {"page": page}))
            take(file, folder / "pictures")
        server.shutdown()
        shrink(folder / "pictures", TARGET)
    return 0


def take(place: Path, folder: Path) -> None:
    """Take the pictures of what `place` tells of."""
    environment = node_environment() | {
        "FEDJURY_PLACE": str(place),
        "FEDJURY_CHROMIUM": str(find("chromium")),
        "FEDJURY_PICTURES": str(folder),
    }
    subprocess.run([str(find("node")), str(ROOT / "tests/e2e/pictures.ts")], env=environment, check=True)


def shrink(folder: Path, target: Path) -> None:
    """Write the pictures of `folder` into `target`, small."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(folder.glob("*.png")):
        image = Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        image.save(target / file.name, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
