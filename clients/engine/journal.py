"""What a run writes down, so that it can die at any instant and continue.

Six journals, all JSON lines:

* `ballots.jsonl`: every ballot, before its commitment is sent. A second evaluation need not repeat a ballot
bit for bit. Salts need no journal: they follow from the key.
* `memory.jsonl`: what participants remember from round to round; only their mechanism interprets it.
* `sent.jsonl`: every transaction, before it is sent to a chain that outlives the run: its act, nonce, hash
and fees. A restarted process continues with the same nonce, and so never acts twice.
* `calls.jsonl`: every batch that a chain of our own has executed. Such a chain dies with the run; replaying
  its calls on a fresh one restores the same state.
* `pins.jsonl`: every file, before it goes into a store that outlives the run, so that it is released in time.
* `waiting.jsonl`: files that nobody else may have yet, with the calls that will name them; the files are
beside it, in `waiting/`. Who pledged an update must propose it, and training again need not give the same.
"""

import fcntl
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clients.ports.chain.flights import JournalEntry
from clients.ports.files import LineFile, write_whole
from clients.ports.store import compute_cid
from clients.protocol.rounds import Action
from clients.types.chain import Call, Devnet, Receipt
from clients.types.cid import Cid
from clients.types.errors import RequestError
from clients.types.federation import Address, Phase

