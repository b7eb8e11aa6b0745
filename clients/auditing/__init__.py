"""The audit: a federation's whole history held against the specification, and its models recomputed.

It trusts no client. Everything that it reads, of chain, store or checkpoint, is a stranger's until checked.
"""
