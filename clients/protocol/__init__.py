"""The executable specification: `docs/reference/protocol.md` as pure functions and plain data.

No I/O, no clock, no randomness of its own: time, block and entropy are arguments. A refused action raises
`ProtocolError` with the contract's custom error and changes nothing.

`compute_` derives, `get_` looks up, `is_` asks, `process_` changes.
"""
