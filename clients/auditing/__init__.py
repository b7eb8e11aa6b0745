"""The audit: checks a federation's whole history against the specification, and recomputes its models.

Start with `auditor`, which explains how the parts work together. The audit trusts no client, and no data from
chain, store or checkpoint until it has checked them.
"""
