"""Visits that a tool has counted already: the share that orders, where there are no events."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from templates_lib.language import N_, tr
from templates_lib.stats.intervals import wilson

ALL = "all"
SPLITS = ("channel", "device")
BY = {"channel": N_("visits by channel"), "device": N_("visits by device")}
MIN_VISITS = 30
TRAFFIC = ["split", "segment", "n", "orders", "conversion", "low", "high"]


def conversion(traffic: ir.Table, *, max_groups: int) -> pd.DataFrame:
    """Orders of a hundred visits by channel and by device, from counted visits.

    Rows without a channel are of another report, and so not counted by channel; rows that name a
    page are of pages, of which a visit sees several, and are not counted at all unless there are
    no others.

    Returns
    -------
    Columns: split (``all``, ``channel``, ``device``), segment, n (visits), orders, conversion
    (orders / visits), low, high (Wilson). Empty shares where orders are not in the file or more
    than the visits. Segments under 30 visits, and past the greatest, are ``other``. No rows with
    fewer than 30 visits.
    """
    counted = traffic.filter(traffic.sessions.notnull())
    whole = counted.filter(counted.page.isnull())
    rows = whole if whole.count().execute() else counted
    parts = []
    for split in SPLITS:
        own = rows.filter(rows[split].notnull())
        by = own.group_by(segment=split).aggregate(
            n=own.sessions.sum().cast("float64"), orders=own.orders.sum().cast("float64")
        )
        found = by.to_pandas().assign(split=split)
        is_large = (found["n"] >= MIN_VISITS) & (
            found["n"].rank(ascending=False, method="first") <= max_groups
        )
        found["segment"] = found["segment"].where(is_large, "other")
        keys = ["split", "segment"]
        parts.append(found.groupby(keys, as_index=False)[["n", "orders"]].sum(min_count=1))
    named = [part for part in parts if len(part) > 1]
    totals = [part[["n", "orders"]].sum(min_count=1) for part in parts if len(part)]
    if not totals:  # counted by day alone
        total = rows.aggregate(
            n=rows.sessions.sum().cast("float64"), orders=rows.orders.sum().cast("float64")
        )
        totals = [total.to_pandas().iloc[0]]
    every = max(totals, key=lambda total: total["n"])
    if not every["n"] >= MIN_VISITS:
        return pd.DataFrame(columns=TRAFFIC)
    first = pd.DataFrame([{"split": ALL, "segment": ALL, **every}])
    made = pd.concat([first, *named], ignore_index=True)
    made[["n", "orders"]] = made[["n", "orders"]].astype(float).round().astype("Int64")
    is_known = (made["orders"].notna() & (made["orders"] <= made["n"])).fillna(False).astype(bool)
    low, high = wilson(made["orders"].where(is_known, 0).astype(float), made["n"].astype(float))
    made["conversion"] = (made["orders"].astype(float) / made["n"].astype(float)).where(is_known)
    made["low"], made["high"] = (pd.Series(v).where(is_known) for v in (low, high))
    made["place"] = made["segment"] == "other"
    order = ["split", "place", "n"]
    rest = made.iloc[1:].sort_values(order, ascending=[True, True, False], kind="stable")
    return pd.concat([made.iloc[:1], rest], ignore_index=True)[TRAFFIC]


def lacks(table: pd.DataFrame) -> list[str]:
    """What the counted visits do not hold, in words."""
    missing = [tr("the steps between a visit and an order")]
    if table["orders"].isna().all():
        missing.append(tr("orders beside the visits"))
    known = set(table["split"])
    missing += [tr(text) for split, text in BY.items() if split not in known]
    return missing
