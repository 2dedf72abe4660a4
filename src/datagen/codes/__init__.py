"""What every code of a finding means: its cause, an example that gets it, and one that does not (`datagen explain`).

One YAML file per group of subjects. An example is a fragment of a schema, and `shape` says of what: `column` (columns
of one table, the default), `tables` (a list of tables), `document`, `text` (any text in place of a schema), `command`
(lines for a shell) or `words` (prose). `when: run` marks what shows only when rows are made. Tests run the examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Shape = Literal["column", "tables", "document", "text", "command", "words"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one code means."""

    code: str
    cause: str
    bad: str
    good: str
    shape: Shape = "column"
    when: Literal["plan", "run"] = "plan"


@cache
def catalogue() -> dict[str, Explanation]:
    """Every explanation by its code, sorted."""
    import yaml

    found: dict[str, Explanation] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for code, facts in entries.items():
            if code in found:
                raise AssertionError(f"{code} is explained twice, the second time in {path.name}")
            texts: dict[str, Any] = {key: str(value).strip("\n") for key, value in facts.items()}
            found[code] = Explanation(code=code, **texts)
    return dict(sorted(found.items()))
