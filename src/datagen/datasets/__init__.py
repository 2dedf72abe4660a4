"""The schemas that come with Datagen, by name: plain documents in our own language, with no code behind them."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".yaml", ".json")


def shipped() -> dict[str, Path]:
    """Name and file of every shipped schema, sorted."""
    folder = Path(__file__).parent
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}
