"""Reconciles a participant's own settings with what its federation agreed on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients.engine.config import ParticipantConfig, build_participant
from clients.types.errors import RequestError
from clients.types.learning import AUTO, Constants, Form, Learning, Task
from clients.types.settings import make


def settle(given: Mapping[str, Any], agreed: Mapping[str, Any], where: str) -> ParticipantConfig:
    """Return the settings that the participant's user gave (`given`), completed by those `agreed` on.

    `where` names the agreement's file. The participant runs nobody else's code: if the agreed model is a
    member's own code, the user must name it too. Raises `RequestError` if a setting contradicts the
    agreement.
    """
    own = build_participant(given)
    try:
        theirs = make(Learning, agreed)
    except RequestError as error:
        raise RequestError(f"{where}: learning: {error}") from None
    if ":" in theirs.model and "model" not in given:
        raise RequestError(
            f"the federation's model is {theirs.model}, code that its members have at home. Make sure that "
            f"yours is what was agreed on, and give --model {theirs.model}."
        )
    for name in agreed:
        mine, federations = getattr(own, name), getattr(theirs, name)
        if name in given and not _agree(name, mine, federations):
            raise RequestError(
                f"{name} is {_show(federations)} in this federation ({where}), not {_show(mine)}: leave the "
                "setting out."
            )
    return replace(own, **{name: getattr(theirs, name) for name in agreed})


def agree_on_history(config: ParticipantConfig, agreed: int | None, *, own: bool) -> ParticipantConfig:
    """Return the settings with the `agreed` history, or with a longer one if the user chose it (`own`).

    To an audit, a member that keeps models for fewer rounds than agreed looks like one that withholds them.
    """
    if agreed is None or (own and config.history >= agreed):
        return config
    if own:
        raise RequestError(
            f"history = {config.history}: the members of this federation keep models for {agreed} "
            f"round{'' if agreed == 1 else 's'}, as its record says. "
            f"Leave --history out, or give {agreed} or more."
        )
    return replace(config, history=agreed)


def require_agreed(said: ParticipantConfig, found: Form) -> None:
    """Raise `RequestError` if data were standardised by the participant's own constants, not by agreed
    ones."""
    if found.standardize != said.standardize:
        raise RequestError(
            "standardize: every member must use the same constants, and neither the record nor --config has "
            "them. `python -m clients.genesis --learning FILE` writes them; give that file as --config."
        )


def _agree(name: str, own: Any, theirs: Any) -> bool:
    """Return whether a participant's setting agrees with the federation's."""
    if name == "task":
        return own == AUTO or Task.parse(own) == Task.parse(theirs)
    if name == "standardize" and isinstance(theirs, Constants) and isinstance(own, bool):
        return own == bool(theirs.mean)
    return bool(own == theirs or own == ())


def _show(value: Any) -> str:
    if isinstance(value, Constants):
        return "a table of constants"
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
