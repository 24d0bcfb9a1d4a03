"""What the data are, whether they agree with the shop's own totals, and what they can tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from templates_lib.params.params import ControlTotal

RECONCILIATION = ["step", "rows", "orders", "customers", "net_sales"]


def reconciliation(facts: Mapping[str, Any]) -> pd.DataFrame:
    """Row by row from the rows of the files to the number analysed; each row is what remains.

    Returns
    -------
    Columns: step, rows, orders, customers, net_sales (empty before orders are formed; from
    ``gross_sales`` to ``less_refunds`` the amount that is left after the step).
    """
    table = pd.DataFrame(facts["reconciliation"], columns=RECONCILIATION)
    for name in ("rows", "orders", "customers"):
        table[name] = table[name].astype("Int64")
    table["net_sales"] = table["net_sales"].astype("float64")
    return table


def changed_steps(table: pd.DataFrame) -> pd.DataFrame:
    """The reconciliation without the steps at which nothing changed, for the reader."""
    before = table.shift()
    same = pd.Series(True, index=table.index)
    for name in RECONCILIATION[1:]:
        same &= (table[name] == before[name]).fillna(False) | before[name].isna()
    always = table["step"].isin(["rows_read", "gross_sales", "less_refunds", "purchase_occasions"])
    return table[~same | always]


def repairs(facts: Mapping[str, Any], orders: ir.Table | None = None) -> pd.DataFrame:
    """What the data had that needed a decision, and how often, in every source.

    Returns
    -------
    Columns: source, repair, count. Rows of orders that are no sale are steps of the
    reconciliation, and not in it.
    """
    noted = [{"source": "orders", **each} for each in facts["repairs"]]
    if orders is not None:
        unknown = int(orders.filter(orders.customer_id.isnull()).count().execute())
        noted.append({"source": "orders", "repair": "orders_without_customer", "count": unknown})
    for each in facts.get("repeated", []):
        noted.append({"repair": "rows_that_a_later_export_repeats", **each})
    for about in facts["sources"]:
        converted = {"repair": "rows_in_another_currency", "count": about["converted"]}
        noted.append({"source": about["source"], **converted})
        if about["table"] != "orders":
            left_out = {"repair": "rows_left_out", "count": about["left_out"]}
            noted.append({"source": about["source"], **left_out})
    for name, own in _by_source(facts["files"]).items():
        undefined = sum(file["undefined_bytes"] for file in own)
        noted.append({"source": name, "repair": "unreadable_characters", "count": undefined})
    found = [each for each in noted if each["count"]]
    return pd.DataFrame(found, columns=["source", "repair", "count"])


def _by_source(files: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    names = dict.fromkeys(file["source"] for file in files)
    return {name: [file for file in files if file["source"] == name] for name in names}


def months(orders: ir.Table) -> pd.DataFrame:
    """Coverage over time.

    Returns
    -------
    Columns: month (``2017-01``), orders, customers (known, that month), net_sales,
    date_from, date_to (first and last day with an order), days_with_orders. Months without
    orders are in it, with zeros.
    """
    by_month = orders.mutate(start=orders.ordered_on.truncate("M"))
    found = (
        by_month.group_by("start")
        .aggregate(
            orders=by_month.count(),
            customers=by_month.customer_id.nunique(),
            net_sales=by_month.net_sales.sum(),
            date_from=by_month.ordered_on.min(),
            date_to=by_month.ordered_on.max(),
            days_with_orders=by_month.ordered_on.nunique(),
        )
        .to_pandas()
        .set_index("start")
    )
    months = pd.PeriodIndex(pd.to_datetime(found.index), freq="M")
    every = pd.period_range(months.min(), months.max()) if len(months) else months
    full = found.set_axis(months).reindex(every)
    for name in ("orders", "customers", "days_with_orders"):
        full[name] = full[name].fillna(0).astype("int64")
    full["net_sales"] = full["net_sales"].astype("float64").fillna(0.0)
    full.insert(0, "month", full.index.astype(str))
    return full.reset_index(drop=True)


def gaps(orders: ir.Table, *, least_days: int = 7, as_of: date | None = None) -> pd.DataFrame:
    """Stretches without any order that are long for this shop: at least a week, and over ten
    times the usual distance of two days with orders.

    With ``as_of`` the days from the last order to the last day observed are a stretch too: a file
    that was exported too early makes every customer look late.

    Returns
    -------
    Columns: date_from, date_to (first and last day without an order), days.
    """
    found = orders.select(on="ordered_on").distinct().order_by("on").to_pandas()["on"]
    days = [pd.Timestamp(day).date() for day in found]
    steps = [(after - day).days for day, after in pairwise(days)]
    long = max(least_days, 10 * sum(steps) / max(1, len(steps)))
    if days and as_of is not None:
        days.append(as_of + timedelta(days=1))
    rows = [
        {
            "date_from": day + timedelta(days=1),
            "date_to": after - timedelta(days=1),
            "days": (after - day).days - 1,
        }
        for day, after in pairwise(days)
        if (after - day).days > long
    ]
    return pd.DataFrame(rows, columns=["date_from", "date_to", "days"])


def control_totals(
    orders: ir.Table,
    movements: ir.Table,
    *,
    totals: Mapping[str, ControlTotal],
    tolerance_share: float,
) -> pd.DataFrame:
    """This report's figures beside those of the shop's own screen.

    Parameters
    ----------
    orders : all counted orders, those of unknown customers included
    movements : ``purchases.money_movements`` of them

    Returns
    -------
    Columns: period, measure (net_sales or orders), shop, ours, difference, difference_share,
    agrees.
    """
    rows = []
    for period, total in sorted(totals.items()):
        first, last = _period(period)
        ordered = orders.filter(orders.ordered_on.between(first, last)).count().execute()
        moved = movements.filter(movements.moved_on.between(first, last))
        sales = float(moved.net_sales.sum().execute() or 0)
        for measure, shop, ours in (
            ("net_sales", total.net_sales, sales),
            ("orders", total.orders, int(ordered)),
        ):
            if shop is not None:
                difference = ours - float(shop)
                share = difference / float(shop) if shop else float("nan")
                agrees = difference == 0 or abs(share) <= tolerance_share
                rows.append([period, measure, float(shop), ours, difference, share, agrees])
    columns = ["period", "measure", "shop", "ours", "difference", "difference_share", "agrees"]
    return pd.DataFrame(rows, columns=columns)


def _period(period: str) -> tuple[date, date]:
    stretch = pd.Period(period)
    return stretch.start_time.date(), stretch.end_time.date()
