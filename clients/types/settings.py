"""Settings: frozen records whose fields carry their help texts, read from tables that people write."""

import dataclasses
import math
import types
import typing
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from clients.types.errors import RequestError, unknown_name
from clients.types.terms import BPS, PAPER, Paper, RuleSet, Term, Unit, get_terms

T = TypeVar("T")


def option(default: Any, text: str, **metadata: Any) -> Any:
    """Return a settings field with its help text.

    `read` in `metadata` converts a table's entry into the value, if the field's type isn't enough.
    `spellings` are other names by which tables and command lines may call it. `paper` is the default under
    the papers' rules, if that is another (`clients.types.terms.Paper`). `term` is the term that it becomes.
    `asked` is what people write for the default, where that is another. `once`: whether a command line that
    has the option twice is refused; else its last value counts. `unsaid`: the value that recorded runs had
    before there was such a setting. `elsewhere`: the value that recorded runs of other mechanisms have, where
    the default was another then.
    """
    return dataclasses.field(default=default, metadata={"help": text, **metadata})


def term_option(record: type[Any], name: str, *, respelled: bool = False, **metadata: Any) -> Any:
    """Return a settings field that becomes the term `name` of a federation: help and default are the term's.

    What the contract counts in hundredths of a percent is a share here, and amounts are text.
    `respelled`: whether the term's other spellings are the setting's, too. Recorded runs call a setting by
    its other spelling where there is one, so what they call by its own name has none. `metadata` is that of
    `option`.
    """
    term = get_terms(record)[name]
    metadata |= {"spellings": term.spellings if respelled else (), "term": name}
    if term.paper is not None:
        metadata["paper"] = Paper(_to_setting(term, term.paper.default), term.paper.why)
    text = term.help if term.unit is Unit.BPS else term.told
    return option(_to_setting(term, term.default), text, **metadata)


def _to_setting(term: Term, default: Any) -> Any:
    return default / BPS if term.unit is Unit.BPS else default


def get_owners(owned: Mapping[str, Mapping[str, T]]) -> dict[str, dict[str, T]]:
    """Return what each mechanism has (mechanism → name → item) by name: name → mechanism → item."""
    owners: dict[str, dict[str, T]] = {}
    for mechanism, items in owned.items():
        for name, item in items.items():
            owners.setdefault(name, {})[mechanism] = item
    return owners


def group_owners(values: Mapping[str, T]) -> dict[T, list[str]]:
    """Return the mechanisms that have each value."""
    groups: dict[T, list[str]] = {}
    for mechanism, value in values.items():
        groups.setdefault(value, []).append(mechanism)
    return groups


def tell_owners(texts: Mapping[str, str]) -> str:
    """Return each mechanism's text, said once for the mechanisms that share it: `a, b: one; c: another`."""
    return "; ".join(f"{', '.join(who)}: {text}" for text, who in group_owners(texts).items())


def to_flag(name: str) -> str:
    """Return the command line's flag for a setting."""
    return "--" + name.replace("_", "-")


def make(kind: type[T], table: Mapping[str, Any]) -> T:
    """Return the record of `kind` that `table` describes, checked.

    Raises `RequestError` for an unknown name or a value of the wrong type.
    """
    known = {item.name: item for item in dataclasses.fields(typing.cast(Any, kind))}
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise unknown_name("setting", name, known)
        read = known[name].metadata.get("read")
        values[name] = read(value) if read else _coerce(name, value, hints[name])
    return kind(**values)


def make_by_rules(kind: type[T], table: Mapping[str, Any], rules: RuleSet) -> T:
    """Return what `make` does, with the defaults of a set of rules for what `table` doesn't have."""
    return make(kind, {**_get_differing(kind, rules), **table})


def from_terms(kind: type[Any], record: type[Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of `kind` that become these terms of `record`, from defaults as people write
    them."""
    terms = get_terms(record)
    names = {item.name: str(item.metadata.get("term", "")) for item in dataclasses.fields(kind)}
    return {
        setting: _to_setting(terms[name], defaults[name])
        for setting, name in names.items()
        if name in defaults
    }


def _get_differing(kind: type, rules: RuleSet) -> dict[str, Any]:
    """Return the settings' defaults under a set of rules, as far as they aren't those of the fields."""
    if rules != PAPER:
        return {}
    items = dataclasses.fields(typing.cast(Any, kind))
    return {item.name: item.metadata["paper"].default for item in items if item.metadata.get("paper")}


def get_spellings(kind: type) -> dict[str, str]:
    """Return the other names of the settings of `kind`: name → the setting's own name."""
    items = dataclasses.fields(typing.cast(Any, kind))
    return {other: item.name for item in items for other in item.metadata.get("spellings", ())}


def get_unsaid(kind: type) -> dict[str, Any]:
    """Return the settings of `kind` that older recorded runs don't name, with the values that they had."""
    items = dataclasses.fields(typing.cast(Any, kind))
    return {item.name: item.metadata["unsaid"] for item in items if "unsaid" in item.metadata}


def get_elsewhere(kind: type) -> dict[str, Any]:
    """Return the settings of `kind` whose defaults have changed, with the values that recorded runs of other
    mechanisms have."""
    items = dataclasses.fields(typing.cast(Any, kind))
    return {item.name: item.metadata["elsewhere"] for item in items if "elsewhere" in item.metadata}


def respell(table: Mapping[str, Any], spellings: Mapping[str, str]) -> dict[str, Any]:
    """Return `table` with each setting under its own name; `spellings` maps other names to it.

    Where a table has both, the other name's value is taken: it is the narrower one, of fewer mechanisms.
    """
    named = {name: value for name, value in table.items() if name not in spellings}
    return named | {spellings[name]: value for name, value in table.items() if name in spellings}


def plain(record: Any, kind: Any = None) -> dict[str, Any]:
    """Return a record's settings, or only those of its base `kind`, in the shape of TOML and JSON.

    `make` reads them back.
    """
    return {item.name: _plain(getattr(record, item.name)) for item in dataclasses.fields(kind or record)}


def check_name(kind: str, got: str, known: Collection[str]) -> None:
    """Raise `RequestError` for a name that isn't among the `known` ones."""
    if got not in known:
        raise unknown_name(kind, got, known)


def check_range(name: str, value: float, low: float, high: float, why: str = "") -> None:
    """Raise `RequestError`, which gives the reason `why`, for a number outside `low` to `high`."""
    if not low <= value <= high:
        raise RequestError(f"{name} = {value}: {why or f'it must lie between {low} and {high}'}.")


def read_numbers(name: str, value: Any) -> tuple[float, ...]:
    """Return a list of finite numbers."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(one, int | float | Decimal) and not isinstance(one, bool) and math.isfinite(one)
        for one in value
    ):
        raise RequestError(f"{name}: a list of numbers is needed.")
    return tuple(map(float, value))


def _coerce(name: str, value: Any, wanted: Any) -> Any:
    if isinstance(value, Decimal):
        value = str(value) if wanted is str else float(value)
    if isinstance(wanted, types.GenericAlias):
        kind = typing.get_args(wanted)[0]
        items = [value] if isinstance(value, kind) else value
        if isinstance(items, list | tuple) and all(type(item) is kind for item in items):
            return tuple(items)
        raise RequestError(f"{name} = {value!r}: a list of {_LISTED[kind]} is needed.")
    if wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        raise RequestError(f"{name} = {value!r}: {wanted.__name__} needed, {type(value).__name__} given.")
    return value


_LISTED = {str: "names", int: "whole numbers"}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {name: one for name, one in plain(value).items() if one != []}
    return list(value) if isinstance(value, tuple) else value
