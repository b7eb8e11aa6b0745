"""The settings of a run: what every run has, and the record of its mechanism; from command line and TOML."""

import argparse
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

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
from clients.types.learning import AGREED, AUTO, LAYOUTS, Form, Learning
from clients.types.settings import (
    check_name,
    check_range,
    get_spellings,
    make,
    option,
    plain,
    respell,
)

PUBLISHED = ("stake_vote", "vbfl", "bflc", "blade", "dfl")
"""The mechanisms of the papers, runnable or not yet."""
CHAINS = ("auto", "spec", "eth-tester", "anvil", "hardhat")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class ParticipantConfig(Learning):
    """What a participant learns from and with, beside what its federation agreed on."""

    dataset: str = option("digits", "a name, an .npz file, or package.module:factory")
    layout: str = option(AUTO, "axes of the data: " + ", ".join((AUTO, *LAYOUTS)))
    partition: str = option("iid", "iid, dirichlet:ALPHA, shards:K, writer, quantity:ALPHA")
    clients: int = option(20, "participants")
    validation: float = option(
        0.2, "share of a participant's data kept for judging; 0: all judge on the data set's test part"
    )
    device: str = option("auto", ", ".join(DEVICES))
    store: str = option("auto", ", ".join(STORES) + f", a multiaddr, or {WAYS}")
    history: int = option(
        HISTORY, "rounds for which models stay in the store, for audits; genesis and head always do"
    )

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        Learning.__post_init__(self)
        if not (is_address(self.store) or is_url(self.store) or self.store.startswith("dir:")):
            check_name("store", self.store, STORES)
        check_name("device", self.device, DEVICES)
        check_name("layout", self.layout, (AUTO, *LAYOUTS))
        check_range("clients", self.clients, 1, 1_000_000)
        check_range("history", self.history, 0, HISTORY_MAX)
        if self.validation:
            check_range("validation", self.validation, 0.01, 0.9)

    @property
    def form(self) -> Form:
        """What the data are to look like, as far as it is said."""
        layout = "" if self.layout == AUTO else self.layout
        return Form(self.known_task, self.shape, layout, self.standardize)

    def with_form(self, form: Form) -> Self:
        """Return the settings with the form that the data have; `RequestError` where they don't fit."""
        return replace(
            self,
            task=str(form.task or AUTO),
            shape=form.shape,
            layout=form.layout or AUTO,
            standardize=form.standardize,
        )


@dataclass(frozen=True, slots=True)
class SwarmConfig(ParticipantConfig):
    """Every setting of `python -m clients.swarm`; `RequestError` says which one is impossible and why.

    `own` are those of the mechanism: by default, its defaults.
    """

    mechanism: str = option("stake_vote", "protocol to run: " + ", ".join(SETTINGS))
    chain: str = option("auto", ", ".join(CHAINS) + f", or {WAYS}")
    rounds: int = option(30, "rounds to run")
    malicious: int = option(5, "participants that attack")
    attack: tuple[str, ...] = option(("label_flip+lying_votes",), "attacks, dealt in turn; a+b is both")
    out: str = option("", "folder for the results (default: a new one under runs/)")
    tokens: str = option("64", "tokens that every participant stakes at the start")
    own: Settings = option(None, "the mechanism's own", read=lambda record: record)

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        ParticipantConfig.__post_init__(self)
        check_name("mechanism", self.mechanism, {*SETTINGS, *PUBLISHED})
        if self.mechanism not in SETTINGS:
            raise RequestError(
                f"mechanism {self.mechanism!r} has no client yet; there are: {', '.join(SETTINGS)}."
            )
        if not self.on_node:
            check_name("chain", self.chain, CHAINS)
        if self.store == "memory" and self.on_node:
            raise RequestError(
                "store memory dies with the run, but a chain at a URL doesn't: choose dir or kubo."
            )
        check_range("rounds", self.rounds, 1, 1_000_000)
        check_range("malicious", self.malicious, 0, self.clients, f"there are only {self.clients} clients")
        parse_amount("tokens", self.tokens)
        if self.malicious and not self.attack:
            raise RequestError("there are malicious clients but no --attack.")
        if not isinstance(self.own, SETTINGS[self.mechanism]):
            object.__setattr__(self, "own", SETTINGS[self.mechanism]())
        self.own.check()
        self.own.check_run(self)

    @property
    def on_node(self) -> bool:
        """Whether the chain is somebody's node, named by its URL or by where that stands."""
        return is_url(self.chain)

    @property
    def stake(self) -> int:
        """What every participant stakes at the start, in base units."""
        return parse_amount("tokens", self.tokens)

    @property
    def accounts(self) -> list[Address]:
        """The participants' accounts, in the order of the partition."""
        return [key.address for key in derive_keys(self.seed, self.clients)]

    def tables(self) -> dict[str, Any]:
        """Return the settings as TOML holds them, the mechanism's own in a table of its name."""
        common = {name: value for name, value in plain(self).items() if name != "own"}
        return {**common, self.mechanism: plain(self.own)}

    def dump(self, path: Path, versions: dict[str, str]) -> None:
        """Write the settings, with `versions`, as TOML that `read_toml` reads back."""
        settings = self.tables()
        del settings["out"]  # the same settings elsewhere are the same run
        write_whole(path, tomli_w.dumps({**settings, "versions": versions}))


COMMON: Mapping[str, Field[Any]] = {item.name: item for item in fields(SwarmConfig) if item.name != "own"}
"""The settings that every run has."""


