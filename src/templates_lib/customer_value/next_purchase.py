"""What the second purchase is, by what the first one was: each customer counts once."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats.contingency import relative_risk

from templates_lib.privacy import hide_small
from templates_lib.stats.intervals import newcombe, wilson

MIN_NEXT = 30
FALSE_SHARE = 0.05  # of false ones allowed among the rules told
OTHER = "other"
ITEMS = {"category": "category", "product": "product_name"}
COLUMNS = [
    "item", "first", "next", "is_same", "n", "customers", "share", "low", "high", "base_n",
    "base_share", "gap_share", "gap_share_low", "gap_share_high", "ratio", "ratio_low",
    "ratio_high", "p_value", "q_value",
]  # fmt: skip


def pairs(purchases: ir.Table, orders: ir.Table, lines: ir.Table, *, item: str) -> pd.DataFrame:
    """How many customers bought what second, after what first.

    A purchase is called by its ``item`` (category or product) of the highest net sales, a tie by
    name. A second purchase on the day of the first is left out.

    Returns
    -------
    Columns: first, next, customers.
    """
    what = ITEMS[item]
    name = lines[what] if item == "category" else ibis.coalesce(lines[what], lines.product_id)
    named = lines.select("order_id", "net_sales", item=name)
    firsts = purchases.filter(
        (purchases.purchase_number == 1) & (purchases.next_on > purchases.purchased_on)
    )
    days = firsts.select("customer_id", "purchased_on", "next_on")
    owned = orders.select("order_id", "customer_id", "ordered_on").join(days, "customer_id")
    is_first = owned.ordered_on == owned.purchased_on
    owned = owned.filter(is_first | (owned.ordered_on == owned.next_on))
    owned = owned.select("order_id", "customer_id", is_first=is_first)
    sold = named.filter(named.item.notnull()).join(owned, "order_id")
    sums = sold.group_by("customer_id", "is_first", "item").aggregate(sales=sold.net_sales.sum())
    place = ibis.row_number().over(
        group_by=["customer_id", "is_first"], order_by=[ibis.desc("sales"), ibis.asc("item")]
    )
    main = sums.mutate(place=place).filter(lambda t: t["place"] == 0)
    first = main.filter(main.is_first).select("customer_id", first="item")
    after = main.filter(~main.is_first).select("customer_id", next="item")
    joined = first.join(after, "customer_id").select("first", "next")
    counted = joined.group_by("first", "next").aggregate(customers=joined.count())
    return counted.order_by("first", "next").to_pandas()


def followers(counts: pd.DataFrame) -> pd.DataFrame:
    """Second purchases after each first one, the most first: first, customers."""
    sums = counts.groupby("first", as_index=False)["customers"].sum()
    return sums.sort_values(["customers", "first"], ascending=[False, True], ignore_index=True)


def rules(counts: pd.DataFrame, *, item: str, min_followers: int) -> pd.DataFrame:
    """What is bought second after each first purchase, against what is bought second after others.

    Only first purchases with ``min_followers`` second ones, and as many after others, are looked
    at. What is bought second fewer than 30 times in all is ``other``, which is not compared.

    Parameters
    ----------
    counts : of ``pairs``
    item : ``category`` or ``product``, of the first column

    Returns
    -------
    Columns: item, first, next, is_same, n (second purchases after the first), customers (of them,
    those of ``next``), share, low, high (Wilson), base_n, base_share (the same after any other
    first purchase), gap_share, gap_share_low, gap_share_high (share less base_share, Newcombe),
    ratio, ratio_low, ratio_high (Katz), p_value (Fisher), q_value (Benjamini–Hochberg over all
    pairs compared).
    """
    sizes = followers(counts).set_index("first")["customers"]
    whole = int(sizes.sum())
    chosen = [name for name, n in sizes.items() if min(n, whole - n) >= min_followers]
    if not chosen:
        return pd.DataFrame(columns=COLUMNS)
    frequent = counts.groupby("next")["customers"].sum()
    kept = counts["next"].isin(frequent.index[frequent >= MIN_NEXT])
    grid = counts.assign(next=counts["next"].where(kept, OTHER)).pivot_table(
        index="first", columns="next", values="customers", aggfunc="sum", fill_value=0
    )
    table = grid.loc[chosen].stack().rename("customers").reset_index()
    n = table["first"].map(sizes).to_numpy()
    base = table["next"].map(grid.sum()).to_numpy() - table["customers"].to_numpy()
    mine, base_n = table["customers"].to_numpy(), whole - n
    low, high = wilson(mine, n)
    gap_low, gap_high = newcombe(mine, n, base, base_n)
    is_compared = (table["next"] != OTHER).to_numpy()
    tests = np.array([_compared(*row) if compared else [np.nan] * 4 for compared, *row in
                      zip(is_compared, mine, n, base, base_n, strict=True)])  # fmt: skip
    q_value = np.full(len(table), np.nan)
    q_value[is_compared] = stats.false_discovery_control(tests[is_compared, 3])
    found = table.assign(
        item=item, is_same=table["first"] == table["next"], n=n, share=mine / n, low=low,
        high=high, base_n=base_n, base_share=base / base_n, gap_share=mine / n - base / base_n,
        gap_share_low=gap_low, gap_share_high=gap_high, ratio=tests[:, 0], ratio_low=tests[:, 1],
        ratio_high=tests[:, 2], p_value=tests[:, 3], q_value=q_value,
    )  # fmt: skip
    return found[COLUMNS]


def _compared(mine: int, n: int, base: int, base_n: int) -> list[float]:
    """Ratio of the shares with its interval, and the p-value; no ratio to a share of none."""
    p_value = stats.fisher_exact([[mine, n - mine], [base, base_n - base]]).pvalue
    if not mine or not base:
        return [np.nan, np.nan, np.nan, p_value]
    ratio = relative_risk(int(mine), int(n), int(base), int(base_n))
    interval = ratio.confidence_interval(0.95)
    return [ratio.relative_risk, interval.low, interval.high, p_value]


def hidden(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """``rules`` without counts of few persons, and without what gives them away."""
    known = ("item", "first", "next", "is_same", "n", "customers", "base_n")
    values = [name for name in COLUMNS if name not in known]
    return hide_small(
        table, count="customers", values=values, by=["item", "first"], min_cell=min_cell
    )


def beyond_chance(table: pd.DataFrame, *, is_same: bool) -> pd.DataFrame:
    """The pairs that come oftener than after other first purchases, the largest difference first:
    moves to another item, or the same again. Of those told so, 5 % are false ones at most."""
    is_told = (table["q_value"] <= FALSE_SHARE) & (table["gap_share"] > 0)
    found = table[is_told & (table["is_same"] == is_same)]
    by = ["gap_share", "first", "next"]
    return found.sort_values(by, ascending=[False, True, True], ignore_index=True)
