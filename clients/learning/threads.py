"""How many torch threads a computation gets: its size alone decides, so that runs can be repeated."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

_SMALL_WORK = 20_000_000


def small_rows(model: nn.Module) -> int:
    """Return up to how many rows a batch is too little work for a model to share among threads.

    That is up to 20 million weights × rows. Below, handing work over costs more than it saves. If anything
    else runs on the machine (a chain, a store), waiting for a thread that lost its core costs ten times as
    much.
    """
    return _SMALL_WORK // max(sum(parameter.numel() for parameter in model.parameters()), 1)


def is_small(model: nn.Module, rows: int) -> bool:
    """Return whether a batch of `rows` is that little work."""
    return rows <= small_rows(model)


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Let torch use `count` threads in the `with` block, and as many as before afterwards; None changes
    nothing."""
    before = torch.get_num_threads()
    if count is not None and count != before:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def use_threads(count: int) -> None:
    """Let torch use `count` threads in this process from now on."""
    torch.set_num_threads(count)


def get_threads() -> int:
    """Return how many threads torch uses in this process."""
    return torch.get_num_threads()
