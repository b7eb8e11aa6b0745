"""Converts a federation's state to JSON and back, so that an audit can go on from a checkpoint."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

from clients.protocol.state import State
from clients.types.federation import Event, Outcome

Json = dict[str, Any]


def dump_state(state: State) -> Json:
    """Return `state` as JSON-able data."""
    data: Json = _dump(state)
    return data


def load_state(data: Json, own: type) -> State:
    """Return the state that `dump_state` wrote; `own` is the class of the mechanism's own record."""
    values = {name: _load(hint, data[name]) for name, hint in _hints(State).items() if name != "own"}
    return State(**values, own=_load(own, data["own"]))


def dump_events(events: Iterable[Event]) -> list[Json]:
    """Return `events` as JSON-able data."""
    return [
        {
            "name": event.name,
            "args": {name: _dump_argument(value) for name, value in event.args.items()},
            "block": event.block,
            "transaction": event.transaction,
        }
        for event in events
    ]


def load_events(data: Iterable[Json]) -> list[Event]:
    """Return the events that `dump_events` wrote."""
    return [
        Event(
            item["name"],
            {name: _load_argument(name, value) for name, value in item["args"].items()},
            item["block"],
            item["transaction"],
        )
        for item in data
    ]


def _dump_argument(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return list(value) if isinstance(value, tuple) else value


def _load_argument(name: str, value: Any) -> object:
    if isinstance(value, dict):
        return bytes.fromhex(value["bytes"])
    if isinstance(value, list):
        return tuple(value)
    return Outcome(value) if name == "outcome" else value


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
