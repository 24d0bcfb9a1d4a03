"""After what customers leave: what was known of a purchase, and whether it was the last one.

Compared at the same age: each customer counts with the first purchase of one stretch of days,
everything told of it was known by a landmark, and all of them have been observed for as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.lost_customers.lost_customers import LEAST, with_days
from templates_lib.nps_drivers import nps
from templates_lib.service.service_outcomes import LANDMARK_DAYS
from templates_lib.stats.intervals import benjamini_hochberg, newcombe, wilson
from templates_lib.stats.lift import mid_p

WINDOW_DAYS = 365
COMPARED = ["n", "people", "share", "low", "high", "others_n", "others_share", "gap_share",
            "gap_share_low", "gap_share_high", "p_value", "q_value"]  # fmt: skip
AFTER = ["group", "attribute", "value", *COMPARED]
MARKS = ["group", "left", "discounted", "refunded", "category", "contact", "score"]
CHANGEABLE = ("contact", "refunded", "discounted", "score")


def marked(
    have: Mapping[str, ir.Table], usual: pd.DataFrame, contacts: ir.Table, *, zone: str,
    as_of: date, landmark_days: int = LANDMARK_DAYS,
) -> pd.DataFrame:  # fmt: skip
    """One purchase a customer, what was known of it by the landmark, and whether they left.

    The first purchase in the last year of which every purchase has had its usual time. Who was
    back by the landmark is left out, whatever the purchase was like.

    Parameters
    ----------
    contacts : of ``service.contacts``

    Returns
    -------
    Counts by group (one or several purchases by then), left, discounted, refunded (by the
    landmark, where the day is known), category (with the most net sales), contact (topic of the
    first one, or ``no_contact``), score (promoters, passives or detractors; missing without an
    answer), and count (customers).
    """
    keys = [*MARKS, "count"]
    if usual.empty:
        return pd.DataFrame(columns=keys)
    end = as_of - timedelta(days=int(usual["days"].max()))
    rows = with_days(have["purchases"], usual)
    rows = rows.filter(
        (rows.purchased_on > end - timedelta(days=WINDOW_DAYS)) & (rows.purchased_on <= end)
    )
    order = ibis.window(group_by="customer_id", order_by="purchase_number")
    rows = rows.mutate(place=ibis.row_number().over(order))
    rows = rows.filter((rows["place"] == 0) & (rows.next_on.isnull() | (rows.gap > landmark_days)))
    rows = rows.select(
        "customer_id", "purchased_on", "group", "left",
        until=rows.purchased_on + ibis.interval(days=landmark_days),
    )  # fmt: skip
    rows = with_facts(have, rows, contacts, zone=zone)
    return rows.group_by(*MARKS).aggregate(count=rows.count()).order_by(*MARKS).to_pandas()[keys]


def with_facts(
    have: Mapping[str, ir.Table], rows: ir.Table, contacts: ir.Table, *, zone: str
) -> ir.Table:
    """Purchases with what was known of each by a day: discounted, refunded, category, contact and
    score, as in ``marked``.

    Parameters
    ----------
    rows : one a customer, with customer_id, purchased_on and until (the last day that counts)
    """
    parts = [
        _of_orders(have, rows, zone),
        _first_after(rows, contacts.select("customer_id", "on", contact="topic"), "contact"),
        _first_after(rows, _scores(have, zone), "score"),
    ]
    for part in parts:
        if part is not None:
            rows = rows.left_join(part, "customer_id").drop("customer_id_right")
    absent = {name: ibis.null("string") for name in MARKS[2:] if name not in rows.columns}
    rows = rows.mutate(**absent)
    if "touchpoints" in have:
        rows = rows.mutate(contact=rows.contact.fill_null("no_contact"))
    return rows


def _of_orders(have: Mapping[str, ir.Table], rows: ir.Table, zone: str) -> ir.Table:
    """Of each purchase: whether discounted and refunded, and its category."""
    orders = have["orders"].join(rows, "customer_id")
    orders = orders.filter(orders.ordered_on == orders.purchased_on)
    back_on = ibis.coalesce(local_day(orders, "refunded_at", zone), orders.ordered_on)
    refunded = (orders.refund > 0) & (back_on <= orders.until)
    found = orders.group_by("customer_id").aggregate(
        discounted=_yes((orders.discount > 0).any()), refunded=_yes(refunded.any())
    )
    if "order_lines" not in have:
        return found
    lines = have["order_lines"].filter(have["order_lines"].category.notnull())
    sold = lines.join(orders.select("order_id", "customer_id"), "order_id")
    sold = sold.group_by("customer_id", "category").aggregate(sales=sold.net_sales.sum())
    most = ibis.window(group_by="customer_id", order_by=[ibis.desc("sales"), "category"])
    sold = sold.mutate(place=ibis.row_number().over(most))
    sold = sold.filter(sold["place"] == 0).select("customer_id", "category")
    return found.left_join(sold, "customer_id").drop("customer_id_right")


def _yes(value: ir.BooleanValue) -> ir.StringValue:
    return value.fill_null(False).ifelse("yes", "no")


def _scores(have: Mapping[str, ir.Table], zone: str) -> ir.Table | None:
    """The scores of the recommendation survey as classes: customer_id, on, score."""
    survey = nps.score_survey(have)
    if survey is None:
        return None
    rows = have["responses"]
    rows = rows.filter(
        (rows.survey == survey) & (rows.kind == "score") & rows.value.notnull()
        & rows.customer_id.notnull()
    )  # fmt: skip
    promoters, passives, detractors = nps.CLASSES
    named = ibis.cases((rows.value >= 9, promoters), (rows.value >= 7, passives), else_=detractors)
    return rows.select("customer_id", on=local_day(rows, "answered_at", zone), score=named)


def _first_after(rows: ir.Table, events: ir.Table | None, name: str) -> ir.Table | None:
    """The first event of each customer from the purchase to the landmark: customer_id, name."""
    if events is None:
        return None
    joined = rows.select("customer_id", "purchased_on", "until").join(events, "customer_id")
    joined = joined.filter(joined.on.between(joined.purchased_on, joined.until))
    order = ibis.window(group_by="customer_id", order_by=["on", name])
    joined = joined.mutate(place=ibis.row_number().over(order))
    return joined.filter(joined["place"] == 0).select("customer_id", name)


def after_what(counts: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """Who left after what: each value of what was known, against all others of the same group.

    Parameters
    ----------
    counts : of ``marked``

    Returns
    -------
    Columns: group (one or several purchases), attribute, value, people (who left), n, and the rest
    of ``compared``. Both sides hold 30 customers, and ``min_cell`` who left and who did not. A
    topic of contacts is held against those without one.
    """
    rows = []
    for (group, attribute), own in _long(counts).groupby(["group", "attribute"]):
        sums = own.groupby(["value", "left"])["count"].sum().unstack(fill_value=0)
        sums = sums.reindex(columns=[True, False], fill_value=0)
        base = sums.loc[["no_contact"]].sum() if "no_contact" in sums.index else None
        for value, (gone, stayed) in zip(sums.index, sums.to_numpy(), strict=True):
            if value in ("no", "no_contact", "other", "unknown"):
                continue
            others = sums.sum() - [gone, stayed] if base is None else base
            cells = [gone, stayed, others[True], others[False]]
            if min(gone + stayed, others.sum()) >= LEAST and min(cells) >= min_cell:
                rows.append([group, attribute, value, *map(int, cells)])
    columns = ["group", "attribute", "value", "people", "stayed", "others", "others_stayed"]
    table = pd.DataFrame(rows, columns=columns)
    if table.empty:
        return pd.DataFrame(columns=AFTER)
    table["n"] = table["people"] + table["stayed"]
    table["others_n"] = table["others"] + table["others_stayed"]
    table = compared(table)
    by = ["gap_share", "group", "attribute", "value"]
    return table.sort_values(by, ascending=[False, True, True, True], ignore_index=True)[AFTER]


def compared(counts: pd.DataFrame) -> pd.DataFrame:
    """Two shares a row and their difference, all rows one family.

    Parameters
    ----------
    counts : people of n, others of others_n

    Returns
    -------
    The columns given, and share, low, high (Wilson), others_share, gap_share, gap_share_low,
    gap_share_high (Newcombe), p_value (mid-p), q_value (Benjamini–Hochberg).
    """
    x, n, y, m = (counts[name].astype(int) for name in ("people", "n", "others", "others_n"))
    low, high = wilson(x, n)
    gap_low, gap_high = newcombe(x, n, y, m)
    p_value = mid_p(x, n, y, m)
    return counts.assign(
        share=x / n, low=low, high=high, others_share=y / m, gap_share=x / n - y / m,
        gap_share_low=gap_low, gap_share_high=gap_high, p_value=p_value,
        q_value=benjamini_hochberg(p_value),
    )  # fmt: skip


def _long(counts: pd.DataFrame) -> pd.DataFrame:
    """One row a group, outcome, attribute and known value: group, left, attribute, value, count."""
    names = MARKS[2:]
    long = counts.melt(["group", "left", "count"], names, var_name="attribute")
    return long.dropna(subset=["value"])


def worst(table: pd.DataFrame, *, allowed: float = 0.05) -> pd.Series | None:
    """What can be changed and most more leave after, beyond chance; None where nothing is so.

    A category is not among it: who buys gifts has another rhythm.
    """
    sure = table[(table["q_value"] <= allowed) & (table["gap_share"] > 0)]
    sure = sure[sure["attribute"].isin(CHANGEABLE)]
    return sure.iloc[0] if len(sure) else None
