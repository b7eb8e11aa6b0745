"""The signed report as a page to print and pass on. The page is self-contained, and carries the report as
JSON.

A page can't show anything but what was signed: it is accepted only if it is, byte for byte, what this module
makes of the report in it.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Any

from clients.auditing.findings import (
    FOUND,
    UNTOLD,
    Tokens,
    clean,
    get_status,
    is_creation_unknown,
    is_unexplained,
)
from clients.auditing.words import CREATION_UNKNOWN, describe_kept
from clients.types.errors import RequestError
from clients.types.mechanisms import KINDS
from clients.types.parsing import parse_json
from clients.types.terms import Unit, get_terms

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #171a21; max-width: 860px; margin: 32px auto; }
body { padding: 0 16px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 28px 0 8px; break-after: avoid; }
.result { border: 2px solid; border-radius: 8px; padding: 10px 16px; font-weight: 600; margin: 16px 0; }
.good { color: #0b6a3c; } .bad { color: #a3201b; } .open { color: #7a4b00; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px 4px 0; border-bottom: 1px solid #ccd2dc; }
th { white-space: nowrap; } td { overflow-wrap: anywhere; } tr { break-inside: avoid; }
code, pre { font: 12.5px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
li { margin-bottom: 6px; overflow-wrap: anywhere; }
@page { margin: 18mm; } @media print { body { margin: 0; max-width: none; padding: 0; } }
"""
_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
_TONES = {0: "good", FOUND: "bad", UNTOLD: "open"}
_OPEN, _CLOSE = '<script type="application/json" id="report">', "</script>"


def is_page(text: str) -> bool:
    """Return whether `text` is meant as a page rather than as the JSON report."""
    return text.lstrip().startswith("<")


def render_page(report: Mapping[str, Any]) -> str:
    """Return the page of a signed report. KeyError and the like if `report` isn't one."""
    report = json.loads(json.dumps(report, sort_keys=True))  # in the order in which `read_page` finds it
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Audit of {_text(report['federation'])}</title><style>{_STYLE}</style></head>",
            "<body>",
            *_summary(report),
            *_findings(report),
            *_gone(report),
            "<h2>Terms</h2>",
            *_table(("", ""), _get_terms(report), head=False),
            *_rounds(report),
            *_checking(report),
            _OPEN + _embed(report) + _CLOSE,
            "</body></html>",
            "",
        ]
    )


def read_page(text: str) -> dict[str, Any]:
    """Return the report within a page. RequestError if the page shows something else."""
    start = text.find(_OPEN)
    end = text.find(_CLOSE, start)
    if start < 0 or end < 0:
        raise RequestError("the page has no report of an audit in it.")
    try:
        report: dict[str, Any] = parse_json(text[start + len(_OPEN) : end])
        same = render_page(report) == text
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, OverflowError, OSError) as error:
        raise RequestError(f"the page has no report of an audit in it: {clean(repr(error))}.") from None
    if not same:
        raise RequestError("the page doesn't show what the report in it says: it was changed.")
    return report


def _embed(report: Mapping[str, Any]) -> str:
    """Return the report as JSON that can't close the script element around it."""
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(value: object) -> str:
    return escape(clean(value))


def _summary(report: Mapping[str, Any]) -> list[str]:
    chain, blocks, rounds = report["chain"], report["blocks"], report["rounds"]
    last = blocks["last"]
    count = len(report["findings"])
    status = get_status(report)
    result = "Everything adds up."
    if status == UNTOLD:
        result = (
            "What is there adds up, but models are missing, and the audit can’t tell whether they may be."
            if is_unexplained(report)
            else "What was compared adds up, but the audit can’t tell how the federation was created."
        )
    if status == FOUND:
        result = "1 thing does not add up." if count == 1 else f"{count} things do not add up."
    facts = [
        ("Federation", report["federation"]),
        ("Mechanism", report["mechanism"]),
        ("Chain", f"id {chain['id']}, whose block 0 is {chain['first_hash']}"),
        ("Rounds", f"{rounds['first']} to {rounds['last'] or 'the last'}; {rounds['settled']} were settled"),
        ("From block", f"{blocks['first']['number']}, {blocks['first']['hash']}"),
        ("To block", f"{last['number']}, {last['hash']}, of {_time(last['time'])}"),
        ("Models", "fetched and aggregated again" if report["models"] else "left out"),
        ("Models are", describe_kept(report["kept"])),
        ("Code's keccak-256", report["code_hash"]),
        ("Transcript", report["transcript"]),
        ("Made with", ", ".join(f"{name} {value}" for name, value in sorted(report["tool"].items()))),
        ("Signed by", report["signature"]["signer"]),
    ]
    return [
        "<h1>Audit of a federation</h1>",
        f'<p class="result {_TONES[status]}">{result}'
        + (" The audit ended early, because it had too many findings." if report["ended_early"] else "")
        + "</p>",
        *([f"<p>{escape(CREATION_UNKNOWN)}</p>"] if is_creation_unknown(report) else []),
        *_table(("", ""), facts, head=False),
    ]


