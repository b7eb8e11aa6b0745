"""Whom managers allow, whom they bar from which round on, and the motions that wait for more ayes."""

from dataclasses import dataclass, field

from clients.types.federation import Address


@dataclass(frozen=True, slots=True)
class Access:
    """What managers have said so far. Its containers are replaced, never changed."""

    allowed: frozenset[Address] = frozenset()
    barred_from: dict[Address, int] = field(default_factory=dict)
    """The round from which on an account that they expelled is barred."""
    moved: tuple[tuple[bytes, frozenset[Address]], ...] = ()
    """Each motion in progress, and which managers have moved it."""
