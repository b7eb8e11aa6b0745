"""`python -m deploy.abi`: rewrites the ABIs that come with the clients, after a change of the contracts."""

import json
import sys
from pathlib import Path
from typing import Any

from clients.ports.binaries import ROOT
from clients.ports.command import guard
from clients.types.mechanisms import KINDS
from deploy.compiler import artifact

FOLDER = ROOT / "clients" / "ports" / "chain" / "abi"

Entries = list[dict[str, Any]]


def client_abis() -> dict[str, Entries]:
    """Return the ABIs that clients need, by name: the shared part of all federations, and each mechanism's.

    A federation's errors include its token's, since those come through unchanged.
    """
    token = artifact("JuryToken").abi
    whole = {name: artifact(kind.contract).abi for name, kind in KINDS.items()}
    first, *others = whole.values()
    shared = [one for one in first if all(one in other for other in others)]
    names = {one.get("name") for one in shared}
    theirs = [one for one in token if one["type"] == "error" and one["name"] not in names]
    common = [*shared, *theirs]
    own = {name: [one for one in entries if one not in common] for name, entries in whole.items()}
    return {"federation": common, "token": token, **own}


def render(entries: Entries) -> str:
    """Return an ABI as text, one entry per line, in an order that doesn't depend on the compiler."""
    return (
        "[\n"
        + ",\n".join("  " + row for row in sorted(json.dumps(one, sort_keys=True) for one in entries))
        + "\n]\n"
    )


def write(folder: Path = FOLDER) -> None:
    """Write the ABIs to `folder`."""
    for name, entries in client_abis().items():
        (folder / f"{name}.json").write_text(render(entries), encoding="utf-8")


def main() -> int:
    """Write the ABIs; return the exit status."""
    return guard(_run)


def _run() -> int:
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
