"""What the score leads to: purchases and money after the answer, and after it only.

The clock starts a landmark of some days after the answer; what was bought up to then counts
nowhere. A customer counts once, with the first score given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.nps_drivers.nps import ALL, CLASSES, LEAST_RANKED, class_names
from templates_lib.repeat_purchase.repeat_purchase import returned_by, widest_gap
from templates_lib.stats.intervals import mean_interval

REST = "rest"
FOLLOWED = ["response_id", "customer_id", "score", "group", "duration", "event", "value",
            "is_whole"]  # fmt: skip


def followed(
    have: Mapping[str, ir.Table],
    *,
    survey: str | None,
    zone: str,
    as_of: date,
    landmark_days: int,
    follow_days: int,
    value: str,
) -> pd.DataFrame:
    """The known buyers with a score and what they bought after it.

    Parameters
    ----------
    survey : the survey with the score
    value : column of the purchases that is summed, ``net_sales`` or ``contribution_margin``

    Returns
    -------
    One row a customer (the first score): response_id, customer_id, score, group (promoters …),
    duration (days from the landmark to the next purchase, else to the end of observation or of
    ``follow_days``), event, value (of purchases within ``follow_days`` after the landmark),
    is_whole (observed for all of them). Who answered within the landmark of ``as_of``, or was no
    buyer yet, is left out.
    """
    empty = pd.DataFrame(columns=FOLLOWED).astype({"event": bool, "is_whole": bool})
    if survey is None or not {"responses", "purchases", "first_orders"} <= set(have):
        return empty
    first = _first_scores(have, survey=survey, zone=zone)
    days = ibis.literal(as_of).delta(first.on, unit="day")
    first = first.mutate(observed=days - landmark_days).filter(lambda t: t.observed >= 1)
    bought = have["purchases"].select("customer_id", "purchased_on", worth=value)
    joined = first.left_join(bought, "customer_id")
    after = joined.purchased_on.delta(joined.on, unit="day") - landmark_days
    joined = joined.mutate(after=after)
    is_within = joined.after.between(1, follow_days)
    one_each = joined.group_by("response_id", "customer_id", "score", "observed").aggregate(
        next_after=joined.after.min(where=joined.after >= 1),
        value=joined.worth.sum(where=is_within),
    )
    table = one_each.order_by("response_id").to_pandas()
    if table.empty:
        return empty
    end = table["observed"].clip(upper=follow_days)
    event = table["next_after"].le(end)
    return table.assign(
        group=class_names(table["score"]),
        duration=table["next_after"].where(event, end).astype("int64"),
        event=event.astype(bool),
        value=table["value"].astype("float64").fillna(0.0),
        is_whole=table["observed"] >= follow_days,
    )[FOLLOWED]


def _first_scores(have: Mapping[str, ir.Table], *, survey: str, zone: str) -> ir.Table:
    """The first score of each customer whose first purchase was before it."""
    rows = have["responses"]
    rows = rows.filter(
        (rows.survey == survey) & (rows.kind == "score") & rows.value.notnull()
        & rows.customer_id.notnull()
    )  # fmt: skip
    rows = rows.mutate(on=local_day(rows, "answered_at", zone), score=rows.value.cast("float64"))
    first = ibis.window(group_by="customer_id", order_by=["answered_at", "value"])
    rows = rows.mutate(place=ibis.row_number().over(first))
    rows = rows.filter(rows["place"] == 0).select("response_id", "customer_id", "on", "score")
    buyers = have["first_orders"].select("customer_id", "first_on")
    joined = rows.inner_join(buyers, "customer_id")
    return joined.filter(joined.first_on <= joined.on).drop("first_on")


def counts(customers: pd.DataFrame, *, by: pd.Series | str = "group") -> pd.DataFrame:
    """Counts per (group, duration, event), as survival estimates take them."""
    group = customers[by] if isinstance(by, str) else by
    rows = customers.assign(group=group).dropna(subset=["group"])
    counted = rows.groupby(["group", "duration", "event"], observed=True).size()
    return counted.rename("count").reset_index()


class Outcome(NamedTuple):
    """Promoters against all others: shares with a purchase within the same days."""

    promoters: float
    others: float
    difference: float
    low: float
    high: float
    n: int
    days: int


def promoters_against_others(customers: pd.DataFrame, *, days: int) -> Outcome | None:
    """Whether promoters buy again more than all others do; None with under 30 customers or 10
    returns on either side. Detractors alone are mostly too few to be held against anybody."""
    is_promoter = customers["group"].eq(CLASSES[0])
    sides = is_promoter.map({True: CLASSES[0], False: REST})
    gap = widest_gap(counts(customers, by=sides), days=days)
    if gap is None:
        return None
    if gap.best == CLASSES[0]:
        return Outcome(gap.best_share, gap.worst_share, *gap[4:])
    turned = (-gap.difference, -gap.high, -gap.low)
    return Outcome(gap.worst_share, gap.best_share, *turned, gap.n, gap.days)


def money(customers: pd.DataFrame, *, value: str) -> pd.DataFrame:
    """What each score group bought within the time followed, of customers observed for all of it.

    Returns
    -------
    Columns: group, n, per_respondent, low, high (Hall's interval), measure; 30 customers or more.
    """
    rows = []
    whole = customers[customers["is_whole"]]
    for group in [ALL, *CLASSES]:
        own = whole["value"] if group == ALL else whole.loc[whole["group"] == group, "value"]
        if len(own) >= LEAST_RANKED:
            low, high = mean_interval(len(own), *(float((own**k).sum()) for k in (1, 2, 3)))
            rows.append((group, len(own), own.mean(), float(low), float(high), value))
    return pd.DataFrame(rows, columns=["group", "n", "per_respondent", "low", "high", "measure"])


GAPS = ["split", "group_1", "group_2", "returned_1", "returned_2", "returned_gap", "low", "high",
        "n", "days"]  # fmt: skip
CHAIN = ["split", "group", "days", "n", "returned", "low", "high"]


def rated_low(wide: pd.DataFrame) -> dict[str, pd.Series]:
    """Each driver: whether it was rated under or over its own mean, by response."""
    marks = {}
    for driver in wide:
        known = wide[driver].dropna()
        is_low = (known < known.mean()).map({True: "rated_low", False: "rated_high"})
        marks[str(driver)] = is_low
    return marks


def mentioned(answers: pd.DataFrame, codes: pd.DataFrame) -> dict[str, pd.Series]:
    """Each reason: whether it was mentioned, by response with a text."""
    ids = pd.Index(answers["response_id"])
    marks = {}
    for code, part in codes.groupby("code"):
        is_said = ids.isin(part["response_id"])
        marks[str(code)] = pd.Series(np.where(is_said, "mentioned", "not_mentioned"), ids)
    return marks


def chain(
    customers: pd.DataFrame, marks: Mapping[str, pd.Series], *, days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """From what was felt to what was done: the share with a next purchase, by each mark.

    Parameters
    ----------
    marks : name -> a group of each response, of ``rated_low`` or ``mentioned``

    Returns
    -------
    The shares: split (the mark), group, days, n, returned, low, high. And the differences of the
    two groups of each mark: split, group_1 (who returns more), group_2, returned_1, returned_2,
    returned_gap, low, high, n, days. A mark is left out where one of its groups has under 30
    customers or 10 returns.
    """
    parts, rows = [pd.DataFrame(columns=CHAIN)], []
    for name, counted in _marked(customers, marks):
        g = widest_gap(counted, days=days)
        if g is not None:
            parts.append(returned_by(counted, days=[g.days], split=name)[CHAIN])
            shares = (g.best, g.worst, g.best_share, g.worst_share)
            rows.append((name, *shares, g.difference, g.low, g.high, g.n, g.days))
    filled = [part for part in parts if len(part)] or parts
    return pd.concat(filled, ignore_index=True), pd.DataFrame(rows, columns=GAPS)


def _marked(
    customers: pd.DataFrame, marks: Mapping[str, pd.Series]
) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, mark in marks.items():
        counted = counts(customers, by=customers["response_id"].map(mark))
        if len(counted):
            yield name, counted
