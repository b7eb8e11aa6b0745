"""`python -m clients.genesis`: stores or saves the model that a federation starts from, and prints its CID.

Model, seed, task and the shape of a sample fix it, so every participant with the same settings can check it.
With `--learning` it also writes all settings that members must share.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from clients.engine.config import build_participant, read_toml
from clients.engine.options import add_options
from clients.ports.command import Parser, guard
from clients.ports.files import write_whole
from clients.ports.store import compute_cid
from clients.ports.store.opening import open_store
from clients.types.learning import AGREED

SETTINGS = (*AGREED, "dataset", "layout", "store")
_HEAD = """\
# The settings that all members of the federation share. `python -m deploy --learning` puts them into the
# record.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    return guard(lambda: _run(vars(_parser().parse_args(argv))))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clients.genesis", description=__doc__.split("\n")[0])
    parser.add_argument("--config", type=Path, help="settings as TOML; the command line overrides them")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="write the model to FILE instead of a store"
    )
    parser.add_argument(
        "--learning", type=Path, metavar="FILE", help="write the settings that members share to FILE, as TOML"
    )
    parser.add_argument("--root", type=Path, default=Path("journal"), help="folder of a store of our own")
    add_options(parser, only=SETTINGS)
    return parser


def _run(options: dict[str, Any]) -> int:
    # Late: torch takes seconds to import.
    from clients.engine.learners import load_dataset
    from clients.learning import codec, models
    from clients.learning.tensors import schema_of, weights_of

    root, file, save = options.pop("root"), options.pop("config"), options.pop("save")
    learning = options.pop("learning")
    found = read_toml(file) if file else {}
    config = build_participant({**{name: found[name] for name in SETTINGS if name in found}, **options})
    dataset = load_dataset(config.dataset, config.form)
    config = config.with_form(dataset.form)
    model = models.build_for(config.model, dataset, config.seed)
    if learning is not None:
        write_whole(learning, _HEAD + tomli_w.dumps(config.agreement()))
    data = codec.encode(weights_of(model), schema_of(model))
    if save is not None:
        write_whole(save, data)
        print(compute_cid(data))
        return 0
    store = open_store(config.store, root=root)
    try:
        print(store.put(data))
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
