"""What an analyst asks of the retail chain: busy weekends, promotions that sell, prices that rise, popular products."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.written import Tables, share_error, written

# Every category and day, with the lift of the strongest promotion that is open (1: none).
LIFTS = """
    select c.category, d.day, coalesce(max(p.lift), 1) as lift
    from category c, generate_series('2023-01-01'::timestamp, '2024-12-31'::timestamp, interval 1 day) d(day)
    left join promotion p on p.category = c.category and d.day between p.starts_on and p.ends_on
    group by all
"""


def test_saturdays_sell_as_much_more_as_declared(retail: Tables) -> None:
    weights = [0.9, 0.8, 0.9, 1, 1.3, 1.9, 1.2]  # Monday first
    days = dict(retail.rows("select isodow(day), count(distinct day) from (" + LIFTS + ") group by 1"))
    whole = sum(weights[day - 1] * count for day, count in days.items())
    rows, found = retail.value("select count(*) from sale"), retail.shares("sale", "isodow(sold_at)")
    for day, count in days.items():
        share = weights[day - 1] * count / whole
        assert abs(found[day] - share) < share_error(share, rows)  # promotions are open for whole weeks


def test_nobody_buys_at_night_and_most_buy_at_five(retail: Tables) -> None:
    found = retail.shares("sale", "hour(sold_at)")
    assert set(found) == set(range(7, 21))
    weights = [1, 3, 4, 5, 6, 6, 5, 4, 5, 7, 8, 6, 3, 1]
    rows = retail.value("select count(*) from sale")
    for hour, weight in zip(range(7, 21), weights, strict=True):
        assert abs(found[hour] - weight / sum(weights)) < share_error(weight / sum(weights), rows)


def test_a_promotion_multiplies_the_sales_of_its_category_while_it_runs(retail: Tables) -> None:
    """Sales per day without a promotion times the lifts predict the sales of promoted days, in every category."""
    promoted = 0
    for category, calm, calm_days, inside, lifts in retail.rows(
        f"""
        select category, coalesce(sum(n) filter (lift = 1), 0), count(*) filter (lift = 1),
            coalesce(sum(n) filter (lift > 1), 0), coalesce(sum(lift) filter (lift > 1), 0)
        from ({LIFTS}) l left join (
            select category, date_trunc('day', sold_at) as day, count(*) as n from sale join product using (product_id) group by all
        ) using (category, day) group by 1
        """
    ):
        expected = calm / calm_days * lifts
        # counts are Poisson: 4 standard errors of the count and of the rate that predicts it
        error = 4 * math.sqrt(expected + (lifts / calm_days) ** 2 * calm)
        assert abs(inside - expected) <= error, category
        promoted += inside
    assert promoted > 500


def test_a_promotion_leaves_other_categories_alone(retail: Tables) -> None:
    """Categories without a promotion sell as much on days when another one has its own as on all other days."""
    inside, days, outside, other_days = retail.row(
        f"""
        with busy as (select distinct day from ({LIFTS}) where lift > 1),
        calm as (
            select category, day, day in (from busy) as busy from ({LIFTS})
            where category not in (select category from promotion)
        )
        select sum(n) filter (busy), count(*) filter (busy), sum(n) filter (not busy), count(*) filter (not busy)
        from calm left join (
            select category, date_trunc('day', sold_at) as day, count(*) as n from sale join product using (product_id) group by all
        ) using (category, day)
        """
    )
    expected = outside / other_days * days
    assert abs(inside - expected) < 4 * math.sqrt(expected + (days / other_days) ** 2 * outside)


def test_web_shoppers_turn_to_promoted_products(retail: Tables) -> None:
    """The odds of the promoted category against all unpromoted ones are multiplied by the lift."""
    lift, a, b, c, d = retail.row(
        f"""
        with orders as (
            select o.category, l.lift, max(l.lift) filter (l.category = 'bakery') over (partition by o.web_order_id) as bakery
            from web_order o join ({LIFTS}) l on l.day = date_trunc('day', o.ordered_at)
            qualify l.category = o.category
        )
        select (select avg(lift) from ({LIFTS}) where category = 'bakery' and lift > 1),
            count(*) filter (bakery > 1 and category = 'bakery'), count(*) filter (bakery > 1 and lift = 1),
            count(*) filter (bakery = 1 and category = 'bakery'), count(*) filter (bakery = 1 and category != 'bakery' and lift = 1)
        from orders
        """
    )
    error = 4 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)  # of a log odds ratio
    assert abs(math.log(a / b / (c / d)) - math.log(lift)) < error
    assert math.log(lift) > error / 2  # the question is sharp enough to be worth asking


def test_prices_rise_by_the_declared_rate(retail: Tables) -> None:
    rows, slope = retail.row(
        """
        select count(*), regr_slope(ln(unit_price / list_price), epoch(sold_at) / (365.25 * 86400))
        from sale join product using (product_id)
        """
    )
    # 4 standard errors: noise of 2 % and rounding to a penny over two years (standard deviation 0.577)
    assert abs(slope - math.log(1.08)) < 4 * 0.025 / (0.577 * math.sqrt(rows))


def test_reviews_follow_zipf(retail: Tables) -> None:
    weights = [k**-1.1 for k in range(1, 61)]
    rows, found = retail.value("select count(*) from review"), retail.shares("review", "product_id")
    for place in range(10):
        share = weights[place] / sum(weights)
        assert abs(found[place + 1] - share) < share_error(share, rows)


def test_popular_products_sell_more_by_zipf(retail: Tables) -> None:
    """Sales of product k against those of product 1 fall like k^-0.9, promotions aside (at most 2.4 × 2 weeks each)."""
    found = dict(retail.rows("select product_id, count(*) from sale group by 1"))
    slope = sum(math.log(found[k] / found[1]) * math.log(k) for k in range(2, 61)) / sum(
        math.log(k) ** 2 for k in range(2, 61)
    )
    assert abs(slope + 0.9) < 0.05


def test_totals_and_web_prices_follow_their_formulas(retail: Tables) -> None:
    assert retail.value("select max(abs(total - quantity * unit_price)) from sale") < 0.005 + 1e-9
    off = retail.value(
        """
        select max(abs(amount - list_price * 1.2 * if(isodow(ordered_at) > 5, 0.9, 1)))
        from web_order join product using (product_id)
        """
    )
    assert off < 0.005 + 1e-9
    assert (
        retail.value("select count(*) from web_order join customer using (customer_id) where ordered_at < joined_at")
        == 0
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The chain without any of what the questions below ask for."""
    return written(
        "retail",
        tmp_path_factory.mktemp("plain") / "data",
        "parquet",
        sets=[
            ("tables.sale.columns.sold_at.datetime_series.pattern", None),
            ("tables.sale.columns.sold_at.modifiers", []),
            ("tables.sale.modifiers", []),
            ("tables.web_order.modifiers", []),
            ("price_rise", 0),
            ("tables.review.columns.product_id.weights_kind", "uniform"),
        ],
    )


@pytest.mark.parametrize(
    "question",
    [
        test_saturdays_sell_as_much_more_as_declared,
        test_nobody_buys_at_night_and_most_buy_at_five,
        test_a_promotion_multiplies_the_sales_of_its_category_while_it_runs,
        test_web_shoppers_turn_to_promoted_products,
        test_prices_rise_by_the_declared_rate,
        test_reviews_follow_zipf,
    ],
)
def test_the_answer_is_no_where_it_is_not_declared(question: Callable[[Tables], None], plain: Tables) -> None:
    with pytest.raises(AssertionError):
        question(plain)
