"""Build the audit page from `deploy/explorer/app` and the compiled contracts into `build/explorer`."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from clients.ports.binaries import ROOT, node_environment
from clients.types.errors import FedJuryError, UnavailableError
from clients.types.federation import Election
from clients.types.mechanisms import KINDS, Terms
from clients.types.terms import Unit, get_terms
from deploy.compiler import artifact

APP = Path(__file__).parent / "app"
TARGET = ROOT / "build" / "explorer"
_MARK = ".digest"
_LOCK = ROOT / "package-lock.json"
_PAGE = "index.html"
_AS_THEY_ARE = ("icon.svg",)

# The node and the gateway are whoever the user names; everything else comes with the page, or not at all.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "http: https:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
POLICY = "; ".join(f"{name} {value}" for name, value in _POLICY.items())
"""The page's content-security policy; a server adds `frame-ancestors`, which only a header can carry."""


class BuildError(FedJuryError):
    """The page doesn't build; the message is the bundler's."""


def build(target: Path = TARGET, *, anew: bool = False) -> Path:
    """Bring the page in `target` up to date and return it.

    Raises:
        BuildError: the bundler refuses the sources.
        UnavailableError: there is no bundler.
    """
    abi = json.dumps(collect_abi(), sort_keys=True)
    digest = _digest(abi)
    mark = target / _MARK
    if not anew and mark.is_file() and mark.read_text() == digest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="explorer-", dir=target.parent) as scratch:
        fresh = Path(scratch) / "page"
        bundle(fresh, Path(scratch), abi)
        page = (APP / _PAGE).read_text("utf-8")
        (fresh / _PAGE).write_text(page.replace("{csp}", POLICY), "utf-8")
        for name in _AS_THEY_ARE:
            shutil.copyfile(APP / name, fresh / name)
        (fresh / _MARK).write_text(digest)
        shutil.rmtree(target, ignore_errors=True)
        fresh.replace(target)
    return target


def bundle(target: Path, scratch: Path, abi: str) -> None:
    """Bundle scripts and styles into `target`."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise UnavailableError("the audit page is built with Node packages: run `make setup`.")
    module = scratch / "abi.json"
    module.write_text(abi, "utf-8")
    command = [
        str(esbuild), "main.tsx", "style.css", "--bundle", "--minify", "--format=iife", "--target=es2022",
        "--jsx=automatic", "--jsx-import-source=preact", f"--alias:fedjury:abi={module}",
        "--legal-comments=linked", "--log-level=warning", f"--outdir={target}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=APP, env=node_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"the audit page doesn't build:\n{done.stderr.strip()}")


def collect_abi() -> dict[str, Any]:
    """Return what the page knows of the contracts: parts that are alike in all federations once.

    `labels` say what each mechanism's terms mean, and in what unit they are.
    """
    federation: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    for mechanism, kind in KINDS.items():
        for part in artifact(kind.contract).abi:
            if part["type"] == "function" and part["name"] == "terms":
                terms[mechanism] = [part]
            elif part["type"] in ("function", "event", "error"):
                federation[json.dumps(part, sort_keys=True)] = part
    return {
        "federation": [federation[key] for key in sorted(federation)],
        "terms": terms,
        "labels": {mechanism: _labels(kind.terms) for mechanism, kind in KINDS.items()},
        "token": _views(artifact("JuryToken").abi),
        "beacon": _views(artifact("IBeacon").abi),
    }


def _labels(record: type[Terms]) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for name, term in get_terms(record).items():
        label = labels[re.sub(r"_(\w)", lambda part: part[1].upper(), name)] = {"help": term.help}
        label["unit"] = term.unit.name
        if term.unit is Unit.ELECTION:
            label["choices"] = [one.name.lower() for one in Election]
    return labels


def _views(abi: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        part for part in abi if part["type"] == "function" and part["stateMutability"] in ("view", "pure")
    ]


def _digest(abi: str) -> str:
    """Return the digest of all that the page is made of."""
    whole = sha256(abi.encode())
    files = sorted(path for path in APP.rglob("*") if path.is_file())
    for path in [*files, _LOCK, Path(__file__)]:
        whole.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()
