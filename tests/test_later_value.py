"""Later value by first purchase: brute force, scipy, and what is planted in the demo shop."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
import real_data
from scipy import stats

from templates_lib.customer_value import later_value
from templates_lib.demo import truth
from templates_lib.purchase_value import purchase_values
from templates_lib.stats.intervals import mean_interval

AS_OF = date(2026, 6, 30)


def made(seed: int = 1, customers: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First orders and purchases of a shop whose customers join all the time."""
    rng = np.random.default_rng(seed)
    firsts, rows = [], []
    for i in range(customers):
        first = AS_OF - timedelta(days=int(rng.integers(0, 700)))
        group = rng.choice(["tea", "coffee", "cup", None], p=[0.4, 0.4, 0.17, 0.03])
        firsts.append((f"c{i}", first, group))
        days = [0, *np.cumsum(rng.integers(0, 200, rng.integers(0, 5))).tolist()]
        for number, day in enumerate(days, start=1):
            if first + timedelta(days=day) <= AS_OF:
                amount = round(float(rng.normal(10 if group == "tea" else 4, 5)), 2)
                rows.append((f"c{i}", number, first + timedelta(days=day), amount))
    return (
        pd.DataFrame(firsts, columns=["customer_id", "first_on", "first_category"]),
        pd.DataFrame(rows, columns=["customer_id", "purchase_number", "purchased_on", "value"]),
    )


def tables(firsts: pd.DataFrame, rows: pd.DataFrame) -> tuple[ibis.Table, ibis.Table]:
    first = {"customer_id": "string", "first_on": "date", "first_category": "string"}
    bought = {"customer_id": "string", "purchase_number": "int64", "purchased_on": "date",
              "value": "float64"}  # fmt: skip
    paid = ibis.memtable(rows, schema=bought).cast({"value": "decimal(18, 4)"})
    return ibis.memtable(firsts, schema=first), paid


def by_hand(firsts: pd.DataFrame, rows: pd.DataFrame, days: int) -> dict[str, list[float]]:
    """Later value of each customer observed for so long, by group."""
    found: dict[str, list[float]] = {}
    for person in firsts.itertuples():
        if person.first_on + timedelta(days=days) > AS_OF:
            continue
        own = rows[rows["customer_id"] == person.customer_id]
        until = person.first_on + timedelta(days=days)
        later = own[(own["purchased_on"] > person.first_on) & (own["purchased_on"] <= until)]
        found.setdefault(person.first_category or "unknown", []).append(later["value"].sum())
    return found


@pytest.mark.parametrize("days", [90, 365])
def test_later_value_is_that_of_a_loop(days):
    firsts, rows = made()
    sums = later_value.later_sums(
        *tables(firsts, rows), split="first_category", as_of=AS_OF, window_days=days
    )
    table = later_value.later_value(sums).set_index("group")
    true = {group: x for group, x in by_hand(firsts, rows, days).items() if len(x) >= 30}
    assert set(table.index) - {"other"} == set(true)
    for group, x in true.items():
        row, x = table.loc[group], np.array(x)
        assert row["n"] == len(x)
        assert row["later_value"] == pytest.approx(x.mean())
        low, high = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
        assert (row["low"], row["high"]) == pytest.approx((float(low), float(high)))
    assert table["later_value"].is_monotonic_decreasing


def test_the_gap_is_welchs_over_all_pairs():
    firsts, rows = made()
    shop = tables(firsts, rows)
    sums = later_value.later_sums(*shop, split="first_category", as_of=AS_OF, window_days=90)
    gap = later_value.widest_gap(sums, min_cell=5)
    groups = {g: x for g, x in by_hand(firsts, rows, 90).items() if len(x) >= 30 and g != "unknown"}
    pairs = len(groups) * (len(groups) - 1) / 2
    test = stats.ttest_ind(groups[gap.best], groups[gap.worst], equal_var=False)
    interval = test.confidence_interval(1 - 0.05 / pairs)
    assert gap.best == "tea"
    assert (gap.low, gap.high) == pytest.approx((interval.low, interval.high))
    assert gap.n == len(groups[gap.best]) + len(groups[gap.worst])
    alone = sums[sums["group"].isin(["tea", "other", "unknown"])]
    assert later_value.widest_gap(alone, min_cell=5) is None


def test_nobody_is_counted_who_was_not_observed_for_so_long():
    firsts, rows = made()
    shop = tables(firsts, rows)
    nobody = later_value.later_sums(*shop, split="first_category", as_of=AS_OF, window_days=800)
    assert nobody.empty
    assert later_value.later_value(nobody).empty
    assert later_value.widest_gap(nobody, min_cell=5) is None


def test_few_who_returned_are_hidden():
    table = pd.DataFrame(
        {"split": "s", "group": ["a", "b", "c"], "n": [40, 40, 40], "customers": [20, 15, 2]}
        | dict.fromkeys(["first_value", "later_value", "low", "high", "share_returned",
                         "returned_low", "returned_high"], 1.0)
    )[later_value.COLUMNS]  # fmt: skip
    shown = later_value.hidden(table, min_cell=5)
    assert shown["customers"].isna().tolist() == [False, True, True]
    assert shown["later_value"].isna().tolist() == [False, True, True]


def test_shares_that_return_in_the_demo_are_the_planted_ones():
    params, connection, _ = real_data.example("demo", ("customers: 6000", "customers: 1500"))
    valued = purchase_values(
        connection.table("purchases"), value="contribution_margin", service=None
    )
    sums = later_value.later_sums(
        connection.table("first_orders"), valued, split="first_category", as_of=params.as_of,
        window_days=365,
    )  # fmt: skip
    table = later_value.later_value(sums).set_index("group")
    assert set(table.index) == set(truth.CATEGORIES)
    planted = pd.Series({name: truth.return_share(name, 365) for name in table.index})
    covered = planted.between(table["returned_low"], table["returned_high"])
    assert covered.sum() >= 3, table.assign(planted=planted)
    gap = later_value.widest_gap(sums, min_cell=5)
    assert gap.worst == planted.idxmin() == "Lahjat"
    assert gap.low > 0
