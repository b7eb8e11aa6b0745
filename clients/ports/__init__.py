"""The outside world: chain, store, binaries. Each port has one seam and several homes behind it."""