def _gone(report: Mapping[str, Any]) -> list[str]:
    items = [f"<li>{escape(_whole(one['sentence']))}</li>" for one in report["gone"]]
    return ["<h2>Models that are gone</h2>", "<ul>", *items, "</ul>"] if items else []


def _findings(report: Mapping[str, Any]) -> list[str]:
    findings = report["findings"]
    items = [f"<li><b>{_text(one['kind'])}</b> {escape(_whole(one['sentence']))}</li>" for one in findings]
    return ["<h2>Findings</h2>", *(["<ol>", *items, "</ol>"] if items else ["<p>None.</p>"])]


def _rounds(report: Mapping[str, Any]) -> list[str]:
    history = report["history"]
    if not history:
        return []
    names = ["round", *sorted({name for one in history for name in one} - {"round"})]
    rows = [[one.get(name, "") for name in names] for one in history]
    return ["<h2>Rounds</h2>", *_table([name.replace("_", " ") for name in names], rows)]


def _checking(report: Mapping[str, Any]) -> list[str]:
    signature = report["signature"]
    last = report["blocks"]["last"]["number"]
    rounds = f"{_text(report['rounds']['first'])}..{_text(report['rounds']['last'] or '')}"
    history = "" if report["kept"] is None else f" --history {_text(report['kept'])}"
    return [
        "<h2>To check it again</h2>",
        "<p>To check that this page is complete and shows what was signed, and who signed it:</p>",
        "<pre>python -m clients.audit --verify-report THIS-FILE</pre>",
        "<p>To check what it says, on a node and an IPFS store of your own. The same blocks "
        f"(up to {_text(last)}) give the same transcript:</p>",
        f"<pre>python -m clients.audit --rpc URL --store STORE --federation {_text(report['federation'])} "
        f"--rounds {rounds}{history} --json</pre>",
        "<p>The signature is over a text message (EIP-191), which any wallet can check:</p>",
        *_table(
            ("", ""),
            [
                ("Statement", signature["statement"]),
                ("Signature", signature["signature"]),
                ("Signer", signature["signer"]),
                ("SHA-256 of the report", report["digest"]),
            ],
            head=False,
        ),
        "<p>The report itself, in JSON, is in this file's source, in the element “report”. Its SHA-256 is "
        "computed over its canonical form: keys sorted, no spaces, ASCII, without <code>digest</code> and "
        "<code>signature</code>.</p>",
    ]


def _table(names: Sequence[str], rows: Iterable[Sequence[object]], *, head: bool = True) -> list[str]:
    first = [f"<tr>{''.join(f'<th>{_text(name)}</th>' for name in names)}</tr>"] if head else []
    lines = []
    for row in rows:
        cells = [escape(_whole(cell)) for cell in row]
        start = f"<td>{cells[0]}</td>" if head else f'<th scope="row">{cells[0]}</th>'
        lines.append(f"<tr>{start}{''.join(f'<td>{cell}</td>' for cell in cells[1:])}</tr>")
    return ["<table>", *first, *lines, "</table>"]


def _whole(value: object) -> str:
    """Return text that is safe to print, of any length: what was signed is never truncated."""
    if isinstance(value, Tokens):
        return clean(value)
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _get_terms(report: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return the rows of the terms; amounts, which are base units in the report, in tokens."""
    kind = KINDS.get(report["mechanism"])
    terms = {} if kind is None else get_terms(kind.terms)
    money = {name.replace("_", " ") for name, term in terms.items() if term.unit is Unit.TOKENS}
    return [
        (name, Tokens(int(str(value))) if name in money else value) for name, value in _flat(report["terms"])
    ]


def _flat(terms: Mapping[str, Any], before: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in terms.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{before}{name} ")
        else:
            rows.append((f"{before}{name}".replace("_", " "), value))
    return rows


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"
