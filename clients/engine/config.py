"""The settings of a run, as tables give them: those that every run has, and its mechanism's record."""

from collections.abc import Collection, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any

import tomli_w

from clients.mechanisms import SETTINGS
from clients.mechanisms.base import Settings
from clients.ports.files import load_toml, write_whole
from clients.ports.keys import derive_keys
from clients.ports.store.address import is_address
from clients.ports.store.opening import NAMES as STORES
from clients.ports.urls import WAYS, beside, is_url
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError, unknown_name
from clients.types.federation import Address
from clients.types.keeping import HISTORY, HISTORY_MAX
from clients.types.learning import AGREED, Recipe
from clients.types.mechanisms import (
    DEFAULT,
    KINDS,
    PLANNED,
    Leaf,
    refuse_other_rules,
    resolve,
)
from clients.types.settings import (
    check_name,
    check_range,
    from_terms,
    get_owners,
    get_spellings,
    make,
    make_by_rules,
    option,
    plain,
    respell,
    to_flag,
)
from clients.types.terms import DEFAULT_RULES, RULES, RuleSet

CHAINS = ("auto", "spec", "eth-tester", "anvil", "hardhat")
DEVICES = ("auto", "cpu", "cuda", "mps")
PLACES = ("auto", "here", "processes")
VERSIONS = "versions"
"""The table in a run's record of what its results depend on besides the settings."""


@dataclass(frozen=True, slots=True)
class ParticipantConfig(Recipe):
    """A participant's own settings, besides those that its federation agreed on."""

    device: str = option("auto", ", ".join(DEVICES))
    store: str = option("auto", ", ".join(STORES) + f", a multiaddr, or {WAYS}")
    history: int = option(
        HISTORY, "rounds for which models stay in the store, for audits; genesis and head always stay"
    )

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        Recipe.__post_init__(self)
        if not (is_address(self.store) or is_url(self.store) or self.store.startswith("dir:")):
            check_name("store", self.store, STORES)
        check_name("device", self.device, DEVICES)
        check_range("history", self.history, 0, HISTORY_MAX)


@dataclass(frozen=True, slots=True)
class SwarmConfig(ParticipantConfig):
    """Every setting of `python -m clients.swarm`; `RequestError` says which one is impossible and why.

    `mechanism`: the leaf that runs, which `build` finds by the rules. `own`: the mechanism's settings; by
    default, its defaults.
    """

    mechanism: str = option(
        resolve(DEFAULT, DEFAULT_RULES).name, "protocol to run: " + ", ".join(SETTINGS), asked=DEFAULT
    )
    rules: RuleSet = option(
        DEFAULT_RULES,
        "hardened, or paper (as published): what terms are by default, and how much updates may claim",
        once=True,
    )
    chain: str = option("auto", ", ".join(CHAINS) + f", or {WAYS}")
    rounds: int = option(30, "rounds to run")
    malicious: int = option(5, "participants that attack")
    attack: tuple[str, ...] = option(("label_flip+lying_votes",), "attacks, dealt in turn; a+b combines two")
    out: str = option("", "folder for the results (default: a new one under runs/)")
    tokens: str = option("64", "tokens that every participant stakes at the start")
    learn_in: str = option(
        "auto", "where participants train and test: " + ", ".join(PLACES) + "; auto takes what is faster"
    )
    own: Settings = option(None, "the mechanism's own", read=lambda record: record)

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        ParticipantConfig.__post_init__(self)
        check_mechanism(self.mechanism)
        check_name("rules", self.rules, RULES)
        if not self.on_node:
            check_name("chain", self.chain, CHAINS)
        if self.store == "memory" and self.on_node:
            raise RequestError(
                "store memory dies with the run, but a chain at a URL doesn't: choose dir or kubo."
            )
        check_name("learn_in", self.learn_in, PLACES)
        check_range("rounds", self.rounds, 1, 1_000_000)
        there = f"it must lie between 0 and {self.clients}: there are only {self.clients} clients"
        check_range("malicious", self.malicious, 0, self.clients, there)
        parse_amount("tokens", self.tokens)
        if self.malicious and not self.attack:
            raise RequestError("there are malicious clients but no --attack.")
        if not isinstance(self.own, SETTINGS[self.mechanism]):
            object.__setattr__(self, "own", make_by_rules(SETTINGS[self.mechanism], {}, self.rules))
        self.own.check()
        self.own.check_run(self)

    @property
    def on_node(self) -> bool:
        """Whether the chain is an existing node, given by its URL or by a reference to the URL."""
        return is_url(self.chain)

    @property
    def stake(self) -> int:
        """Every participant's stake at the start, in base units."""
        return parse_amount("tokens", self.tokens)

    @property
    def accounts(self) -> list[Address]:
        """The participants' accounts, in the order of the partition."""
        return [key.address for key in derive_keys(self.seed, self.clients)]

    def tables(self) -> dict[str, Any]:
        """Return the settings in TOML's shape, the mechanism's own in a table with its name."""
        common = {name: value for name, value in plain(self).items() if name != "own"}
        return {**common, self.mechanism: plain(self.own)}

    def dump(self, path: Path, versions: dict[str, str]) -> None:
        """Write the settings, with `versions`, as TOML that `read_toml` reads back."""
        settings = self.tables()
        del settings["out"]  # the same settings elsewhere are the same run
        write_whole(path, tomli_w.dumps({**settings, VERSIONS: versions}))


