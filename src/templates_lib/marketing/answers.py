"""What the measures of marketing answer: the rows that a sentence or a picture is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import pandas as pd

from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.marketing.attribution import UNKNOWN
from templates_lib.marketing.counts import BRAND
from templates_lib.marketing.marketing import MIN_NEW
from templates_lib.params.marketing import EVERY, PAID
from templates_lib.stats.intervals import wilson
from templates_lib.stats.totals import count_interval

YEAR_DAYS = 365


def blended(table: pd.DataFrame) -> pd.Series | None:
    """The row of ``marketing.measures`` of all orders and costs, over the longest time; None under
    30 new customers."""
    own = table[(table["channel"] == EVERY) & table["is_whole"] & table["cac"].notna()]
    return None if own.empty else own.loc[own["date_from"].idxmin()]


def over_time(table: pd.DataFrame) -> pd.DataFrame:
    """The calendar periods of all orders whose costs are known by the period."""
    own = table[(table["channel"] == EVERY) & ~table["is_whole"] & table["cac"].notna()]
    return own.reset_index(drop=True)


def whole_periods(periods: pd.DataFrame) -> pd.DataFrame:
    """The periods of which every day is known, with ``low`` and ``high`` of their new customers,
    as a count that varies by chance."""
    days = [pd.Period(period) for period in periods["period"]]
    is_full = [
        row.date_from == period.start_time.date() and row.date_to == period.end_time.date()
        for row, period in zip(periods.itertuples(), days, strict=True)
    ]
    full = periods[is_full]
    low, high = count_interval(full["new_customers"].astype(float))
    return full.assign(low=low, high=high)


def by_channel(table: pd.DataFrame) -> pd.DataFrame:
    """Every channel over all the days in which the last click is known, the dearest first; none
    where it is not known."""
    own = table[table["is_whole"] & (table["channel"] != EVERY)]
    is_last = own["channel"].isin([UNKNOWN, BRAND])
    ordered = own.assign(is_last=is_last).sort_values(
        ["is_last", "spend", "new_customers"], ascending=[True, False, False], kind="stable"
    )
    return ordered.drop(columns="is_last").reset_index(drop=True)


def priced(table: pd.DataFrame) -> pd.DataFrame:
    """The single channels of ``by_channel`` whose cost and margin can be set against each other."""
    own = by_channel(table)
    return own[(own["channel"] != PAID) & own["ltv_cac"].notna()].reset_index(drop=True)


def cost_and_margin(own: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Per new customer of each channel, the cost and the margin so far: channel, amount, low,
    high."""
    series = {tr("cost of a new customer"): "cac", tr("margin so far"): "margin"}
    return {
        name: own[["channel"]].assign(
            amount=own[column], low=own[f"{column}_low"], high=own[f"{column}_high"]
        )
        for name, column in series.items()
    }


def below_cost(own: pd.DataFrame) -> pd.Series | None:
    """The channel whose customers have brought least of their cost, of those that are below it
    beyond chance."""
    sure = own[own["ltv_cac_high"] < 1]
    return None if sure.empty else sure.loc[sure["ltv_cac"].idxmin()]


def above_cost(own: pd.DataFrame) -> pd.Series | None:
    """The channel whose customers have brought most of their cost, of those above it beyond
    chance."""
    sure = own[own["ltv_cac_low"] > 1]
    return None if sure.empty else sure.loc[sure["ltv_cac"].idxmax()]


def a_year(row: pd.Series) -> float:
    """By what the money of a row's days becomes that of a year."""
    return YEAR_DAYS / ((row["date_to"] - row["date_from"]).days + 1)


def saved(row: pd.Series) -> dict[str, Any]:
    """What a year without a channel below its cost would save, by what came back so far."""
    cost = a_year(row) * row["spend"]
    ends = {"estimate": "ltv_cac", "low": "ltv_cac_high", "high": "ltv_cac_low"}
    worth: dict[str, Any] = {end: cost * max(0.0, 1 - row[name]) for end, name in ends.items()}
    worth["assumptions"] = tr(
        "“{channel}” were stopped, only these customers were lost, and they would bring nothing "
        "after month {months}",
        channel=row["channel"], months=row["months"],
    )  # fmt: skip
    return worth


