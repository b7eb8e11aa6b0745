"""The documentation says what is there: settings, options, links, errors, phases, and where rules live."""

import ast
import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import clients.experiments.__main__ as experiments_command
import deploy.__main__ as deploy_command
import deploy.devnet as devnet_command
import deploy.explorer.__main__ as explorer_command
from clients import audit, genesis, node, swarm
from clients.auditing.findings import KINDS
from clients.engine.config import COMMON, get_owned, get_presets
from clients.engine.results import RoundLine, summarise
from clients.mechanisms import SETTINGS
from clients.ports.chain.terms import abi_of
from clients.types.learning import Task
from clients.types.mechanisms import KINDS as FEDERATIONS
from clients.types.mechanisms import get_published, resolve
from clients.types.settings import make_by_rules
from clients.types.terms import HARDENED, PAPER, RULES
from deploy.refusing import get_table as get_refused
from deploy.rules import get_table
from deploy.terms import get_owned as get_owned_terms

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("*/README.md")])
EXPLAINED = ("stake-vote", "vbfl", "trust")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"`(?:beacon\.)?(\w+)\(([^()`]*)\)`")
COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "clients.swarm": swarm.main,
    "clients.node": node.main,
    "clients.genesis": genesis.main,
    "clients.audit": audit.main,
    "clients.experiments": experiments_command.main,
    "deploy": deploy_command.main,
    "deploy.devnet": devnet_command.main,
    "deploy.explorer": explorer_command.main,
}
SHARED = {
    "clients.swarm": [*COMMON, *get_owned()],
    "clients.node": node.LEARNING,
    "clients.genesis": genesis.SETTINGS,
}


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each table row by the names in its first cell."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *rest = [cell.strip() for cell in line.strip("|").split(" | ")]
            found |= {key: [cell.strip(" |") for cell in rest] for key in re.findall(r"`([^`]+)`", first)}
    return found


def section(text: str, title: str) -> str:
    return text.split(f"\n## `python -m {title}`\n")[1].split("\n## ")[0]


def slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def shown(field: Field[Any]) -> str:
    return show(field.metadata.get("asked", field.default))


def show(default: Any) -> str:
    return " ".join(default) if isinstance(default, tuple) else str(default)


def tell(told: Mapping[str, Mapping[str, str]]) -> str:
    """Return a default as pages have it, from rules → mechanism → text: the first mechanism's under the
    hardened rules, those of other mechanisms, and those by the papers' rules, as far as they differ."""
    hardened, paper = told[HARDENED], told[PAPER]
    first = next(iter((hardened or paper).values()))
    others = [f"`{who}` {text}" for who, text in hardened.items() if text != first]
    theirs = {who: text for who, text in paper.items() if text != hardened.get(who, first)}
    if len(set(paper.values())) == 1 and theirs:
        return "; ".join([first, *others, f"by `paper` {next(iter(theirs.values()))}"])
    return "; ".join([first, *others, *(f"`{who}` by `paper` {text}" for who, text in theirs.items())])


def get_asked(names: Iterable[str]) -> list[str]:
    """Return the mechanisms by whose names people ask for a leaf: a leaf that stands for them isn't told
    apart."""
    return [name for name in names if not get_published(name)]


# ------------------------------------------------------------------ settings and options


def test_settings_page_has_every_setting_with_its_default() -> None:
    table = rows(page("reference/settings.md"))
    for field in COMMON.values():
        default = f"`{shown(field)}`" if shown(field) else "(empty)"
        assert table[option(field.name)][0] == default, field.name
    for name in get_owned():
        assert table[option(name)][0] == tell(get_defaults_of_setting(name)), name
    assert {name for name in table if name.startswith("--")} == set(map(option, SHARED["clients.swarm"]))


def get_defaults_of_setting(name: str) -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = {rules: {} for rules in RULES}
    for rules in RULES:
        for mechanism in get_asked([*FEDERATIONS, *SETTINGS]):
            leaf = resolve(mechanism, rules)
            if leaf.name in SETTINGS:
                preset = get_presets().get(mechanism, {}) if leaf.name != mechanism else {}
                own = make_by_rules(SETTINGS[leaf.name], preset, rules)
                if hasattr(own, name):
                    told[rules][mechanism] = f"`{show(getattr(own, name))}`"
    return told


