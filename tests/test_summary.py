"""The first page: months compared, sales by hand, and figures with planted truths."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from real_data import example
from scipy import stats

from templates_lib import summary
from templates_lib.purchases import money_movements

# Months compared


@pytest.mark.parametrize(
    ("first_on", "as_of", "expected"),
    [
        # Two whole years: the last against the first.
        ("2024-01-01", "2025-12-31", ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31")),
        # Three years: still the last twelve months.
        ("2023-01-01", "2025-12-31", ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31")),
        # The month of the last day is not over.
        ("2024-01-01", "2025-12-30", ("2025-01-01", "2025-11-30", "2024-01-01", "2024-11-30")),
        # 18 months: the last six have a year before.
        ("1997-01-01", "1998-06-30", ("1998-01-01", "1998-06-30", "1997-01-01", "1997-06-30")),
        # 13 months: one.
        ("2024-11-01", "2025-11-30", ("2025-11-01", "2025-11-30", "2024-11-01", "2024-11-30")),
        # A first order on the second of January is the holiday's doing: January is whole.
        ("2024-01-02", "2025-12-31", ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31")),
        # A first month that begins in its middle is no month to compare with.
        ("2024-11-15", "2025-11-30", ("2024-12-01", "2025-11-30", None, None)),
        # A year and less stands alone.
        ("2025-01-01", "2025-12-31", ("2025-01-01", "2025-12-31", None, None)),
        ("2025-06-01", "2025-08-15", ("2025-06-01", "2025-07-31", None, None)),
        # Not one whole month.
        ("2025-08-01", "2025-08-15", ("2025-08-01", "2025-08-15", None, None)),
        ("2025-08-15", "2025-08-31", ("2025-08-15", "2025-08-31", None, None)),
        # February of a leap year.
        ("2023-02-01", "2024-02-29", ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28")),
    ],
)
def test_compared_months(first_on, as_of, expected):
    found = summary.compared_months(date.fromisoformat(first_on), date.fromisoformat(as_of))
    assert tuple(d and d.isoformat() for d in found) == expected


# Monthly sales


def movements_of(rows):
    columns = ["order_id", "customer_id", "ordered_on", "moved_on", "net_sales"]
    frame = pd.DataFrame(rows, columns=columns)
    amounts = [Decimal(str(amount)) for amount in frame["net_sales"]]
    margins = [amount / 4 for amount in amounts]
    frame = frame.assign(net_sales=amounts, contribution_margin=margins).astype(object)
    schema = {"order_id": "string", "customer_id": "string", "ordered_on": "date",
              "moved_on": "date", "net_sales": "decimal(18, 4)",
              "contribution_margin": "decimal(18, 4)"}  # fmt: skip
    return ibis.memtable(frame[list(schema)], schema=schema)


def firsts_of(rows):
    schema = {"customer_id": "string", "first_on": "date", "second_on": "date"}
    return ibis.memtable(pd.DataFrame(rows, columns=list(schema)), schema=schema)


def test_monthly_sales_by_hand():
    jan, feb, apr = date(2025, 1, 10), date(2025, 2, 10), date(2025, 4, 10)
    movements = movements_of([
        ("1", "a", jan, jan, 100.0),
        ("1", "a", jan, feb, -30.0),  # a refund of the first purchase, in February
        ("2", "a", feb, feb, 50.0),
        ("3", None, apr, apr, 7.0),
        ("4", "b", apr, apr, 20.0),
        ("5", "a", date(2026, 1, 5), date(2026, 1, 5), 11.0),
    ])  # fmt: skip
    firsts = firsts_of([("a", jan, feb), ("b", apr, None)])
    table = summary.monthly_sales(movements, firsts).set_index("month")
    assert len(table) == 13
    assert table.loc["2025-01"].tolist()[:4] == [100, 0, 0, 100]
    assert table.loc["2025-02"].tolist()[:4] == [-30, 50, 0, 20]
    assert table.loc["2025-03"].tolist()[:4] == [0, 0, 0, 0]  # seen, and nothing was sold
    assert table.loc["2025-04"].tolist()[:4] == [20, 0, 7, 27]
    assert table.loc["2026-01"].tolist() == [0, 11, 0, 11, 100]
    assert table["year_before"].isna().sum() == 12


def test_monthly_sales_of_cdnow_by_pandas():
    # golden/cdnow_sample_cohort_revenue_triangle.csv: month 0 of each cohort is 28,592.70,
    # 33,430.08 and 32,812.09, of which the first purchases are a part.
    params, connection, _ = example("cdnow")
    orders = connection.table("orders")
    movements = money_movements(orders, refunds="by_order_date", timezone="UTC")
    table = summary.monthly_sales(movements, connection.table("first_orders"))
    assert_allclose(table["net_sales"].sum(), 244091.94)
    assert_allclose(table["net_sales"].iloc[0], 28592.70)
    assert_allclose(table["net_sales"].iloc[1], 33430.08 + 7003.73)
    assert table["new_net_sales"].iloc[3:].eq(0).all()
    assert len(summary.whole_months(table, as_of=params.as_of)) == 18
    assert len(summary.whole_months(table, as_of=date(1998, 6, 29))) == 17


# Tiles


def shop_of(n_before, n_now, *, seed, mean=50.0, back=0.3, until=date(2025, 12, 31)):
    """Two years of a shop: so many new customers each; a share comes back around day 30."""
    draw = np.random.default_rng(seed)
    firsts, moves = [], []
    for year, n in ((2024, n_before), (2025, n_now)):
        for i in range(n):
            customer = f"{year}-{i}"
            on = date(year, 1, 1) + timedelta(days=int(draw.integers(0, 180)))
            later = on + timedelta(days=int(draw.integers(15, 45)))
            again = later if draw.random() < back and later <= until else None
            if on <= until:
                firsts.append((customer, on, again))
            for day in [d for d in (on, again) if d is not None and d <= until]:
                spent = round(float(draw.lognormal(np.log(mean), 0.5)), 2)
                moves.append((f"{customer}-{day}", customer, day, day, spent))
    return movements_of(moves), firsts_of(firsts)


STRETCH = summary.Stretch(date(2025, 1, 1), date(2025, 6, 30), date(2024, 1, 1), date(2024, 6, 30))


def tiles_of(shop, stretch=STRETCH, **settings):
    settings = {"as_of": date(2025, 12, 31), "value": "net_sales", "return_days": 90, **settings}
    return summary.tiles(*shop, stretch=stretch, **settings).set_index("measure")


def test_tiles_by_hand():
    shop = shop_of(300, 400, seed=1)
    movements, firsts = (table.to_pandas() for table in shop)
    tiles = tiles_of(shop)
    is_now = pd.to_datetime(movements["moved_on"]).dt.year == 2025
    inside = movements[is_now & (pd.to_datetime(movements["moved_on"]).dt.month <= 6)]
    by_customer = inside.groupby("customer_id")["net_sales"].sum().astype(float)
    assert_allclose(tiles.loc["net_sales", "estimate"], by_customer.sum())
    # A compound Poisson sum: its variance is the sum of squares, its third moment that of cubes;
    # Hall's upper limit, with the critical value 1.959964, by the root of his cubic.
    se = np.sqrt((by_customer**2).sum())
    skewness = (by_customer**3).sum() / se**3
    cubic = [skewness**2 / 27, skewness / 3, 1, skewness / 6 + 1.959964]
    root = next(r.real for r in np.roots(cubic) if abs(r.imag) < 1e-9)
    assert_allclose(tiles.loc["net_sales", "high"], by_customer.sum() - se * root, rtol=1e-5)
    assert tiles.loc["new_customers", ["estimate", "before", "change"]].tolist() == [400, 300, 100]
    # R: poisson.test(400)$conf.int: exact
    exact = stats.chi2.ppf([0.025, 0.975], [800, 802]) / 2
    assert_allclose(tiles.loc["new_customers", ["low", "high"]].astype(float), exact)
    joined = firsts[pd.to_datetime(firsts["first_on"]).dt.year == 2025]
    # Everyone is followed for 90 days, so that Kaplan–Meier is the plain share.
    assert_allclose(tiles.loc["returned", "estimate"], joined["second_on"].notna().mean())


def test_the_value_tile_is_that_of_the_first_days():
    shop = shop_of(200, 200, seed=2)
    movements, firsts = (table.to_pandas() for table in shop)
    tiles = tiles_of(shop, return_days=20, value="contribution_margin")
    joined = firsts[pd.to_datetime(firsts["first_on"]).dt.year == 2025]
    early = movements.merge(joined, on="customer_id")
    age = (pd.to_datetime(early["moved_on"]) - pd.to_datetime(early["first_on"])).dt.days
    expected = early[age <= 20]["contribution_margin"].astype(float).sum() / 200
    tile = tiles.loc["contribution_margin_per_customer"]
    assert_allclose(tile["estimate"], expected)
    assert tile["n"] == 200


def test_those_too_new_have_no_value_yet():
    # Followed until 31 May: only who joined by 2 March has had 90 days.
    end = date(2025, 5, 31)
    shop = shop_of(200, 200, seed=2, until=end)
    tiles = tiles_of(shop, as_of=end)
    firsts = shop[1].to_pandas()
    on = pd.to_datetime(firsts["first_on"])
    joined = ((on >= "2025-01-01") & (on <= "2025-03-02")).sum()
    assert tiles.loc["net_sales_per_customer", "n"] == joined < 200


def test_an_arrow_is_shown_beyond_chance_only():
    # The same shop twice: the share of false arrows is small. A shop that grew by half: an arrow.
    same = [tiles_of(shop_of(300, 300, seed=seed))["beyond_chance"] for seed in range(25)]
    false = pd.concat(same).drop("new_customers").astype(bool)  # 300 and 300 by construction
    assert false.mean() < 0.12
    grown = tiles_of(shop_of(300, 450, seed=3, mean=50))
    assert grown.loc["new_customers", "beyond_chance"]
    assert grown.loc["net_sales", "beyond_chance"]


def test_without_the_whole_history_only_sales_are_compared():
    # Whoever bought before the file began is "new" in its first year.
    tiles = tiles_of(shop_of(300, 400, seed=1), has_whole_history=False)
    assert tiles.index[tiles["before"].notna()].tolist() == ["net_sales"]


def test_without_a_year_before_there_is_no_change():
    alone = summary.Stretch(date(2025, 1, 1), date(2025, 6, 30), None, None)
    tiles = tiles_of(shop_of(50, 50, seed=1), stretch=alone)
    assert tiles[["before", "change", "change_low", "change_high"]].isna().all(axis=None)
    assert tiles["beyond_chance"].isna().all()
    assert tiles["estimate"].notna().all()


def test_nobody_back_is_an_interval_and_not_a_certainty():
    tiles = tiles_of(shop_of(100, 100, seed=1, back=0))
    assert tiles.loc["returned", ["estimate", "low"]].tolist() == [0, 0]
    assert tiles.loc["returned", "high"] == pytest.approx(1.96**2 / (100 + 1.96**2), rel=1e-3)


@pytest.mark.parametrize("n", [0, 1])
def test_tiles_of_nobody(n):
    tiles = tiles_of(shop_of(0, n, seed=1))
    assert tiles.loc["new_customers", "estimate"] == n
    assert np.isnan(tiles.loc["returned", "estimate"])
    assert tiles["beyond_chance"].isna().all()


def test_sales_of_nobody():
    movements, firsts = shop_of(0, 0, seed=1)
    table = summary.monthly_sales(movements, firsts)
    assert table.empty
    assert "year_before" in table
    assert summary.whole_months(table, as_of=date(2025, 1, 1)).empty


# Findings on the first page


def a_finding(
    identity, *, notebook="cohorts", strength="strong", worth=None, action=None, half=0.1
):
    effect = None if worth is None else {"estimate": worth, "low": 0, "high": 2 * worth}
    return {"id": identity, "notebook": notebook, "strength": strength, "effect_eur": effect,
            "action": action, "estimate": 1.0, "low": 1 - half, "high": 1 + half}  # fmt: skip


def names(found):
    return [finding["id"] for finding in found]


def test_chosen_are_firm_then_worth_most_and_of_several_notebooks():
    do = {"do": "Call them."}
    found = [
        a_finding("a", worth=100, action=do),
        a_finding("b", worth=900, action=do),
        a_finding("c", notebook="repeat_purchase", worth=50, action=do),
        a_finding("d", notebook="nps", strength="moderate", worth=5000, action=do),
        a_finding("e", notebook="other", worth=9000),
        a_finding("f", notebook="chance", strength="chance", worth=10**6, action=do),
    ]
    assert names(summary.chosen(found)) == ["b", "c", "d"]
    assert names(summary.chosen(found, most=5)) == ["b", "c", "d", "e", "a"]
    assert names(summary.chosen(list(reversed(found)))) == ["b", "c", "d"]
    assert summary.chosen([]) == []


def test_the_answer_is_the_most_precise_state_and_the_first_thing_to_do():
    found = [
        a_finding("wide", half=0.09),
        a_finding("narrow", half=0.02),
        a_finding("act", notebook="repeat_purchase", action={"do": "Call them."}, half=0.05),
        a_finding("chance", strength="chance", half=0.01),
    ]
    assert names(summary.answer(found)) == ["narrow", "act"]
    assert names(summary.answer(found[:1])) == ["wide"]
    assert summary.answer([]) == []


def test_not_yet_is_what_may_be_chance():
    found = [a_finding("a"), a_finding("b", strength="weak"), a_finding("c", strength="chance")]
    assert summary.not_yet(found)["id"] == "c"
    assert summary.not_yet(found[:2])["id"] == "b"
    assert summary.not_yet(found[:1]) is None


def test_a_person_can_say_what_leads_the_first_page_but_not_what_is_firm():
    found = [
        a_finding("first", worth=900, action={"do": "Call."}),
        a_finding("second") | {"place": 1},
        a_finding("third") | {"place": 0},
        a_finding("unsure", strength="chance") | {"place": 2},
    ]
    assert names(summary.chosen(found)) == ["third", "second", "first"]
    assert names(summary.answer(found)) == ["third", "first"]
