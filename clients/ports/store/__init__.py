"""Stores of model weights: one port, three implementations (memory, a folder, an IPFS node), the same CIDs in
each."""

from clients.ports.store.directory import DirStore
from clients.ports.store.memory import MemoryStore
from clients.ports.store.opening import open_store
from clients.ports.store.unixfs import compute_cid, verify

# KuboStore and KuboNode stay in .ipfs and .kubo: they are slow to import, and not everybody has a node
__all__ = ["DirStore", "MemoryStore", "compute_cid", "open_store", "verify"]