def check_mechanism(name: str) -> None:
    """Raise `RequestError` for a mechanism that has no client here."""
    check_name("mechanism", name, {*SETTINGS, *KINDS, *PLANNED})
    if name not in SETTINGS:
        raise RequestError(f"mechanism {name!r} has no client yet; there are: {', '.join(SETTINGS)}.")


COMMON: Mapping[str, Field[Any]] = {item.name: item for item in fields(SwarmConfig) if item.name != "own"}
"""The settings that every run has."""


def get_owned() -> dict[str, dict[str, Field[Any]]]:
    """Return the settings that only some mechanisms have: name → mechanism → field."""
    return get_owners(
        {mechanism: {item.name: item for item in fields(kind)} for mechanism, kind in SETTINGS.items()}
    )


def _get_spellings() -> dict[str, dict[str, str]]:
    """Return the other names of each mechanism's settings: mechanism → other name → name."""
    return {mechanism: get_spellings(kind) for mechanism, kind in SETTINGS.items()}


def refuse_others(
    mechanism: str, given: Collection[str], *, asked: str = "", file: Path | None = None
) -> None:
    """Raise `RequestError` where a setting `given` is none of the mechanism's: it would do nothing.

    `given`: the settings on the command line, or those at the top of `file`; in its tables a file may have
    other mechanisms'. `asked`: the name by which the mechanism was asked for.
    """
    for name, owners in get_owned().items():
        if name in given and mechanism not in owners:
            told = to_flag(name) if file is None else f"{file}: {name}"
            moved = "" if file is None else f", or put it into the table [{next(iter(owners))}]"
            raise RequestError(
                f"{told} is a setting of {' and '.join(owners)}, not of {asked or mechanism}: "
                f"leave it out{moved}."
            )


def get_personal() -> tuple[str, ...]:
    """Return the names of the settings that each participant chooses for itself, those of mechanisms too.

    A file of agreed settings may contain them.
    """
    mine = [item.name for item in fields(ParticipantConfig) if item.name not in AGREED]
    owned = [name for name, owners in get_owned().items() for item in owners.values() if _is_personal(item)]
    return (*mine, *dict.fromkeys(owned))


def _is_personal(item: Field[Any]) -> bool:
    return bool(item.metadata.get("personal"))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the settings in a TOML file; those of a run's record with its table of versions.

    `file:PATH`, for the URL of a chain or a store, is relative to the folder of the TOML file.
    """
    settings = load_toml("settings", path)
    for name in ("chain", "store"):
        if isinstance(settings.get(name), str):
            settings[name] = beside(settings[name], path.parent)
    return _settle_spellings(settings)


def _settle_spellings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's settings with those that stand there by another name in their mechanisms' tables.

    The command line wins, whichever spelling it uses.
    """
    spelled = _get_spellings()
    used = {other for spellings in spelled.values() for other in spellings if other in settings}
    meant = {spellings[other] for spellings in spelled.values() for other in used & spellings.keys()}
    settled = {name: value for name, value in settings.items() if name not in used | meant}
    _, owned = _sort_out({name: settings[name] for name in (used | meant) & settings.keys()})
    for mechanism, own in owned.items():
        table = settled.get(mechanism, {})
        if own and isinstance(table, Mapping):
            settled[mechanism] = respell(table, spelled[mechanism]) | own
    return settled


