"""`python -m deploy.abi`: write the ABIs that come with the clients anew, after a change of the contracts."""

import json
from pathlib import Path
from typing import Any

from clients.ports.binaries import ROOT
from deploy.compiler import artifact

FOLDER = ROOT / "clients" / "ports" / "chain" / "abi"


def client_abis() -> dict[str, list[dict[str, Any]]]:
    """Return what clients need, by name. A federation's errors include its token's: those come through."""
    token = artifact("JuryToken").abi
    federation = artifact("StakeVote").abi
    names = {one.get("name") for one in federation}
    theirs = [one for one in token if one["type"] == "error" and one["name"] not in names]
    return {"federation": [*federation, *theirs], "token": token}


def render(entries: list[dict[str, Any]]) -> str:
    """Return an ABI as text, an entry a line, in an order that doesn't depend on the compiler."""
    return (
        "[\n"
        + ",\n".join("  " + row for row in sorted(json.dumps(one, sort_keys=True) for one in entries))
        + "\n]\n"
    )


def write(folder: Path = FOLDER) -> None:
    """Write the ABIs to `folder`."""
    for name, entries in client_abis().items():
        (folder / f"{name}.json").write_text(render(entries), encoding="utf-8")


if __name__ == "__main__":
    write()
