"""Fixes written into the text of a schema: comments, order, quotes and line ends stay, and the tree is the patched one."""

from __future__ import annotations

import copy
import json
import pickle

import jsonpatch
import pytest

from datagen.errors import Finding, Meant, SchemaError, did_you_mean, near, render
from datagen.plan.prepare import prepare
from datagen.schema.load import load_text
from datagen.schema.mend import Mended, mended

YAML = """\
# a shop
name: shop   # its name
timeframe: {start: 2024/1/1, days: 60}
params: {many: 20}
tables:
  - name: users            # who buys
    rows: $mny
    pk: null
    columns:
      "plan": {'chioces': {free: 70%, pro: 0.3}}   # two of them
      price:
        lognorml:
          median: 20
          sigma: 0.5
        decimals: '2'
      twice: {expression: "prise * 2"}
      thrice:
        expression: |
          price * 3 +
            prise
  - name: orders
    parents: [usres]
    fanout: {poisson: 3, clamp: [5, 1]}
    columns: {amount: {normal: {mean: 20, std: 3, truncate: [95, 18]}, unique: "no"}}
"""


def mend(text: str, path: str = "schema.yaml") -> Mended:
    """A text with all its fixes, also of what shows only after others."""
    document, done = load_text(text, path=path), list[Finding]()
    for _ in range(6):
        try:
            findings = prepare(document).bind(look=False).findings
        except SchemaError as error:
            findings = error.findings
        step = mended(document, findings)
        if not step.done:
            break
        document, done = step.document, [*done, *step.done]
    return Mended(document, tuple(done))


def test_only_what_is_misspelt_changes_in_a_text() -> None:
    expected = YAML
    for old, new in (
        ("2024/1/1", "2024-01-01"), ("$mny", "$many"), ("    pk: null\n", ""), ("'chioces'", "'choices'"), ("pro: 0.3", "pro: 30%"),
        ("lognorml", "lognormal"), ("decimals: '2'", "decimals: 2"), ("prise", "price"), ("usres", "users"),
        ("[5, 1]", "[1, 5]"), ("[95, 18]", "[18, 95]"), ('"no"', "false"),
    ):  # fmt: skip
        expected = expected.replace(old, new)
    assert mend(YAML).document.text == expected


def test_other_line_ends_and_json_stay_what_they_are() -> None:
    windows = YAML.replace("\n", "\r\n")
    assert mend(windows).document.text == mend(YAML).document.text.replace("\n", "\r\n")
    text = '{"tables": [\n\t{"name": "users", "rows": "30", "pk": null, "columns": {"city": {"fakre": "city"}}}\n]}'
    right = '{"tables": [\n\t{"name": "users", "rows": 30, "columns": {"city": {"faker": "city"}}}\n]}'
    assert mend(text, "schema.json").document.text == right


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{pk: null, columns: {a: {faker: city}}, name: t}", "{columns: {a: {faker: city}}, name: t}"),
        ("{columns: {a: {faker: city}}, name: t, pk: null}", "{columns: {a: {faker: city}}, name: t}"),
        ("{columns: {a: {faker: city}}, name: t,\n   pk: null\n  }", "{columns: {a: {faker: city}}, name: t,\n  }"),
    ],
)
def test_an_entry_is_left_out_with_its_comma(old: str, new: str) -> None:
    assert mend(f"tables:\n- {old}\n").document.text == f"tables:\n- {new}\n"


@pytest.mark.parametrize(
    "column",
    [
        "{choices: [a, b], weights: [1, 2, 3]}",  # a number too many: which?
        "{choices: {a: 50%, b: 47%}}",  # three hundredths are missing, but not told whose
        "{bernoulli: 1.5}",
        "{expression: nume + nume}",  # twice one word: both or one of them
        "{type: txt, faker: city}",
        "{uniform: {low: 60, high: 20}}",
    ],
)
def test_what_is_not_sure_is_told_and_not_mended(column: str) -> None:
    text = f"tables: [{{name: users, columns: {{name: {{faker: name}}, x: {column}}}}}]"
    with pytest.raises(SchemaError) as caught:
        prepare(load_text(text)).bind()
    assert all(one.fix is None for one in caught.value.findings)
    assert mend(text).document.text == text


