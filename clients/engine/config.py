"""The settings of a run: one frozen, self-validating record, read from the command line and TOML."""

import argparse
import tomllib
import types
import typing
from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomli_w

from clients.engine.mechanisms import CONDUCTS
from clients.ports.files import write_whole
from clients.ports.store.address import is_address
from clients.ports.store.opening import NAMES as STORES
from clients.ports.urls import WAYS, beside, is_url
from clients.roles.judging import FIXED_THRESHOLD
from clients.types.amounts import parse_amount
from clients.types.errors import RequestError
from clients.types.keeping import HISTORY, HISTORY_MAX
from clients.types.learning import AUTO, LAYOUTS, Form, Learning
from clients.types.settings import check_name, check_range, make, option, plain

MECHANISMS = ("stake_vote", "vbfl", "bflc", "blade", "dfl", "fedavg")
BASELINE = "fedavg"
AVAILABLE = (*CONDUCTS, BASELINE)
CHAINS = ("auto", "spec", "eth-tester", "anvil", "hardhat")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class SwarmConfig(Learning):
    """Every setting of `python -m clients.swarm`; `RequestError` says which one is impossible and why."""

    mechanism: str = option("stake_vote", "protocol to run: " + ", ".join(AVAILABLE))
    chain: str = option("auto", ", ".join(CHAINS) + f", or {WAYS}")
    store: str = option("auto", ", ".join(STORES) + ", or a multiaddr")
    dataset: str = option("digits", "a name, an .npz file, or package.module:factory")
    layout: str = option(AUTO, "axes of the data: " + ", ".join((AUTO, *LAYOUTS)))
    partition: str = option("iid", "iid, dirichlet:ALPHA, shards:K, writer, quantity:ALPHA")
    clients: int = option(20, "participants")
    rounds: int = option(30, "rounds to run")
    malicious: int = option(5, "participants that attack")
    attack: tuple[str, ...] = option(("label_flip+lying_votes",), "attacks, dealt in turn; a+b is both")
    device: str = option("auto", ", ".join(DEVICES))
    out: str = option("", "folder for the results (default: a new one under runs/)")
    proposers: int = option(4, "stake_vote: proposers drawn a round; the others vote")
    informed: bool = option(False, "fedavg: the server knows who is malicious, and draws none of them")
    workers: int = option(12, "vbfl: workers drawn a round, who train")
    validators: int = option(5, "vbfl: validators drawn a round, who vote on each update")
    miners: int = option(3, "vbfl: miners drawn a round, who put the model on record")
    validation: float = option(
        0.2, "share of a participant's data kept for judging; 0: all judge on the data set's test part"
    )
    tolerance: float = option(0.02, "epsilon of eq. (2): how far the score may fall in an approved round")
    tokens: str = option("64", "tokens that every participant stakes at the start")
    proposer_stake: str = option("16", "tokens a proposer of a rejected round loses")
    voter_stake: str = option("8", "tokens a voter in the minority loses")
    history: int = option(
        HISTORY, "rounds for which models stay in the store, for audits; genesis and head always do"
    )
    quorum: float = option(0.5, "share of the drawn voters that must reveal for a verdict")
    attribution: bool = option(False, "slash only proposers whose updates the rejecting voters name")
    unit_reward: str = option("0.001", "vbfl: tokens that a sample visited, a check or a vote earns")
    kick_rounds: int = option(6, "vbfl: rejected updates in a row that ban a worker")
    pow_bits: int = option(0, "vbfl: bits of proof of work that win a block; 0: the highest stake wins it")
    threshold: str = option(
        str(FIXED_THRESHOLD), "vbfl: how far an update may fall behind a validator's own; or adaptive, gap"
    )

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        Learning.__post_init__(self)
        check_name("mechanism", self.mechanism, MECHANISMS)
        if self.mechanism not in AVAILABLE:
            raise RequestError(
                f"mechanism {self.mechanism!r} has no client yet; there are: {', '.join(AVAILABLE)}."
            )
        if not self.on_node:
            check_name("chain", self.chain, CHAINS)
        if not (is_address(self.store) or self.store.startswith("dir:")):
            check_name("store", self.store, STORES)
        if self.store == "memory" and self.on_node:
            raise RequestError(
                "store memory dies with the run, but a chain at a URL doesn't: choose dir or kubo."
            )
        check_name("device", self.device, DEVICES)
        check_name("layout", self.layout, (AUTO, *LAYOUTS))
        for name in ("clients", "rounds", "proposers"):
            self._check_range(name, 1, 1_000_000)
        self.units("tokens")
        self._check_range("malicious", 0, self.clients, "there are only {clients} clients")
        self._check_range("history", 0, HISTORY_MAX)
        if self.validation:
            self._check_range("validation", 0.01, 0.9)
        self._check_range("tolerance", 0.0, 1.0)
        self._check_range("quorum", 0.0, 1.0)
        if self.malicious and not self.attack:
            raise RequestError("there are malicious clients but no --attack.")
        if self.mechanism == BASELINE:
            self._check_range("proposers", 1, self.clients, "there are only {clients} clients")
            if self.informed and self.malicious == self.clients:
                raise RequestError("informed: all clients are malicious, so nobody is left to train.")
        else:
            CONDUCTS[self.mechanism].check(self)

    def _check_range(self, name: str, low: float, high: float, why: str = "") -> None:
        check_range(name, getattr(self, name), low, high, why.format(clients=self.clients))

    @property
    def form(self) -> Form:
        """What the data are to look like, as far as it is said."""
        layout = "" if self.layout == AUTO else self.layout
        return Form(self.known_task, self.shape, layout, self.standardize)

    def with_form(self, form: Form) -> "SwarmConfig":
        """Return the settings with the form that the data have; `RequestError` where they don't fit."""
        return replace(
            self,
            task=str(form.task or AUTO),
            shape=form.shape,
            layout=form.layout or AUTO,
            standardize=form.standardize,
        )

    @property
    def on_node(self) -> bool:
        """Whether the chain is somebody's node, named by its URL or by where that stands."""
        return is_url(self.chain)

    def units(self, name: str) -> int:
        """Return the amount in setting `name` in token base units."""
        return parse_amount(name, getattr(self, name))

    def dump(self, path: Path, versions: dict[str, str]) -> None:
        """Write the settings, with `versions`, as TOML that `read_toml` reads back."""
        settings = plain(self)
        del settings["out"]  # the same settings elsewhere are the same run
        settings["versions"] = versions
        write_whole(path, tomli_w.dumps(settings))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the settings in a TOML file; a `[versions]` table, as runs write it, is passed over.

    A chain's `file:PATH` is understood from the folder of the TOML file.
    """
    try:
        settings = tomllib.loads(path.read_text(), parse_float=Decimal)  # amounts have 18 places
    except OSError as error:
        raise RequestError(f"settings {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"settings {path} are not TOML: {error}.") from error
    settings.pop("versions", None)
    if isinstance(settings.get("chain"), str):
        settings["chain"] = beside(settings["chain"], path.parent)
    return settings


def build(settings: dict[str, Any]) -> SwarmConfig:
    """Return the checked settings; `RequestError` for an unknown name or a value of the wrong type."""
    return make(SwarmConfig, settings)


def add_options(parser: argparse._ActionsContainer, only: Collection[str] | None = None) -> None:
    """Add one option a setting (of `only`) to `parser`; those not given stay out of the namespace."""
    hints = typing.get_type_hints(SwarmConfig)
    for item in fields(SwarmConfig):
        if only is not None and item.name not in only:
            continue
        assert item.default is not MISSING
        if isinstance(item.default, bool):
            parser.add_argument(
                "--" + item.name.replace("_", "-"),
                dest=item.name,
                action=argparse.BooleanOptionalAction,
                default=argparse.SUPPRESS,
                help=item.metadata["help"],
            )
            continue
        several = isinstance(hints[item.name], types.GenericAlias)
        shown = " ".join(map(str, item.default)) if several else item.default
        parser.add_argument(
            "--" + item.name.replace("_", "-"),
            dest=item.name,
            type=typing.get_args(hints[item.name])[0] if several else hints[item.name],
            nargs="+" if several else None,
            default=argparse.SUPPRESS,
            metavar=item.name.upper(),
            help=item.metadata["help"] + (f" (default: {shown})" if shown != "" else ""),
        )