def test_settings_page_marks_the_settings_of_nodes() -> None:
    table = rows(page("reference/settings.md"))
    marked = {name for name, cells in table.items() if cells[1:2] == ["yes"]}
    assert marked == set(map(option, node.LEARNING))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_page_has_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        COMMANDS[command](["--help"])
    usage = capsys.readouterr().out.split("\n\n")[0]
    there = set(re.findall(r"(--[a-z][a-z-]*)", usage)) | {"--help"}
    text = section(page("reference/commands.md"), command)
    if command == "deploy.devnet":
        text += section(page("reference/commands.md"), "deploy").split("\nTerms, for")[1]
    told = {name.split()[0] for name in rows(text) if name.startswith("--")}
    assert told == there - (set(map(option, SHARED.get(command, []))) - told)


def test_commands_page_has_every_term_with_its_default() -> None:
    table = rows(section(page("reference/commands.md"), "deploy"))
    words = {tuple(name.split()): cells[0] for name, cells in table.items()}
    for name in get_owned_terms():
        told: dict[str, dict[str, str]] = {rules: {} for rules in RULES}
        for rules in RULES:
            for mechanism in get_asked(FEDERATIONS):
                defaults = resolve(mechanism, rules).get_defaults(rules)
                if name in defaults:
                    told[rules][mechanism] = _told_default(defaults[name])
        [cell] = [cell for word, cell in words.items() if word[0] == option(name)]
        assert cell == tell(told), name


def _told_default(default: Any) -> str:
    if default is None:
        return "required"
    return "none" if default == () else f"`{str(default).lower()}`"


def test_rules_page_has_the_terms_that_differ() -> None:
    assert f"\n\n{get_table()}\n\n" in page("reference/rules.md"), "python -m deploy.rules prints it"


def test_rules_page_has_the_terms_that_are_refused() -> None:
    assert f"\n\n{get_refused()}\n\n" in page("reference/rules.md"), "python -m deploy.refusing prints it"


def test_audit_page_has_every_kind_of_finding() -> None:
    table = rows(page("reference/audit.md").split("## Kinds of findings")[1].split("\n## ")[0])
    assert {kind: cells[0] for kind, cells in table.items()} == dict(KINDS)


