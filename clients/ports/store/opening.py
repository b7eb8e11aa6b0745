"""Opens the store that a user names."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from clients.ports.store.address import ApiAddress, is_address, parse_address
from clients.ports.store.authorization import read_authorization
from clients.ports.store.directory import DirStore
from clients.ports.store.memory import MemoryStore
from clients.ports.urls import is_url, read_url
from clients.types.errors import UnavailableError, unknown_name
from clients.types.store import Store

NAMES = ("auto", "memory", "dir", "kubo")

_log = logging.getLogger(__name__)


def open_store(
    spec: str,
    *,
    root: Path,
    timeout_s: float = 60.0,
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Return the store that `spec` asks for; close it when done.

    `memory`; `dir`, a folder under `root`, or `dir:PATH`; `kubo`, a node of our own with its repository under
    `root`; a multiaddr or URL of a running node, or a reference to its URL (`clients.ports.urls`); or `auto`:
    our own node if Kubo is installed, else a folder. A store that an earlier run left under `root` is reused.

    Raises RequestError for an unknown name or a malformed address, UnavailableError when the store is down.
    """
    if is_url(spec):
        spec = read_url(spec, environ)  # a node's API may have a secret path
    if is_address(spec):
        return _attach(parse_address(spec), timeout_s, environ)
    kind, colon, path = spec.partition(":")
    if kind == "dir" and colon and path:
        return DirStore(Path(path).expanduser())
    if colon or spec not in NAMES:
        raise unknown_name("store", spec, (*NAMES, "dir:PATH", "/ip4/HOST/tcp/PORT", "http://HOST:PORT"))
    if spec == "memory":
        return MemoryStore()
    if spec == "dir":
        return DirStore(root / "store")
    return _own_node(root, spec, timeout_s)


def _own_node(root: Path, spec: str, timeout_s: float) -> Store:
    from clients.ports.store.ipfs import KuboStore
    from clients.ports.store.kubo import KuboNode, find_kubo

    if spec == "auto" and find_kubo() is None:
        return DirStore(root / "store")
    node = KuboNode(root / "kubo")
    try:
        node.start()
    except UnavailableError as error:
        if spec != "auto":
            raise
        _log.warning("Kubo is installed but does not start, so the store is a folder: %s", error)
        return DirStore(root / "store")
    return KuboStore(node.address, timeout_s=timeout_s, on_close=node.stop)


def _attach(address: ApiAddress, timeout_s: float, environ: Mapping[str, str]) -> Store:
    from clients.ports.store.ipfs import KuboStore

    store = KuboStore(address, timeout_s=timeout_s, auth=read_authorization(environ))
    try:
        _log.info("%s runs version %s", store.where, store.version())
    except BaseException:
        store.close()
        raise
    return store