def stop_in_half() -> dict[str, str]:
    """What to do about a channel that does not pay by clicks, before a test has told."""
    return {
        "do": tr(
            "Before this budget is moved, stop the channel in half of the regions, drawn by lot."
        ),
        "check": tr(
            "Compare the sales of both halves: only that tells how many would have come anyway, or "
            "came by it without a click. How long it takes stands under the test that would tell."
        ),
    }


class Unknown(NamedTuple):
    """Share of the new customers whose channel is not known; the cost of a new customer of the
    paid channels, and what it would be if all the unknown ones had come by them."""

    share: float
    low: float
    high: float
    n: int
    cac: float
    cac_at_most_paid: float


def unknown(table: pd.DataFrame) -> Unknown | None:
    """None where no last clicks are known, under 30 new customers, or where the count is hidden."""
    own = by_channel(table).set_index("channel")
    whole = table[table["is_whole"] & (table["channel"] == EVERY)]
    if UNKNOWN not in own.index or pd.isna(own.loc[UNKNOWN, "new_customers"]):
        return None
    n = int(whole.loc[whole["date_from"].idxmax(), "new_customers"])
    missing, paid = int(own.loc[UNKNOWN, "new_customers"]), own.loc[PAID]
    if n < MIN_NEW or pd.isna(paid["cac"]):
        return None
    low, high = wilson(missing, n)
    at_most = float(paid["spend"] / (paid["new_customers"] + missing))
    return Unknown(missing / n, float(low), float(high), n, float(paid["cac"]), at_most)


class Elsewhere(NamedTuple):
    """Of people whose last click cost something, the share who say that they first heard of the
    shop elsewhere."""

    share: float
    low: float
    high: float
    n: int


def heard_elsewhere(
    both: pd.DataFrame, clicked: pd.Series, paid: Collection[str]
) -> Elsewhere | None:
    """What people say who came by a paid click; None with fewer than 30 of them.

    Parameters
    ----------
    both : of ``discovery.pairs``
    clicked : the last click of the same people as the channel of the costs
    paid : channels with a cost
    """
    own = both[clicked.isin(list(paid)).to_numpy()]
    if len(own) < MIN_NEW:
        return None
    away = int((own["said"] != own["clicked"]).sum())
    low, high = wilson(away, len(own))
    return Elsewhere(away / len(own), float(low), float(high), len(own))


SHOWN = {
    EVERY: N_("all channels"),
    PAID: N_("paid channels"),
    BRAND: N_("of it brand campaigns"),
}


def view(own: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``measures`` that a page shows, without those that are nowhere known."""
    names = ["channel", "period", "spend", "new_customers", "net_sales", "cos", "cac",
             "attributed_romi", "margin", "months", "payback_months", "is_paid_back",
             "ltv_cac"]  # fmt: skip
    shown = own[names].dropna(axis=1, how="all")
    if "period" in shown and own["is_whole"].all():
        shown = shown.drop(columns="period")
    if "months" in shown:
        shown["months"] = shown["months"].mask(shown["months"] == 0)
    return shown.assign(channel=channel_names(shown["channel"]))


def channel_names(channels: Iterable[str]) -> list[str]:
    """Channels as a page names them; those that are no channel of the client's, in words."""
    return [tr(SHOWN[name]) if name in SHOWN else label(name) for name in channels]


def axis_names(period: str) -> tuple[str, str]:
    """What the cost and the new customers of a period are called."""
    names = {
        "month": (tr("Cost of marketing, a month"), tr("New customers, a month")),
        "quarter": (tr("Cost of marketing, a quarter"), tr("New customers, a quarter")),
        "year": (tr("Cost of marketing, a year"), tr("New customers, a year")),
    }
    return names[period]
