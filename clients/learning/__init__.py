"""Everything that touches data and weights: data sets, models, training, judging, attacks, aggregation.

It imports `clients.types` and its own libraries only, and knows nothing of chains, stores or roles. Torch is
imported by the modules that need it (`models`, `train`, `evaluate`, `tensors`), so that `codec`, `schema` and
`aggregate`, which an auditor needs, start fast.
"""
