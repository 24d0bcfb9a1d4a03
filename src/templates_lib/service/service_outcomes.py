"""What follows a service contact: who buys again, and how satisfied they are.

Both are associations: who has a reason to write differs from others already by that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from templates_lib.coverage import local_day
from templates_lib.repeat_purchase.repeat_purchase import groups_of, returned_by
from templates_lib.service.service import LEAST
from templates_lib.stats import survival
from templates_lib.stats.intervals import holm, mean_interval

NO_CONTACT, QUICK, SLOW = "no_contact", "quick", "slow"
LANDMARK_DAYS = 21
RETURN_DAYS = 365
ANSWER_DAYS = 30
MINUTES_A_DAY = 1440
HOURS = (0.0, 4.0, 24.0, 72.0, np.inf)
HOUR_NAMES = ("under_4_hours", "4_to_24_hours", "1_to_3_days", "over_3_days")
FOLLOWED = ["group", "speed", "duration", "event", "count"]
AGAINST = ["group", "days", "n", "returned", "low", "high", "others_n", "others_share",
           "gap_share", "gap_share_low", "gap_share_high", "p_value", "p_holm"]  # fmt: skip
RATINGS = ["question", "group", "n", "mean_rating", "low", "high"]
SLOPES = ["question", "n", "per_doubling", "low", "high"]


def followed(
    have: Mapping[str, ir.Table], found: ir.Table, times: pd.DataFrame, *, as_of: date,
    landmark_days: int = LANDMARK_DAYS,
) -> pd.DataFrame:  # fmt: skip
    """First-time buyers by whether they wrote within the landmark, and when they bought again.

    The clock starts at the landmark: who returned by then is left out on both sides, and a contact
    after it is none. Quick and slow are told at the landmark too, by the median of the contact's
    own topic; a contact too late to tell is neither.

    Parameters
    ----------
    found : of ``service.contacts``
    times : of ``service.resolve_times``

    Returns
    -------
    Columns: group (topic of the first contact, or ``no_contact``), speed (quick, slow,
    ``no_contact``; missing where not known at the landmark), duration (days since the landmark),
    event (a second purchase), count (customers).
    """
    if "first_orders" not in have:
        return pd.DataFrame(columns=FOLLOWED).astype({"event": bool})
    first = have["first_orders"].select("customer_id", "first_on", "second_on")
    first = first.mutate(start=first.first_on + ibis.interval(days=landmark_days))
    still = first.second_on.isnull() | (first.second_on > first.start)
    first = first.filter(still & (first.start < as_of))
    wrote = found.filter(found.customer_id.notnull()).join(first, "customer_id")
    wrote = wrote.filter(wrote.on.between(wrote.first_on, wrote.start))
    order = ibis.window(group_by="customer_id", order_by=["occurred_at", "touchpoint_id"])
    wrote = wrote.mutate(place=ibis.row_number().over(order))
    wrote = wrote.filter(wrote["place"] == 0)
    median = ibis.null("float64")
    for row in times[times["split"] == "topic"].dropna(subset=["median_hours"]).itertuples():
        median = (wrote.topic == row.group).ifelse(60 * row.median_hours, median)
    wrote = wrote.mutate(median=median)
    days = (wrote.median / MINUTES_A_DAY).ceil().cast("int64")
    is_known = wrote.start.delta(wrote.on, unit="day") >= days
    is_quick = (wrote.minutes <= wrote.median).fill_null(False)
    speed = ibis.cases((is_known & is_quick, QUICK), (is_known, SLOW))
    wrote = wrote.select("customer_id", "topic", speed=speed)
    joined = first.left_join(wrote, "customer_id")
    end = ibis.coalesce(joined.second_on, ibis.literal(as_of))
    silent = joined.topic.isnull()
    timed = joined.select(
        group=ibis.coalesce(joined.topic, NO_CONTACT),
        speed=silent.ifelse(NO_CONTACT, joined.speed),
        duration=end.delta(joined.start, unit="day"),
        event=joined.second_on.notnull(),
    )
    counts = timed.group_by(*FOLLOWED[:-1]).aggregate(count=timed.count())
    return counts.order_by(*FOLLOWED[:-1]).to_pandas()


def by_speed(counts: pd.DataFrame) -> pd.DataFrame:
    """The counts of ``followed`` by how quickly the contact was resolved: group is the speed."""
    return counts.drop(columns="group").rename(columns={"speed": "group"}).dropna(subset=["group"])


def against(
    counts: pd.DataFrame, *, base: str = NO_CONTACT, days: int = RETURN_DAYS
) -> pd.DataFrame:
    """Who returns after the landmark, each group against ``base``.

    Parameters
    ----------
    counts : of ``followed`` or ``by_speed``: group, duration, event, count
    days : read at so many days after the landmark, or what every group is observed for

    Returns
    -------
    Columns: group, days, n, returned, low, high (1 − Kaplan–Meier, log-log), others_n,
    others_share (of ``base``), gap_share, gap_share_low, gap_share_high (group less base; normal,
    by Greenwood's errors), p_value, p_holm (over the groups). Groups under 30 customers or 10
    returns are left out.
    """
    groups = groups_of(counts)
    if base not in groups or len(groups) < 2:
        return pd.DataFrame(columns=AGAINST)
    tables = {g: survival.life_table(counts[counts["group"] == g]) for g in groups}
    days = min([days, *(survival.reach(table) for table in tables.values())])
    read = {}
    for group, table in tables.items():
        curve = survival.kaplan_meier(table)
        row = survival.incidence_at(curve, [days]).iloc[0]
        seen = curve.loc[curve["duration"] <= days, "se"]
        error = seen.iloc[-1] if len(seen) else 0.0
        read[group] = (int(table["at_risk"].iloc[0]), row.share, row.low, row.high, error)
    n, share, _, _, own_error = read[base]
    rows = []
    for group in groups:
        if group != base:
            gap, error = read[group][1] - share, np.hypot(read[group][4], own_error)
            half = stats.norm.isf(0.025) * error
            p = 2 * stats.norm.sf(abs(gap) / error) if error else np.nan
            rows.append([group, days, *read[group][:4], n, share, gap, gap - half, gap + half, p])
    table = pd.DataFrame(rows, columns=AGAINST[:-1])
    table = table.assign(p_holm=holm(table["p_value"]))
    return table.sort_values(["gap_share", "group"], ignore_index=True)


def rated(have: Mapping[str, ir.Table], found: ir.Table, *, zone: str, as_of: date) -> pd.DataFrame:
    """The ratings of the satisfaction survey with the hours of the contact before them.

    A rating belongs to the customer's last contact that was resolved within 30 days before it.

    Returns
    -------
    Columns: customer_id, question, value (on its own scale), hours.
    """
    columns = ["customer_id", "question", "value", "hours"]
    if "responses" not in have:
        return pd.DataFrame(columns=columns)
    rows = have["responses"]
    rows = rows.filter(
        (rows.survey == "satisfaction") & (rows.kind == "rating") & rows.value.notnull()
        & rows.customer_id.notnull() & (local_day(rows, "answered_at", zone) <= as_of)
    ).select("response_id", "customer_id", "answered_at", "question", "value")  # fmt: skip
    done = found.filter(found.minutes.notnull() & found.customer_id.notnull())
    done = done.select("customer_id", "touchpoint_id", "occurred_at", "minutes")
    pairs = rows.join(done, "customer_id")
    since = (pairs.answered_at.epoch_seconds() - pairs.occurred_at.epoch_seconds()) / 60
    pairs = pairs.filter((since >= pairs.minutes) & (since <= ANSWER_DAYS * MINUTES_A_DAY))
    order = ibis.window(
        group_by=["response_id", "question"],
        order_by=[ibis.desc("occurred_at"), "touchpoint_id"],
    )
    pairs = pairs.mutate(place=ibis.row_number().over(order))
    last = pairs.filter(pairs["place"] == 0)
    return (
        last.select(
            "customer_id", "question", value=last.value.cast("float64"), hours=last.minutes / 60
        )
        .order_by("question", "customer_id", "hours", "value")
        .to_pandas()[columns]
    )


def ratings_by_hours(given: pd.DataFrame) -> pd.DataFrame:
    """Mean rating by how long the contact took; ``given`` is of ``rated``.

    Returns
    -------
    Columns: question, group (of the hours), n (ratings), mean_rating, low, high (Hall's interval);
    groups of fewer than 30 ratings have no row.
    """
    classes = pd.cut(given["hours"].astype(float), HOURS, labels=HOUR_NAMES, right=False)
    rows = []
    for (question, group), x in given.groupby(["question", classes], observed=True)["value"]:
        if len(x) >= LEAST:
            x = x.astype(float)
            ends = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
            rows.append([question, group, len(x), x.mean(), *map(float, ends)])
    return pd.DataFrame(rows, columns=RATINGS)


def rating_slopes(given: pd.DataFrame) -> pd.DataFrame:
    """How a rating changes with each doubling of the time to resolve: an association.

    Least squares on log₂(1 + hours), errors clustered by customer.

    Returns
    -------
    Columns: question, n, per_doubling (points of the rating's own scale), low, high; questions of
    fewer than 30 ratings, or of one value, have no row.
    """
    rows = []
    for question, own in given.groupby("question"):
        if len(own) < LEAST or own["value"].nunique() < 2 or own["hours"].nunique() < 2:
            continue
        x = sm.add_constant(np.log2(1 + own["hours"].to_numpy(float)))
        groups = pd.factorize(own["customer_id"])[0]
        fit = sm.OLS(own["value"].to_numpy(float), x).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
        rows.append([question, len(own), fit.params[1], *fit.conf_int()[1]])
    return pd.DataFrame(rows, columns=SLOPES)


def with_base(table: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``against`` for the eye: group, returned, low, high, with those of
    ``no_contact`` first.

    Parameters
    ----------
    counts : of ``followed``
    """
    days = int(table["days"].min())
    base = returned_by(counts[counts["group"] == NO_CONTACT], days=[days])
    return pd.concat([base, table])[["group", "n", "returned", "low", "high"]]
