"""The interface to a store, and how content can fail. `clients.ports.store` implements it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from clients.types.cid import Cid
from clients.types.errors import PeerError


class ContentError(PeerError):
    """A CID that a peer announced does not lead to usable content."""

    def __init__(self, cid: Cid, why: str) -> None:
        self.cid = cid
        super().__init__(f"{cid}: {why}")


class ContentMissing(ContentError):
    """Nobody handed out the content in time."""


class ContentCorrupt(ContentError):
    """The content handed out doesn't match the CID: other bytes, another tree, no file at all."""


class ContentTooLarge(ContentError):
    """The content is larger than the reader allows. Nothing beyond the limit is read."""


@runtime_checkable
class Store(Protocol):
    """Stores files by their CID. Every method may be called from several threads at once.

    Trouble on our side (unreachable, full, too slow) raises UnavailableError. Content that a peer withholds
    or falsifies raises a `ContentError`, which is a PeerError.
    """

    @property
    def kind(self) -> str:
        """`memory`, `dir` or `kubo`: what `auto` was resolved to."""

    @property
    def where(self) -> str:
        """Where the content is, for people to read; holds no secrets."""

    @property
    def bytes_up(self) -> int:
        """Payload bytes put so far."""

    @property
    def bytes_down(self) -> int:
        """Payload bytes read so far."""

    def put(self, data: bytes) -> Cid:
        """Keep `data`, pinned, and return its CID. The same bytes have the same CID in every store."""

    def get(self, cid: Cid, *, max_bytes: int) -> bytes:
        """Return the content of `cid`, checked against it. Reads at most `max_bytes`.

        Raises ContentMissing, ContentCorrupt, ContentTooLarge or UnavailableError.
        """

    def pin(self, cid: Cid) -> None:
        """Keep the content of `cid` here until released. ContentMissing if it isn't available."""

    def release(self, cid: Cid) -> None:
        """Release the content. Releasing content that isn't here changes nothing."""

    def has(self, cid: Cid) -> bool:
        """Return whether all of the content is in this store now, without asking anybody else."""

    def close(self) -> None:
        """Close what the store holds open; the content stays. Closing twice changes nothing."""


@dataclass(frozen=True, slots=True)
class PinPlan:
    """The CIDs to pin and to release so that a store holds what is needed, each in ascending order of
    digest."""

    pin: tuple[Cid, ...]
    release: tuple[Cid, ...]


class Pins:
    """The CIDs that we hold pinned: those that are needed stay, the others are released.

    Only CIDs that went through here are ever released, so a shared node keeps others' content.
    """

    def __init__(self, held: Iterable[Cid] = ()) -> None:
        self._held = set(held)

    @property
    def held(self) -> frozenset[Cid]:
        """The CIDs pinned now; pass them to `Pins(...)` to continue after a restart."""
        return frozenset(self._held)

    def note(self, cid: Cid) -> None:
        """Record that `cid` is pinned already, as every put file is."""
        self._held.add(cid)

    def plan(self, needed: Iterable[Cid]) -> PinPlan:
        """Return what to pin and what to release so that exactly `needed` is held. Changes nothing."""
        wanted = set(needed)
        return PinPlan(tuple(sorted(wanted - self._held)), tuple(sorted(self._held - wanted)))

    def apply(
        self, store: Store, needed: Iterable[Cid], *, on_change: Callable[[], None] | None = None
    ) -> PinPlan:
        """Carry out the plan for `needed` on `store` and return it.

        Everything is pinned before anything is released, and each step counts as soon as it is done: an error
        in between loses nothing, and applying again continues from there. `on_change` is called after each
        step, for a journal.
        """
        plan = self.plan(needed)
        for cid in plan.pin:
            store.pin(cid)
            self._held.add(cid)
            if on_change:
                on_change()
        for cid in plan.release:
            store.release(cid)
            self._held.discard(cid)
            if on_change:
                on_change()
        return plan
