"""The signed report: what was audited, what was found, and everything needed to check it again."""

import json
import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clients.auditing.auditor import AuditResult, Scope
from clients.auditing.findings import Finding, clean
from clients.auditing.page import is_page, read_page, render_page
from clients.auditing.source import Source
from clients.auditing.words import describe_gone
from clients.ports.chain.abi import hash_code
from clients.ports.chain.terms import pack_terms
from clients.ports.files import write_whole
from clients.ports.keys import Key, recover_text
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Address
from clients.types.parsing import parse_json

VERSION = 2
MAX_BYTES = 2**28
EXACT = 2**53
"""Whole numbers from here on are written as text: some JSON readers would round them."""

Json = dict[str, Any]


def build_report(
    source: Source,
    scope: Scope,
    result: AuditResult,
    *,
    first_hash: str,
    models: bool,
    kept: int | None = None,
) -> Json:
    """Return the report, unsigned. `first_hash` is that of the chain's block 0.

    `kept`: for how many rounds models are kept, as the audit was told; None if it wasn't.
    """
    first, tip = result.first, result.tip
    return {
        "report": VERSION,
        "tool": get_tool(),
        "chain": {"id": source.chain_id, "first_hash": first_hash},
        "federation": source.federation,
        "mechanism": source.mechanism,
        "terms": _exact(pack_terms(source.terms)),
        "code_hash": hash_code(source.code(source.federation, tip.number)),
        "rounds": {"first": scope.first, "last": scope.last, "settled": result.rounds},
        "blocks": {
            "first": {"number": first.number, "hash": first.hash},
            "last": {"number": tip.number, "hash": tip.hash, "time": tip.time},
        },
        "models": models,
        "kept": kept,
        "creation": result.creation.value,
        "transcript": result.transcript,
        "history": [dict(one) for one in result.history],
        "findings": [one.to_json() for one in result.findings],
        "gone": [
            {"first": first, "last": last, "sentence": describe_gone(first, last, kept)}
            for first, last in result.gone
        ],
        "ended_early": result.ended_early,
    }


def get_tool() -> Json:
    """Return the versions of the software that made the audit."""
    versions = {}
    for name in ("fedjury", "numpy", "safetensors", "eth-account", "web3"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "unknown"
    return {"python": platform.python_version(), **versions}


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _exact(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(one) for one in value]
    return str(value) if type(value) is int and value >= EXACT else value


def compute_digest(report: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the report in canonical JSON, without digest and signature, in hex."""
    body = {name: value for name, value in report.items() if name not in ("digest", "signature")}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()


def get_statement(report: Mapping[str, Any], digest: str) -> str:
    """Return the text to sign. People read it in their wallets."""
    chain, count = report["chain"]["id"], len(report["findings"])
    return (
        f"FedJury audit of the federation {report['federation']} on chain {chain}, up to block "
        f"{report['blocks']['last']['number']}: {count} findings. SHA-256 of the report: {digest}"
    )


def sign_report(report: Json, key: Key) -> Json:
    """Return the report with its digest and the signature of `key`."""
    digest = compute_digest(report)
    signature = {
        "signer": key.address,
        "scheme": "EIP-191",
        "statement": get_statement(report, digest),
        "signature": key.sign_text(get_statement(report, digest)),
    }
    return {**report, "digest": digest, "signature": signature}


def save_report(path: Path, report: Json) -> None:
    """Write the report, whole or not at all: as a page if the name ends in .html, else as JSON."""
    page = path.suffix.lower() in (".html", ".htm")
    write_whole(path, render_page(report) if page else json.dumps(report, indent=1, sort_keys=True) + "\n")


def load_report(path: Path) -> Json:
    """Return a complete, correctly signed report, from JSON or from a page. RequestError for anything
    else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RequestError(f"report {path} is too large to be one.")
        text = path.read_text("utf-8")
        data = read_page(text) if is_page(text) else parse_json(text)
    except OSError as error:
        raise UnavailableError(f"report {path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise RequestError(f"report {path} is not JSON: {clean(error)}.") from None
    try:
        check_report(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RequestError(f"{path} is not a signed report of an audit: {clean(repr(error))}.") from None
    return dict(data)


def check_report(data: Mapping[str, Any]) -> Address:
    """Return the account that signed the report. RequestError if the report isn't what it signed."""
    if data["report"] != VERSION:
        raise RequestError(f"the report is of version {clean(data['report'])}, not {VERSION}.")
    digest = compute_digest(data)
    if data["digest"] != digest:
        raise RequestError(
            f"the report was changed after it was signed: its SHA-256 is {digest}, "
            f"not {clean(data['digest'])}."
        )
    for finding in data["findings"]:
        if Finding.from_json(finding).sentence != finding["sentence"]:
            raise RequestError("the report has a sentence that doesn't say what its finding is.")
    for run in data["gone"]:
        if describe_gone(run["first"], run["last"], data["kept"]) != run["sentence"]:
            raise RequestError("the report has a sentence that doesn't say which models are missing.")
    signed = data["signature"]
    signer = recover_text(get_statement(data, digest), signed["signature"])
    if signer != signed["signer"]:
        raise RequestError(f"the report is signed by {signer}, not by {clean(signed['signer'])}.")
    return signer
