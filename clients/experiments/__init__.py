"""Experiments: a paper's figures as data, run in parallel, resumable, never mixed.

`figure.py` reads a figure's TOML, `plan.py` expands it into runs, `pool.py` runs them in processes,
`archive.py` keeps each run under the digest of its settings, and `results.py` turns runs into compact
records. `metrics.py`, `claims.py` and `pictures.py` turn records into numbers, verdicts and pictures. A new
paper needs only TOML.
"""
