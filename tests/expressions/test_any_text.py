"""Whatever is written: a formula that runs, or a fault with a place. Never another error."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datagen.expressions import ExpressionFault, ExpressionOverflow, parse
from datagen.expressions.functions import SPELLINGS
from datagen.expressions.words import CONSTRUCTS, GRAMMAR_WORDS
from tests.expressions.columns import TYPES
from tests.expressions.oracle import ROWS, series
from tests.support import examples

quick = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SIGNS = [*"+-*/%=<>&|~()(),.;[]{}:?@$^!", "//", "**", "==", "<>", "!=", "<=", ">=", "||", "::", "--"]
VALUES = [
    "1",
    "2.5",
    "0",
    "1e300",
    "9223372036854775807",
    "'a'",
    "''",
    "'2024-01-31'",
    "'3 days'",
    "'day'",
    "'%a%'",
    '"i"',
    "null",
    "true",
]
TYPE_WORDS = [
    "int",
    "float",
    "text",
    "date",
    "timestamp",
    "day",
    "days",
    "month",
    "hours",
    "interval",
    "end",
    "from",
    "as",
]
WORDS = [*TYPES, *GRAMMAR_WORDS, *TYPE_WORDS, *(word for word in SPELLINGS if word.isidentifier()), *sorted(CONSTRUCTS)]
PIECES = st.one_of(
    st.sampled_from(SIGNS), st.sampled_from(VALUES), st.sampled_from(list(TYPES)), st.sampled_from(WORDS)
)


def try_out(text):
    """Read, check and run a text; raises nothing but what the package promises."""
    try:
        checked = parse(text).check(TYPES.get, TYPES)
    except ExpressionFault as fault:
        return fault.faults
    try:
        result = checked.evaluate({name: series()[name] for name in checked.names}, ROWS)
    except ExpressionOverflow as overflow:
        return (overflow.fault,)
    assert len(result) == ROWS
    if checked.type == "float":
        assert result.is_finite().all()
    return ()


def well_told(text, faults):
    for fault in faults:
        assert fault.code.startswith("expression.")
        assert 0 <= fault.offset <= len(text)
        assert fault.found
        assert fault.expected
        assert max(map(len, (fault.found, fault.expected, fault.hint))) <= 200
        assert fault.found.replace("\n", "").isprintable()


@settings(quick, max_examples=examples(600))
@given(st.lists(PIECES, min_size=1, max_size=12).map(" ".join))
@example("interval (i) days")
@example("interval i")
@example("case when end then end end")
@example("extract(year from t) from")
@example("cast(cast(i as text) as")
@example("i in (1) escape 'a'")
@example("s like 'a' escape 'bb'")
@example("not not not f")
@example("- - 1 :: text :: int")
@example("interval 3 days :: text")
@example("date_part(s, t)")
@example("strftime(t, '%')")
@example("concat_ws(null, s)")
@example("repeat(null, 3)")
@example("round(x, null)")
@example("lpad(s, null)")
@example("s like null")
@example("date_trunc(null, t)")
@example("extract('epoch' from interval 1 day)")
@example("greatest(interval 1 month, interval 2 months)")
@example("interval 1 month = interval 2 months")
@example("case when f then interval 1 month end + t")
@example("coalesce(null, null) + 1")
@example("null || null")
@example("null = null")
def test_words_and_signs_in_any_order(text):
    well_told(text, try_out(text))


@settings(quick, max_examples=examples(300))
@given(st.text(max_size=60))
def test_any_characters(text):
    well_told(text, try_out(text))


@settings(quick, max_examples=examples(300))
@given(st.text(alphabet="abijxst019.'\"()+-*/%<>=|&~:, \n", max_size=40))
def test_signs_without_sense(text):
    well_told(text, try_out(text))
