"""Settings of the whole suite: property tests draw the same examples every time and may take as long as the machine does."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
