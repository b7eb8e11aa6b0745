"""Settings: what is impossible is refused with a sentence that says so."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from clients.engine.config import SwarmConfig, build, read_toml, refuse_others
from clients.engine.launch import get_terms
from clients.engine.options import add_options
from clients.engine.rundir import CONFIG, RunFolder
from clients.mechanisms import CONDUCTS
from clients.mechanisms.stake_jury import StakeJurySettings
from clients.mechanisms.stake_vote import StakeVoteSettings
from clients.mechanisms.vbfl import VbflSettings
from clients.protocol.docket import Docket, Miner, Selection
from clients.protocol.unit_rewards import UNIT_REWARDS
from clients.types.errors import RequestError
from clients.types.federation import EPOCHS_MAX, SAMPLES_MAX, Outcome, Round, VbflTerms
from clients.types.mechanisms import ADMITTED, KINDS, PANEL, get_published

VBFL = {"mechanism": "vbfl", "rules": "paper"}
"""The paper's contract: by the hardened rules another stands for it."""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mechanism": "stake_vot"}, "Did you mean 'stake_vote'"),
        ({"mechanism": "dfl"}, "no client yet"),
        ({**VBFL, "clients": 19}, "don't add up to the 19 clients"),
        ({**VBFL, "miners": 0}, "at least one of each"),
        ({**VBFL, "clients": 400, "proposers": 257}, "256 updates at most"),
        ({"mechanism": "vbfl", "threshold": "adaptiv"}, "a number between -1 and 1, 'adaptive' or 'gap'"),
        ({"mechanism": "fedavg", "informed": True, "malicious": 20}, "nobody is left to train"),
        ({"mechanism": "vbfl", "threshold": 7}, "a number between"),
        ({"mechanism": "vbfl", "threshold": "nan"}, "a number between"),
        ({"rules": "papers"}, "unknown rules 'papers'. Did you mean 'paper'"),
        ({"rules": True}, "str needed"),
        ({"judge": "nonsense"}, "unknown judge 'nonsense'"),
        ({"mechanism": "vbfl", "judge": "papers"}, "Did you mean 'paper'"),
        ({**VBFL, "kick_rounds": 0}, "kick_rounds = 0"),
        ({**VBFL, "pow_bits": 25}, "pow_bits = 25"),
        ({**VBFL, "tokens": 0}, "needs a stake"),
        ({**VBFL, "update_units": 2**32}, "update_units = 4294967296"),
        ({**VBFL, "unit_reward": "much"}, "no amount of tokens"),
        ({**VBFL, "unit_reward": "1e30"}, "a stake holds 79228162514 tokens at most"),
        ({"chain": "anvl"}, "Did you mean 'anvil'"),
        ({"store": "kubu"}, "Did you mean 'kubo'"),
        ({"device": "cud"}, "Did you mean 'cuda'"),
        ({"clients": 5, "malicious": 6, "proposers": 2}, "only 5 clients"),
        ({"clients": 6, "proposers": 6}, "leave no jury"),
        ({"clients": 6, "proposers": 6, "rules": "paper"}, "leave no voters"),
        ({"rounds": 0}, "rounds = 0"),
        ({"rounds": "many"}, "int needed"),
        ({"seed": -1}, "seed = -1"),
        ({"rules": "paper", "tolerance": float("nan")}, "tolerance = nan"),
        ({"tokens": "lots"}, "no amount of tokens"),
        ({"tokens": "1e-19"}, "no amount of tokens"),
        ({"tokens": "4"}, "more than the 4 tokens"),
        ({"rules": "paper", "tokens": "4", "voter_stake": "5"}, "more than the 4 tokens"),
        ({"mechanism": "stake_jury", "rules": "paper"}, "no paper.* choose --mechanism stake_vote"),
        ({"mechanism": "bflc", "rules": "paper"}, "no client yet"),
        (
            {"attribution": True},
            "attribution is a setting of stake_vote under the paper's rules, not under the",
        ),
        ({"stake_vote": {"tolerance": 0.1}}, "stake_jury stands for it: leave it out or add --rules paper"),
        ({"malicious": 2, "attack": ()}, "no --attack"),
        ({"round": 3}, "Did you mean 'rounds'"),
        ({"attack": [1, 2]}, "list of names"),
        ({"mechanism": ["vbfl"]}, "str needed, list given"),
        ({"stake_vote": 3}, "a table of the mechanism's settings is needed"),
        ({"vbfl": {"proposer": 3}}, "Did you mean 'proposers'"),
        ({"vbfl": {"proposers": "many"}}, "int needed"),
        ({"own": 3}, "unknown setting 'own'"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        build(settings)


def test_settings_survive_being_written_and_read(tmp_path: Path) -> None:
    stakes = {"tokens": 3.5, "proposer_stake": 1, "voter_stake": "0.25"}
    given = {"clients": 9, "proposers": 3, "malicious": 2, "attack": ["a", "b"], **stakes}
    path = tmp_path / "config.toml"
    for more, bond in (({"floor": 2}, 2), ({"rules": "paper"}, 1)):
        config = build({**given, **more})
        config.dump(path, {"python": "3"})
        assert build(read_toml(path)) == config
        assert config.stake == 35 * 10**17
        assert get_terms(config, b"\1" * 32).bond == bond * 10**18


def test_the_rules_choose_what_runs() -> None:
    jury = build({"mechanism": "stake_jury"})
    assert build({}) == build({"mechanism": "stake_vote", "rules": "hardened"}) == jury
    assert isinstance(jury.own, StakeJurySettings)
    assert isinstance(build({"rules": "paper"}).own, StakeVoteSettings)
    lenient = replace(jury.own, **{name: value for name, value in ADMITTED.items() if value is not None})
    assert (lenient.proposer_stake, lenient.voter_stake) == ("0", "0.25")
    assert build({"mechanism": "bflc"}).own == lenient
    assert build({"mechanism": "bflc", "floor": 3}).own == replace(lenient, floor="3")
    assert build({"mechanism": "vbfl"}).own == replace(jury.own, **PANEL)


def test_the_table_of_a_mechanism_is_for_what_stands_for_it() -> None:
    """The table of the leaf's own name is narrower, and what stands in none is from the command line."""
    table: dict[str, Any] = {"stake_vote": {"proposers": 2, "judge": "paper"}}
    assert build(table).own == StakeJurySettings(proposers=2, judge="paper")
    table["stake_jury"] = {"proposers": 3, "voters": 5}
    assert build(table).own == StakeJurySettings(proposers=3, judge="paper", voters=5)
    assert build({**table, "proposers": 4}).own == StakeJurySettings(proposers=4, judge="paper", voters=5)
    assert build({**table, "rules": "paper"}).own == StakeVoteSettings(
        proposers=2, judge="paper", newcomers=0
    )


def test_bflc_has_a_table_though_its_settings_are_another_s() -> None:
    table = {"bflc": {"voters": 7}, "stake_jury": {"update_shares": 9}}
    found = build({**table, "mechanism": "bflc"}).own
    assert isinstance(found, StakeJurySettings)
    assert (found.voters, found.update_shares, found.voter_stake) == (7, 9, "0.25")
    assert build(table).own == StakeJurySettings(update_shares=9), "it says nothing to others"
    with pytest.raises(RequestError, match="vters"):
        build({"mechanism": "bflc", "bflc": {"vters": 7}})
    with pytest.raises(RequestError, match="a table of the mechanism's settings is needed"):
        build({"bflc": 3})


def test_a_record_names_what_ran(tmp_path: Path) -> None:
    """A run from before the rules chose goes on as it began, and can be run again."""
    old = replace(build({"rules": "paper", "attribution": True, "proposers": 3}), rules="hardened")
    old.dump(tmp_path / CONFIG, {})
    file = read_toml(tmp_path / CONFIG)
    assert old.own == StakeVoteSettings(proposers=3, attribution=True, newcomers=0)
    assert RunFolder.reopen(tmp_path)[1] == build(file) == build(file | {"seed": old.seed}, ["seed"]) == old
    with pytest.raises(
        RequestError, match="is a setting of stake_vote under the paper's rules, not under the"
    ):
        build(file, given=["rules"])
    assert build({**file, "rules": "paper"}, given=["rules"]) == replace(old, rules="paper")


@pytest.mark.parametrize("mechanism", CONDUCTS)
@hypothesis.given(samples=st.integers(1, SAMPLES_MAX), epochs=st.integers(1, EPOCHS_MAX))
def test_claims_end_where_the_data_do_or_the_rules(mechanism: str, samples: int, epochs: int) -> None:
    for rules, most in (("paper", (samples, epochs)), ("hardened", (1, 1))):
        if rules == "paper" and get_published(mechanism):
            continue
        config = build({"mechanism": mechanism, "rules": rules, "local_epochs": epochs})
        terms = get_terms(config, b"\1" * 32, samples)
        assert (terms.max_samples, terms.max_epochs) == most
        assert terms.schedule == KINDS[config.mechanism].get_schedule(rules)


def test_a_setting_has_its_default_from_the_rules_and_one_that_is_given_wins() -> None:
    for mechanism, rules, newcomers in (("stake_vote", "paper", 0), ("stake_jury", "hardened", 2)):
        plain = {"mechanism": mechanism, "rules": rules}
        own = build(plain).own
        assert own == SwarmConfig(mechanism=mechanism, rules=rules).own
        assert isinstance(own, StakeVoteSettings | StakeJurySettings)
        assert own.newcomers == newcomers
        for given in ({"newcomers": 7}, {mechanism: {"newcomers": 7}}):
            assert build(plain | given).own == replace(own, newcomers=7)


@hypothesis.given(samples=st.integers(1, 2**11), own_units=st.sampled_from((None, 0, 1, 2**20)))
def test_the_pool_has_room_for_the_dearest_round(samples: int, own_units: int | None) -> None:
    """All updates pass and claim the most, and all validators and miners do their part."""
    given = {} if own_units is None else {"update_units": own_units}
    config = build({**VBFL, **given})
    terms = get_terms(config, b"\1" * 32, samples)
    assert isinstance(terms, VbflTerms)
    pool = CONDUCTS["vbfl"].get_pool(terms)
    record = Round(proposals=terms.proposers, reveals=terms.validators, leading_option=1)
    weights = (terms.max_samples * terms.max_epochs,) * terms.proposers
    docket = Docket(
        selection=Selection(2**terms.proposers - 1, weights),
        miners=(Miner("", 1, 1, True),) * terms.miners,
    )
    paid = UNIT_REWARDS.compute_settlement(terms, record, docket, Outcome.ACCEPTED, pool)
    assert paid == (terms.unit_reward, 0, 0)


def test_a_run_from_before_there_were_rules_goes_on_by_the_papers(tmp_path: Path) -> None:
    for settings in ({}, {"rules": "paper"}):
        build(settings).dump(tmp_path / CONFIG, {})
        assert RunFolder.reopen(tmp_path)[1] == build(settings)
    lines = (tmp_path / CONFIG).read_text().splitlines()
    (tmp_path / CONFIG).write_text("\n".join(line for line in lines if not line.startswith("rules")))
    assert RunFolder.reopen(tmp_path)[1] == build({"rules": "paper"})


def test_a_file_may_give_every_digit_of_an_amount(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("tokens = 12345678901.123456789012345678\nprofit = 0.5\n")
    config = build(read_toml(path))
    assert config.stake == 12345678901_123456789012345678
    assert config.own == StakeJurySettings(profit=0.5)


def test_settings_of_other_mechanisms_do_nothing_in_a_file_and_are_refused_as_options() -> None:
    file = {"mechanism": "stake_vote", "validators": 3, "vbfl": {"workers": 9}, "proposers": 3}
    assert build(file).own == StakeJurySettings(proposers=3)
    assert build({**file, "rules": "paper", "floor": 3}).own == StakeVoteSettings(proposers=3, newcomers=0)
    for more, given, words in (
        ({}, "miners", "setting of vbfl, not of stake_vote: leave"),
        ({}, "quorum", "under the paper's rules, not under the hardened ones, where stake_jury"),
        ({"rules": "paper"}, "floor", "under the hardened rules, not under the paper's: leave it out,"),
    ):
        with pytest.raises(RequestError, match=f"--{given} is a .*{words}"):
            build({**file, **more, given: 3}, given=[given])
    refuse_others("stake_vote", ["proposers", "tolerance", "rounds"])
    for mechanism, given, owners in (
        ("stake_vote", "pow_bits", "vbfl"),
        ("fedavg", "quorum", "stake_vote"),
        ("bflc", "tolerance", "stake_vote"),
    ):
        flag = given.replace("_", "-")
        with pytest.raises(RequestError, match=f"--{flag} is a setting of {owners}, not of {mechanism}"):
            refuse_others(mechanism, ["rounds", given])
    for mechanism in ("fedavg", "bflc", "blade"):
        owners = "stake_vote and stake_jury and vbfl"
        with pytest.raises(RequestError, match=f"--judge is a setting of {owners}, not of {mechanism}"):
            refuse_others(mechanism, ["rounds", "judge"])


def test_every_setting_is_an_option() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    given = parser.parse_args(["--attack", "a", "b", "--local-epochs", "3", "--tolerance", "0.1"])
    assert vars(given) == {"attack": ["a", "b"], "local_epochs": 3, "tolerance": 0.1}


def test_the_help_has_the_defaults_of_what_a_leaf_stands_for() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    told = {one.dest: one.help or "" for one in parser._actions}
    assert [name for name, text in told.items() if "bflc: " in text] == [
        name for name in told if name in ADMITTED and name != "managers"
    ]
    for name, default in ADMITTED.items():
        assert name == "managers" or told[name].endswith(f"bflc: {default} by default")
    assert told["voters"].endswith("; vbfl, bflc: 15 by default")
    assert build({}) == SwarmConfig()


def test_a_file_that_is_no_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    with pytest.raises(RequestError, match="can't be read"):
        read_toml(path)
    for no_toml in ("a = = 3", "rounds = " + "9" * 5_000, "a = '\udcff'"):
        path.write_text(no_toml, errors="surrogateescape")
        with pytest.raises(RequestError, match="not TOML"):
            read_toml(path)


def test_a_setting_has_other_spellings(tmp_path: Path) -> None:
    """Files and scripts from before vbfl's workers were called proposers mean what they meant."""
    path = tmp_path / "old.toml"
    for text in (
        "workers = 7",
        "workers = 7\nproposers = 20",  # flat, as the settings of several mechanisms side by side
        "[vbfl]\nworkers = 7",
        "workers = 7\n[vbfl]\nworkers = 9",
    ):
        path.write_text(f'mechanism = "vbfl"\nrules = "paper"\nclients = 22\n{text}')
        old = read_toml(path)
        assert build(old).own == VbflSettings(proposers=7, newcomers=0), text
        own = build({**old, "proposers": 6}).own
        assert own == VbflSettings(proposers=6, newcomers=0), "the command line wins"
    path.write_text("workers = 7\nproposers = 3")
    assert build(read_toml(path)).tables()["stake_jury"]["proposers"] == 3, "workers are vbfl's alone"
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert vars(parser.parse_args(["--workers", "5"])) == {"proposers": 5}
    assert "--workers" not in parser.format_help()


def test_a_mechanisms_own_settings_stand_in_a_table_or_by_their_names() -> None:
    table = {**VBFL, "vbfl": {"proposers": 4, "miners": 3}}
    assert build(table).own == VbflSettings(proposers=4, miners=3, newcomers=0)
    own = build({**table, "proposers": 3}).own
    assert own == VbflSettings(proposers=3, miners=3, newcomers=0), "the command line wins"
    assert build({**table, "stake_vote": {"proposers": 3}}) == build(table), "others' tables do nothing"
