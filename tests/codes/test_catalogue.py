"""Every code that the source can say is explained, nothing else is, and the examples do what they say."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import jsonpatch
import pytest

from datagen.codes import Explanation, catalogue
from datagen.errors import Finding
from datagen.schema.load import load_text
from datagen.schema.mend import mended
from tests.codes.examples import RUNNABLE, document_of, findings_of, findings_of_document

SOURCE = Path(__file__).parents[2] / "src" / "datagen"
CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\.[a-z][a-z0-9_]*")
FILE_NAMES = (".gz", ".md", ".json", ".jsonl", ".tsv", ".yaml", ".txt", ".js", ".css", ".html")
# texts of the form of a code that are something else, by file or as they stand
OTHER_FILES = {"schema/later_keys.py", "generators/_faker/internet.py", "registry.py"}
OTHER_TEXTS = {
    "datagen.report",
    "timeframe.start",
    "timeframe.end",
    "on.this_key",
    "customer.customer_id",
    "product.price",
}
# codes that are put together: the pieces that are written -> what they become
PUT_TOGETHER = {
    "language.unknown_{}": ("language.unknown_generator", "language.unknown_modifier"),
    "usage.unknown_{}": ("usage.unknown_command", "usage.unknown_option"),
    "value.{}": ("value.range", "value.enum", "value.pattern", "value.inequality"),
    "law.{}": ("law.clamp", "law.truncate"),
    "column.{}_type": ("column.decimals_type", "column.precision_type"),
    "{}.no_weight": ("pattern.no_weight", "seasonality.no_weight"),
    "{}.weights_length": ("pattern.weights_length", "seasonality.weights_length"),
}
# texts with holes that are no codes: places in a document, names of files and effects, pieces of SQL
HOLES_ELSEWHERE = {
    "datagen.{}", "generator.{}", "modifier.{}", "{}.tsv", "{}.yaml", "{}.{}", "on.{}", "{}.segment_fanout", "{}.segment_value",
    "{}.html", "t.{}", "a{}.{}", "{}.touches", "{}.population", "{}{}.{}", "{}.trend", "{}.{}.trend",
}  # fmt: skip


@cache
def said() -> dict[str, str]:
    """Every code in the source, with a place where it stands; codes with holes as they are written."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        relative = path.relative_to(SOURCE)
        if str(relative) in OTHER_FILES or relative.parts[0] == "codes":
            continue
        for text, line in texts(ast.parse(path.read_text(encoding="utf-8"))):
            if not text.endswith(FILE_NAMES) and text not in OTHER_TEXTS:
                found.setdefault(text, f"{relative}:{line}")
    return found


def texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Texts of the form of a code, those with holes with {} for each hole."""
    pieces: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pieces.update(id(part) for part in node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            if re.fullmatch(r"(?:[a-z_]|\{\})+\.(?:[a-z_]|\{\})+", text) and "{}" in text:
                yield text, node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            whole = CODE.fullmatch(node.value)
            yield from [(node.value, node.lineno)] if whole else []


def spelled_out() -> dict[str, str]:
    found: dict[str, str] = {}
    for text, place in said().items():
        for code in PUT_TOGETHER.get(text, () if text in HOLES_ELSEWHERE else (text,)):
            found[code] = place
    return found


def test_every_code_of_the_source_is_explained() -> None:
    missing = {code: place for code, place in spelled_out().items() if code not in catalogue()}
    assert not missing


def test_every_explanation_is_of_a_code_that_the_source_can_say() -> None:
    assert not set(catalogue()) - set(spelled_out())


def test_codes_that_are_put_together_are_in_the_source() -> None:
    assert set(PUT_TOGETHER) <= set(said())


def test_explanations_are_sentences_of_some_length() -> None:
    for code, one in catalogue().items():
        assert one.cause[0].isupper() or one.cause[0] == "`", code
        assert one.cause.endswith((".", "?")), code
        assert 25 <= len(one.cause) <= 500, code
        assert one.bad, code
        assert one.good, code
        assert one.bad != one.good, code
        if one.shape == "command":
            assert all(line.startswith("$ ") for line in (*one.bad.splitlines(), *one.good.splitlines())), code


def mends(one: Explanation, meant: Sequence[Finding], told: Sequence[Finding]) -> None:
    """The fixes of an example, written into its text, are those of its JSON Patches, and nothing is wrong after them that
    was not wrong before."""
    fixes = [finding.fix for finding in meant if finding.fix]
    if not fixes:
        return
    document = load_text(document_of(one.shape, one.bad))
    after = mended(document, meant)
    assert len(after.done) == len(fixes)
    expected = jsonpatch.apply_patch(json.loads(json.dumps(document.root)), [op for fix in fixes for op in fix])
    assert after.document.root == expected
    left = {finding.code for finding in findings_of_document(one, after.document)}
    assert one.code not in left
    assert left <= {finding.code for finding in told} | {"effect.invisible"}


@pytest.mark.parametrize("code", [code for code, one in catalogue().items() if one.shape in RUNNABLE])
def test_the_bad_example_gets_the_code_and_the_good_one_nothing(code: str) -> None:
    one = catalogue()[code]
    told = findings_of(one, one.bad)
    assert code in {finding.code for finding in told}
    mends(one, [finding for finding in told if finding.code == code], told)
    good = findings_of(one, one.good)
    if code != "effect.invisible":  # examples are small: what they plant may be too faint to see
        good = tuple(finding for finding in good if finding.code != "effect.invisible")
    assert not good, f"{document_of(one.shape, one.good)}\n{good}"
