"""The measures in polars, lazily of Parquet files, with money as floating-point numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from polars import col

from benchmarks.generated import AS_OF

MONEY = ["net_sales", "contribution_margin"]
SUMMED = ["discount", "refund", "shipping_income", "cost_of_goods", "fulfilment_cost",
          "payment_cost", *MONEY]  # fmt: skip
Scan = Callable[[str], pl.LazyFrame]


def purchases(scan: Scan) -> dict[str, Any]:
    orders, lines = scan("orders"), scan("order_lines")
    known = orders.filter(col("customer_id").is_not_null())
    since = known.filter(~col("is_wholly_refunded")).group_by("customer_id")
    days = (
        known.join(since.agg(since=col("ordered_at").min()), on="customer_id")
        .filter(col("ordered_at") >= col("since"))
        .group_by("customer_id", purchased_on="ordered_on")
        .agg(col("order_id").sort_by("ordered_at").first().alias("first_order_id"),
             pl.len().alias("orders"), col("net_goods").sum().alias("paid"), col(MONEY).sum())
        .sort("customer_id", "purchased_on")
        .with_columns(
            purchase_number=pl.int_range(1, pl.len() + 1).over("customer_id"),
            next_on=col("purchased_on").shift(-1).over("customer_id"),
        )
        .collect()
    )  # fmt: skip
    first = days.lazy().filter(col("purchase_number") == 1)
    low, high = (col("paid").quantile(k / 3, interpolation="linear").round(6) for k in (1, 2))
    totals = days.lazy().group_by("customer_id")
    totals = totals.agg(pl.len().alias("purchases"), col("purchased_on").max().alias("last_on"),
                        col(MONEY).sum())  # fmt: skip
    firsts = (
        first.select(
            "customer_id", order_id="first_order_id", first_on="purchased_on", second_on="next_on",
            first_order_value=pl.when(col("paid") <= low).then(pl.lit("lower_third"))
            .when(col("paid") <= high).then(pl.lit("middle_third"))
            .otherwise(pl.lit("upper_third")),
        )
        .join(totals, on="customer_id")
        .join(
            orders.select(
                "order_id", first_channel="channel", first_country="country",
                first_is_b2b=pl.when("is_b2b").then(pl.lit("yes")).otherwise(pl.lit("no")),
                first_discounted=pl.when(col("discount") > 0).then(pl.lit("yes"))
                .otherwise(pl.lit("no")),
            ),
            on="order_id", how="left",
        )
        .join(
            lines.filter(col("place") == 0).select(
                "order_id", first_category="category",
                first_product=pl.coalesce("product_name", "product_id"),
            ),
            on="order_id", how="left",
        )
        .collect()
    )  # fmt: skip
    return {"purchases": days, "first_orders": firsts}


def returns(scan: Scan) -> dict[str, Any]:
    firsts = scan("first_orders").with_columns(kind=col("first_category").fill_null("unknown"))
    sizes = firsts.group_by("kind").len().filter(col("len") >= 30)
    large = sizes.sort("len", "kind", descending=[True, False]).head(5).collect()["kind"]
    end = col("second_on").fill_null(AS_OF)
    counts = firsts.group_by(
        group=pl.when(col("kind").is_in(large.implode())).then("kind").otherwise(pl.lit("other")),
        duration=(end - col("first_on")).dt.total_days(),
        event=col("second_on").is_not_null(),
    ).agg(count=pl.len())
    return {"counts": counts.collect()}


def cohorts(scan: Scan) -> dict[str, Any]:
    starts = scan("first_orders").select(
        "customer_id", "first_on", start=col("first_on").dt.truncate("1mo")
    )
    bought = scan("purchases").select(
        "customer_id", col("purchased_on").alias("day"), col("orders").cast(pl.Float64),
        active=pl.lit(1),
    )  # fmt: skip
    paid = scan("orders").filter(col("customer_id").is_not_null())
    paid = paid.select("customer_id", col("ordered_on").alias("day"), *MONEY)
    names, day, start = ["orders", *MONEY], col("day"), col("start")
    months = (day.dt.year() - start.dt.year()) * 12 + day.dt.month() - start.dt.month()
    each = (
        pl.concat([bought, paid], how="diagonal")
        .join(starts, on="customer_id")
        .filter(day >= col("first_on"))
        .with_columns(age=months)
        .filter(col("age") <= 12)
        .group_by("customer_id", "age")
        .agg(start.first(), (col("active").sum() > 0).alias("active"), col(names).sum())
        .sort("customer_id", "age")
        .with_columns(col(names).cum_sum().over("customer_id").name.prefix("now_"))
    )
    powers, gains = {}, {}
    for name in names:
        now = col(f"now_{name}")
        for power, suffix in enumerate(("total", "squares", "cubes"), start=1):
            powers[f"{name}_{suffix}"] = (col(name) ** power).sum()
            gain = (now**power - (now - col(name)) ** power).sum()
            gains[f"cumulative_{name}_{suffix}"] = gain
    cells = each.group_by("start", "age").agg(col("active").sum(), **powers, **gains)
    cells = cells.sort("start", "age").with_columns(col(list(gains)).cum_sum().over("start"))
    cells = cells.join(starts.group_by("start").agg(cohort_size=pl.len()), on="start")
    return {"cells": cells.with_columns(cohort=start.dt.strftime("%Y-%m")).collect()}


def value(scan: Scan) -> dict[str, Any]:
    known = scan("orders").filter(col("customer_id").is_not_null())
    first = pl.lit(AS_OF) - pl.duration(days=364)
    inside = known.filter(col("ordered_on").is_between(first, pl.lit(AS_OF)))
    of_window = inside.group_by("customer_id").agg(col(SUMMED).sum(), orders=pl.len())
    history = known.group_by("customer_id").agg(
        first_at=col("ordered_at").min(), last_at=col("ordered_at").max(),
        all_orders=pl.len(), all_sales=col("net_sales").sum(),
    )  # fmt: skip
    gross = pl.sum_horizontal("net_sales", "refund", "discount")
    customers = of_window.with_columns(gross_sales=gross).join(history, on="customer_id").collect()
    order = ["contribution_margin", "first_at", "orders", "net_sales", "gross_sales", "discount"]
    ranked = customers.sort(order, descending=[True, False, *[True] * 4])
    place, n = pl.int_range(1, pl.len() + 1), pl.len().cast(pl.Int64)
    sums = ranked.group_by(decile=(place * 10 + n - 1) // n)
    found = sums.agg(pl.len().alias("customers"), col("contribution_margin").sum())
    return {"customers": customers, "deciles": found.sort("decile")}


def next_bought(scan: Scan) -> dict[str, Any]:
    firsts = scan("purchases").filter((col("purchase_number") == 1) & col("next_on").is_not_null())
    firsts = firsts.select("customer_id", "purchased_on", "next_on")
    sold = scan("orders").join(firsts, on="customer_id")
    sold = sold.filter(col("ordered_on").is_in(pl.concat_list("purchased_on", "next_on")))
    sold = sold.select("order_id", "customer_id", "ordered_on").join(
        scan("order_lines").select("order_id", "category", "net_sales"), on="order_id"
    )
    sums = sold.group_by("customer_id", "ordered_on", "category").agg(col("net_sales").sum())
    best = col("category").sort_by(["net_sales", "category"], descending=[True, False]).first()
    main = sums.group_by("customer_id", "ordered_on").agg(best).sort("ordered_on")
    found = main.group_by("customer_id").agg(
        first=col("category").sort_by("ordered_on").first(),
        next=col("category").sort_by("ordered_on").last(),
    )
    return {"pairs": found.group_by("first", "next").agg(customers=pl.len()).collect()}
