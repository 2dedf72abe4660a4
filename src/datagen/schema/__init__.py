"""Reads, expands and checks the documents that users write. Imports no numpy."""
