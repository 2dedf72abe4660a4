"""Rewrites the golden hashes: `python -m tests.golden.update`, when shipped data were meant to change."""

from __future__ import annotations

import json

from tests.golden.content import HASHES, all_contents, golden


def main() -> None:
    before = golden() if HASHES.exists() else {}
    after = all_contents()
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}).get("tables", {}), after.get(name, {}).get("tables", {})
        changed = [table for table in {**old, **new} if old.get(table) != new.get(table)]
        print(f"{name}: {', '.join(changed) or 'as before'}")
    HASHES.write_text(json.dumps(after, indent=1) + "\n")


if __name__ == "__main__":
    main()
