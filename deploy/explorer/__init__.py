"""The audit page: a static page that reads a federation from a node and a gateway, and a small server for it."""
