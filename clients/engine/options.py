"""The settings of a run as options of a command line."""

import argparse
import types
import typing
from collections.abc import Collection
from dataclasses import MISSING, Field
from typing import Any

from clients.engine.config import COMMON, SwarmConfig, get_owned, get_presets
from clients.mechanisms import SETTINGS
from clients.ports.command import Once
from clients.types.mechanisms import tell_kind
from clients.types.settings import tell_owners, to_flag


def add_options(parser: argparse._ActionsContainer, only: Collection[str] | None = None) -> None:
    """Add an option for each setting (in `only`) to `parser`; options not given stay out of the namespace."""
    hints = typing.get_type_hints(SwarmConfig)
    for name, item in COMMON.items():
        if only is None or name in only:
            _add_option(parser, item, hints[name], _get_help(item))
    presets = get_presets()
    for name, owners in get_owned().items():
        if only is None or name in only:
            mechanism, item = next(iter(owners.items()))
            hint = typing.get_type_hints(SETTINGS[mechanism])[name]
            texts = {tell_kind(who): _get_help(its) for who, its in owners.items()}
            texts |= {who: f"{own[name]} by default" for who, own in presets.items() if name in own}
            _add_option(parser, item, hint, tell_owners(texts))
            others = [other for its in owners.values() for other in its.metadata.get("spellings", ())]
            for other in dict.fromkeys(others):
                _add_option(parser, item, hint, argparse.SUPPRESS, flag=other)


def _get_help(item: Field[Any]) -> str:
    default = item.metadata.get("asked", item.default)
    shown = " ".join(default) if isinstance(default, tuple) else str(default)
    text, paper = str(item.metadata["help"]), item.metadata.get("paper")
    if paper is not None:
        shown += f"; by --rules paper: {paper.default}"
    elif isinstance(item.default, bool) or not shown:
        return text
    return f"{text} (default: {shown})"


def _add_option(
    parser: argparse._ActionsContainer, item: Field[Any], hint: Any, text: str, *, flag: str = ""
) -> None:
    assert item.default is not MISSING
    flag = to_flag(flag or item.name)
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
        action=Once if item.metadata.get("once") else "store",
    )
