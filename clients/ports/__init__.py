"""The outside world: chain, store, keys, other programs. Each port has one interface and several
implementations."""