def test_commands_page_has_every_target_of_make() -> None:
    told = set(re.findall(r"`([a-z-]+)`", page("reference/commands.md").split("## Exit status")[0]))
    targets = re.findall(r"^([a-z][a-z-]*):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert set(targets) <= told


def test_results_page_has_every_field() -> None:
    text = page("reference/results.md")
    lines, summary = (rows(text.split(f"## `{name}`")[1].split("\n## ")[0])
                      for name in ("rounds.jsonl", "summary.json"))  # fmt: skip
    fields = [field.name for field in dataclasses.fields(RoundLine) if field.name != "own"]
    assert set(lines) == set(fields)
    empty = RoundLine(**dict.fromkeys(fields, 0) | {"banned": [], "gas": {}, "seconds": {}})  # type: ignore[arg-type]
    assert set(summary) == set(summarise("stake_vote", Task("classes", 2), [empty], [], [], 0.0, 0.0))


def said() -> str:
    """Return every text in the code, with what is filled in left out."""
    texts = [path.read_text("utf-8") for path in (ROOT / "tools").iterdir()]
    for path in [*(ROOT / "clients").rglob("*.py"), *(ROOT / "deploy").rglob("*.py")]:
        for part in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                texts.append(part.value)
    return "\n".join(texts)


def test_troubleshooting_quotes_what_is_said() -> None:
    texts = said()
    quoted = [message for row in page("how-to/troubleshoot.md").splitlines() if row.startswith("| `")
              for message in re.findall(r"`([^`]+)`", row.split(" | ")[0])]  # fmt: skip
    assert len(quoted) > 50
    pieces = {piece.strip(" .':;") for message in quoted for piece in message.split("…")}
    assert [piece for piece in pieces if piece not in texts] == []


# ------------------------------------------------------------------ commands


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_stand_in_blocks_of_their_own(path: Path) -> None:
    """So that they are found, and run by the Python that has what they need."""
    for kind, block in re.findall(
        r"^ *```(\w*)\n(.*?)^ *```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        first = {line.split()[0] for line in block.splitlines() if line.strip()}
        assert not first & {"python", "python3", "pip", "cast"}, block
        assert kind == "sh" or not first & {"make", ".venv/bin/python", "node_modules/.bin/cast"}, block


# ------------------------------------------------------------------ links


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(path: Path) -> None:
    for target in LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        where, _, anchor = unquote(target).partition("#")
        there = (path.parent / where).resolve() if where else path
        assert there.exists(), f"{path.name} links to {target}"
        if anchor and there.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", CODE.sub("", there.read_text("utf-8")), re.MULTILINE)
            assert anchor in {slug(title.replace("`", "")) for title in titles}, f"{path.name}: {target}"


def test_index_leads_to_every_page() -> None:
    linked = {(DOCS / target).resolve() for target in LINK.findall(page("index.md"))}
    assert set(DOCS.rglob("*.md")) - {DOCS / "index.md"} <= linked


# ------------------------------------------------------------------ the protocol and the code


def test_protocol_page_names_what_the_interface_has() -> None:
    # behind the glossary, which tells of more: `test_the_glossary_names_what_is_there`
    text = page("reference/protocol.md").split("\n## A round\n")[1]
    interfaces = sorted((ROOT / "contracts" / "interfaces").glob("*.sol"))
    interface = "\n".join(path.read_text() for path in interfaces)
    errors = set(re.findall(r"error (\w+)\(", interface))
    phases = re.search(r"enum Phase \{(.*?)\}", interface, re.DOTALL)
    assert phases is not None
    names = re.findall(r"^\s*(\w+),?(?:\s*//.*)?$", phases[1], re.MULTILINE)
    first_table = text.split("A phase is computed")[0]
    assert re.findall(r"^\| ([A-Z]\w+) \|", first_table, re.MULTILINE) == names
    told = set(re.findall(r"`([A-Z]\w+)(?:\([^`]*\))?`", text))
    events = set(re.findall(r"event (\w+)\(", interface))
    structure = {"IFederation", "None"}
    assert errors <= told
    assert {name for name in told if name.isidentifier()} <= errors | events | structure | set(names)


def test_the_glossary_names_what_is_there() -> None:
    glossary = page("reference/protocol.md").split("\n## Glossary\n")[1].split("\n## ")[0]
    sources = [*(ROOT / "contracts").rglob("*.sol"), *(ROOT / "clients" / "protocol").glob("*.py")]
    text = "\n".join([path.name for path in sources] + [path.read_text("utf-8") for path in sources])
    terms = re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE)[1:]
    assert len(terms) == len(set(terms)) > 40
    axes = {term.strip("*") for term in terms if term.startswith("*")}
    assert len(axes) == 9
    for place in re.findall(r"\| ([^|]*) \|$", glossary, re.MULTILINE)[1:]:
        for name in re.findall(r"\w+", "".join(re.findall(r"`[^`]+`", place))):
            assert re.search(rf"\b{name}\b", text), name


def test_protocol_page_s_signatures_are_the_abi_s() -> None:
    """Functions, returned records and terms are told by their parameters' names, in order. Events and errors
    may be told by what they carry: as many values, and none by the name of another place."""
    text = " ".join(page("reference/protocol.md").split())
    abis = {kind: abi_of(kind) for kind in FEDERATIONS}
    entries = {entry["name"]: entry for abi in abis.values() for entry in abi if "name" in entry}
    names = {name: [one["name"] for one in entry["inputs"]] for name, entry in entries.items()}
    told = [
        (name, re.findall(r"[^,\s][^,]*", inside)) for name, inside in CALL.findall(text) if name in names
    ]
    assert len(told) > 60
    for name, given in told:
        parameters = names[name]
        assert len(given) == len(parameters), (name, given)
        if entries[name]["type"] == "function":
            assert given == parameters, name
        for place, value in enumerate(given):
            known = value.rpartition(".")[2]
            assert known not in parameters or known == parameters[place], (name, given)
    returned = re.findall(r"`(\w+)\(\w*\)` returns `\(([^)]*)\)`", text)
    assert {name for name, _ in returned} == {"recordOf", "bidOf"}
    for name, fields in returned:
        assert fields.split(", ") == [one["name"] for one in entries[name]["outputs"][0]["components"]], name
    listed = dict(re.findall(r"## `(\w+)` [^#]*?Terms: `([^`]*)`", text))
    assert set(listed) == set(abis) - {"stake_vote"}
    for kind, fields in listed.items():
        (terms,) = (entry["outputs"][0]["components"] for entry in abis[kind] if entry.get("name") == "terms")
        assert fields.split(", ") == [one["name"] for one in terms], kind


def test_architecture_page_names_what_is_there() -> None:
    text = "".join(map(page, ("architecture.md", *(f"explanation/{one}.md" for one in EXPLAINED))))
    places = re.findall(r"`([\w/.-]+\.(?:py|sol|cjs)):([\w.]+)`", text)
    assert places
    for path, name in places:
        assert re.search(rf"\b{name.split('.')[-1]}\b", (ROOT / path).read_text("utf-8")), f"{path}:{name}"
