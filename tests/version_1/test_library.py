"""A document of version 1 runs unchanged: what it declares is asked of the written CSV files, in SQL."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from tests.written import Tables, publish, share_error, written

LIBRARY = Path(__file__).with_name("library.json")
BEHAVIORS = ("segment_behavior", "vintage_behavior", "targets")
MEMBERS, BOOKS = 5_000, 3_000
DAYS = "'2023-01-01'::timestamp and '2024-12-31 23:59:59'::timestamp"


def document() -> dict[str, Any]:
    """The library without its behaviours: what its generators declare is easier asked where nothing acts on them."""
    content: dict[str, Any] = json.loads(LIBRARY.read_text())
    return {
        **{key: value for key, value in content.items() if key not in BEHAVIORS},
        "nodes": [{key: value for key, value in node.items() if key not in BEHAVIORS} for node in content["nodes"]],
    }


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The library, and beside it one made without campaigns (`calm_loan`) and one without outliers (`plain_loan`)."""
    home = tmp_path_factory.mktemp("library")
    tables = written(document(), home / "whole")
    for prefix, without in (("calm_", ("late_fee", "effect")), ("plain_", ("days_kept", "outliers"))):
        other = document()
        loan = next(node for node in other["nodes"] if node["id"] == "loan")
        column = next(column for column in loan["columns"] if column["name"] == without[0])
        column["modifiers"] = [one for one in column["modifiers"] if one["transform"] != without[1]]
        publish(other, home / prefix)
        tables.add(home / prefix, prefix)
    return tables


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The document as it stands."""
    return written(LIBRARY, tmp_path_factory.mktemp("behaviors"))


def test_the_document_itself_is_planned_without_an_error() -> None:
    assert [one for one in api.prepare(LIBRARY).bind().findings if one.severity == "error"] == []


def test_no_loan_is_older_than_its_member(whole: Tables) -> None:
    early = "select count(*) from loan join member using (member_id) where loaned_at < joined_at"
    assert whole.value(early) == 0
    assert whole.value(f"select count(*) from loan where loaned_at not between {DAYS}") == 0


def test_tiers_lend_and_pay_by_their_multipliers(whole: Tables) -> None:
    found = {
        tier: (float(each), float(fee), count)
        for tier, each, fee, count in whole.rows(
            """select tier, count(loan_id) / count(distinct member_id), avg(late_fee), count(loan_id)
            from member left join loan using (member_id) group by 1"""
        )
    }
    for tier, more, dearer in (("student", 1.6, 1.0), ("senior", 2.2, 0.5)):
        # members differ in how long they stay: the loans of one vary about twice as much as those of a Poisson law
        relative = (1 / found[tier][2] + 1 / found["adult"][2]) ** 0.5
        assert abs(found[tier][0] / found["adult"][0] - more) < max(0.05, 4 * 2 * relative) * more, found
        # a uniform fee has the relative deviation 0.58
        assert abs(found[tier][1] / found["adult"][1] - dearer) < 4 * 0.58 * relative * dearer + 0.01, found


def test_loans_by_the_age_of_a_member_follow_the_curve(whole: Tables) -> None:
    rows = dict(
        whole.rows(
            """select floor(epoch(loaned_at - joined_at) / 2629800)::int, count(*) from loan join member using (member_id)
            where joined_at <= timestamp '2025-01-01' - to_seconds(5 * 2629800) group by 1"""
        )
    )
    for age, share in enumerate((1.0, 0.8, 0.65, 0.55, 0.5)):
        assert abs(rows[age] / rows[0] - share) < 0.05 + 3 * (2 / rows[age]) ** 0.5, rows


def test_without_behaviours_it_is_planned_without_a_warning() -> None:
    assert api.prepare(document()).bind().findings == ()


def test_tables_have_the_declared_rows_and_dense_keys(library: Tables) -> None:
    for table, key, first, rows in (
        ("branch", "branch_id", 1, 12), ("staff", "staff_id", 100, 200), ("book", "book_id", 1, BOOKS),
        ("campaign", "campaign_id", 1, 6), ("member", "member_id", 5000, MEMBERS),
    ):  # fmt: skip
        found = library.row(f"select count(*), min({key}), max({key}), count(distinct {key}) from {table}")
        assert found == (rows, first, first + rows - 1, rows)
    assert library.row(
        "select min(loan_id), max(loan_id) - count(*), count(distinct loan_id) - count(*) from loan"
    ) == (1, 0, 0)
    assert library.rows("select value from genre") == [
        ("fiction",),
        ("history",),
        ("science",),
        ("children",),
        ("comics",),
    ]


@pytest.mark.parametrize(
    ("table", "column", "shares"),
    [
        ("member", "tier", {"student": 0.35, "adult": 0.5, "senior": 0.15}),
        ("member", "country", {"US": 0.5, "DE": 0.3, "CZ": 0.2}),
        ("loan", "status", {"returned": 0.9, "late": 0.08, "lost": 0.02}),  # codes R, L and X through map_values
    ],
)
def test_weights_of_choices_come_out(library: Tables, table: str, column: str, shares: dict[str, float]) -> None:
    rows, found = library.value(f"select count(*) from {table}"), library.shares(table, column)
    assert found.keys() == shares.keys()
    assert all(abs(found[value] - share) < share_error(share, rows) for value, share in shares.items())


def test_genres_follow_zipf_in_the_order_of_the_vocabulary(library: Tables) -> None:
    weights = {
        genre: (k + 1) ** -1.2 for k, genre in enumerate(["fiction", "history", "science", "children", "comics"])
    }
    found = library.shares("book", "genre")
    for genre, weight in weights.items():
        share = weight / sum(weights.values())
        assert abs(found[genre] - share) < share_error(share, BOOKS)


def test_the_first_fifth_of_publishers_has_the_head_share_and_the_rest_a_zipf_tail(library: Tables) -> None:
    tail = [k**-1.5 for k in range(1, 9)]
    shares = [0.3, 0.3, *(0.4 * weight / sum(tail) for weight in tail)]
    found = library.shares("book", "publisher")
    for publisher, share in zip("ABCDEFGHIJ", shares, strict=True):
        assert abs(found[publisher] - share) < share_error(share, BOOKS)


def test_prices_are_lognormal_inside_their_clamp(library: Tables) -> None:
    low, high, mean, std = library.row("select min(price), max(price), avg(ln(price)), stddev(ln(price)) from book")
    assert low >= 3
    assert high <= 120
    # 4 standard errors; the clamp at 3 (4 standard deviations below) moves nothing that shows
    assert abs(mean - 2.7) < 4 * 0.4 / math.sqrt(BOOKS)
    assert abs(std - 0.4) < 4 * 0.4 / math.sqrt(2 * BOOKS)


def test_ages_pile_up_at_the_lower_end_of_their_clamp(library: Tables) -> None:
    low, high, at_low = library.row("select min(age), max(age), avg((age = 6)::int) from member")
    share = normal_below((6.5 - 38) / 16)  # whole numbers: all below 6.5
    assert (low, high <= 95) == (6, True)
    assert abs(at_low - share) < share_error(share, MEMBERS)


def test_loans_per_member_are_poisson(library: Tables) -> None:
    mean, variance, most = library.row(
        """select avg(n), var_samp(n), max(n) from
        (select count(loan_id) n from member left join loan using (member_id) group by member_id)"""
    )
    assert abs(mean - 9) < 4 * 3 / math.sqrt(MEMBERS)
    # the variance of a sample variance of Poisson counts is (λ + 2λ²) / n
    assert abs(variance - 9) < 4 * math.sqrt((9 + 2 * 81) / MEMBERS)
    assert most <= 80


def test_times_follow_the_weekdays_of_the_pattern(library: Tables) -> None:
    weights = [1, 1, 1, 1.1, 1.3, 1.6, 0.4]  # Monday first
    days = dict(
        library.rows(
            """select isodow(day), count(*) from
            generate_series('2023-01-01'::timestamp, '2024-12-31'::timestamp, interval 1 day) t(day) group by 1"""
        )
    )
    whole = sum(weights[day - 1] * count for day, count in days.items())
    rows, found = library.value("select count(*) from loan"), library.shares("loan", "isodow(loaned_at)")
    for day, count in days.items():
        share = weights[day - 1] * count / whole
        assert abs(found[day] - share) < share_error(share, rows)


def test_times_follow_the_hours_of_the_seasonality_blurred_by_the_jitter(library: Tables) -> None:
    weights = [0] * 8 + [0.2, 1, 1.2, 1.3, 1, 0.9, 1.1, 1.4, 1.8, 1.9, 1.2, 0.6, 0.2] + [0] * 3
    rows, found = library.value("select count(*) from loan"), library.shares("loan", "hour(loaned_at)")
    for hour in range(24):
        # a time on the hour grid, moved by a normal shift of 20 minutes, lands d hours further
        share = sum(
            weights[(hour - d) % 24] * (normal_below(3 * (d + 1)) - normal_below(3 * d)) for d in range(-3, 3)
        ) / sum(weights)
        assert abs(found.get(hour, 0) - share) <= share_error(share, rows) + 1e-6
    assert library.value(f"select count(*) from loan where loaned_at not between {DAYS}") == 0


def test_outliers_are_an_exact_share_and_of_the_declared_size(library: Tables) -> None:
    rows, changed, low, high = library.row(
        """select count(*), count(*) filter (days != plain),
        min((days - 0.5) / plain) filter (days != plain), max((days + 0.5) / plain) filter (days != plain)
        from (select l.days_kept as days, p.days_kept as plain from loan l join plain_loan p using (loan_id))"""
    )
    assert changed == math.floor(rows * 0.01 + 0.5)
    assert low > 1.5  # 1 + m, m from 1 to 3, half a day of rounding on either side
    assert high < 5
    mean, most = library.row("select avg(days_kept), max(days_kept) from plain_loan")
    assert abs(mean - 14) < 4 * math.sqrt(14 / rows)
    assert most <= 60


def test_a_campaign_multiplies_fees_of_its_genre_inside_its_window_and_no_other(library: Tables) -> None:
    matched = """select l.late_fee / c.late_fee factor, coalesce(
        (select arg_min(k.lift, k.campaign_id) from campaign k
        where k.genre = l.genre and l.loaned_at between k.start_at and k.end_at), 1) lift
        from loan l join calm_loan c using (loan_id)"""
    off, inside, outside = library.row(
        f"select max(abs(factor / lift - 1)), count(*) filter (lift > 1), count(*) filter (lift = 1) from ({matched})"
    )
    assert off < 1e-8  # both are sealed to 10 significant digits
    assert inside > 1_000
    assert outside > 1_000
    low, high = library.row("select min(lift), max(lift) from campaign")
    assert 1.2 <= low <= high <= 1.8


def test_fees_are_uniform_with_a_relative_jitter_and_stay_in_their_clamp(library: Tables) -> None:
    rows, mean, variance, low, high = library.row(
        "select count(*), avg(late_fee), var_samp(late_fee), min(late_fee), max(late_fee) from calm_loan"
    )
    # u uniform on 0..4, e normal: E[(u(1+e))²] = E[u²](1 + 0.05²) = 16/3 · 1.0025
    expected = 16 / 3 * 1.0025 - 4
    assert abs(mean - 2) < 4 * math.sqrt(expected / rows)
    assert (
        abs(variance - expected) < 0.02 * expected
    )  # a standard error of a uniform's variance is 0.4 % at 45,000 rows
    assert 0 <= low <= high <= 20


def test_columns_copied_along_a_key_agree_with_the_row_it_points_to(library: Tables) -> None:
    wrong = """select count(*) filter (l.price != b.price or l.genre != b.genre), count(*)
        from loan l join book b using (book_id)"""
    assert library.row(wrong) == (0, library.value("select count(*) from loan"))
    assert library.row(
        "select count(*) filter (s.country != b.country), count(*) from staff s join branch b using (branch_id)"
    ) == (0, 200)


def test_shares_of_fees_are_the_quotient_of_the_written_columns(library: Tables) -> None:
    assert library.value("select max(abs(fee_share - late_fee / price) / greatest(fee_share, 1e-9)) from loan") < 1e-8


def test_books_are_picked_evenly(library: Tables) -> None:
    rows = library.value("select count(*) from loan")
    counts = "select count(loan_id) n from book left join loan using (book_id) group by book_id"
    chi_square = library.value(f"select sum((n - {rows / BOOKS}) ** 2) / {rows / BOOKS} from ({counts})")
    assert abs(chi_square - (BOOKS - 1)) < 4 * math.sqrt(2 * (BOOKS - 1))  # mean and deviation of a chi-square


def test_managers_stand_in_an_earlier_row_and_roots_have_none(library: Tables) -> None:
    assert library.value("select count(*) from staff where manager_id >= staff_id") == 0
    roots = library.value("select count(*) from staff where manager_id is null")
    expected = math.sqrt(200)  # 1/√n of n rows
    assert abs(roots - expected) < 4 * math.sqrt(expected)
    assert library.value("select manager_id is null from staff where staff_id = 100")


def test_every_key_points_to_a_row(library: Tables) -> None:
    for child, key, parent, target in (
        ("loan", "member_id", "member", "member_id"), ("loan", "book_id", "book", "book_id"),
        ("staff", "manager_id", "staff", "staff_id"), ("staff", "branch_id", "branch", "branch_id"),
        ("book", "genre", "genre", "value"), ("campaign", "genre", "genre", "value"),
    ):  # fmt: skip
        there = f"select 1 from {parent} p where p.{target} = c.{key}"
        orphans = f"select count(*) from {child} c where {key} is not null and not exists ({there})"
        assert library.value(orphans) == 0


def test_campaigns_start_before_they_end(library: Tables) -> None:
    assert library.value(f"select count(*) from campaign where start_at > end_at or end_at not between {DAYS}") == 0
    assert library.value("select count(*) from campaign where start_at != date_trunc('day', start_at)") == 0


def test_members_join_on_days_of_their_own_window(library: Tables) -> None:
    low, high, off_grid = library.row(
        "select min(joined_at), max(joined_at), count(*) filter (joined_at != date_trunc('day', joined_at)) from member"
    )
    assert (str(low), str(high), off_grid) == ("2023-01-01 00:00:00", "2024-06-30 00:00:00", 0)


def test_patterns_ranges_and_lists_hold(library: Tables) -> None:
    assert library.value("select count(*) from member where not regexp_full_match(email, '.+@.+')") == 0
    assert library.value("select count(*) from member where age not between 6 and 95") == 0
    assert library.value("select count(*) from loan where late_fee not between 0 and 20") == 0
    assert library.value("select count(*) from loan where status not in ('returned', 'late', 'lost')") == 0


def test_isbns_have_a_right_check_digit(library: Tables) -> None:
    digits = "replace(isbn, '-', '')"
    total = " + ".join(f"{3 if place % 2 == 0 else 1} * substr({digits}, {place}, 1)::int" for place in range(1, 14))
    assert library.value(f"select count(*) from book where length({digits}) != 13 or ({total}) % 10 != 0") == 0


@pytest.mark.parametrize("table", ["member", "staff"])
@pytest.mark.parametrize(("country", "locale"), [("US", "en_US"), ("DE", "de_DE"), ("CZ", "cs_CZ")])
def test_names_are_those_of_the_country(library: Tables, table: str, country: str, locale: str) -> None:
    person = importlib.import_module(f"faker.providers.person.{locale}").Provider
    last_names = {
        name
        for names in (
            person.last_names,
            getattr(person, "last_names_female", ()),
            getattr(person, "last_names_male", ()),
        )
        for name in names
    }
    first_names = {name for names in (person.first_names_male, person.first_names_female) for name in names}
    names = [name for (name,) in library.rows(f"select full_name from {table} where country = '{country}'")]
    fitting = [
        name for name in names if first_names & set(name.split()) and last_names & set(name.replace("-", " ").split())
    ]
    assert len(names) > 10
    assert len(fitting) >= 0.99 * len(names)


def normal_below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
