"""Row makers: how many rows each parent has and when, one file per word of the language."""
