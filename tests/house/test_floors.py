"""Imports go down only, heavy libraries come late, and nothing ambient is near a value: read from the source itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "datagen"

# a floor may import from its own floor and from those after it
FLOORS = (
    ("cli",), ("dataset", "handle"), ("api", "grading", "truth"), ("report", "solving"), ("engine", "checks", "sinks"), ("plan",), ("selection",), ("registry",), ("generators", "modifiers", "rows", "imperfections"), ("columns", "structures"),
    ("contracts",), ("expressions", "sql"), ("laws",), ("dictionary", "kernel",), ("schema",), ("datasets", "packs"), ("codes",), ("errors", "version"),
)  # fmt: skip
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor}

# upward steps that are meant: (from floor, to floor) -> why
ALLOWED = {
    ("laws", "contracts"): "a law is a Part",
    ("laws", "registry"): "a mixture and the binder find other laws by word",
    ("generators", "registry"): "whether a law makes whole numbers",
    ("generators", "plan"): "some of the rows of a block, as a branch of a case sees them",
    ("rows", "registry"): "the law whose mean a factor multiplies",
    ("modifiers", "plan"): "the evaluation of an expression with the value so far",
}


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """A file as it is read by Python, once for all questions."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[tuple[str, int, bool], ...]:
    """(module, line, at the top of the file) of every import; imports for annotations only are left out."""
    tree = tree_of(path)
    found: list[tuple[str, int, bool]] = []
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(child for part in node.body for child in ast.walk(part))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append((alias.name, node.lineno, id(node) in top))
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node.lineno, id(node) in top))
    return tuple(found)


def floor_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "datagen" and len(parts) > 1 else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path: Path) -> None:
    relative = path.relative_to(SOURCE)
    home = relative.parts[0].removesuffix(".py")
    if home in ("__init__", "__main__"):
        return
    assert home in RANK, f"{relative}: floor {home} is not in the list of floors"
    wrong = [
        f"{relative}:{line} imports {module}"
        for module, line, _ in imports(path)
        if (floor := floor_of(module)) is not None
        and floor in RANK
        and RANK[floor] < RANK[home]
        and (home, floor) not in ALLOWED
    ]
    assert not wrong


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_libraries_are_imported_late(path: Path) -> None:
    relative = path.relative_to(SOURCE)
    if relative.parts[0] == "sinks" or relative.parts[:2] == ("expressions", "compile.py"):
        return  # loaded late themselves: when something is written, when a formula first runs
    late = {"polars", "_duckdb", "duckdb", "scipy", "sqlglot", "faker", "holidays", "rich", "ruamel"}
    if relative.parts[0] in (
        "schema",
        "errors.py",
        "contracts.py",
        "registry.py",
        "version.py",
        "datasets",
        "codes",
        "cli",
        "__init__.py",
        "api.py",
        "selection.py",
    ):
        late = late | {"numpy"}
    wrong = [
        f"{relative}:{line} imports {module} at the top"
        for module, line, top in imports(path)
        if top and module.split(".")[0] in late
    ]
    assert not wrong


BANNED_CALLS = {
    "np.random": "values come from addresses",
    "numpy.random": "values come from addresses",
    "random.": "values come from addresses",
    "datetime.now": "no clock",
    "datetime.today": "no clock",
    "datetime.utcnow": "no clock",
    "date.today": "no clock",
    "secrets.": "values come from addresses",
    "uuid.uuid": "values come from addresses",
    "locale.getlocale": "no locale",
    "locale.setlocale": "no locale",
    "locale.strxfrm": "no locale",
    "hash(": "differs between processes",
    "np.interp": "slow, and floats of many rows meet",
    "strftime": "depends on the locale",
}
BESIDE_VALUES = {
    "sinks",
    "cli",
    "api.py",
    "checks",
    "dataset.py",
    "handle.py",
}  # may read clocks: nothing there reaches a value


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_ambient_is_near_a_value(path: Path) -> None:
    relative = path.relative_to(SOURCE)
    if relative.parts[0] in BESIDE_VALUES:
        return
    wrong: list[str] = []
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        text = f"{name}("
        for banned, why in BANNED_CALLS.items():
            hit = (
                text == banned
                if banned.endswith("(")
                else name == banned or name.startswith(banned if banned.endswith(".") else f"{banned}.")
            )
            if hit or (banned == "strftime" and name.endswith(".strftime") and not name.endswith(".dt.strftime")):
                wrong.append(f"{relative}:{node.lineno} {name}: {why}")
        if name in ("time.time", "time.gmtime"):
            wrong.append(f"{relative}:{node.lineno} {name}: no clock")
        if (
            name.endswith(("argsort", "np.sort"))
            and name.startswith("np.")
            and not any(
                keyword.arg == "kind" and isinstance(keyword.value, ast.Constant) and keyword.value.value == "stable"
                for keyword in node.keywords
            )
            and name == "np.argsort"
        ):
            wrong.append(f"{relative}:{node.lineno} {name}: stable sorts only")
    assert not wrong


def test_the_list_of_upward_steps_holds_nothing_that_is_not_used() -> None:
    used = {
        (path.relative_to(SOURCE).parts[0].removesuffix(".py"), floor)
        for path in modules()
        for module, _, _ in imports(path)
        if (floor := floor_of(module)) is not None
    }
    assert set(ALLOWED) <= used
