"""Errors of recording: one file per word, applied last, to what is written and to nothing that other columns read."""
