"""Files that are there whole or not at all, whatever ends the writing."""

import contextlib
import os
import tempfile
from pathlib import Path

from clients.types.errors import UnavailableError


def write_whole(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Replace the file at `path` by `data`, text as UTF-8, with the rights `mode`, making its folder first.

    A reader, another process or a power cut meets the old content or the new one, never a part.

    Raises:
        UnavailableError: the disk is full or not ours; the old content stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            os.replace(name, path)
        except BaseException:  # Ctrl-C too leaves nothing behind
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        why = error.strerror or error
        raise UnavailableError(
            f"{path} can't be written: {why}. Nothing was changed; free room and try again."
        ) from error
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
