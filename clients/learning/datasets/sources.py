"""Where files come from: the user's folder, a cache, or the network, in that order."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pooch
import requests

from clients.types.errors import RequestError, UnavailableError

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes so far, and the bytes in all (0 where the server does not say)."""

_TIMEOUT_SECONDS = 30.0

# Prepared files that many people share: name -> (size in bytes, SHA-256). A file of another size with the
# same name is the user's own, and is used unchecked.
_KNOWN_BUNDLES = {
    "chestxray14-1000-64px.npz": (
        3561135,
        "62471727cb7891077891a93bcf58030a6b57965d99b54d0f2d22675ed53ebb5b",
    ),
    "cifar10-24k.npz": (67497563, "f25cf963c9192dd270e6c1fe2d32135ac57ce27d0a5be52ec31bc90928ee66bd"),
    "fashion-mnist.npz": (30869925, "5b6d2c4c694a91887af8ab7d039c04f80af3c29378d731c93a538d2e831aa469"),
    "femnist-105-writers.npz": (1866183, "36469a65fa66fd098e9774774ce9ce2edef83fe5dd1957cb896332c188377360"),
    "lending-club-45k.csv.gz": (1268457, "de10007e08c98cbe563c88711fde73ccdc882474544a7e5c3d2d22a2cda6d7e1"),
    "lending-club-raw-schema-2k.csv.gz": (
        370408,
        "cf5795c1d2a10b31f618452684f6240f470345cfa5194448ab1876998f7b6feb",
    ),
    "mnist.npz": (11552180, "f3bd1d3bae3c5b965fbf5d1771a8175df3957106553c497d89e14d84e82ddaab"),
}


@dataclass(frozen=True)
class RemoteFile:
    """A file with its checksum (`md5:…` or `sha256:…`, as its publisher gives it) and mirrors, best first."""

    name: str
    checksum: str
    urls: tuple[str, ...]


class _Told:
    """Adapts our progress callback to the progress bar that pooch drives."""

    def __init__(self, name: str, tell: Progress) -> None:
        self.name = name
        self.tell = tell
        self.total = 0
        self.done = 0

    def update(self, count: int) -> None:
        self.done = min(self.done + count, self.total) if self.total else self.done + count
        self.tell(self.name, self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


class Sources:
    """Finds the files of data sets; every loader is given one."""

    def __init__(
        self,
        *,
        folder: str | os.PathLike[str] | None = None,
        cache: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        chosen = folder if folder is not None else os.environ.get("FEDJURY_DATA") or None
        self.folder = Path(chosen).expanduser() if chosen is not None else None
        self.cache = (
            Path(cache).expanduser() if cache is not None else platformdirs.user_cache_path("fedjury")
        )
        self.progress = progress

    def bundle(self, *names: str) -> Path | None:
        """Return the first of these files or folders in the user's folder or the cache, intact, or None."""
        if self.folder is not None and not self.folder.is_dir():
            raise RequestError(f"the data folder {self.folder} does not exist or is not a folder")
        for home in filter(None, (self.folder, self.cache)):
            for name in names:
                path = home / name
                if path.exists():
                    _check_known(path)
                    return path
        return None

    def fetch(self, dataset: str, files: Sequence[RemoteFile], also: str) -> list[Path]:
        """Return the paths of `files`, downloading those that are in neither folder nor cache into the cache.

        `also` names alternatives, for the message when a file can't be found.
        """
        return [self._fetch(dataset, file, also) for file in files]

    def missing(self, dataset: str, wanted: str, why: str) -> UnavailableError:
        """Return the error that says which file is missing and where to put it."""
        home = self.folder if self.folder is not None else self.cache
        hint = "" if self.folder is not None else " (or set FEDJURY_DATA to a folder that holds it)"
        return UnavailableError(f"data set {dataset}: {wanted} is missing and {why}. Put it in {home}{hint}.")

    def _fetch(self, dataset: str, file: RemoteFile, also: str) -> Path:
        if self.folder is not None and (self.folder / file.name).is_file():
            path = self.folder / file.name
            if not pooch.hashes.hash_matches(str(path), file.checksum):
                raise RequestError(f"{path} is corrupt: its checksum is not {file.checksum}; fetch it again")
            return path
        failures: list[str] = []
        for url in file.urls:
            try:
                return self._download(url, file)
            except (requests.RequestException, ValueError) as error:  # ValueError: wrong checksum
                failures.append(f"{url}: {_short(error)}")
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
                    raise UnavailableError(
                        f"data set {dataset}: cannot write {file.name} into {self.cache}: {error.strerror}. "
                        "Make room, or set XDG_CACHE_HOME or FEDJURY_DATA to another place."
                    ) from error
                failures.append(f"{url}: {_short(error)}")
        wanted = f"{file.name} (or {also})" if also else file.name
        raise self.missing(dataset, wanted, "cannot be downloaded (" + "; ".join(failures) + ")")

    def _download(self, url: str, file: RemoteFile) -> Path:
        self.cache.mkdir(parents=True, exist_ok=True)
        told = _Told(file.name, self.progress) if self.progress is not None else False
        with _quiet_pooch():
            # pooch writes a temporary file, checks its checksum, and only then moves it into place.
            path = pooch.retrieve(
                url=url,
                known_hash=file.checksum,
                fname=file.name,
                path=self.cache,
                downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_SECONDS, progressbar=told),
            )
        return Path(path)


def _short(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's own log lines out of our output while it works."""
    log = pooch.get_logger()
    level = log.level
    log.setLevel("ERROR")
    try:
        yield
    finally:
        log.setLevel(level)


def _check_known(path: Path) -> None:
    known = _KNOWN_BUNDLES.get(path.name)
    if known is None or not path.is_file() or path.stat().st_size != known[0]:
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != known[1]:
        raise RequestError(f"{path} is corrupt: its SHA-256 is {found}, not {known[1]}; fetch it again")