def get_owned() -> dict[str, dict[str, Field[Any]]]:
    """Return the settings that only some mechanisms have: name → mechanism → field."""
    owned: dict[str, dict[str, Field[Any]]] = {}
    for mechanism, kind in SETTINGS.items():
        for item in fields(kind):
            owned.setdefault(item.name, {})[mechanism] = item
    return owned


_SPELLINGS = {mechanism: get_spellings(kind) for mechanism, kind in SETTINGS.items()}


def get_personal() -> tuple[str, ...]:
    """Return the names of the settings that are each participant's own affair, those of mechanisms too.

    They may stand in a file beside what is agreed on.
    """
    mine = [item.name for item in fields(ParticipantConfig) if item.name not in AGREED]
    owned = [name for name, owners in get_owned().items() for item in owners.values() if _is_personal(item)]
    return (*mine, *dict.fromkeys(owned))


def _is_personal(item: Field[Any]) -> bool:
    return bool(item.metadata.get("personal"))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the settings in a TOML file; a `[versions]` table, as runs write it, is passed over.

    `file:PATH`, for the URL of a chain or a store, is understood from the folder of the TOML file.
    """
    settings = load_toml("settings", path)
    settings.pop("versions", None)
    for name in ("chain", "store"):
        if isinstance(settings.get(name), str):
            settings[name] = beside(settings[name], path.parent)
    return _settle_spellings(settings)


def _settle_spellings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's settings with those that stand there by another name in their mechanisms' tables.

    The command line wins over them by whichever name it calls them.
    """
    used = {other for spellings in _SPELLINGS.values() for other in spellings if other in settings}
    meant = {spellings[other] for spellings in _SPELLINGS.values() for other in used & spellings.keys()}
    settled = {name: value for name, value in settings.items() if name not in used | meant}
    _, owned = _sort_out({name: settings[name] for name in (used | meant) & settings.keys()})
    for mechanism, own in owned.items():
        table = settled.get(mechanism, {})
        if own and isinstance(table, Mapping):
            settled[mechanism] = respell(table, _SPELLINGS[mechanism]) | own
    return settled


def build(settings: Mapping[str, Any]) -> SwarmConfig:
    """Return the checked settings; `RequestError` for an unknown name or a value of the wrong type.

    A mechanism's own stand in a table of its name, or among the others by their names alone, which wins.
    Those of other mechanisms do nothing.
    """
    common, own = _sort_out(settings)
    mechanism = common.get("mechanism", COMMON["mechanism"].default)
    records = {name: make(kind, own[name]) for name, kind in SETTINGS.items()}
    return make(SwarmConfig, {**common, "own": records.get(str(mechanism))})


def build_participant(settings: Mapping[str, Any]) -> ParticipantConfig:
    """Return what of a swarm's settings is a participant's, checked like `build` does."""
    common, _ = _sort_out(settings)
    wanted = {item.name for item in fields(ParticipantConfig)}
    return make(ParticipantConfig, {name: value for name, value in common.items() if name in wanted})


def build_own(mechanism: str, settings: Mapping[str, Any]) -> Settings:
    """Return the mechanism's own among a participant's settings; `RequestError` where one is impossible."""
    own = make(SETTINGS[mechanism], _sort_out(settings)[1][mechanism])
    own.check()
    return own


def _sort_out(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the settings that every run has, and each mechanism's own. RequestError for an unknown name."""
    owned = get_owned()
    common: dict[str, Any] = {}
    tables: dict[str, Mapping[str, Any]] = {}
    flat: dict[str, dict[str, Any]] = {mechanism: {} for mechanism in SETTINGS}
    for name, value in settings.items():
        owners = [one for one in SETTINGS if name in _SPELLINGS[one] or one in owned.get(name, ())]
        if name in SETTINGS:
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
        for mechanism, spellings in _SPELLINGS.items()
    }
    return common, own


def add_options(parser: argparse._ActionsContainer, only: Collection[str] | None = None) -> None:
    """Add one option a setting (of `only`) to `parser`; those not given stay out of the namespace."""
    hints = typing.get_type_hints(SwarmConfig)
    for name, item in COMMON.items():
        if only is None or name in only:
            _add_option(parser, item, hints[name], _get_help(item))
    for name, owners in get_owned().items():
        if only is None or name in only:
            mechanism, item = next(iter(owners.items()))
            hint = typing.get_type_hints(SETTINGS[mechanism])[name]
            texts: dict[str, list[str]] = {}
            for owner, its in owners.items():
                texts.setdefault(_get_help(its), []).append(owner)
            text = "; ".join(f"{', '.join(who)}: {text}" for text, who in texts.items())
            _add_option(parser, item, hint, text)
            others = [other for its in owners.values() for other in its.metadata.get("spellings", ())]
            for other in dict.fromkeys(others):
                _add_option(parser, item, hint, argparse.SUPPRESS, flag=other)


def _get_help(item: Field[Any]) -> str:
    shown = " ".join(item.default) if isinstance(item.default, tuple) else str(item.default)
    text = str(item.metadata["help"])
    return text if isinstance(item.default, bool) or not shown else f"{text} (default: {shown})"


def _add_option(
    parser: argparse._ActionsContainer, item: Field[Any], hint: Any, text: str, *, flag: str = ""
) -> None:
    assert item.default is not MISSING
    flag = "--" + (flag or item.name).replace("_", "-")
    if isinstance(item.default, bool):
        parser.add_argument(
            flag,
            dest=item.name,
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=text,
        )
        return
    several = isinstance(hint, types.GenericAlias)
    parser.add_argument(
        flag,
        dest=item.name,
        type=typing.get_args(hint)[0] if several else hint,
        nargs="+" if several else None,
        default=argparse.SUPPRESS,
        metavar=item.name.upper(),
        help=text,
    )
