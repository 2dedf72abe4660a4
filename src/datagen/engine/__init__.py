"""Runs a plan: counts, makes blocks, writes parts. Knows no generator and no behaviour."""
