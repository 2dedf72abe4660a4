"""Versioned word packs: names, streets, firms, cities and forms of each locale, as data files read when asked for.

A locale is a folder in `data/` and nothing else: tables (`first_name_female.tsv`, with weights where they are known)
and `locale.json` with its rules. PACK_VERSION changes with every value in them; a run says in its manifest which it
used.
"""

from __future__ import annotations

from collections.abc import Iterable

PACK_VERSION = "2"
POOL_SEED = "1"  # part of the seed of what Faker makes; it stays, so that new lists leave those values alone


def pack_versions(fills: Iterable[object]) -> dict[str, str]:
    """Which packs the columns of a plan take their values from, for the manifest: name -> version.

    fills: the filling functions of the columns (`ColumnPlan.fill`). Empty where no column uses the packs; Faker's
    version is there only where a column takes its values from a pool that the installed Faker makes.
    """
    used = {source for fill in fills for source in getattr(fill, "sources", ())}
    versions = {"packs": PACK_VERSION} if used else {}
    if "faker" in used:
        from importlib.metadata import version

        versions["faker"] = version("faker")
    return versions
