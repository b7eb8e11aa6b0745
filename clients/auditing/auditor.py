"""The audit: replays a federation's history on the specification, and reports what differs.

**What it takes.** A `Source` (one federation's blocks, events, token transfers and views); with learning data
also a `Store`; our contracts as compiled; and the points of an earlier audit's checkpoint, if there is one.

**What it does.** The auditor reads the chain in pages of blocks. For each page it

1. reads the logs and their blocks, and compares block hashes with the logs' and with the newest point's;
2. turns each transaction's events back into calls (`deeds`), and carries out each call on the specification
   at its block's time and number (`replay`). Events, arguments and token transfers must be those of the
   rules. If the rules refuse the call, that is a finding; then the replay follows the chain where it can
   (`following`), so that one fault is reported once;
3. compares each round that the page settled with the chain's record (`comparing`), and fetches its updates
   and recomputes its model (`models`);
4. forgets settled rounds that no booking needs any more, and keeps a `Point`.

At the tip it compares the code (`code`) and everything that the federation's views show (`comparing`).

**What always holds.** Between two pages, replay, progress, absences and findings are as of the end of the
newest point's block. If that block has left the chain, the auditor returns to the newest point whose block is
still there, so nothing read from a dropped block remains. Findings about the state at the tip are in no
point: a later audit compares a later state. Memory doesn't grow with the history.

**Whose fault.** Three kinds of trouble stay apart. Misbehaviour of the federation or of a participant is a
`Finding`. Trouble of the auditor's own (a wrong request, a damaged checkpoint) is a RequestError. Lack of
reach (node or store don't answer, or the chain keeps reorganising) is an UnavailableError, and accuses
nobody. Missing models that may be gone by the members' agreement are noted, not accused (`absences`).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from clients.auditing.absences import Absences
from clients.auditing.checkpoint import DAMAGED, Point, dump_replay, load_replay, make_findings, thin
from clients.auditing.code import CodeOnChain, Compiled, check_code, compute_terms_book
from clients.auditing.comparing import compare_records, compare_rounds, compare_state
from clients.auditing.findings import Finding, Findings, TooManyFindings
from clients.auditing.models import Models
from clients.auditing.purse import count_flows
from clients.auditing.replay import Replay, ReplayedRound
from clients.auditing.source import Block, Logs, Source, Transfer
from clients.protocol.state import Env
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import Event, Status
from clients.types.store import Store

FEWEST_BLOCKS, MOST_BLOCKS = 16, 5_000
"""Blocks in a page. A page grows and shrinks so that it holds about `EVENTS` events."""
EVENTS = 2_000
REORGANISATIONS = 20
"""How often the audit steps back before it gives up."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The rounds to report on, `first` to `last` (None: to the end), and the federation's first block."""

    first: int = 1
    last: int | None = None
    first_block: int = 0

    def has(self, round_number: int | None) -> bool:
        """Return whether a round is in the scope; None, the federation as a whole, always is."""
        if round_number is None:
            return True
        return self.first <= max(round_number, 1) and (self.last is None or round_number <= self.last)


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit."""

    findings: tuple[Finding, ...]
    first: Block
    tip: Block
    rounds: int
    """How many rounds were settled, in all."""
    transcript: str
    """SHA-256 over all events, block by block: the same history gives the same transcript."""
    history: tuple[Mapping[str, Any], ...]
    """Round, outcome, head, transaction, block and block hash of each settled round in the scope; empty
    unless asked for."""
    gone: tuple[tuple[int, int], ...] = ()
    """Runs of rounds (first, last) with models that are missing and may be."""
    ended_early: bool = False
    """Whether the audit stopped because it had too many findings."""


@dataclass(slots=True)
class Progress:
    """What the audit records besides the replay."""

    transcript: str = ""
    settled: int = 0
    height: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    gone: list[list[int]] = field(default_factory=list)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Progress":
        """Return the progress in a checkpoint; RequestError if `data` is something else."""
        kinds = {"transcript": str, "settled": int, "height": int, "history": list, "gone": list}
        if data.keys() != kinds.keys() or any(type(data[name]) is not kind for name, kind in kinds.items()):
            raise RequestError(DAMAGED)
        if any(not isinstance(one, dict) for one in data["history"]):
            raise RequestError(DAMAGED)
        runs = data["gone"]
        if any(not isinstance(run, list) or [type(part) for part in run] != [int, int] for run in runs):
            raise RequestError(DAMAGED)
        return cls(
            data["transcript"],
            data["settled"],
            data["height"],
            list(data["history"]),
            list(runs),
        )


class _Reorganised(Exception):
    pass


class Auditor:
    """Audits one federation.

    `store`: holds its models; None leaves learning data out. `kept`: for how many rounds its members keep
    models; None if unknown.
    """

    def __init__(
        self,
        source: Source,
        scope: Scope = Scope(),
        *,
        store: Store | None = None,
        kept: int | None = None,
        known: Mapping[str, Compiled] | None = None,
        contract: str = "",
        points: Sequence[Point] = (),
        save: Callable[[Sequence[Point]], None] | None = None,
        save_every: float = 10.0,
        history: bool = False,
        tell: Callable[[int, int, int], None] = lambda block, last, round: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._scope = scope
        self._store = store
        self._kept = kept
        self._known = known
        self._contract = contract
        self._points = list(points)
        self._resumed = bool(points)
        self._save = save
        self._save_every = save_every
        self._history = history
        self._tell = tell
        self._clock = clock
        self._findings = Findings()
        self._progress = Progress()
        self._replay: Replay
        self._models: Models | None = None
        self._absences = self._make_absences()
        self._span = 256

    def run(self) -> AuditResult:
        """Audit up to the latest block. UnavailableError if chain or store don't answer."""
        tip = self._source.tip()
        if tip.number < self._scope.first_block:
            raise RequestError(
                f"chain at {self._source.where} ends with block {tip.number}, "
                f"before {self._scope.first_block}."
            )
        try:
            tip = self._read_all(tip)
        except ProtocolError as error:  # the specification refuses the terms
            self._findings.add("terms", "the terms", "terms that the rules allow", str(error))
        except TooManyFindings:
            return self._conclude(tip, ended_early=True)
        except (LookupError, ArithmeticError, AssertionError) as error:
            if not self._resumed:
                raise
            raise RequestError(f"{DAMAGED} The replay fails from there: {error!r:.100}.") from error
        finally:  # whatever ends the audit, the next one continues from here
            if self._save and self._points:
                self._save(self._points)
        return self._conclude(tip)

    def _read_all(self, tip: Block) -> Block:
        """Audit up to `tip`, or a later tip after a reorganisation; return the tip that was reached."""
        saved, cursor = self._clock(), self._go_on(tip)
        for _ in range(REORGANISATIONS):
            try:
                while cursor < tip.number:
                    cursor = self._read_page(cursor, tip)
                    if self._save and self._clock() - saved >= self._save_every:
                        self._save(self._points)
                        saved = self._clock()
                self._finish(tip)
                return tip
            except _Reorganised:
                tip = self._source.tip()
                cursor = self._go_on(tip)
        raise UnavailableError(
            f"chain at {self._source.where} was reorganised {REORGANISATIONS} times while it was read. "
            "Try again when it has settled down."
        )

    # ------------------------------------------------------------------ going on, and back

    def _go_on(self, tip: Block) -> int:
        """Restore the newest point whose block is still on the chain, or the beginning; return its block."""
        while self._points:
            newest = self._points[-1]
            if newest.block <= tip.number and self._source.blocks([newest.block])[0].hash == newest.hash:
                break
            self._points.pop()
        point = self._points[-1] if self._points else None
        self._findings = make_findings(point)
        self._progress = Progress.load(point.progress) if point else Progress()
        source = self._source
        self._replay = Replay(
            source.mechanism,
            source.terms,
            address=source.federation,
            chain_id=source.chain_id,
            findings=self._findings,
        )
        if point:
            load_replay(self._replay, point.replay)
        self._absences = self._make_absences()
        if self._store is not None:
            self._models = Models(self._store, source.terms.genesis, self._findings, self._absences)
        return point.block if point else self._scope.first_block - 1

    def _make_absences(self) -> Absences:
        """Return the record of missing models, as of the current point."""
        runs = [(first, last) for first, last in self._progress.gone]
        return Absences(self._kept, self._source.terms.genesis, self._look, runs)

    def _look(self) -> Status:
        """Return the federation's status at the chain's present tip."""
        return self._source.status(self._source.tip().number)

    # ------------------------------------------------------------------ a page

    def _read_page(self, cursor: int, tip: Block) -> int:
        """Replay the page of blocks after `cursor`; return the page's last block."""
        last = min(cursor + self._span, tip.number)
        logs = self._source.logs(cursor + 1, last)
        before = self._points[-1] if self._points else None
        blocks = self._read_blocks(logs, before, last)
        self._adapt(len(logs.entries) + len(logs.transfers))
        done = self._play(logs, blocks)
        self._look_at(done, tip)
        self._keep(blocks[last])
        self._tell(last, tip.number, self._replay.round_number)
        return last

    def _read_blocks(self, logs: Logs, before: Point | None, last: int) -> dict[int, Block]:
        """Return the blocks of the logs, and the `last`. `_Reorganised` if the logs belong to other blocks,
        or the newest point's block is gone."""
        numbers = {entry.event.block for entry in logs.entries} | {one.block for one in logs.transfers}
        wanted = sorted(numbers | {last} | ({before.block} if before else set()))
        blocks = {block.number: block for block in self._source.blocks(wanted)}
        if before and blocks[before.block].hash != before.hash:
            raise _Reorganised
        for entry in logs.entries:
            if entry.block_hash and entry.block_hash != blocks[entry.event.block].hash:
                raise _Reorganised
        return blocks

    def _adapt(self, events: int) -> None:
        if events > EVENTS:
            self._span = max(FEWEST_BLOCKS, self._span // 2)
        elif events < EVENTS // 3:
            self._span = min(MOST_BLOCKS, self._span * 2)

    def _play(self, logs: Logs, blocks: Mapping[int, Block]) -> list[ReplayedRound]:
        moved: dict[tuple[int, str], list[Transfer]] = defaultdict(list)
        for transfer in logs.transfers:
            moved[transfer.block, transfer.transaction].append(transfer)
        acted: dict[tuple[int, str], list[Event]] = defaultdict(list)
        for entry in logs.entries:
            acted[entry.event.block, entry.event.transaction].append(entry.event)
        # By block, and within a block in the order of events; transactions that only moved tokens come last.
        order = sorted(dict.fromkeys([*acted, *moved]), key=lambda key: key[0])
        done: list[ReplayedRound] = []
        for number, transaction in order:
            block, events = blocks[number], acted.get((number, transaction), [])
            env = Env(block.time, number, partial(self._get_entropy, number), transaction)
            flows = count_flows(moved.get((number, transaction), ()), self._source.federation)
            settled = self._replay.play(env, events, flows)
            done += settled
            self._note(block, events)
            for one in settled:
                self._note_settled(one, block)
        return done

    def _get_entropy(self, at: int, round_number: int, seal_block: int) -> bytes:
        return self._source.entropy(round_number, seal_block, at)

    def _note(self, block: Block, events: Iterable[Event]) -> None:
        text = self._progress.transcript + block.hash
        for event in events:
            args = [f"{name}={_plain(value)}" for name, value in event.args.items()]
            text += f"\n{event.transaction} {event.name} {' '.join(args)}"
        self._progress.transcript = sha256(text.encode()).hexdigest()

    def _note_settled(self, one: ReplayedRound, block: Block) -> None:
        self._progress.settled += 1
        if self._history and self._scope.has(one.round_number):
            self._progress.history.append(
                {
                    "round": one.round_number,
                    "outcome": one.record.outcome.name.lower(),
                    "head": "0x" + one.head.hex(),
                    "transaction": one.transaction,
                    "block": one.block,
                    "hash": block.hash,
                }
            )

    def _look_at(self, done: Sequence[ReplayedRound], tip: Block) -> None:
        """Compare the settled rounds with the chain's records and the store, then forget them."""
        compare_rounds(self._findings, self._source, done, tip.number)
        if self._models is not None:
            for one in done:
                if self._scope.has(one.round_number):
                    self._models.check(one)
        if done:
            self._progress.height = compare_records(
                self._findings, self._source, self._replay, self._progress.height, tip.number
            )
        self._replay.forget()

    def _keep(self, block: Block) -> None:
        progress = {
            "transcript": self._progress.transcript,
            "settled": self._progress.settled,
            "height": self._progress.height,
            "history": list(self._progress.history),
            "gone": [list(run) for run in self._absences.runs],
        }
        point = Point(block.number, block.hash, dump_replay(self._replay), progress, tuple(self._findings))
        self._points = thin([*self._points, point])

    # ------------------------------------------------------------------ the end

    def _finish(self, tip: Block) -> None:
        """Compare the state and the code as of `tip` with the replay.

        These findings go into no point: a resumed audit compares a later state.
        """
        found = self._findings = Findings(self._findings)
        if self._known is not None:
            self._check_code(found, tip)
        compare_state(found, self._source, self._replay, tip)
        if self._source.blocks([tip.number])[0].hash != tip.hash:
            raise _Reorganised

    def _check_code(self, found: Findings, tip: Block) -> None:
        assert self._known is not None
        source, address, at = self._source, self._source.federation, tip.number
        codes = source.code(address, at), source.code(compute_terms_book(address), at)
        built = source.build(self._known[self._contract].creation, at)
        check_code(found, self._contract, self._known, CodeOnChain(*codes, built))

    def _conclude(self, tip: Block, *, ended_early: bool = False) -> AuditResult:
        first = self._source.blocks([self._scope.first_block])[0]
        inside = [one for one in self._findings if self._scope.has(one.round)]
        # In the chain's order; findings without a transaction come last.
        findings = tuple(sorted(inside, key=lambda one: (not one.transaction, one.block)))
        progress = self._progress
        return AuditResult(
            findings,
            first,
            tip,
            progress.settled,
            progress.transcript,
            tuple(progress.history),
            self._absences.runs,
            ended_early,
        )


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(_plain, value)) + "]"
    return str(int(value)) if isinstance(value, int) else str(value)
