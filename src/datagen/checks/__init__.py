"""Looks at the files that were written, by SQL: a second implementation that never asks the engine."""
