"""Models and data by name whose making a test sets: commands load them as they do anybody's."""

from collections.abc import Callable
from typing import Any

from torch import nn


def no_data() -> Any:
    raise NotImplementedError


def no_model(shape: tuple[int, ...], classes: int) -> nn.Module:
    raise NotImplementedError


class Made:
    """What is made at present."""

    data: Callable[[], Any] = staticmethod(no_data)
    model: Callable[[tuple[int, ...], int], nn.Module] = staticmethod(no_model)


def data() -> Any:
    return Made.data()


def model(shape: tuple[int, ...], classes: int) -> nn.Module:
    return Made.model(shape, classes)
