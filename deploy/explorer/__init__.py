"""The audit page: it reads a federation from a node and a gateway. How it is built, and a server for it."""