def test_two_names_as_near_are_no_sure_guess() -> None:
    assert isinstance(did_you_mean("prise", ["price", "total"]), Meant)
    assert not isinstance(did_you_mean("prise", ["price", "prize"]), Meant)
    assert not isinstance(did_you_mean("x", ["y", "total"]), Meant)
    assert near("pric", ["prices", "price"]) == "price"
    assert did_you_mean("Price", ["price", "prices"]) == "did you mean 'price'?"
    for hint in (did_you_mean("prise", ["price"]), copy.deepcopy(did_you_mean("prise", ["price"]))):
        again = pickle.loads(pickle.dumps(hint))
        assert isinstance(again, Meant)
        assert (again, again.written, again.instead) == ("did you mean 'price'?", "prise", "price")


def test_a_patch_gives_the_same_tree_by_another_hand() -> None:
    document = load_text(YAML, path="schema.yaml")
    with pytest.raises(SchemaError) as caught:
        prepare(document)
    findings = [one for one in caught.value.findings if one.fix]
    facts = json.loads(json.dumps([one.as_dict() for one in findings]))
    patch = [operation for one in facts for operation in one["fix"]["json_patch"]]
    after = mended(document, findings)
    assert len(after.done) == len(findings) > 0
    assert after.document.root == jsonpatch.apply_patch(json.loads(json.dumps(document.root)), patch)
    assert all("  fix       " in render(one) for one in findings)


def test_a_fix_below_a_misspelt_key_is_written_too() -> None:
    text = "timefrme: {strat: 2024-01-01, days: 30}\ntables: [{name: users, columns: {city: {faker: city}}}]"
    assert mend(text).document.text == text.replace("timefrme", "timeframe").replace("strat", "start")


@pytest.mark.parametrize(
    ("text", "slip", "name"),
    [
        (
            "tables:\n- {name: cutsomers, rows: 9, columns: {e: {faker: email}}}\n"
            "- {name: orders, parents: [customers], columns: {q: {ref: customers}, n: {lookup: {from: customers.e}}}}\n",
            "cutsomers",
            "customers",
        ),
        (
            "tables:\n- name: visits\n  columns: {amuont: {poisson: 3}, b: {expression: amount * 2}, "
            "c: {expression: 1 + amount}}\n",
            "amuont",
            "amount",
        ),
        (
            "params: {mnay: 3}\ntables:\n- {name: a, rows: $many, columns: {e: {faker: email}}}\n"
            "- {name: b, rows: $many, columns: {e: {faker: email}}}\n",
            "$mnay",
            "$many",
        ),
    ],
)
def test_where_references_agree_the_name_that_is_made_may_be_the_slip(text: str, slip: str, name: str) -> None:
    assert mend(text).document.text == text
    with pytest.raises(SchemaError) as caught:
        prepare(load_text(text)).bind()
    hints = [one.hint for one in caught.value.findings]
    assert all(f"'{slip}'" in hint and f"'{name}'" in hint for hint in hints), hints
    # one reference alone is mended as ever
    right = text.replace(slip.lstrip("$"), name.lstrip("$"))
    odd = right[::-1].replace(name[::-1], slip[::-1], 1)[::-1]
    assert mend(odd).document.text == right


def test_a_column_is_not_meant_by_its_own_formula() -> None:
    text = "tables: [{name: users, columns: {total: {expression: totals * 2}}}]"
    assert mend(text).document.text == text
    two = "tables: [{name: users, columns: {total: {poisson: 3}, twice: {expression: totals * 2}}}]"
    assert mend(two).document.text == two.replace("totals", "total")


@pytest.mark.parametrize(
    "entry",
    [
        "pk: null   # keep me",
        "fanout: # ask finance",
        """columns: {numb: {poisson: 3}, x: {expression: "nubm +

        length('anubm')"}}""",
    ],
)
def test_a_comment_and_a_text_of_several_lines_stay(entry: str) -> None:
    columns = "" if "columns" in entry else "  columns: {a: {faker: city}}\n"
    text = f"tables:\n- name: users\n{columns}  {entry}\n"
    assert mend(text).document.text == text
    with pytest.raises(SchemaError) as caught:
        prepare(load_text(text)).bind()
    assert all(one.fix is None for one in caught.value.findings)


def test_the_word_alone_changes_in_a_text_of_several_lines() -> None:
    text = 'tables:\n- name: users\n  columns:\n    numb: {poisson: 3}\n    x: {expression: "numb +\n\n      nubm * 2"} # c\n'
    assert mend(text).document.text == text.replace("nubm", "numb")
