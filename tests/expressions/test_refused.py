"""What a stranger may write in place of a formula: every case is refused when it is read, by name, and runs nothing."""

import json
import sys
import time
from pathlib import Path

import pytest

from datagen.expressions import ExpressionFault, parse

CASES = json.loads((Path(__file__).parents[1] / "corpus" / "bad" / "H" / "cases.json").read_text(encoding="utf-8"))
ROW = {
    "price": "float",
    "quantity": "int",
    "country": "string",
    "active": "bool",
    "sold_at": "datetime",
    "sold_on": "date",
}


def text_of(case):
    """The formula of a case; a large one is written as what is repeated."""
    text = case["text"]
    if isinstance(text, str):
        return text
    times = text["times"]
    return text["repeat"] * times + text["then"] + text.get("close", "") * times


def refuse(text):
    with pytest.raises(ExpressionFault) as caught:
        parse(text).check(ROW.get, ROW)
    return caught.value.faults


refuse("prce")  # loads the parser, so that no case has to


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['item']}: {str(case['text'])[:40]}".encode("ascii", "replace").decode()
)
def test_case_is_refused_by_name(case):
    started = time.process_time()
    faults = refuse(text_of(case))
    elapsed = time.process_time() - started
    assert [fault.code for fault in faults] == [case["code"]]
    fault = faults[0]
    assert case.get("says", "") in f"{fault.found} {fault.hint}"
    assert fault.offset == case.get("at", fault.offset)
    assert fault.expected
    for words in (fault.found, fault.expected, fault.hint):
        assert len(words) <= 200
        assert words.replace("\n", "").isprintable()
    assert elapsed < 0.05


def test_there_are_forty_ways_out_and_more():
    assert len([case for case in CASES if case["item"] == "T3"]) >= 40


def test_reading_and_checking_opens_and_runs_nothing():
    events = []
    watching = True

    def watch(event, _arguments):
        if watching and not event.startswith("object."):
            events.append(event)

    texts = [text_of(case) for case in CASES] + [
        "round(price * 1.21, 2)",
        "date_trunc('month', sold_at) + interval 1 month",
    ]
    for text in texts:  # the first time Python may load parts of the parser
        outcome(text)
    parse.cache_clear()
    sys.addaudithook(watch)
    outcomes = [outcome(text) for text in texts]
    watching = False
    assert outcomes[-2:] == ["float", "datetime"]
    assert events == []


def outcome(text):
    try:
        return parse(text).check(ROW.get, ROW).type
    except ExpressionFault:
        return "refused"


@pytest.mark.parametrize("length", [1999, 2000, 2001])
def test_length_is_bounded_before_anything_is_read(length):
    text = "'" + "a" * (length - 2) + "'"
    if length <= 2000:
        assert parse(text).check(ROW.get, ROW).constant_value() == "a" * (length - 2)
    else:
        assert refuse(text)[0].code == "expression.too_long"


def test_two_hundred_parts_are_read_and_one_more_is_not():
    assert parse("-" + "+".join(["1"] * 100)).check(ROW.get, ROW).constant_value() == 98
    assert refuse("+".join(["1"] * 101))[0].code == "expression.too_many_parts"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("abs(", ")"), ("- ", ""), ("case when active then ", " end"), ("interval (", ") days + sold_at")],
)
def test_thirty_levels_are_read_and_one_more_is_not(opening, closing):
    inner = "1"
    if opening == "interval (":
        deep = "abs(" * 29 + "1" + ")" * 29
        assert parse(f"sold_at + interval ({deep}) days").check(ROW.get, ROW).type == "datetime"
        assert refuse(f"sold_at + interval (abs({deep})) days")[0].code == "expression.too_deep"
        return
    assert parse(opening * 30 + inner + closing * 30).check(ROW.get, ROW).type == "int"
    assert refuse(opening * 31 + inner + closing * 31)[0].code == "expression.too_deep"


def test_deep_formula_is_read_from_a_deep_stack():
    text = "case when active then abs(" * 15 + "quantity" + ") end" * 15

    def down(levels):
        return parse(text).check(ROW.get, ROW).type if levels == 0 else down(levels - 1)

    assert down(sys.getrecursionlimit() - 400) == "int"