HEAD_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files that nobody else may have before the `calls` are due that name them, by account.

    Several calls of an account are alternatives, as in `clients.mechanisms.base.Done`.
    """

    calls: Mapping[Address, Sequence[Call]]
    files: Sequence[bytes]

    @property
    def methods(self) -> set[str]:
        """Return what the calls call."""
        return {call.method for tried in self.calls.values() for call in tried}

    def is_early(self, actions: Mapping[str, Action], phase: Phase) -> bool:
        """Return whether all the calls belong to phases after `phase`."""
        phases = [actions[method].phase for method in self.methods if method in actions]
        return bool(phases) and all(one is not None and one > phase for one in phases)


class Journal:
    """The journals of one run, in `folder`.

    `durable`: the chain outlives the run, so a ballot must be on the disk before its commitment is sent. A
    chain of our own dies with the run, and the current round starts over: there one `sync` per round is
    enough.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._durable = durable
        self._lock = _lock(folder)
        self._ballots = LineFile(folder / "ballots.jsonl", durable=durable)
        self._memory = LineFile(folder / "memory.jsonl", durable=durable)
        self._remembered: dict[Address, dict[int, Any]] | None = None
        """What `memory.jsonl` says, by account and round, once it was read."""
        self._calls = LineFile(folder / "calls.jsonl", durable=durable)
        self._sent = LineFile(folder / "sent.jsonl", durable=durable)
        self._pins = LineFile(folder / "pins.jsonl", durable=durable)
        self._waiting = LineFile(folder / "waiting.jsonl", durable=durable)

    def close(self) -> None:
        """Release the folder for other processes."""
        self._lock.close()

    def claim(self, federation: str) -> None:
        """Make the folder the journal of `federation` (its identity); `RequestError` if it is another's.

        Rounds count from 1 in every federation, so ballots of one could be taken for another's.
        """
        path = self.folder / "federation"
        if path.exists() and path.read_text() != federation:
            raise RequestError(
                f"{self.folder} is the journal of federation {path.read_text()}, not of {federation}: "
                "give each federation a folder of its own (--journal)."
            )
        write_whole(path, federation)

    def note_uses(self, round_number: int, cids: Iterable[Cid]) -> None:
        """Write down that round `round_number` uses these files, which the store must hold for us."""
        self._pins.append({"round": round_number, "cids": [str(cid) for cid in cids]})

    def uses(self) -> dict[Cid, int]:
        """Return the files that the store may hold for us, each with the last round that uses it."""
        found: dict[Cid, int] = {}
        try:
            for record in self._pins.read():
                for cid in record["cids"]:
                    found[Cid.parse(cid)] = max(int(record["round"]), found.get(Cid.parse(cid), 0))
        except (ValueError, KeyError, TypeError, AttributeError, RequestError) as error:
            raise RequestError(
                f"{self._pins.path} is damaged: {error}. Remove it; nothing but disk space is lost."
            ) from None
        return found

    def keep_uses(self, uses: Mapping[Cid, int]) -> None:
        """Forget all files but those in `uses`: the store no longer holds them for us."""
        rounds: dict[int, list[str]] = {}
        for cid, last in uses.items():
            rounds.setdefault(last, []).append(str(cid))
        self._pins.keep([{"round": last, "cids": sorted(rounds[last])} for last in sorted(rounds)])

    def note_waiting(self, round_number: int, waiting: Waiting) -> None:
        """Write down files that wait, before any call is sent that promises them.

        Nothing is written for a chain of our own: there the round starts over.
        """
        if not self._durable:
            return
        names = [str(compute_cid(data)) for data in waiting.files]
        for name, data in zip(names, waiting.files, strict=True):
            write_whole(self._waiting_path(name), data, mode=0o600)  # no peer on this machine copies it
        calls = {who: [_pack(call) for call in tried] for who, tried in waiting.calls.items()}
        self._waiting.append({"round": round_number, "calls": calls, "files": names})

    def waiting(self, round_number: int) -> list[Waiting]:
        """Return what was written down for a round, in order, without what lost its files."""
        return [
            Waiting(
                {who: [_unpack(call) for call in tried] for who, tried in record["calls"].items()},
                [self._waiting_path(name).read_bytes() for name in record["files"]],
            )
            for record in self._waiting.read()
            if record["round"] == round_number
            and all(self._waiting_path(name).exists() for name in record["files"])
        ]

    def keep_waiting(self, after: int) -> None:
        """Forget the files that waited in rounds up to round `after`, and remove them."""
        records = self._waiting.read()
        kept = [record for record in records if record["round"] > after]
        if len(kept) == len(records):
            return
        self._waiting.keep(kept)
        named = {name for record in kept for name in record["files"]}
        for path in self._waiting_path("").glob("*"):
            if path.name not in named:
                path.unlink()

    def _waiting_path(self, name: str) -> Path:
        return self.folder / "waiting" / name

    def note_ballots(self, round_number: int, ballots: Mapping[Address, bytes]) -> None:
        """Write `ballots` down, before any commitment to them is sent."""
        self._ballots.append(
            *(
                {"round": round_number, "account": who, "ballot": ballot.hex()}
                for who, ballot in ballots.items()
            )
        )

    def ballots(self, round_number: int) -> dict[Address, bytes]:
        """Return the ballots that were written down for a round."""
        return {
            record["account"]: bytes.fromhex(record["ballot"])
            for record in self._ballots.read()
            if record["round"] == round_number
        }

    def note_memory(self, round_number: int, memory: Mapping[Address, Any]) -> None:
        """Write down what participants remember after round `round_number`, as JSON-able data."""
        self._memory.append(
            *({"round": round_number, "account": who, "memory": kept} for who, kept in memory.items())
        )
        if self._remembered is not None:
            for who, kept in json.loads(json.dumps(memory)).items():  # as a restart would read it
                self._remember(round_number, who, kept)

    def add_memory(self, round_number: int, memory: Mapping[Address, Mapping[str, Any]]) -> None:
        """Write down what participants remember of round `round_number`, beside what they remembered."""
        kept = self.memory(before=round_number + 1)
        self.note_memory(round_number, {who: {**kept.get(who, {}), **more} for who, more in memory.items()})

    def memory(self, before: int) -> dict[Address, Any]:
        """Return each participant's latest memory from rounds before round `before`.

        A round that starts over writes its memory again; the last entry counts. The file is read once: asking
        in every round costs the same however long the run is.
        """
        if self._remembered is None:
            self._remembered = {}
            for record in self._memory.read():
                self._remember(record["round"], record["account"], record["memory"])
        earlier = {
            who: {number: kept for number, kept in rounds.items() if number < before}
            for who, rounds in self._remembered.items()
        }
        return {who: rounds[max(rounds)] for who, rounds in earlier.items() if rounds}

    def _remember(self, round_number: int, who: Address, kept: Any) -> None:
        """Note a memory. An account's latest two rounds matter: the one in progress and the one before."""
        assert self._remembered is not None
        rounds = self._remembered.setdefault(who, {})
        rounds[round_number] = kept
        for old in sorted(rounds)[:-2]:
            del rounds[old]

    def note_sent(self, entry: JournalEntry) -> None:
        """Write down a transaction that is about to be sent."""
        self._sent.append(entry.to_json())

    def sent(self) -> list[JournalEntry]:
        """Return the transactions sent, the latest last, without those that `keep_sent` dropped.

        Reads the records of older versions too.
        """
        return [JournalEntry.from_json(record, self._sent.path) for record in self._sent.read()]

    def keep_sent(self, entries: Iterable[JournalEntry]) -> None:
        """Forget all transactions but `entries`: the chain has the others."""
        self._sent.keep([entry.to_json() for entry in entries])

    def note_calls(self, round_number: int, receipts: Sequence[Receipt]) -> None:
        """Write down the calls that took effect."""
        done = [_pack(receipt.call) for receipt in receipts if receipt.error is None]
        if done:
            self._calls.append({"round": round_number, "calls": done})

    def note_advance(self, round_number: int, seconds: int) -> None:
        """Write down that the chain's clock was set forward."""
        self._calls.append({"round": round_number, "advance": seconds})

    def sync(self) -> None:
        """Put everything up to the round just settled on the disk."""
        self._calls.sync()

    def rewind(self, rounds: int) -> None:
        """Forget everything after the settlement of round `rounds`: a round in progress starts over."""
        records = self._calls.read()
        last = -1
        for index, record in enumerate(records):
            if record["round"] == rounds and any(
                call["method"] == "settle" for call in record.get("calls", [])
            ):
                last = index
        if rounds and last < 0:
            raise RequestError(
                f"{self._calls.path} lacks the settlement of round {rounds}: this run can't be resumed."
            )
        self._calls.keep(records[: last + 1])
        self._remembered = None
        for file in (self._ballots, self._memory):
            file.keep([record for record in file.read() if record["round"] <= rounds])

    def replay(self, chain: Devnet) -> None:
        """Execute every journalled call on `chain`, a fresh one with the same deployment."""
        for record in self._calls.read():
            if "advance" in record:
                chain.advance(seconds=record["advance"])
                continue
            receipts = chain.send([_unpack(call) for call in record["calls"]])
            for receipt in receipts:
                if receipt.error is not None:
                    raise RequestError(
                        f"{self._calls.path} doesn't replay: {receipt.call.method} in round {record['round']}"
                        f" was refused with {receipt.error}. Either the settings in config.toml "
                        "were changed since, or the run was made by another version."
                    )

    def save_head(self, cid: Cid, data: bytes) -> None:
        """Keep a head's weights for a store that forgets, beside the previous head's."""
        write_whole(self._head_path(cid), data)

    def keep_head(self, cid: Cid) -> None:
        """Drop every kept head but `cid`, whose round is now on record."""
        for path in self.folder.glob(f"*{HEAD_SUFFIX}"):
            if path != self._head_path(cid):
                path.unlink()

    def load_head(self, cid: Cid) -> bytes | None:
        """Return the kept weights of `cid`, if any."""
        path = self._head_path(cid)
        return path.read_bytes() if path.exists() else None

    def _head_path(self, cid: Cid) -> Path:
        return self.folder / f"{cid}{HEAD_SUFFIX}"


def _lock(folder: Path) -> IO[bytes]:
    """Return the open lock of a journal's folder; `RequestError` if another process holds it."""
    file = (folder / ".lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise RequestError(
            f"another process works in {folder}: use one folder per participant or run."
        ) from None
    return file


def _pack(call: Call) -> dict[str, Any]:
    return {"sender": call.sender, "method": call.method, "args": [_pack_value(value) for value in call.args]}


def _pack_value(value: object) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, tuple):
        return list(value)
    return value


def _unpack(record: dict[str, Any]) -> Call:
    return Call(record["sender"], record["method"], tuple(_unpack_value(value) for value in record["args"]))


def _unpack_value(value: Any) -> object:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return value
