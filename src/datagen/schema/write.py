"""Writes a schema as YAML that is read back as the same tree: what could be taken for something else gets quotes."""

from __future__ import annotations

import re
from typing import Any

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./@+-]*[A-Za-z0-9_/@+-]|[A-Za-z_]")
# words that some YAML reads as true, false, null or a number
TAKEN = re.compile(r"(?:true|false|yes|no|on|off|y|n|null|nan|inf)", re.IGNORECASE)


def yaml_text(tree: Any) -> str:
    """YAML of dicts, lists and scalars, keys in their order."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # an alias is refused when a schema is read
            return True

    def text(dumper: Any, value: str) -> Any:
        plain = PLAIN.fullmatch(value) and not TAKEN.fullmatch(value) and len(value) < 80
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')

    Dumper.add_multi_representer(dict, lambda dumper, value: dumper.represent_dict(value.items()))
    Dumper.add_multi_representer(list, lambda dumper, value: dumper.represent_list(value))
    Dumper.add_multi_representer(str, text)
    Dumper.add_representer(str, text)
    written: str = yaml.dump(tree, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10**6)
    return written
