"""Datagen: realistic, deterministic, multi-table data sets from a declarative schema."""

from datagen.version import __version__

__all__ = ["__version__"]
