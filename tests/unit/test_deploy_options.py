"""Terms from files and options: each mechanism's own, with what is wrong said clearly."""

import argparse
import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clients.ports.chain.terms import KINDS, Terms, mechanism_of
from clients.types.errors import FedJuryError, RequestError
from clients.types.federation import (
    TOKEN,
    ZERO_ADDRESS,
    BflcTerms,
    BladeTerms,
    Election,
    Schedule,
    StakeVoteTerms,
    VbflTerms,
)
from deploy.options import add_terms, read_terms
from deploy.terms import REQUIRED, TERMS, show_term

GENESIS = "0x" + "ab" * 32
MANAGERS = ["0x" + f"{number:040x}" for number in (1, 2, 3)]
NEEDED = {
    "stake_vote": "",
    "vbfl": "",
    "bflc": f"managers = {MANAGERS}\n",
    "blade": f'publisher = "{MANAGERS[0]}"\nbidding_ends = 2030-01-31T12:00:00Z\ndeadline = 2_000_000_000\n',
}


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
        own = {name for name, term in TERMS.items() if mechanism in term.defaults}
        assert own == {field.name for field in dataclasses.fields(kind.terms)} - shared, mechanism


@pytest.mark.parametrize("mechanism", KINDS)
def test_a_file_names_its_mechanism_and_the_rest_has_defaults(mechanism: str, tmp_path: Path) -> None:
    terms = read(*table_of(f'mechanism = "{mechanism}"\n{NEEDED[mechanism]}', tmp_path))
    assert mechanism_of(terms) == mechanism
    assert terms.token == terms.beacon == ZERO_ADDRESS
    assert terms.genesis == bytes.fromhex(GENESIS[2:])
    assert terms.schedule.open == 60
    assert (terms.schedule.publish > 0) == (mechanism != "stake_vote")
    given = {name: getattr(terms, name) for name, term in TERMS.items() if mechanism in term.defaults}
    for name, value in given.items():
        default = TERMS[name].defaults[mechanism]
        if default is not REQUIRED:
            assert value == TERMS[name].parse(name, default), name


def test_options_win_over_the_file(tmp_path: Path) -> None:
    given = table_of('mechanism = "vbfl"\nproposers = 7\nkick_rounds = 2\n[schedule]\ncommit = 9', tmp_path)
    terms = read(*given, "--proposers", "8", "--publish-seconds", "11")
    assert isinstance(terms, VbflTerms)
    assert (terms.proposers, terms.kick_rounds, terms.validators) == (8, 2, 5)
    assert terms.schedule == Schedule(60, 3600, 9, 3600, 11, 86_400)


@pytest.mark.parametrize(("mechanism", "other"), [("stake_vote", "seats"), ("vbfl", "workers")])
def test_proposers_have_other_spellings(mechanism: str, other: str, tmp_path: Path) -> None:
    given = table_of(f'mechanism = "{mechanism}"\n{other} = 7', tmp_path)
    assert read(*given) == read(*table_of(f'mechanism = "{mechanism}"\nproposers = 7', tmp_path))
    assert read(*given, f"--{other}", "8") == read(*given, "--proposers", "8")


def test_amounts_are_tokens(tmp_path: Path) -> None:
    amounts = {"bond": 20, "proposer_stake": 0.5, "voter_stake": 0.000000000000000001}
    given = table_of("\n".join(f"{name} = {value:.18f}" for name, value in amounts.items()), tmp_path)
    terms = read(*given, "--bond", "17.25")
    assert isinstance(terms, StakeVoteTerms)
    assert (terms.bond, terms.proposer_stake, terms.voter_stake) == (1725 * 10**16, 5 * 10**17, 1)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("bond", 16 * TOKEN, "16 tokens"),
        ("voterStake", TOKEN // 2, "0.5 tokens"),
        ("unitReward", 0, "0 tokens"),
        ("quorumBps", 10_001, 10_001),
        ("unbonding", 1, 1),
    ],
)
def test_terms_that_are_amounts_are_shown_in_tokens(field: str, value: int, shown: object) -> None:
    assert show_term(field, value) == shown


def test_the_mechanism_of_the_command_line_wins(tmp_path: Path) -> None:
    assert isinstance(read("--genesis", GENESIS), StakeVoteTerms)
    given = table_of('mechanism = "vbfl"', tmp_path)
    assert isinstance(read(*given, "--mechanism", "stake_vote"), StakeVoteTerms)


def test_attribution_is_a_flag(tmp_path: Path) -> None:
    on = table_of("attribution = true", tmp_path)
    terms = [read("--genesis", GENESIS), read("--genesis", GENESIS, "--attribution"), read(*on)]
    terms.append(read(*on, "--no-attribution"))
    assert [one.attribution for one in terms if isinstance(one, StakeVoteTerms)] == [False, True, True, False]


def test_accounts_times_texts_and_elections(tmp_path: Path) -> None:
    words = ["--mechanism", "bflc", "--genesis", GENESIS, "--managers", *MANAGERS, "--election", "factors"]
    terms = read(*words)
    assert isinstance(terms, BflcTerms)
    assert terms.managers == tuple(MANAGERS)
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
        (["--miners", "5"], "--miners is no term of stake_vote, which has: bond, proposer_stake"),
        (["--mechanism", "vbfl", "--min-voters", "5"], "--min-voters is no term of vbfl"),
        (["--mechanism", "vbfl", "--attribution"], "--attribution is no term of vbfl"),
        (["--mechanism", "bflc"], "bflc needs managers, who admits and expels.*--managers ADDRESS"),
        (["--mechanism", "bflc", "--managers", "0x12"], "'0x12' is not an address"),
        (["--mechanism", "bflc", "--managers", MANAGERS[0], "--election", "scores"], "Did you mean 'score'"),
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
        ('mechanism = "vbfl"\nmanagers = 3', "unknown setting in .*terms.toml: 'managers'"),
        ('mechanism = "vbfl"\nproposers = "many"', "proposers = 'many' is not a whole number"),
        ('mechanism = "vbfl"\nproposers = true', "proposers = True is not a whole number"),
        ("proposers = 2.5", r"proposers = 2\.5 is not a whole number"),
        ("bond = 16e18", "bond: 16000000000000000000 looks like base units; .*: write 16"),
        ("bond = 16_000_000_000_000_000_000", "looks like base units; amounts are tokens: write 16"),
        ("bond = 0.1234567890123456789", "bond = '0.1234567890123456789' is no amount of tokens"),
        ('mechanism = "vbfl"\nunit_reward = "much"', "unit_reward = 'much' is no amount of tokens"),
        ("attribution = 1", "attribution = 1 is neither true nor false"),
        ('mechanism = "bflc"\nmanagers = "0x12"', "managers = '0x12' is not a list"),
        ('mechanism = "bflc"\nmanagers = [1]', "managers = 1 is not an address"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(FedJuryError, match=says):
        read(*table_of(text, tmp_path))
