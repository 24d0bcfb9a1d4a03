"""Service contacts: what they are about, how long they take, and how many come with 100 orders.

A contact is a touchpoint with a topic, a text or a time to resolve. One without hours is taken as
not resolved yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.privacy import hide_small
from templates_lib.purchases import with_groups
from templates_lib.repeat_purchase.repeat_purchase import MIN_EVENTS
from templates_lib.sources.engine import one
from templates_lib.stats import survival
from templates_lib.stats.intervals import wilson
from templates_lib.stats.net_score_design import design_effect
from templates_lib.stats.totals import total_interval
from templates_lib.tables import TOUCHPOINTS

ALL = "all"
LEAST = 30
COMPARED_MONTHS = 3
TOPICS = ["group", "contacts", "people", "n", "share", "low", "high"]
TIMES = ["split", "group", "n", "unresolved", "median_hours", "low", "high"]
RATES = ["month", "orders", "contacts", "people", "contacts_per_100", "low", "high"]


def contacts(have: Mapping[str, ir.Table], *, zone: str, as_of: date, max_groups: int) -> ir.Table:
    """The contacts up to the last day: touchpoint_id, customer_id, who (the customer, else the
    contact itself), occurred_at, on (local day), kind, topic (the largest, else ``other``, or
    ``unknown``), text, minutes (to resolve, whole; null where not resolved by the end of the last
    day) and observed (minutes from the contact to that end).

    Parameters
    ----------
    have : staged tables; without touchpoints there are no rows
    """
    rows = have.get("touchpoints")
    if rows is None:
        rows = ibis.memtable([], schema=TOUCHPOINTS)
    end = pd.Timestamp(as_of + timedelta(days=1), tz=zone).timestamp()
    rows = rows.filter(
        rows.topic.notnull() | rows.text.notnull() | rows.hours_to_resolve.notnull()
    ).mutate(on=local_day(rows, "occurred_at", zone))
    rows = rows.filter(rows.on <= as_of)
    observed = (ibis.literal(int(end)) - rows.occurred_at.epoch_seconds()) / 60
    minutes = (rows.hours_to_resolve.cast("float64") * 60).ceil().cast("int64")
    rows = rows.mutate(observed=observed.floor().cast("int64"), minutes=minutes)
    resolved = (rows.minutes <= rows.observed).fill_null(False)
    rows = rows.select(
        "touchpoint_id", "customer_id", "occurred_at", "on", "kind", "topic", "text", "observed",
        who=ibis.coalesce(rows.customer_id, rows.touchpoint_id),
        minutes=resolved.ifelse(rows.minutes, ibis.null("int64")),
    )  # fmt: skip
    return with_groups(rows, "topic", max_groups=max_groups, min_customers=LEAST)


def topics(found: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """What contacts are about.

    Parameters
    ----------
    found : of ``contacts``

    Returns
    -------
    Columns: group (the topic), contacts, people, n (all contacts: the denominator), share, low,
    high (Wilson, at the effective number of contacts where people write several times). The most
    frequent first; no rows under 30 contacts.
    """
    rows = found.select("topic", "who").to_pandas()
    n = len(rows)
    if n < LEAST:
        return pd.DataFrame(columns=TOPICS)
    table = rows.groupby("topic")["who"].agg(["size", "nunique"]).reset_index()
    table.columns = ["group", "contacts", "people"]
    effect = np.array([design_effect(rows["topic"].eq(g), rows["who"]) for g in table["group"]])
    low, high = wilson(table["contacts"] / effect, n / effect)
    table = table.assign(n=n, share=table["contacts"] / n, low=low, high=high)[TOPICS]
    table = table.sort_values(["contacts", "group"], ascending=[False, True], ignore_index=True)
    values = ["contacts", "share", "low", "high"]
    return hide_small(table, count="people", values=values, min_cell=min_cell)


def resolve_times(found: ir.Table) -> pd.DataFrame:
    """How long it takes until a contact is resolved, by topic and by kind.

    Returns
    -------
    Columns: split (all, topic, kind), group, n (contacts), unresolved (by the end of the last
    day), median_hours, low, high (Kaplan–Meier, so that those not resolved yet count as long as
    they have waited; missing where not reached). Groups of fewer than 30 contacts, or 10 resolved,
    have no row.
    """
    duration = ibis.coalesce(found.minutes, found.observed)
    timed = found.select("topic", "kind", duration=duration, event=found.minutes.notnull())
    keys = ("topic", "kind", "duration", "event")
    counts = timed.group_by(*keys).aggregate(count=timed.count()).to_pandas()
    rows = []
    for split, key in ((ALL, np.full(len(counts), ALL)), ("topic", "topic"), ("kind", "kind")):
        for group, own in counts.groupby(key):
            n, resolved = own["count"].sum(), own.loc[own["event"], "count"].sum()
            if n >= LEAST and resolved >= MIN_EVENTS:
                curve = survival.kaplan_meier(survival.life_table(own))
                hours = [value / 60 for value in survival.quantile(curve)]
                rows.append([split, group, int(n), int(n - resolved), *hours])
    return pd.DataFrame(rows, columns=TIMES)


def months_of(have: Mapping[str, ir.Table], found: ir.Table) -> pd.DataFrame:
    """Contacts of each person and orders by calendar month: month (Period), who, contacts; and
    rows without who that hold the month's orders. Empty without orders or contacts."""
    columns = ["month", "who", "contacts", "orders"]
    ends = one(found, first=found.on.min())
    if "orders" not in have or ends["first"] is None:
        return pd.DataFrame(columns=columns)
    written = found.group_by("who", month=found.on.truncate("M")).aggregate(contacts=found.count())
    orders = have["orders"]
    placed = orders.group_by(month=orders.ordered_on.truncate("M")).aggregate(orders=orders.count())
    both = pd.concat([written.to_pandas(), placed.to_pandas()], ignore_index=True)
    return both.assign(month=pd.PeriodIndex(pd.to_datetime(both["month"]), freq="M"))[columns]


