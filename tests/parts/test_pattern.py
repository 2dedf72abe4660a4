"""`pattern`: texts that match a regular expression, every choice in it equally likely, unique ones numbered."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

from datagen.generators._regex import RegexError, read, stands_twice
from datagen.generators.pattern import spelled
from tests.parts.columns import chi_square, one_column, refused, values
from tests.parts.proofs import proof
from tests.support import made, plan_of, table_of

ROWS = 6_000
PATTERNS = [
    "[A-Z]{2}-\\d{4}",
    "(AA|B[0-9])(-[a-f]{1,3})?",
    "^\\w{3,9}@[a-z]{2,8}\\.(com|org)$",
    "[^a-zA-Z]{4}.\\D\\S",
    "(?:x|(?P<tail>y{0,2}z)){2}",
    "[]a-]{3}\\[\\x?",
    "příliš (žluťoučký|kůň)",
    "a{0}b{,2}c",
]


@proof("generator", "pattern")
def test_texts_match() -> None:
    for regex in PATTERNS[:5] + PATTERNS[6:]:
        found = values({"pattern": {"regex": regex}}, rows=500)
        assert all(re.fullmatch(regex, text) for text in found), (regex, found[0])
        assert found.n_unique() > 1


@pytest.mark.parametrize("regex", ["[ab]{2}", "(AA|B[0-3])(-[a-c]{1,2})?", "(x|y(1|2{0,2})){2}", "a{1,3}b?", "é[xñ]"])
def test_numbers_below_the_count_make_every_text_once(regex: str) -> None:
    tree = read(regex)
    found = spelled(tree, np.arange(tree.count))
    assert len(set(found)) == tree.count
    letters = sorted({char for text in found for char in text})
    longest = max(map(len, found))
    every = {"".join(text) for n in range(longest + 1) for text in product(letters, repeat=n)}
    assert set(found) == {text for text in every if re.fullmatch(regex, text)}
    assert not stands_twice(tree)


def test_alternatives_lengths_and_characters_are_equally_likely() -> None:
    found = values({"pattern": {"regex": "(a|b|cd)[0-4]{1,3}"}}, rows=ROWS)
    starts = [int(found.str.starts_with(start).sum()) for start in "abc"]
    assert chi_square(starts, [ROWS / 3] * 3) > 1e-4
    digits = found.str.replace("^(a|b|cd)", "")
    lengths = [int((digits.str.len_chars() == n).sum()) for n in (1, 2, 3)]
    assert chi_square(lengths, [ROWS / 3] * 3) > 1e-4
    first = [int(digits.str.starts_with(str(n)).sum()) for n in range(5)]
    assert chi_square(first, [ROWS / 5] * 5) > 1e-4


def test_unique_texts_use_up_the_pattern() -> None:
    found = values({"pattern": {"regex": "[A-J][0-9]{2}"}}, rows=1_000, unique=True)
    assert found.n_unique() == 1_000
    long = values({"pattern": {"regex": "[A-Z0-9]{24}"}}, rows=ROWS, unique=True)
    assert long.n_unique() == ROWS
    assert long.str.slice(0, 1).n_unique() == 36


def test_more_rows_than_texts_are_refused() -> None:
    told = refused(one_column({"pattern": {"regex": "[ab][0-9]"}}, rows=21, unique=True), "unique.domain_too_small")
    assert "20 possible values" in told.found


def test_texts_do_not_depend_on_how_rows_are_cut() -> None:
    for keys in ({}, {"unique": True}):
        plan = plan_of(one_column({"pattern": {"regex": "[a-z]{2,4}-[0-9]{3}"}}, rows=300, **keys))
        whole = table_of(plan, "t")
        for rows in (1, 7, 100):
            assert table_of(plan, "t", block_rows=rows).equals(whole)


def test_few_texts_are_a_closed_list() -> None:
    document = one_column({"pattern": {"regex": "[ab][12]"}}, rows=50, constraints={"enum": ["a1", "a2", "b1", "b2"]})
    assert [one.status for one in plan_of(document).constraints if one.kind == "enum"] == ["held"]
    assert set(made(document, "t")["x"]) == {"a1", "a2", "b1", "b2"}


@pytest.mark.parametrize(
    ("regex", "place"),
    [
        ("a+", 1), ("a*", 1), ("a{2,}", 1), ("(a", 0), ("a)", 1), ("[a", 0), ("[z-a]", 0), ("(?=a)", 0), ("\\1", 0),
        ("\\bq", 0), ("a{3", 1), ("a??", 2), ("{3}", 0), ("a$.b", 1), ("[^ -~]", 0), ("a{9999}", 1), ("(a{900}){2}", 0),
        ("(?i)a", 0), ("(?P<x", 0), ("\\", 0), ("a{5,2}", 1), ("a{x}", 1),
    ],
)  # fmt: skip
def test_what_no_text_can_be_made_of_is_told_with_its_place(regex: str, place: int) -> None:
    with pytest.raises(RegexError) as fault:
        read(regex)
    assert fault.value.place == place, fault.value.why
    told = refused(one_column({"pattern": {"regex": regex}}), "pattern.cannot_make")
    assert told.json_path == "nodes[0].columns[1].generator.pattern.regex"
    assert f"at character {place + 1} of" in told.found


@pytest.mark.parametrize("regex", ["[ab]{0,2}a", "(a|ab)(c|bcd)", "(a?){2}", "(a?|b?)c", "(x|[w-z]1)"])
def test_unique_texts_need_one_way_each(regex: str) -> None:
    assert refused(one_column({"pattern": {"regex": regex}}, rows=2, unique=True), "pattern.two_ways")
