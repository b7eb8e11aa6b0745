"""The audit page, which reads a federation from a node and a gateway: its build, and a server for it."""
