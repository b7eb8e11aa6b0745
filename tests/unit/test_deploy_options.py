"""Terms from files and options: each mechanism's own, with what is wrong said clearly."""

import argparse
import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from clients.types.errors import FedJuryError, RequestError
from clients.types.federation import (
    TOKEN,
    ZERO_ADDRESS,
    BflcTerms,
    BladeTerms,
    Election,
    Schedule,
    StakeJuryTerms,
    StakeVoteTerms,
    VbflTerms,
)
from clients.types.mechanisms import ADMITTED, KINDS, PANEL, Terms, get_published, mechanism_of, resolve
from clients.types.settings import to_flag
from clients.types.terms import RULES, Unit, get_terms
from deploy.options import add_terms, read_terms
from deploy.terms import WAYS, format_term, format_value, get_owned, parse_number

GENESIS = "0x" + "ab" * 32
MANAGERS = ["0x" + f"{number:040x}" for number in (1, 2, 3)]
NEEDED = {
    "stake_vote": "",
    "stake_jury": "",
    "vbfl": "",
    "bflc": f"managers = {MANAGERS}\n",
    "blade": f'publisher = "{MANAGERS[0]}"\nbidding_ends = 2030-01-31T12:00:00Z\ndeadline = 2_000_000_000\n',
}


PAPER = ("--rules", "paper", "--max-samples", "700")


def read(*words: str) -> Terms:
    parser = argparse.ArgumentParser()
    parser.set_defaults(token=None)
    add_terms(parser, pause=60)
    return read_terms(parser.parse_args(list(words)))


