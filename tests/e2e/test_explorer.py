"""The audit page in a real Chromium, against real nodes: `pages.test.ts` holds the cases."""

import dataclasses
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import audit
from clients.ports.binaries import ROOT, find, node_environment
from deploy.explorer.__main__ import serve
from deploy.explorer.building import build
from tests.e2e.worlds import Place, everything

pytestmark = [
    pytest.mark.timeout(1800),  # the worlds are played first, on whatever cores there are
    pytest.mark.slow,
    pytest.mark.needs("anvil"),
    pytest.mark.needs("kubo"),
    pytest.mark.needs("chromium"),
    pytest.mark.needs("node"),
]


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with serve(build(), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with everything(tmp_path_factory.mktemp("worlds")) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "status"),
    [("stake_vote", 0), ("stake_jury", 0), ("vbfl", 0), ("pledging", 0), ("hostile", 4)],
)
def test_the_command_audits_what_the_page_shows(
    place: Place, name: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    one = place.federations[name]
    words = ["--rpc", one["rpc"], "--store", place.api, "--federation", one["address"], "--json"]
    assert audit.main(words) == status
    findings = json.loads(capsys.readouterr().out)["findings"]
    # The strangers' second round has updates that are no models; their third accepts what its don't make.
    assert {finding["round"] for finding in findings} == ({2, 3} if status else set())


def test_pages(page: str, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "place.json"
    file.write_text(json.dumps(dataclasses.asdict(place) | {"page": page}))
    environment = node_environment() | {"FEDJURY_PLACE": str(file), "FEDJURY_CHROMIUM": str(find("chromium"))}
    cases = ROOT / "tests" / "e2e" / "pages.test.ts"
    command = [str(find("node")), "--test-reporter=spec", "--test", str(cases)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-4_000:]
    assert "\nℹ fail 0" in done.stdout