def contact_rates(
    months: pd.DataFrame, *, as_of: date, by: Sequence[int] | None = None, min_cell: int
) -> pd.DataFrame:
    """Contacts per 100 orders of the same days, by calendar month.

    Parameters
    ----------
    months : of ``months_of``
    by : months that are taken together, counted back from the last whole one; each alone otherwise

    Returns
    -------
    Columns: month (the last of those taken together), orders, contacts, people, contacts_per_100,
    low, high. A person with many contacts widens the interval (compound Poisson); orders are
    taken as given. Only whole months after that of the first contact; under 30 orders or
    ``min_cell`` people there is no row.
    """
    if months.empty:
        return pd.DataFrame(columns=RATES)
    last = pd.Period(as_of, "M")
    if last.end_time.date() > as_of:
        last -= 1
    first = months.loc[months["who"].notna(), "month"].min() + 1
    whole = months[(months["month"] >= first) & (months["month"] <= last)]
    back = whole["month"].map(lambda month: (last - month).n)
    spans = [range(k, k + 1) for k in sorted(set(back), reverse=True)]
    if by is not None:
        spans = [range(k, k + COMPARED_MONTHS) for k in by]
    rows = []
    for span in spans:
        own = whole[back.isin(list(span))]
        orders, x = own["orders"].sum(), own.groupby("who")["contacts"].sum()
        is_whole = back.max() >= span[-1]
        if is_whole and orders >= LEAST and len(x) >= min_cell:
            ends = total_interval(x.sum(), (x**2).sum(), (x**3).sum())
            shares = [100 * float(value) / orders for value in (x.sum(), *ends)]
            rows.append([str(last - span[0]), int(orders), int(x.sum()), len(x), *shares])
    return pd.DataFrame(rows, columns=RATES)


class Change(NamedTuple):
    """Contacts per 100 orders now and a year before, and the difference with its interval.

    ``n`` is the people behind both, ``spread`` the standard deviation of contacts per 100 orders
    from one order to the next.
    """

    now: float
    before: float
    difference: float
    low: float
    high: float
    n: int
    spread: float


def rate_change(months: pd.DataFrame, *, as_of: date, min_cell: int) -> Change | None:
    """The last three whole months against the same a year before; None where one is not known.

    The interval of the difference is made of those of both (MOVER; Zou & Donner 2008).
    """
    found = contact_rates(months, as_of=as_of, by=(0, 12), min_cell=min_cell)
    if len(found) < 2:
        return None
    new, old = found.iloc[0], found.iloc[1]
    gap = new.contacts_per_100 - old.contacts_per_100
    low = gap - np.hypot(new.contacts_per_100 - new.low, old.high - old.contacts_per_100)
    high = gap + np.hypot(new.high - new.contacts_per_100, old.contacts_per_100 - old.low)
    n = int(new.people + old.people)
    error = (new.high - new.low) / (2 * stats.norm.isf(0.025))
    values = (new.contacts_per_100, old.contacts_per_100, gap, low, high)
    return Change(*map(float, values), n, float(error * np.sqrt(new.orders)))


def messages(found: ir.Table) -> pd.DataFrame:
    """The texts of the contacts as open answers, to be coded and never shown: survey,
    response_id, question, kind, text."""
    rows = found.filter(found.text.notnull() & found.touchpoint_id.notnull())
    about = {"survey": ibis.literal("service"), "question": ibis.literal("message")}
    rows = rows.select(response_id="touchpoint_id", kind=ibis.literal("open"), text="text", **about)
    columns = ["survey", "response_id", "question", "kind", "text"]
    return rows.order_by("response_id").to_pandas()[columns]
