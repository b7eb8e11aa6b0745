"""Figures are data: read strictly, unfolded into runs that are known by their settings alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.experiments import claims, pictures
from clients.experiments.figure import CLAIMS, PER_ROUND, PICTURES, PRESETS, Figure, find, load, names, papers
from clients.experiments.plan import Request, make, resolve
from clients.experiments.results import needed_fields
from clients.experiments.runners import RUNNERS
from clients.experiments.saving import rehearse
from clients.experiments.strict import merge
from clients.types.errors import RequestError

FIGURES = [figure for paper in papers() for figure in find(paper)]
SETTINGS = {"clients": 10, "proposers": 2, "rounds": 3, "malicious_share": 0.2, "attack": ["label_flip"]}

tables = st.recursive(
    st.integers(),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
).filter(lambda found: isinstance(found, dict))


def write(home: Path, text: str, name: str = "fig1") -> Path:
    (home / "paper").mkdir(exist_ok=True)
    (home / "paper" / f"{name}.toml").write_text(text)
    return home


SMALL = """
title = "A figure"
[settings]
clients = 8
proposers = 2
rounds = 4
[[series]]
label = "block"
[[series]]
label = "plain"
settings = { mechanism = "fedavg", malicious = 0 }
[axes.eta]
label = "η"
setting = "malicious_share"
values = [0.25, 0.5]
[presets.smoke]
seeds = [1, 2, 3]
[[pictures]]
kind = "curves"
name = "one"
values = ["accuracy"]
panels = "eta"
"""


@given(tables, tables)
def test_what_is_laid_over_wins_and_the_rest_shows_through(
    under: dict[str, object], over: dict[str, object]
) -> None:
    merged = merge(under, over)
    assert merged.keys() == under.keys() | over.keys()
    for name, value in merged.items():
        if name not in over:
            assert value == under[name]
        elif not (isinstance(over[name], dict) and isinstance(under.get(name), dict)):
            assert value == over[name]
    assert merge(merged, over) == merged


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.full_name)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_figure_can_be_planned_at_every_preset(figure: Figure, preset: str) -> None:
    plan = make(figure, preset)
    assert plan.cells
    assert all(one.runner in RUNNERS for one in plan.requests.values())
    assert needed_fields(figure)
    rehearse(plan)
    if preset == "smoke":
        # No download, and no chain but one in this process.
        settings = [one.settings for one in plan.requests.values()]
        assert {one.get("chain", "spec") for one in settings} <= {"spec", "eth-tester"}
        assert {one.get("dataset", "digits") for one in settings} <= {
            "digits",
            *(f"clients.experiments.samples:{name}" for name in ("breast_cancer", "wine", "digits_below_7")),
        }
    if preset == "laptop":
        # The paper has five; the X-rays of Tab. 4 had time for three.
        least = {"tab3": 5, "tab4": 3}
        assert len(plan.scale.seeds) >= max((least.get(table.name, 1) for table in figure.tables), default=1)


def test_a_cell_for_each_point_series_and_seed_and_equal_runs_once(tmp_path: Path) -> None:
    plan = make(load("paper", "fig1", write(tmp_path, SMALL)), "smoke")
    assert len(plan.cells) == 2 * 2 * 3
    plain = {cell.request.digest for cell in plan.cells if cell.at["series"] == "plain"}
    assert len(plain) == 3  # without attackers η changes nothing
    assert len(plan.requests) == 2 * 3 + 3
    assert {cell.request.settings["malicious"] for cell in plan.cells} == {0, 2, 4}


@given(st.permutations(sorted(SETTINGS)))
def test_a_run_is_known_by_its_settings_in_any_order(order: list[str]) -> None:
    whole = resolve("swarm", SETTINGS)
    assert resolve("swarm", {name: SETTINGS[name] for name in order}).digest == whole.digest
    assert resolve("swarm", whole.settings).digest == whole.digest


@given(st.sampled_from(["rounds", "seed", "clients", "tolerance", "learning_rate", "attribution"]))
def test_any_setting_that_matters_makes_another_run(name: str) -> None:
    whole = resolve("swarm", SETTINGS).settings
    changed = (
        not whole[name] if isinstance(whole[name], bool) else whole[name] + 1 if name != "tolerance" else 0.5
    )
    assert Request("swarm", {**whole, name: changed}).digest != Request("swarm", whole).digest


def test_a_baseline_doesnt_depend_on_the_jury() -> None:
    plain = {**SETTINGS, "mechanism": "fedavg"}
    others = {
        "tolerance": 0.3,
        "proposer_stake": "8",
        "voter_stake": "2",
        "attribution": True,
        "rules": "paper",
    }
    assert resolve("swarm", plain).digest == resolve("swarm", {**plain, **others}).digest
    assert resolve("swarm", SETTINGS).digest != resolve("swarm", {**SETTINGS, **others}).digest


def test_what_only_another_mechanism_knows_makes_no_other_run() -> None:
    of_vbfl = {"threshold": "gap", "kick_rounds": 2, "pow_bits": 3, "unit_reward": "2", "workers": 3}
    of_vote = {"voter_stake": "3", "attribution": True, "tolerance": 0.3}
    for mechanism, others in (("fedavg", of_vbfl), ("stake_vote", of_vbfl), ("vbfl", of_vote)):
        plain = {**SETTINGS, "clients": 20, "mechanism": mechanism, "rules": "paper"}
        assert resolve("swarm", plain).digest == resolve("swarm", plain | others).digest
    plain = {**SETTINGS, "mechanism": "fedavg"}
    assert resolve("swarm", plain).digest != resolve("swarm", {**plain, "informed": True}).digest
    honest = {**plain, "malicious_share": 0}
    assert resolve("swarm", honest).digest == resolve("swarm", {**honest, "informed": True}).digest


def test_a_learning_curve_is_of_honest_devices_that_all_train() -> None:
    plain = {"clients": 4, "proposers": 4, "malicious": 0, "rounds": 3}
    assert resolve("epochs", plain).settings["mechanism"] == "fedavg"
    for change in ({"malicious": 1}, {"proposers": 3}):
        with pytest.raises(RequestError, match="all proposers"):
            resolve("epochs", plain | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('title = "A figure"', "title is missing"),
        ("[settings]", "Did you mean 'settings'"),
        ('setting = "malicious_share"', "either a setting with its values, or points"),
        ('panels = "eta"', "Did you mean 'eta'"),
        ("seeds = [1, 2, 3]", "seeds is missing"),
        ("[presets.smoke]", "Did you mean 'smoke'"),
        ("clients = 8", "expected a list"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(tmp_path: Path, change: str, told: str) -> None:
    wrong = {
        "[settings]": "[setings]",
        'panels = "eta"': 'panels = "etta"',
        "[presets.smoke]": "[presets.smokey]",
        "clients = 8": "clients = 8\n[[tables]]\nname = 't'\ntitle = 't'\nmetric = 'accuracy'\n[settings.x]",
    }.get(change, "")
    text = SMALL.replace(change, wrong)
    if change == "clients = 8":
        text = SMALL.replace('values = ["accuracy"]', 'values = "accuracy"')
    with pytest.raises(RequestError, match=told):
        load("paper", "fig1", write(tmp_path, text))


def test_every_kind_that_a_file_can_name_is_there() -> None:
    assert set(PICTURES) == pictures.KINDS.keys()
    assert set(PER_ROUND) <= set(PICTURES)
    assert set(CLAIMS) == claims.KINDS.keys()


CLAIM = """
[[tables]]
name = "t"
title = "t"
metric = "accuracy"
columns = "eta"
[[claims]]
name = "c"
text = "c"
kind = "difference"
metric = "best"
of = "block"
minus = "plain"
"""


@pytest.mark.parametrize(
    ("found", "wrong", "told"),
    [
        ('kind = "curves"', 'kind = "curve"', "kind of picture.* picture one 'curve'.*Did you mean 'curves'"),
        ('values = ["accuracy"]', 'values = ["auccracy"]', "per-round value.*Did you mean 'accuracy'"),
        ('values = ["accuracy"]', "values = []", "picture one: values is missing"),
        ('kind = "curves"', 'kind = "values"', "picture one: x is missing"),
        ('kind = "curves"', 'x = "eta"\nkind = "values"\nylabel = "y"', ""),
        ('metric = "accuracy"', 'metric = "acuracy"', "metric.* table t .*Did you mean 'accuracy'"),
        ('metric = "best"', 'metric = "bets"', "metric .* claim c .*Did you mean 'best'"),
        ('"difference"', '"diference"', "kind of claim .* claim c .*Did you mean 'difference'"),
        ('minus = "plain"', "", "of and minus"),
        ('"difference"', '"ratio"', ""),
        ('"difference"', '"trend"', "along is missing"),
        ('"difference"', '"range"', "along is missing"),
        ('"difference"', '"trend"\nalong = "eta"', "direction must be falls or rises"),
        ('"difference"', '"trend"\nalong = "eta"\ndirection = "falls"', ""),
    ],
)
def test_a_kind_or_metric_that_isnt_there_is_told_when_the_file_is_read(
    tmp_path: Path, found: str, wrong: str, told: str
) -> None:
    home = write(tmp_path, (SMALL + CLAIM).replace(found, wrong))
    if not told:
        rehearse(make(load("paper", "fig1", home), "smoke"))
        return
    with pytest.raises(RequestError, match=told):
        load("paper", "fig1", home)


def test_a_table_or_claim_of_no_one_place_is_told_before_anything_is_run(tmp_path: Path) -> None:
    table = CLAIM.replace('columns = "eta"', "")
    for text in (table, CLAIM.replace('kind = "difference"', 'kind = "level"\nalong = "series"')):
        plan = make(load("paper", "fig1", write(tmp_path, SMALL + text)), "smoke")
        with pytest.raises(RequestError, match="eta has 2 points where one is meant"):
            rehearse(plan)


@pytest.mark.parametrize(
    ("name", "told"),
    [("stake_vot", "Did you mean 'stake_vote'"), ("stake_vote/fig55", "Did you mean 'fig5'")],
)
def test_unknown_names_get_the_nearest(name: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        find(name)


def test_an_impossible_setting_says_where(tmp_path: Path) -> None:
    figure = load("paper", "fig1", write(tmp_path, SMALL.replace("rounds = 4", "rounds = 0")))
    with pytest.raises(RequestError, match=r"paper/fig1 at .*rounds = 0"):
        make(figure, "smoke")
    with pytest.raises(RequestError, match="preset"):
        make(figure, "laptop")
    figure = load("paper", "fig1", write(tmp_path, SMALL.replace("malicious_share", "malicous_share")))
    with pytest.raises(RequestError, match="Did you mean 'malicious_share'"):
        make(figure, "smoke")


def test_figures_come_in_the_order_of_their_numbers() -> None:
    found = names("stake_vote")
    assert found.index("fig5") < found.index("fig10") < found.index("attacks")
