"""What the commands share: settings, the loop that drives participants, journals, results, the live display.

Only this package and the commands themselves may import from every layer.
"""
