"""Writes files whole or not at all, whatever interrupts the writing; appends lines; reads settings."""

import contextlib
import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from clients.types.errors import RequestError, UnavailableError
from clients.types.parsing import parse_json

TEMPORARY = ".writing-"
"""How names of unfinished files start. Only a killed process leaves such files behind."""


def write_whole(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Replace the file at `path` by `data`, text as UTF-8, with permissions `mode`; create its folder first.

    A reader, another process or a power cut finds the old content or the new one, never a part.

    Raises:
        UnavailableError: the disk is full or not ours; the old content stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data.encode() if isinstance(data, str) else data, mode=mode)
    except OSError as error:
        why = error.strerror or error
        raise UnavailableError(
            f"{path} can't be written: {why}. Nothing was changed; free space and try again."
        ) from error


def load_toml(what: str, path: Path, *, exact: bool = True) -> dict[str, Any]:
    """Return the TOML in a file that people write; `what` names the file in messages.

    With `exact`, numbers with a decimal point are `Decimal`: an amount of tokens has 18 places. RequestError
    if the file can't be read, or isn't TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal if exact else float)
    except OSError as error:
        raise RequestError(f"{what} {path} can't be read: {error.strerror}.") from None
    except ValueError as error:  # not TOML, not UTF-8, or a whole number of thousands of digits
        raise RequestError(f"{what} {path} is not TOML: {error}.") from None


def read_line(path: Path, what: str, *, private: bool = False) -> str:
    """Return the first line of a file with a secret in it; `what` names the file in messages.

    Raises:
        UnavailableError: the file can't be read.
        RequestError: the file is `private`, and others than its owner may read it; or it is no text.
    """
    try:
        with path.open("rb") as file:
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise RequestError(f"{what} {path} is open to others than its owner: `chmod 600` it.")
            return file.readline(2**16).decode().rstrip("\r\n")
    except OSError as error:
        raise UnavailableError(f"{what} {path} can't be read: {error.strerror}.") from None
    except ValueError:
        raise RequestError(f"{what} {path} is not UTF-8 text.") from None


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Like `write_whole`, but in an existing folder, and with the system's own errors."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{TEMPORARY}{os.getpid()}-")
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        Path(name).chmod(mode)
        os.replace(name, path)
    except BaseException:  # Ctrl-C too leaves nothing behind
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, if the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class LineFile:
    """A file of JSON lines that only grows, a whole line at a time.

    With `durable` every append survives a power cut. Without it an append survives the process, and a power
    cut only after `sync`.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._durable = durable

    def append(self, *records: dict[str, Any]) -> None:
        """Append `records`; after an error the file is as it was."""
        data = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records).encode()
        size = self.path.stat().st_size if self.path.exists() else 0
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(data)
                if self._durable:
                    os.fsync(file.fileno())
                written = file.tell() - size
        except OSError as error:
            self._cut(size)
            raise UnavailableError(
                f"{self.path} can't be written: {error.strerror}. Free space and resume."
            ) from error
        if written != len(data):
            self._cut(size)
            raise UnavailableError(f"{self.path} can't be written: the disk is full. Free space and resume.")

    def sync(self) -> None:
        """Make earlier appends survive a power cut."""
        if self.path.exists():
            with self.path.open("ab") as file:
                os.fsync(file.fileno())

    def _cut(self, size: int) -> None:
        if self.path.exists():
            os.truncate(self.path, size)

    def read(self) -> list[dict[str, Any]]:
        """Return all complete lines; a torn last line (a crash while writing) is cut off."""
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            self._cut(len(whole))
        try:
            records = [parse_json(line) for line in whole.splitlines()]
        except ValueError as error:
            raise RequestError(
                f"{self.path} is damaged: {error}. Was it written by another program?"
            ) from error
        if not all(isinstance(record, dict) for record in records):
            raise RequestError(f"{self.path} is damaged: not every line is a table.")
        return records

    def keep(self, records: Sequence[dict[str, Any]]) -> None:
        """Replace the content with `records`, from which a resumed run continues."""
        write_whole(self.path, "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records))
