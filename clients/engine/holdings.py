"""Which files the local participants hold in a store, from when on, and how long by the rule in
`clients.types.keeping`.

A store tells others what it holds. So a file that is only promised yet, like an update that is pledged, waits
in the journal until a call is due that names it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from clients.engine.journal import Journal, Waiting
from clients.mechanisms.cohort import TOGETHER
from clients.ports.store import compute_cid
from clients.types.chain import Call
from clients.types.cid import Cid
from clients.types.errors import PeerError
from clients.types.keeping import compute_needed
from clients.types.store import Pins, Store

log = logging.getLogger(__name__)


class Holdings:
    """The files that this process put into a store, each with the last round that used it.

    A file is journalled before it is put, so that a crash in between doesn't leave it there for ever.
    `model_bytes`: the size of a model's file. `history`: for how many rounds models are kept.
    """

    def __init__(self, store: Store, journal: Journal, genesis: Cid, model_bytes: int, history: int) -> None:
        self._store = store
        self._journal = journal
        self._forgets = store.kind == "memory"
        self._genesis = genesis
        self._model_bytes = model_bytes
        self._history = history
        self._uses = {} if self._forgets else journal.uses()
        self._pins = Pins(self._uses)
        self._lacks_genesis = False
        self._waiting: list[Waiting] = []

    def resume(self, round_number: int) -> Sequence[Waiting]:
        """Begin round `round_number`; return the files that waited in it before a restart, with their
        calls."""
        self._waiting = self._journal.waiting(round_number)
        return self._waiting

    def wait(self, round_number: int, waiting: Waiting) -> None:
        """Keep files out of the store until one of their calls is about to be sent."""
        self._journal.note_waiting(round_number, waiting)
        self._waiting = [*self._waiting, waiting]

    def show(self, round_number: int, calls: Iterable[Call]) -> None:
        """Put the files into the store that waited for `calls`, which are about to be sent."""
        methods = {call.method for call in calls}
        shown = [one for one in self._waiting if one.methods & methods]
        self.put(round_number, [file for one in shown for file in one.files])
        self._waiting = [one for one in self._waiting if one not in shown]

    def put(self, round_number: int, files: Sequence[bytes], *, held: Iterable[bytes] = ()) -> list[Cid]:
        """Put what round `round_number` uses, several files at a time; return their CIDs in order.

        `held`: digests of peers' files to hold, too.
        """
        self.hold(round_number, held)
        if files:
            self._note(round_number, [compute_cid(data) for data in files])
        with ThreadPoolExecutor(TOGETHER) as pool:
            return list(pool.map(self._store.put, files))

    def hold(self, round_number: int, digests: Iterable[bytes]) -> None:
        """Go on holding peers' files that the store has because they were read. What it lost meanwhile, it
        doesn't hold."""
        cids = [Cid.from_digest(digest) for digest in digests]
        if cids:
            self._note(round_number, cids)
        for cid in cids:
            with suppress(PeerError):
                self._store.pin(cid)

    def let_go(self, settled: int, heads: Mapping[Cid, Callable[[], bytes]]) -> None:
        """Hold the genesis and the heads, and release files not needed after `settled` settled rounds.

        `heads`: for each head a function that returns its file, wherever it is. `UnavailableError` if one
        can't be fetched.
        """
        self._journal.keep_waiting(after=settled)
        for head, read in heads.items():
            self._hold(settled + 1, head, read)
        if not self._lacks_genesis:
            self._hold_genesis(settled + 1)
        needed = compute_needed(
            self._uses, genesis=self._genesis, heads=heads, settled=settled, history=self._history
        )
        plan = self._pins.apply(self._store, needed & self._pins.held)
        if plan.release:
            self._uses = {cid: last for cid, last in self._uses.items() if cid in self._pins.held}
            if not self._forgets:
                self._journal.keep_uses(self._uses)

    def _note(self, round_number: int, cids: Sequence[Cid]) -> None:
        if not self._forgets:
            self._journal.note_uses(round_number, cids)
        for cid in cids:
            self._uses[cid] = max(round_number, self._uses.get(cid, 0))
            self._pins.note(cid)

    def _hold(self, round_number: int, cid: Cid, read: Callable[[], bytes]) -> None:
        """Make the store hold a file that others may have made: a proposer didn't make the aggregate."""
        self._note(round_number, [cid])
        try:
            self._store.pin(cid)  # the store may have it only because it was read, not pinned
        except PeerError:
            self._store.put(read())

    def _hold_genesis(self, round_number: int) -> None:
        """Hold the genesis too. A participant that can't fetch it takes part anyway."""
        try:
            self._hold(
                round_number,
                self._genesis,
                partial(self._store.get, self._genesis, max_bytes=self._model_bytes),
            )
        except PeerError as error:
            self._lacks_genesis = True
            log.warning(
                "the genesis can't be fetched, and audits need it: %s. The member that made it can put it "
                "back (`python -m clients.genesis`).",
                error,
            )
