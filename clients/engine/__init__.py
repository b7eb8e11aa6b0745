"""What the commands share: settings, the loop that drives participants, journals, results, the live display.

The only package, with the commands themselves, in which the layers meet.
"""
