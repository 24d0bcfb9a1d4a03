"""What the customers are worth whom a channel brings: their margin, and how many come back.

The channel is that of the last click before the first order, or what the customer said on it;
both are known when the clock starts. Channels are compared with all others in customers of the
same months.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib import activity
from templates_lib.coverage import local_day
from templates_lib.language import tr
from templates_lib.marketing import payback
from templates_lib.marketing.attribution import UNKNOWN
from templates_lib.marketing.payback import MARGIN, MONTH_DAYS, NOT_YET, Grids
from templates_lib.privacy import hide_small
from templates_lib.purchase_survey import discovery
from templates_lib.repeat_purchase import repeat_purchase

MIN_CUSTOMERS = 30
NO_CHANNEL = (activity.ALL, NOT_YET, UNKNOWN, discovery.OTHER)
AGES = (3, 6, 12)  # months of 30 days
CURVES = ["channel", "months", "n", "margin", "low", "high"]
GAPS = ["months", "channel", "n", "n_others"]
MARGINS = [*GAPS, "margin", "others_margin", "margin_gap", "low", "high"]
RETURNS = [*GAPS, "share_returned", "others_returned", "gap_share", "low", "high"]


def margin_curves(grids: Grids, *, start: date, end: date, max_channels: int = 6) -> pd.DataFrame:
    """Cumulative margin per customer of each channel by month since the first purchase.

    It is of the same customers from the first month to the last: those of calendar months in which
    all have been observed for 12, else 6, else 3 months, by the longest for which two channels
    have 30 customers.

    Parameters
    ----------
    grids : of ``payback.grids``, by channel
    start, end : first purchases in the months from that of ``start`` to that of ``end``
    max_channels : the channels with the most customers

    Returns
    -------
    Columns: channel, months, n, margin, low, high; as ``payback.curve``, not discounted.
    """
    own = _named_cells(grids, start, end)
    for months in reversed(AGES):
        at = own[(own["age"] == months - 1) & own["complete"]]
        sizes = at.groupby("channel")["cohort_size"].sum()
        sizes = sizes[sizes >= MIN_CUSTOMERS].sort_values(ascending=False, kind="stable")
        if len(sizes) < 2:
            continue
        last = date.fromisoformat(at["cohort"].max() + "-01")
        parts = [
            payback.curve(grids, start=start, end=last, channels=[name]).assign(channel=name)
            for name in sizes.index[:max_channels]
        ]
        whole = pd.concat(parts, ignore_index=True)
        return whole.loc[whole["months"] <= months, CURVES].reset_index(drop=True)
    return pd.DataFrame(columns=CURVES)


def _named_cells(grids: Grids, start: date, end: date) -> pd.DataFrame:
    """The cells of channels that have a name, of the months from ``start`` to ``end``."""
    cells = grids.plain
    if "channel" not in cells:
        return cells.assign(channel="").iloc[:0]
    in_time = cells["cohort"].between(f"{start:%Y-%m}", f"{end:%Y-%m}")
    return cells[in_time & ~cells["channel"].isin(NO_CHANNEL)]


def return_counts(customers: ir.Table, *, as_of: date, max_channels: int = 6) -> pd.DataFrame:
    """``repeat_purchase.return_counts`` by channel, of customers whose channel has a name."""
    known = customers.filter(customers.channel.notnull(), ~customers.channel.isin(NO_CHANNEL))
    counts = repeat_purchase.return_counts(
        known, as_of=as_of, split="channel", max_groups=max_channels
    )
    return counts[counts["group"] != discovery.OTHER].reset_index(drop=True)


def returned(counts: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """Share who came back within 90, 180 and 360 days, by 1 − Kaplan–Meier.

    Returns
    -------
    As ``repeat_purchase.returned_by``, with ``group`` the channel, without what rests on fewer than
    ``min_cell`` returns or 20 customers at risk.
    """
    days = [months * MONTH_DAYS for months in AGES]
    table = repeat_purchase.returned_by(counts, days=days, split="channel")
    so_far = (table["naive"] * table["n"]).astype("float64").round()  # an empty table has no types
    is_shown = table["returned"].notna() & (so_far >= min_cell)
    return table[is_shown].reset_index(drop=True)


def as_said(
    first_orders: ir.Table,
    orders: ir.Table,
    responses: ir.Table,
    *,
    question: str,
    channels: discovery.Names,
    zone: str,
    within_days: int = 7,
) -> ir.Table | None:
    """``first_orders`` of those who said on their first order where they heard of the shop.

    Only an answer about the first order counts, given within ``within_days`` of it, or who came
    back would have more chances to answer. A person who names several has no channel.

    Parameters
    ----------
    question : of the purchase survey
    channels : name: its ``said`` forms; an answer that none of them means is ``other``

    Returns
    -------
    ``first_orders`` with ``channel``; None without such an answer.
    """
    asked = responses.filter(
        responses.survey == "purchase", responses.question == question,
        responses.option.notnull(), responses.order_id.notnull(),
    )  # fmt: skip
    given = asked.select("order_id", "option", on=local_day(asked, "answered_at", zone))
    placed = orders.select("order_id", "customer_id", "ordered_on")
    joined = given.join(placed, "order_id").join(
        first_orders.select("customer_id", "first_on"), "customer_id"
    )
    late = joined.on.delta(joined.first_on, unit="day")
    own = joined.filter(joined.ordered_on == joined.first_on, late <= within_days)
    each = own.group_by("customer_id").aggregate(
        options=own.option.nunique(), said=own.option.min()
    )
    single = each.filter(each.options == 1)
    options = single.select("said").distinct().to_pandas()["said"].astype("object")
    if options.empty:
        return None
    names = discovery.named(options, "said", channels)
    kinds = [(single.said == said, name) for said, name in zip(options, names, strict=True)]
    picked = single.select("customer_id", channel=ibis.cases(*kinds, else_=discovery.OTHER))
    return first_orders.join(picked, "customer_id")


def margin_gaps(grids: Grids, *, start: date, end: date) -> pd.DataFrame:
    """Margin per customer of each channel against all others of the same months.

    Returns
    -------
    Columns: months (of margin, 30 days each), channel, n, n_others (customers of months in which
    both came and all have been observed so long), margin and others_margin (means over those
    months, weighted alike), margin_gap (margin − others_margin), low, high. A channel needs 30
    customers, and so do the others.
    """
    own = _named_cells(grids, start, end)
    own = own[own["complete"]]
    parts = []
    for months in AGES:
        at = own[own["age"] == months - 1]
        cells = pd.DataFrame(
            {"channel": at["channel"], "cohort": at["cohort"], "n": at["cohort_size"]}
            | {power: at[f"{MARGIN}_{power}"].astype(float) for power in ("total", "squares")}
        )
        parts.append(_gaps(cells, months))
    return _named(parts, MARGINS)


def return_gaps(customers: ir.Table, *, as_of: date, min_cell: int) -> pd.DataFrame:
    """The share of each channel's customers who came back, against all others of the same months.

    Parameters
    ----------
    customers : ``first_orders`` with ``channel``; those without one are left out

    Returns
    -------
    Columns: months (30 days each, within which they came back), channel, n, n_others,
    share_returned and others_returned (over the same months, weighted alike), gap_share, low,
    high; as ``margin_gaps``, of customers who have all been observed so long. A share of fewer
    than ``min_cell`` returns is empty.
    """
    known = customers.filter(customers.channel.notnull(), ~customers.channel.isin(NO_CHANNEL))
    parts = []
    for months in AGES:
        days = months * MONTH_DAYS
        seen = known.filter(known.first_on <= ibis.literal(as_of - timedelta(days=days)))
        came = (seen.second_on.delta(seen.first_on, unit="day") <= days).fill_null(False)
        counts = seen.mutate(came=came, cohort=seen.first_on.strftime("%Y-%m"))
        cells = counts.group_by("channel", "cohort").aggregate(
            n=counts.count(), total=counts.came.sum()
        )
        frame = cells.order_by("channel", "cohort").to_pandas()
        parts.append(_gaps(frame.assign(squares=frame["total"]), months))
    table = _named(parts, RETURNS)
    returned = (table["share_returned"] * table["n"]).round()
    shown = hide_small(
        table.assign(returned=returned), count="returned", values=RETURNS[4:], by=["months"],
        min_cell=min_cell,
    )  # fmt: skip
    return shown[RETURNS].astype(dict.fromkeys(RETURNS[4:], "float64"))


def _named(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[2:], "float64"))
    return pd.concat(filled, ignore_index=True).set_axis(columns, axis=1)


def _gaps(cells: pd.DataFrame, months: int) -> pd.DataFrame:
    """Each channel against the sum of all others, month by month of the first purchase.

    Months are weighted by n₁ n₀ / (n₁ + n₀), as Mantel and Haenszel do; the variance of a value is
    that within the months, pooled over them.
    """
    whole = cells.groupby("cohort")[["n", "total", "squares"]].sum()
    rows = []
    for channel, own in cells.groupby("channel", sort=True):
        own = own.set_index("cohort")[["n", "total", "squares"]].astype(float)
        rest = (whole.loc[own.index] - own).astype(float)
        both = (own["n"] > 0) & (rest["n"] > 0)
        pair = (own[both], rest[both])
        sizes = [int(part["n"].sum()) for part in pair]
        if min(sizes) < MIN_CUSTOMERS:
            continue
        n1, n0 = (part["n"] for part in pair)
        weight = n1 * n0 / (n1 + n0)
        weight = weight / weight.sum()
        means = [float((weight * part["total"] / part["n"]).sum()) for part in pair]
        variance = sum(_within(part) * (weight**2 / part["n"]).sum() for part in pair)
        gap, half = means[0] - means[1], stats.norm.isf(0.025) * np.sqrt(variance)
        rows.append([months, channel, *sizes, *means, gap, gap - half, gap + half])
    return pd.DataFrame(rows, columns=[*GAPS, "own", "others", "gap", "low", "high"])


def _within(part: pd.DataFrame) -> float:
    """Variance of a value within the months."""
    inside = (part["squares"] - part["total"] ** 2 / part["n"]).sum()
    return float(max(inside, 0.0) / (part["n"] - 1).sum())


class Gap(NamedTuple):
    """The channel that differs most surely from the others, and by how much."""

    channel: str
    months: int
    own: float
    others: float
    difference: float
    low: float
    high: float
    n: int


def surest(gaps: pd.DataFrame, *, at_most: int = 6) -> Gap | None:
    """Of the longest time up to ``at_most`` months, the gap that is largest in standard errors.

    The interval is widened by Bonferroni for the number of channels. None where no channel can be
    compared, or none differs beyond chance.
    """
    known = gaps[gaps["low"].notna() & (gaps["months"] <= at_most)]
    own = known[known["months"] == known["months"].max()]
    if own.empty:
        return None
    value, others, difference = own.columns[4:7]
    error = (own["high"] - own["low"]) / 2 / stats.norm.isf(0.025)
    row = own.loc[(own[difference].abs() / error).idxmax()]
    half = stats.norm.isf(0.025 / len(own)) * error[row.name]
    if abs(row[difference]) <= half:
        return None
    ends = [float(row[difference] + side * half) for side in (0, -1, 1)]
    return Gap(row["channel"], int(row["months"]), float(row[value]), float(row[others]), *ends,
               int(row["n"] + row["n_others"]))  # fmt: skip


def next_step(gap: Gap) -> str:
    """What to do about a channel whose customers come back less, or more, than others."""
    if gap.difference < 0:
        return tr(
            "Give new customers of “{channel}” a reason for a second order within a month.",
            channel=gap.channel,
        )
    return tr(
        "Ask what new customers of “{channel}” were told, and tell it to those of the others.",
        channel=gap.channel,
    )


class Titles(NamedTuple):
    """What pictures and tables of returns by channel are called."""

    axis: str
    alt: str
    curve: str
    table: str
    basis: str


def titles(kind: str) -> Titles:
    """By how the channel is known: ``clicked`` (the last click) or ``said``."""
    if kind == "clicked":
        return Titles(
            tr("Came back, of 100 new customers, by the last click"),
            tr("Share who came back by channel of the last click."),
            tr("Came back by day, by the last click"),
            tr(
                "Who came back, by the last click: each channel against the others of the "
                "same months"
            ),
            tr("The channel is that of the last click."),
        )
    return Titles(
        tr("Came back, of 100 new customers, by what they say"),
        tr("Share who came back by channel, as customers say."),
        tr("Came back by day, by what customers say"),
        tr("Who came back, by what they say: each channel against the others of the same months"),
        tr("The channel is what customers say."),
    )


def returns_in_words(gap: Gap, kind: str, own: str, others: str) -> str:
    """The headline of a gap in returns."""
    named = {"channel": gap.channel, "own": own, "others": others, "months": gap.months}
    if kind == "clicked":
        return tr(
            "Of 100 customers who came by “{channel}”, {own} come back within {months} months; of "
            "the others {others}",
            **named,
        )
    return tr(
        "Of 100 customers who first heard of the shop by “{channel}”, {own} come back within "
        "{months} months; of the others {others}",
        **named,
    )
