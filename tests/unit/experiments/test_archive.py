"""Runs of different versions or settings never meet."""

import json
import shutil
from pathlib import Path

import pytest

from clients.experiments import archive
from clients.experiments.archive import DONE, STAMP, Archive, compare, fingerprint
from clients.experiments.plan import Request, resolve
from clients.types.errors import RequestError

VOTES = resolve("votes", {"clients": 6, "voters": 3, "liars": 1, "rounds": 2, "seed": 1})


def done(root: Path, request: Request = VOTES) -> Archive:
    kept = Archive(root)
    folder = kept.begin(request)
    (folder / "votes.json").write_text(json.dumps({"rounds": 2, "return": -1.0}))
    kept.end(request)
    return kept


def test_a_run_is_whole_once_it_has_ended(tmp_path: Path) -> None:
    kept = Archive(tmp_path)
    assert not kept.is_done(VOTES)
    kept.begin(VOTES)
    assert not kept.is_done(VOTES)
    done(tmp_path)
    assert kept.is_done(VOTES)
    assert kept.record(VOTES)["return"] == -1.0
    assert kept.record(VOTES)["versions"] == archive.versions()


@pytest.mark.parametrize("name", ["python", "torch", "numpy", "code"])
def test_another_version_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    kept = done(tmp_path)
    stamp = json.loads((tmp_path / VOTES.digest / STAMP).read_text())
    stamp["versions"][name] = "0.1"
    (tmp_path / VOTES.digest / STAMP).write_text(json.dumps(stamp))
    for act in (kept.is_done, kept.begin, kept.record):
        with pytest.raises(RequestError, match=rf"{name} 0\.1 there, .* here.*--replace"):
            act(VOTES)
    kept.forget_others(VOTES)
    assert not kept.is_done(VOTES)
    assert not (tmp_path / VOTES.digest).exists()


def test_what_is_of_this_version_is_not_forgotten(tmp_path: Path) -> None:
    kept = done(tmp_path)
    kept.forget_others(VOTES)
    assert kept.is_done(VOTES)


def test_other_settings_under_the_name_are_refused(tmp_path: Path) -> None:
    kept = done(tmp_path)
    other = resolve("votes", {**VOTES.settings, "seed": 2})
    shutil.move(tmp_path / VOTES.digest, tmp_path / other.digest)
    with pytest.raises(RequestError, match="its settings"):
        kept.is_done(other)


@pytest.mark.parametrize("file", [STAMP, DONE])
@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, file: str, text: str) -> None:
    kept = done(tmp_path)
    (tmp_path / VOTES.digest / file).write_text(text)
    with pytest.raises(RequestError, match=r"damaged.*remove .* and run again"):
        kept.record(VOTES)


def test_the_code_is_known_by_what_it_does(tmp_path: Path) -> None:
    for package in (*archive.MATTERS, "experiments"):
        (tmp_path / package).mkdir()
    path = tmp_path / "engine" / "one.py"
    path.write_text('"""One."""\n\n\ndef f():\n    """Two."""\n    return 1  # three\n')
    before = fingerprint(tmp_path)
    path.write_text('"""Other words."""\ndef f():\n    return (1)\n')
    (tmp_path / "engine" / "figures.py").write_text("shown = 1\n")
    (tmp_path / "experiments" / "pictures.py").write_text("shown = 1\n")
    assert fingerprint(tmp_path) == before
    for name in ("runners", "runs_of_votes", "records_of_vbfl", "samples"):
        (tmp_path / "experiments" / f"{name}.py").write_text("counted = 1\n")
        assert fingerprint(tmp_path) != before
        (tmp_path / "experiments" / f"{name}.py").unlink()
    path.write_text("def f():\n    return 2\n")
    assert fingerprint(tmp_path) != before


def test_what_makes_numbers_of_runs_is_there() -> None:
    home = Path(archive.__file__).parent
    assert all(list(home.glob(name)) for name in archive.NUMBERS)
    assert all((home.parent / package).is_dir() for package in archive.MATTERS)


def test_data_that_scikit_learn_carries_is_of_its_version() -> None:
    assert archive.versions_for(VOTES.settings) == archive.versions()
    own = archive.versions_for(resolve("swarm", {"dataset": "digits"}).settings)
    assert own.keys() == archive.versions().keys() | {"scikit-learn"}


def test_what_differs_is_told() -> None:
    assert compare({"a": "1"}, {"a": "1"}) == ""
    assert compare({"a": "1", "b": "2"}, {"a": "0"}) == "a 0 there, 1 here; b unknown there, 2 here"