def table_of(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "terms.toml"
    path.write_text(f'genesis = "{GENESIS}"\n{text}')
    return ["--terms", str(path)]


def test_every_term_of_every_mechanism_can_be_given() -> None:
    shared = {"token", "beacon", "genesis", "schedule"}
    for mechanism, kind in KINDS.items():
        own = {name for name, owners in get_owned().items() if mechanism in owners}
        assert own == {field.name for field in dataclasses.fields(kind.terms)} - shared, mechanism


def test_a_term_is_written_in_one_unit_whichever_mechanism_has_it() -> None:
    for name, owners in get_owned().items():
        assert len({term.unit for term in owners.values()}) == 1, name
    assert set(WAYS) == set(Unit)


@pytest.mark.parametrize("mechanism", KINDS)
def test_a_file_names_its_mechanism_and_the_rest_has_defaults(mechanism: str, tmp_path: Path) -> None:
    terms = read(*table_of(f'mechanism = "{mechanism}"\n{NEEDED[mechanism]}', tmp_path))
    leaf = resolve(mechanism, "hardened")
    assert mechanism_of(terms) == leaf.name
    assert terms.token == terms.beacon == ZERO_ADDRESS
    assert terms.genesis == bytes.fromhex(GENESIS[2:])
    assert terms.schedule.open == 60
    assert terms.schedule == dataclasses.replace(KINDS[leaf.name].get_schedule("hardened"), open=60)
    defaults = leaf.get_defaults("hardened")
    for name, term in get_terms(type(terms)).items():
        if defaults[name] is not None:
            assert getattr(terms, name) == WAYS[term.unit].read(name, defaults[name]), name


def test_the_rules_choose_the_contract(tmp_path: Path) -> None:
    given = table_of(NEEDED["bflc"], tmp_path)
    for mechanism, theirs in (
        ("stake_vote", StakeVoteTerms),
        ("vbfl", VbflTerms),
        ("bflc", BflcTerms),
    ):
        named = [*given, "--mechanism", mechanism]
        assert isinstance(read(*named), StakeJuryTerms)
        assert isinstance(read(*named, *PAPER), theirs)
    jury = read(*given, "--mechanism", "stake_jury")
    assert read(*given) == read(*given, "--mechanism", "stake_vote") == jury
    shared = get_terms(StakeJuryTerms)
    admitted = {
        name: WAYS[shared[name].unit].read(name, one) for name, one in ADMITTED.items() if one is not None
    }
    lenient = dataclasses.replace(jury, **admitted)
    assert (lenient.proposer_stake, lenient.voter_stake) == (0, TOKEN // 4)
    assert read(*given, "--mechanism", "vbfl") == dataclasses.replace(jury, **PANEL)
    assert read(*given, "--mechanism", "bflc") == lenient
    wanted = read(*given, "--mechanism", "bflc", "--floor", "3", "--voter-stake", "0.5")
    assert wanted == dataclasses.replace(lenient, floor=3 * TOKEN, voter_stake=TOKEN // 2)


@pytest.mark.parametrize("mechanism", [name for name in KINDS if not get_published(name)])
def test_terms_have_the_defaults_of_the_rules(mechanism: str, tmp_path: Path) -> None:
    needed = f'mechanism = "{mechanism}"\n{NEEDED[mechanism]}'
    named = read(*table_of(needed, tmp_path), "--rules", "paper", "--max-samples", "700")
    assert read(*table_of(f'rules = "paper"\nmax_samples = 700\n{needed}', tmp_path)) == named
    assert named.schedule == dataclasses.replace(KINDS[mechanism].get_schedule("paper"), open=60)
    for name, term in get_terms(KINDS[mechanism].terms).items():
        if name != "max_samples" and term.get_default("paper") is not None:
            assert getattr(named, name) == WAYS[term.unit].read(name, term.get_default("paper")), name
    hardened = read(*table_of(f'rules = "paper"\n{needed}', tmp_path), "--rules", "hardened")
    assert hardened == read(*table_of(needed, tmp_path))
    assert (named.max_samples, named.max_epochs) == (700, 4095)
    assert (hardened.max_samples, hardened.max_epochs) == (1, 1)


def test_a_term_that_is_given_wins_over_the_rules(tmp_path: Path) -> None:
    given = table_of("max_samples = 700", tmp_path)
    for rules in RULES:
        terms = read(*given, "--rules", rules, "--max-epochs", "3")
        assert (terms.max_samples, terms.max_epochs) == (700, 3)


def test_rules_are_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read("--genesis", GENESIS, "--rules", "paper", "--rules", "hardened")
    assert ended.value.code == 2
    assert "--rules is given twice, paper and hardened: leave one out" in capsys.readouterr().err


def test_options_win_over_the_file(tmp_path: Path) -> None:
    given = table_of('mechanism = "vbfl"\nproposers = 7\nabsent_after = 2\n[schedule]\ncommit = 9', tmp_path)
    terms = read(*given, "--proposers", "8", "--publish-seconds", "11", "--pledge-seconds", "12")
    assert isinstance(terms, StakeJuryTerms)
    assert (terms.proposers, terms.absent_after, terms.voters) == (8, 2, 15)
    assert terms.schedule == Schedule(60, 12, 3600, 9, 3600, 11, 86_400)


@pytest.mark.parametrize(
    ("mechanism", "term", "other"),
    [
        ("stake_vote", "proposers", "seats"),
        ("stake_vote", "absent_after", "missed"),
        ("vbfl", "proposers", "workers"),
    ],
)
def test_terms_have_other_spellings(mechanism: str, term: str, other: str, tmp_path: Path) -> None:
    given = table_of(f'mechanism = "{mechanism}"\n{other} = 7', tmp_path)
    plain = table_of(f'mechanism = "{mechanism}"\n{term} = 7', tmp_path)
    rules = PAPER if mechanism == "vbfl" else ()
    assert getattr(read(*given, *rules), term) == 7
    assert read(*given, *rules) == read(*plain, *rules)
    assert read(*given, *rules, f"--{other}", "8") == read(*given, *rules, to_flag(term), "8")


def test_amounts_are_tokens(tmp_path: Path) -> None:
    amounts = {"bond": 20, "proposer_stake": 0.5, "voter_stake": 0.000000000000000001}
    given = table_of("\n".join(f"{name} = {value:.18f}" for name, value in amounts.items()), tmp_path)
    terms = read(*given, "--bond", "17.25")
    assert isinstance(terms, StakeJuryTerms)
    assert (terms.bond, terms.proposer_stake, terms.voter_stake) == (1725 * 10**16, 5 * 10**17, 1)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("bond", 16 * TOKEN, "16 tokens"),
        ("voter_stake", TOKEN // 2, "0.5 tokens"),
        ("quorum_bps", 10_001, "10001"),
        ("attribution", True, "true"),
        ("unbonding", 1, "1 seconds"),
    ],
)
def test_terms_are_told_as_people_write_them(name: str, value: object, shown: str) -> None:
    terms = read("--genesis", GENESIS, *PAPER)
    assert format_value(terms, name, value) == shown
    if hasattr(terms.schedule, name):
        terms = dataclasses.replace(terms, schedule=dataclasses.replace(terms.schedule, **{name: value}))
        assert format_term(terms, name) == f"schedule.{name} = {shown}"
    else:
        assert format_term(dataclasses.replace(terms, **{name: value}), name) == f"{name} = {shown}"


@pytest.mark.parametrize("mechanism", KINDS)
def test_what_is_told_of_a_term_can_be_written(mechanism: str, tmp_path: Path) -> None:
    """But for an amount's word: `16 tokens` is written 16."""
    terms = read(*table_of(f'mechanism = "{mechanism}"\n{NEEDED[mechanism]}', tmp_path))
    for name, term in get_terms(type(terms)).items():
        value, way = getattr(terms, name), WAYS[term.unit]
        told = way.write(value)
        again: object = told.split()[0].strip("'") if term.unit not in (Unit.FLAG, Unit.ADDRESSES) else value
        assert way.read(name, again) == value, name
        assert format_term(terms, name) == f"{name} = {told}"
    assert format_term(terms, "genesis") == f"genesis = {GENESIS}"


def test_the_mechanism_of_the_command_line_wins(tmp_path: Path) -> None:
    assert isinstance(read("--genesis", GENESIS), StakeJuryTerms)
    given = table_of('mechanism = "vbfl"', tmp_path)
    assert isinstance(read(*given, "--mechanism", "stake_vote"), StakeJuryTerms)


def test_attribution_is_a_flag(tmp_path: Path) -> None:
    on, plain = table_of("attribution = true", tmp_path), ["--genesis", GENESIS]
    given = (plain, [*plain, "--attribution"], on, [*on, "--no-attribution"])
    terms = [read(*words, *PAPER) for words in given]
    assert [one.attribution for one in terms if isinstance(one, StakeVoteTerms)] == [False, True, True, False]


@pytest.mark.parametrize("text", ["1e50", "16e18", "1e99"])
def test_whole_numbers_may_have_exponents(text: str) -> None:
    assert parse_number("proposers", Decimal(text)) == int(Decimal(text))


def test_accounts_times_texts_and_elections(tmp_path: Path) -> None:
    words = ["--mechanism", "bflc", "--genesis", GENESIS, "--managers", *MANAGERS, *PAPER]
    words += ["--election", "factors"]
    terms = read(*words)
    assert isinstance(terms, BflcTerms)
    assert terms.managers == tuple(MANAGERS)
    twice = [
        "--mechanism",
        "bflc",
        "--genesis",
        GENESIS,
        "--managers",
        MANAGERS[0],
        "--managers",
        MANAGERS[1],
    ]
    assert read(*twice).managers == tuple(MANAGERS[:2])
    assert terms.election == Election.FACTORS
    task = read(*table_of(f'mechanism = "blade"\nrule = "median"\n{NEEDED["blade"]}', tmp_path))
    assert isinstance(task, BladeTerms)
    assert task.rule == b"median".ljust(32, b"\0")
    assert task.bidding_ends == datetime(2030, 1, 31, 12, tzinfo=UTC).timestamp()
    assert task.deadline == 2_000_000_000
    words = ["--mechanism", "blade", "--genesis", GENESIS, "--publisher", MANAGERS[0], "--deadline", "5"]
    bids = read(*words, "--bidding-ends", "2030-01-31T13:00:00+01:00")
    assert isinstance(bids, BladeTerms)
    assert (bids.bidding_ends, bids.deadline) == (task.bidding_ends, 5)


BLADE = ["--mechanism", "blade", "--publisher", MANAGERS[0], "--deadline", "9"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--mechanism", "vbf"], "Did you mean 'vbfl'"),
        (["--mechanism", "dfl"], "unknown mechanism 'dfl'"),
        (
            ["--miners", "5"],
            "--miners is a term of vbfl, not of stake_vote, which has: bond, fee, managers, founders",
        ),
        (
            ["--mechanism", "blade", "--min-voters", "5"],
            "--min-voters is a term of stake_vote and stake_jury, not of blade",
        ),
        (["--mechanism", "vbfl", "--attribution"], "--attribution is a term of stake_vote, not of vbfl"),
        (["--pow-bits", "0"], "--pow-bits is a term of vbfl and blade, not of stake_vote"),
        (["--rules", "papers"], "unknown rules 'papers'. Did you mean 'paper'"),
        (
            ["--rules", "paper"],
            "needs max_samples.* largest member trains on: give --max-samples",
        ),
        (["--mechanism", "bflc"], "bflc needs managers, who admits and expels.*--managers ADDRESS"),
        (["--mechanism", "bflc", "--managers", "0x12"], "'0x12' is not an address"),
        (
            ["--mechanism", "bflc", "--managers", MANAGERS[0], "--election", "scores", *PAPER],
            "Did you mean 'score'",
        ),
        (
            ["--mechanism", "stake_jury", "--rules", "paper"],
            "stake_jury has no paper: .* stake_vote and vbfl and bflc",
        ),
        (
            ["--attribution"],
            "--attribution is a term of stake_vote under the paper's rules, not under the hardened ones, "
            "where stake_jury stands for it: leave it out or add --rules paper",
        ),
        (
            ["--mechanism", "bflc", "--committee", "3"],
            "--committee is a term of bflc under the paper's rules",
        ),
        (["--mechanism", "stake_jury", "--quorum-bps", "3"], "is a term of stake_vote, not of stake_jury"),
        ([*PAPER, "--floor", "3"], "--floor is a term of stake_vote under the hardened rules, not under"),
        (["--mechanism", "blade"], "blade needs publisher"),
        (BLADE, "blade needs bidding_ends"),
        ([*BLADE, "--bidding-ends", "2030-01-31T12:00:00"], "lacks an offset"),
        ([*BLADE, "--bidding-ends", "2030-31-31"], "no date and time"),
        ([*BLADE, "--bidding-ends", "soon"], "bidding_ends = 'soon' is not a whole number"),
        ([*BLADE, "--bidding-ends", "1", "--rule", "x" * 33], "not a text of 1 to 32 bytes"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        read("--genesis", GENESIS, *words)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mechanism = "bflcc"', "Did you mean 'bflc'"),
        ('mechanism = "vbfl"\ncommittee = 3', "unknown setting in .*terms.toml: 'committee'"),
        ('mechanism = "vbfl"\nproposers = "many"', "proposers = 'many' is not a whole number"),
        ('mechanism = "vbfl"\nproposers = true', "proposers = True is not a whole number"),
        ("proposers = 2.5", r"proposers = 2\.5 is not a whole number"),
        ("seats = -1e2", r"proposers = -100 is not a whole number"),
        ("seats = inf", r"proposers = Infinity is not a whole number"),
        ("bond = 16e18", "bond: 16000000000000000000 looks like base units; .*: write 16"),
        ("bond = 16_000_000_000_000_000_000", "looks like base units; amounts are tokens: write 16"),
        ("bond = 0.1234567890123456789", "bond = '0.1234567890123456789' is no amount of tokens"),
        (
            'mechanism = "vbfl"\nrules = "paper"\nmax_samples = 7\nunit_reward = "much"',
            "unit_reward = 'much' is no amount of tokens",
        ),
        ('rules = "paper"\nmax_samples = 7\nattribution = 1', "attribution = 1 is neither true nor false"),
        ("attribution = true", "terms.toml: attribution is a term of stake_vote under the paper's rules"),
        (
            'rules = "paper"\nvoters = 3',
            "terms.toml: voters is a term of stake_vote under the hardened rules",
        ),
        ('mechanism = "bflc"\nmanagers = "0x12"', "managers = '0x12' is not a list"),
        ('mechanism = "bflc"\nmanagers = [1]', "managers = 1 is not an address"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FedJuryError, match=says):
        read(*table_of(text, tmp_path))
