"""TOML tables into frozen records: an unknown name or a wrong type is refused, with the nearest known one."""

import types
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from clients.ports.files import load_toml
from clients.types.errors import RequestError, unknown_name

T = TypeVar("T")
Table = dict[str, Any]


def read(path: Path) -> Table:
    """Return the content of a TOML file; `RequestError` where it is none."""
    return load_toml("file", path, exact=False)


def fill(cls: type[T], table: Any, where: str) -> T:
    """Return `cls`, a dataclass, filled from `table`; `where` says in errors what the table is.

    Fields may be str, int, float, bool, `Any`, a plain dict, or a tuple of these, which TOML has as a list.
    """
    if not isinstance(table, dict):
        raise RequestError(f"{where}: expected a table, found {table!r}.")
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    for name in table:
        if name not in known:
            raise unknown_name(f"name in {where}", name, known)
    for name, item in known.items():
        if name not in table and item.default is MISSING and item.default_factory is MISSING:
            raise RequestError(f"{where}: {name} is missing.")
    return cls(**{name: _fit(value, hints[name], f"{where}: {name}") for name, value in table.items()})


def _fit(value: Any, wanted: Any, where: str) -> Any:
    if wanted is Any:
        return value
    if isinstance(wanted, types.GenericAlias) and wanted.__origin__ is tuple:
        if not isinstance(value, list):
            raise RequestError(f"{where}: expected a list, found {value!r}.")
        return tuple(_fit(item, wanted.__args__[0], where) for item in value)
    plain = getattr(wanted, "__origin__", wanted)
    if plain is float and type(value) is int:
        return float(value)
    if type(value) is not plain:
        raise RequestError(f"{where}: expected {plain.__name__}, found {value!r}.")
    return value


def merge(under: Table, over: Table) -> Table:
    """Return `over` laid over `under`: tables are merged, anything else is replaced."""
    merged = dict(under)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merge(merged[name], value) if both else value
    return merged
