"""What is bought second: counts by hand, others' intervals, silence where there is nothing."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2

from templates_lib.customer_value import next_purchase

# customer, day, (category, product, net sales) ...
SHOP = [
    ("a", "2026-01-01", [("coffee", "x", 10), ("gear", "y", 4), ("gear", "z", 5)]),
    ("a", "2026-02-01", [("gear", "y", 3)]),
    ("a", "2026-03-01", [("gift", "g", 3)]),
    ("b", "2026-01-05", [("coffee", "x", 4), ("gear", "y", 3), ("gear", "z", 3)]),
    ("b", "2026-01-09", [(None, "u", 9), ("coffee", "x", 1)]),
    ("c", "2026-01-05", [("gift", "g", 4), ("coffee", "x", 4)]),
    ("c", "2026-01-07", [("gift", "g", 4)]),
    ("d", "2026-01-05", [("gift", "g", 4)]),
]


def staged() -> tuple[ibis.Table, ibis.Table, ibis.Table]:
    orders, lines, purchases = [], [], []
    for number, (customer, day, bought) in enumerate(SHOP):
        orders.append((f"o{number}", customer, date.fromisoformat(day)))
        lines += [(f"o{number}", *line[:2], f"{line[1]}-id", line[2]) for line in bought]
        days = [date.fromisoformat(d) for c, d, _ in SHOP if c == customer]
        place = days.index(date.fromisoformat(day))
        following = days[place + 1] if place + 1 < len(days) else None
        purchases.append((customer, place + 1, days[place], following))
    return (
        ibis.memtable(
            pd.DataFrame(purchases, columns=["customer_id", "purchase_number", "purchased_on", "n"])
            .rename(columns={"n": "next_on"}),
            schema={"customer_id": "string", "purchase_number": "int64", "purchased_on": "date",
                    "next_on": "date"},
        ),
        ibis.memtable(
            pd.DataFrame(orders, columns=["order_id", "customer_id", "ordered_on"]),
            schema={"order_id": "string", "customer_id": "string", "ordered_on": "date"},
        ),
        ibis.memtable(
            pd.DataFrame(
                lines, columns=["order_id", "category", "product_name", "product_id", "net_sales"]
            ),
            schema={"order_id": "string", "category": "string", "product_name": "string",
                    "product_id": "string", "net_sales": "decimal(18, 4)"},
        ),
    )  # fmt: skip


def test_pairs_are_those_counted_by_hand():
    found = next_purchase.pairs(*staged(), item="category")
    # b's gear is worth more together than its coffee; a tie (c) goes by name; d never came back
    assert found.to_numpy().tolist() == [
        ["coffee", "gear", 1], ["coffee", "gift", 1], ["gear", "coffee", 1],
    ]  # fmt: skip
    products = next_purchase.pairs(*staged(), item="product")
    assert products.to_numpy().tolist() == [["g", "g", 1], ["x", "u", 1], ["x", "y", 1]]


def counts(grid: dict[str, dict[str, int]]) -> pd.DataFrame:
    rows = [(first, after, n) for first, row in grid.items() for after, n in row.items()]
    return pd.DataFrame(rows, columns=["first", "next", "customers"])


GRID = {
    "gear": {"coffee": 140, "gear": 40, "gift": 20},
    "coffee": {"coffee": 150, "gear": 40, "gift": 110},
    "gift": {"coffee": 20, "gift": 29},
}


def test_shares_ratios_and_tests_are_those_of_others():
    table = next_purchase.rules(counts(GRID), item="category", min_followers=100)
    assert set(table["first"]) == {"gear", "coffee"}  # gifts are followed too seldom
    row = table.set_index(["first", "next"]).loc[("gear", "coffee")]
    assert (row["n"], row["customers"], row["base_n"]) == (200, 140, 349)
    assert row["share"] == 140 / 200
    assert row["base_share"] == 170 / 349
    other = Table2x2(np.array([[140, 60], [170, 179]]))
    assert row["ratio"] == pytest.approx(other.riskratio)
    low, high = other.riskratio_confint()
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((low, high))
    # R 4: fisher.test(matrix(c(140, 60, 170, 179), 2))$p.value, prop difference by hand
    assert row["p_value"] == pytest.approx(stats.fisher_exact([[140, 60], [170, 179]]).pvalue)
    assert row["gap_share_low"] < row["gap_share"] < row["gap_share_high"]
    p = np.sort(table["p_value"])
    adjusted = np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(table["q_value"]), np.minimum(adjusted, 1))


def test_the_same_again_stands_apart_from_moves():
    table = next_purchase.rules(counts(GRID), item="category", min_followers=100)
    moves = next_purchase.beyond_chance(table, is_same=False)
    again = next_purchase.beyond_chance(table, is_same=True)
    assert moves[["first", "next"]].to_numpy().tolist()[0] == ["coffee", "gift"] or (
        moves[["first", "next"]].to_numpy().tolist()[0] == ["gear", "coffee"]
    )
    assert (moves["first"] != moves["next"]).all()
    assert (again["first"] == again["next"]).all()


def test_under_the_gate_there_are_no_rules():
    table = next_purchase.rules(counts(GRID), item="category", min_followers=301)
    assert table.empty
    assert list(table.columns) == next_purchase.COLUMNS
    nothing = counts({}).astype({"customers": "int64"})
    assert next_purchase.rules(nothing, item="category", min_followers=30).empty
    assert next_purchase.beyond_chance(table, is_same=True).empty


def test_what_is_rare_is_other_and_few_people_are_hidden():
    grid = {"a": {"p": 97, "q": 3}, "b": {"p": 60, "q": 50, "r": 12}}
    table = next_purchase.rules(counts(grid), item="product", min_followers=100)
    assert set(table["next"]) == {"p", "q", "other"}
    assert table.set_index("next").loc["other", "q_value"].isna().all()
    shown = next_purchase.hidden(table, min_cell=5).set_index(["first", "next"])
    assert shown.loc[("a", "q")].drop(["item", "is_same", "n", "base_n"]).isna().all()
    assert shown.loc[("b", "q"), "customers"] == 50


def test_shops_without_structure_seldom_have_a_rule():
    rng = np.random.default_rng(1)
    sizes, shares = (600, 300, 150), (0.6, 0.2, 0.15, 0.05)
    told = 0
    for _ in range(200):
        drawn = [rng.multinomial(n, shares) for n in sizes]
        grid = {
            name: dict(zip("abcd", row, strict=True))
            for name, row in zip("abc", drawn, strict=True)
        }
        table = next_purchase.rules(counts(grid), item="category", min_followers=100)
        told += bool((table["q_value"] <= next_purchase.FALSE_SHARE).any())
    assert told <= stats.binom.ppf(0.999, 200, next_purchase.FALSE_SHARE)
