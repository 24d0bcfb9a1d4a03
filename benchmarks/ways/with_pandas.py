"""The measures in pandas, of Parquet files read whole, with money as floating-point numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.generated import AS_OF

LAST = pd.Timestamp(AS_OF)
MONEY = ["net_sales", "contribution_margin"]
SUMMED = ["discount", "refund", "shipping_income", "cost_of_goods", "fulfilment_cost",
          "payment_cost", *MONEY]  # fmt: skip
Read = Callable[[str, list[str]], pd.DataFrame]


def purchases(read: Read) -> dict[str, Any]:
    orders = read("orders", ["order_id", "customer_id", "ordered_at", "ordered_on", "net_goods",
                             *MONEY, "is_wholly_refunded", "channel", "country", "is_b2b",
                             "discount"])  # fmt: skip
    known = orders[orders["customer_id"].notna()]
    since = known[~known["is_wholly_refunded"]].groupby("customer_id")["ordered_at"].min()
    known = known[known["ordered_at"] >= known["customer_id"].map(since)]
    days = (
        known.sort_values("ordered_at")
        .groupby(["customer_id", "ordered_on"], as_index=False)
        .agg(first_order_id=("order_id", "first"), orders=("order_id", "size"),
             paid=("net_goods", "sum"), **{name: (name, "sum") for name in MONEY})
        .rename(columns={"ordered_on": "purchased_on"})
    )  # fmt: skip
    by_customer = days.groupby("customer_id")
    days["purchase_number"] = by_customer.cumcount() + 1
    days["next_on"] = by_customer["purchased_on"].shift(-1)
    first = days[days["purchase_number"] == 1]
    low, high = first["paid"].quantile([1 / 3, 2 / 3]).round(6)  # one may be a value
    thirds = [first["paid"] <= low, first["paid"] <= high]
    totals = by_customer.agg(
        purchases=("orders", "size"), last_on=("purchased_on", "max"),
        **{name: (name, "sum") for name in MONEY},
    )  # fmt: skip
    about = orders[["order_id", "channel", "country", "is_b2b", "discount"]]
    lines = read("order_lines", ["order_id", "category", "product_name", "product_id", "place"])
    top = lines[lines["place"] == 0]
    firsts = (
        first[["customer_id", "first_order_id", "purchased_on", "next_on"]]
        .assign(first_order_value=np.select(thirds, ["lower_third", "middle_third"], "upper_third"))
        .merge(totals.reset_index(), on="customer_id")
        .merge(about, left_on="first_order_id", right_on="order_id", how="left")
        .merge(top, left_on="first_order_id", right_on="order_id", how="left")
    )
    firsts["first_discounted"] = np.where(firsts["discount"] > 0, "yes", "no")
    firsts["first_is_b2b"] = np.where(firsts["is_b2b"], "yes", "no")
    firsts["first_product"] = firsts["product_name"].fillna(firsts["product_id"])
    names = {"purchased_on": "first_on", "next_on": "second_on", "channel": "first_channel",
             "country": "first_country", "category": "first_category"}  # fmt: skip
    return {"purchases": days, "first_orders": firsts.rename(columns=names)}


def returns(read: Read) -> dict[str, Any]:
    firsts = read("first_orders", ["first_on", "second_on", "first_category"])
    kind = firsts["first_category"].fillna("unknown")
    sizes = kind.value_counts()
    large = sizes[sizes >= 30].index[:5]
    timed = pd.DataFrame({
        "group": kind.where(kind.isin(large), "other"),
        "duration": (firsts["second_on"].fillna(LAST) - firsts["first_on"]).dt.days,
        "event": firsts["second_on"].notna(),
    })  # fmt: skip
    counts = timed.groupby(["group", "duration", "event"]).size().reset_index(name="count")
    return {"counts": counts}


def cohorts(read: Read) -> dict[str, Any]:
    firsts = read("first_orders", ["customer_id", "first_on"])
    bought = read("purchases", ["customer_id", "purchased_on", "orders"])
    orders = read("orders", ["customer_id", "ordered_on", *MONEY])
    firsts["start"] = firsts["first_on"].dt.to_period("M").dt.to_timestamp()
    paid = orders[orders["customer_id"].notna()].rename(columns={"ordered_on": "day"})
    moved = bought.rename(columns={"purchased_on": "day"}).assign(active=1)
    both = pd.concat([moved, paid]).merge(firsts, on="customer_id")
    both = both[both["day"] >= both["first_on"]]
    both["age"] = (both["day"].dt.year - both["start"].dt.year) * 12 + (
        both["day"].dt.month - both["start"].dt.month
    )
    names = ["orders", *MONEY]
    each = both[both["age"] <= 12].groupby(["customer_id", "age"], as_index=False)
    each = each.agg({"start": "first", "active": "sum", **dict.fromkeys(names, "sum")})
    now = each.groupby("customer_id")[names].cumsum()
    each["active"] = each["active"] > 0
    for name in names:
        for power, suffix in enumerate(("total", "squares", "cubes"), start=1):
            before = (now[name] - each[name]) ** power
            each[f"{name}_{suffix}"] = each[name] ** power
            each[f"cumulative_{name}_{suffix}"] = now[name] ** power - before
    sums = [c for c in each.columns if c.endswith(("_total", "_squares", "_cubes"))]
    cells = each.groupby(["start", "age"], as_index=False)[["active", *sums]].sum()
    running = [c for c in sums if c.startswith("cumulative_")]
    cells[running] = cells.groupby("start")[running].cumsum()
    cells["cohort_size"] = cells["start"].map(firsts["start"].value_counts())
    cells["cohort"] = cells["start"].dt.strftime("%Y-%m")
    return {"cells": cells}


def value(read: Read) -> dict[str, Any]:
    orders = read("orders", ["customer_id", "ordered_at", "ordered_on", *SUMMED])
    inside = orders[orders["ordered_on"].between(LAST - pd.Timedelta(days=364), LAST)]
    of_window, of_all = inside.groupby("customer_id"), orders.groupby("customer_id")
    customers = of_window[SUMMED].sum().assign(orders=of_window.size())
    customers["gross_sales"] = customers[["net_sales", "refund", "discount"]].sum(axis=1)
    history = of_all.agg(
        first_at=("ordered_at", "min"), last_at=("ordered_at", "max"),
        all_orders=("ordered_at", "size"), all_sales=("net_sales", "sum"),
    )  # fmt: skip
    customers = customers.join(history).reset_index()
    order = ["contribution_margin", "first_at", "orders", "net_sales", "gross_sales", "discount"]
    ranked = customers.sort_values(order, ascending=[False, True, *[False] * 4])
    decile = np.ceil(np.arange(1, len(ranked) + 1) * 10 / len(ranked)).astype(int)
    sums = ranked.groupby(decile)["contribution_margin"].agg(["size", "sum"]).reset_index()
    sums = sums.set_axis(["decile", "customers", "contribution_margin"], axis=1)
    return {"customers": customers, "deciles": sums}


def next_bought(read: Read) -> dict[str, Any]:
    bought = read("purchases", ["customer_id", "purchase_number", "purchased_on", "next_on"])
    orders = read("orders", ["order_id", "customer_id", "ordered_on"])
    lines = read("order_lines", ["order_id", "category", "net_sales"])
    firsts = bought[(bought["purchase_number"] == 1) & bought["next_on"].notna()]
    sold = orders.merge(firsts.drop(columns="purchase_number"), on="customer_id")
    is_first = sold["ordered_on"] == sold["purchased_on"]
    sold = sold[is_first | (sold["ordered_on"] == sold["next_on"])].merge(lines, on="order_id")
    day = ["customer_id", "ordered_on"]
    sums = sold.groupby([*day, "category"], as_index=False)["net_sales"].sum()
    sums = sums.sort_values([*day, "net_sales", "category"], ascending=[True, True, False, True])
    main = sums.drop_duplicates(day)
    found = main.groupby("customer_id")["category"].agg(["first", "last"])
    pairs = found.groupby(["first", "last"]).size().reset_index(name="customers")
    return {"pairs": pairs.rename(columns={"last": "next"})}
