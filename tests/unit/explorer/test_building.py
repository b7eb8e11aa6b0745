"""The audit page is built once, anew where something of it changed, and served with a strict policy."""

import re
import threading
from collections.abc import Iterator
from dataclasses import fields
from http.client import HTTPConnection
from pathlib import Path

import pytest

from clients.types.errors import UnavailableError
from clients.types.federation import Outcome, Phase, Standing
from clients.types.mechanisms import KINDS
from clients.types.terms import Unit, get_terms
from deploy.explorer import building
from deploy.explorer.__main__ import get_view, main, parser, serve

pytestmark = pytest.mark.needs("node")
FILES = {"index.html", "main.js", "main.js.LEGAL.txt", "style.css", "icon.svg", ".digest"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return building.build(tmp_path_factory.mktemp("explorer") / "page")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serve(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def get(port: int, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_it_is_built_once(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    built = (folder / "main.js").stat().st_mtime_ns
    assert building.build(folder) == folder
    assert (folder / "main.js").stat().st_mtime_ns == built
    (folder / ".digest").write_text("of something else")
    building.build(folder)
    assert (folder / "main.js").stat().st_mtime_ns != built


def test_everything_comes_with_it_and_is_named_relatively(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (folder / name).is_file()
    assert building.POLICY in page
    assert not re.search(r"<style|style=|<script>|\son\w+=", page)
    assert "url(" not in (folder / "style.css").read_text()
    assert "eval(" not in (folder / "main.js").read_text()


def test_the_server_says_what_the_page_may_do(port: int) -> None:
    for path in ("/", "/main.js", "/nothing"):
        status, headers, _ = get(port, path)
        assert status == (404 if path == "/nothing" else 200)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_else_is_served(port: int, folder: Path) -> None:
    (folder.parent / "secret").write_text("secret")
    (folder / "empty").mkdir(exist_ok=True)
    for path in ("/empty/", "/../secret", "/%2e%2e/secret", "//etc/passwd"):
        status, _, body = get(port, path)
        assert status in (301, 404), path
        assert b"secret" not in body
    (folder / "empty").rmdir()


def test_the_abi_has_each_part_once() -> None:
    abi = building.collect_abi()
    names = [part["name"] for part in abi["federation"] if part["type"] == "event"]
    assert len(names) == len(set(names)) > 15
    assert set(abi["terms"]) == set(KINDS)
    assert [part["name"] for part in abi["beacon"]] == ["entropy"]


def test_the_page_is_told_what_every_term_means() -> None:
    abi = building.collect_abi()
    view = (building.APP / "views" / "terms.tsx").read_text()
    assert {unit.name for unit in Unit} - {"COUNT"} == set(re.findall(r"case '(\w+)'", view))
    for mechanism, kind in KINDS.items():
        [part] = abi["terms"][mechanism]
        names = [one["name"] for one in part["outputs"][0]["components"]]
        shared = ("token", "beacon", "genesis", "schedule")
        assert list(abi["labels"][mechanism]) == [name for name in names if name not in shared]
        told = [label["help"] for label in abi["labels"][mechanism].values()]
        assert told == [term.help for term in get_terms(kind.terms).values()]
    assert abi["labels"]["bflc"]["election"]["choices"] == ["score", "random", "factors"]


def test_the_page_knows_the_mechanisms_and_terms_that_there_are() -> None:
    """Its types are written down; the rest is the ABI's."""
    model = (building.APP / "core" / "model.ts").read_text()
    [names] = re.findall(r"^export const MECHANISMS = \[(.*)\] as const;$", model, re.MULTILINE)
    assert re.findall(r"'(\w+)'", names) == list(KINDS)
    [body] = re.findall(r"^export interface Terms \{\n(.*?)^\}", model, re.MULTILINE | re.DOTALL)
    told = {
        re.sub(r"[A-Z]", lambda upper: "_" + upper[0].lower(), one)
        for one in re.findall(r"^  (\w+)\??:", body, re.MULTILINE)
    }
    assert len(told) > 10
    assert told <= {field.name for kind in KINDS.values() for field in fields(kind.terms)}


def test_the_page_numbers_phases_outcomes_and_standings_as_the_chain_does() -> None:
    model = (building.APP / "core" / "model.ts").read_text()
    for name, numbers in (("PHASES", Phase), ("OUTCOMES", Outcome), ("STANDINGS", Standing)):
        [told] = re.findall(rf"^export const {name} = \[(.*)\] as const;$", model, re.MULTILINE)
        words = ["None" if one == "In progress" else one for one in re.findall(r"'([^']+)'", told)]
        assert words == [one.name.capitalize() for one in numbers]


def test_a_port_in_use_is_told(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnavailableError, match="--port"):
        serve(Path(), port)
    assert main(["--port", str(port)]) == 3
    assert "--port" in capsys.readouterr().err


def test_a_link_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*words: str) -> str:
        return get_view(parser().parse_args([*words, "--federation", "0x12"]))

    assert (
        link("--rpc", "http://127.0.0.1:8545") == "#/rounds?rpc=http%3A%2F%2F127.0.0.1%3A8545&federation=0x12"
    )
    assert link() == "#/rounds?federation=0x12"
    monkeypatch.setenv("XQ_URL", "https://host/v2/xqzxqzxqz")
    for given in ("env:XQ_URL", "https://host/v2/xqzxqzxqz"):
        assert link("--rpc", given) == "#/rounds?federation=0x12"