def build(settings: Mapping[str, Any], given: Collection[str] = ()) -> SwarmConfig:
    """Return the checked settings; `RequestError` for an unknown name or a value of the wrong type.

    The rules choose the leaf that stands for the mechanism. A mechanism's own settings are in a table with
    its name or its leaf's, or at the top level, which takes precedence. Other mechanisms' are ignored, except
    those `given` on the command line, which are refused. A run's record names the leaf that ran, and
    keeps to it unless another mechanism or other rules are `given`.
    """
    mechanism, rules = settings.get("mechanism", DEFAULT), settings.get("rules", DEFAULT_RULES)
    recorded = VERSIONS in settings and not {"mechanism", "rules"} & set(given)
    leaf = Leaf(mechanism) if recorded or not isinstance(mechanism, str) else resolve(mechanism, rules)
    if isinstance(mechanism, str):
        check_mechanism(leaf.name)  # before its own settings, which are unknown where it is
    common, own = _sort_out(settings)
    if isinstance(mechanism, str):
        if not recorded:
            _refuse_other_rules(mechanism, rules, own, given)
        refuse_others(leaf.name, given, asked=mechanism)
        common, own = {**common, "mechanism": leaf.name}, _settle_leaf(mechanism, leaf, own)
    records = {name: make_by_rules(kind, own[name], rules) for name, kind in SETTINGS.items()}
    return make(SwarmConfig, {**common, "own": records.get(str(common.get("mechanism")))})


def _refuse_other_rules(
    mechanism: str, rules: RuleSet, own: Mapping[str, Mapping[str, Any]], given: Collection[str]
) -> None:
    """Raise `RequestError` for a setting that the mechanism has by the other rules alone.

    Elsewhere than on the command line, the leaf's settings are another mechanism's.
    """
    for name, owners in get_owned().items():
        if name in given or (mechanism in owners and name in own[mechanism]):
            told = to_flag(name) if name in given else name
            refuse_other_rules(mechanism, rules, told, "setting", owners)


def _settle_leaf(mechanism: str, leaf: Leaf, own: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return every mechanism's own settings, with what the leaf has from the mechanism that it stands for."""
    if leaf.name == mechanism:
        return own
    preset = get_presets().get(mechanism, {})
    return {**own, leaf.name: {**preset, **own.get(mechanism, {}), **own[leaf.name]}}


def build_participant(settings: Mapping[str, Any]) -> ParticipantConfig:
    """Return the participant's part of a swarm's settings, checked as by `build`."""
    common, _ = _sort_out(settings)
    wanted = {item.name for item in fields(ParticipantConfig)}
    return make(ParticipantConfig, {name: value for name, value in common.items() if name in wanted})


def build_own(mechanism: str, settings: Mapping[str, Any]) -> Settings:
    """Return the mechanism's own settings among a participant's; `RequestError` if one is impossible."""
    own = make(SETTINGS[mechanism], _sort_out(settings)[1][mechanism])
    own.check()
    return own


_STAND_INS: Mapping[str, str] = {
    name: kind.hardened.name
    for name, kind in KINDS.items()
    if name not in SETTINGS and kind.hardened is not None and kind.hardened.name in SETTINGS
}
"""What stands for the mechanisms that have no settings of their own, whose tables are for it."""


def get_presets() -> dict[str, dict[str, Any]]:
    """Return what leaves change where they stand for a mechanism: mechanism → setting → default."""
    leaves = {name: kind.hardened for name, kind in KINDS.items() if kind.hardened is not None}
    return {
        name: from_terms(SETTINGS[leaf.name], KINDS[leaf.name].terms, leaf.defaults)
        for name, leaf in leaves.items()
        if leaf.name in SETTINGS
    }


def _sort_out(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Split the settings into those that every run has and each mechanism's own. RequestError if one is
    unknown."""
    owned, spelled = get_owned(), _get_spellings()
    common: dict[str, Any] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    flat: dict[str, dict[str, Any]] = {mechanism: {} for mechanism in SETTINGS}
    for name, value in settings.items():
        owners = [one for one in SETTINGS if name in spelled[one] or one in owned.get(name, ())]
        if name == VERSIONS:
            continue
        if name in SETTINGS or name in _STAND_INS:
            if not isinstance(value, Mapping):
                raise RequestError(f"{name} = {value!r}: a table of the mechanism's settings is needed.")
            tables[name] = value
        elif owners:
            for mechanism in owners:
                flat[mechanism][name] = value
        elif name in COMMON:
            common[name] = value
        else:
            raise unknown_name("setting", name, [*COMMON, *owned])
    own = {
        mechanism: respell(tables.get(mechanism, {}), spellings) | respell(flat[mechanism], spellings)
        for mechanism, spellings in spelled.items()
    }
    for mechanism, leaf in _STAND_INS.items():
        own[mechanism] = respell(tables.get(mechanism, {}), spelled[leaf])
    return common, own
