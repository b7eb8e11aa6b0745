"""Experiments: a paper's figures as data, run in parallel, resumable, never mixed.

`figure.py` reads a figure's TOML, `plan.py` unfolds it into runs, `pool.py` runs them in processes,
`archive.py` keeps each under the digest of its settings, `results.py` turns runs into compact records, and
`metrics.py`, `claims.py` and `pictures.py` those into what a reader looks at. A new paper needs TOML alone.
"""
