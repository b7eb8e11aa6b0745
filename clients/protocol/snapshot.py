"""Converts a federation's state to JSON and back, so that an audit can go on from a checkpoint."""

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

from clients.protocol.state import State

Json = dict[str, Any]


def dump_state(state: State) -> Json:
    """Return `state` as JSON-able data."""
    data: Json = _dump(state)
    return data


def load_state(data: Json, own: type) -> State:
    """Return the state that `dump_state` wrote; `own` is the class of the mechanism's own record."""
    values = {name: _load(hint, data[name]) for name, hint in _hints(State).items() if name != "own"}
    return State(**values, own=_load(own, data["own"]))


# ---------------------------------------------------------------------- any record, by its annotations


@lru_cache(maxsize=64)
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record)


def _dump(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _dump(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return [[_dump(key), _dump(item)] for key, item in value.items()]
    if isinstance(value, tuple | list):
        return [_dump(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(_dump(item) for item in value)
    return value


def _load(hint: Any, data: Any) -> Any:
    """Return what `_dump` wrote of a value annotated as `hint`."""
    if data is None:
        return None
    origin, inner = get_origin(hint), [item for item in get_args(hint) if item is not type(None)]
    if origin is dict or (origin is not None and issubclass(origin, dict)):
        return {_load(inner[0], key): _load(inner[1], item) for key, item in data}
    if origin is tuple and inner[-1] is not Ellipsis:
        return tuple(_load(item, value) for item, value in zip(inner, data, strict=True))
    if origin in (tuple, list, frozenset):
        return origin(_load(inner[0], item) for item in data)
    if origin is not None:  # X | None
        return _load(inner[0], data)
    if hint is bytes:
        return bytes.fromhex(data)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return hint(**{name: _load(kind, data[name]) for name, kind in _hints(hint).items()})
    return hint(data) if isinstance(hint, type) and issubclass(hint, Enum) else data
