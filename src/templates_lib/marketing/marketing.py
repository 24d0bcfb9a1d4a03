"""What marketing costs and brings, by channel and period: COS, CAC, attributed ROMI, payback.

Everything by channel is attributed by the last click and rests on the days on which clicks are
known; ``all`` rests on all orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from templates_lib.marketing import payback, spend
from templates_lib.marketing.counts import BRAND, MONEY, Inputs, Period, counts, inputs
from templates_lib.params.marketing import EVERY, PAID
from templates_lib.privacy import hide_small
from templates_lib.stats.power_sums import POWERS
from templates_lib.stats.totals import count_interval, total_interval

__all__ = ["Inputs", "inputs", "measures"]

MIN_NEW = 30
SPREAD_LIMIT = 0.05
PERIOD_DAYS = {"month": 31, "quarter": 92, "year": 366}
ESTIMATES = ["cos", "cac", "attributed_romi", "payback_months", "ltv_cac"]
COLUMNS = ["channel", "period", "spend", "new_customers", *MONEY, *ESTIMATES]
BOUNDS = [f"{name}_{end}" for name in ESTIMATES for end in ("low", "high")]
MARGIN = ["margin", "margin_low", "margin_high"]
ABOUT = [
    *MARGIN,
    "is_paid_back",
    "months",
    "followed",
    "date_from",
    "date_to",
    "is_whole",
    "spread_share",
]
DAYS = ["period", "date_from", "date_to", "is_whole"]
NUMBERS = [*MONEY, *ESTIMATES, *BOUNDS, *MARGIN]


def measures(
    made: Inputs, *, period: Period, other_costs: Mapping[str, Decimal], min_cell: int
) -> pd.DataFrame:
    """Every channel in every period, and in all the days for which its numbers are known.

    ``all`` is every order and every cost, with ``other_costs``; ``paid`` are the channels with a
    cost; ``unknown`` are orders whose last click is not known. ``brand`` is the part of the cost
    that answers searches for the shop's own name: it is in its channel's row too. Estimates need
    30 new customers, and costs that are known at least for the period. The margin of the channels
    of one stretch is counted over the same months.

    Returns
    -------
    Columns: channel, period (``2026-Q3``, or ``2026-05-01/2026-10-31`` for all the days), spend,
    new_customers, net_sales, contribution_margin (of all orders of the days), cos, cac,
    attributed_romi, payback_months, ltv_cac, then low and high of each; margin (per new
    customer over ``months`` of 30 days), margin_low, margin_high, is_paid_back (empty where it
    cannot be told), months, followed (customers observed for all of them), date_from, date_to,
    is_whole (not a calendar period), spread_share (share of the cost that was spread from totals
    longer than the period).
    """
    each = counts(made, period).to_dict("records")
    curves = [_curve(made, one) for one in each]
    months = _common_months(made, each, curves)
    rows = [_row(made, *own, period, other_costs) for own in zip(each, curves, months, strict=True)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *BOUNDS, *ABOUT])
    kinds = dict.fromkeys(["spend", *NUMBERS], "float64")
    kinds |= {"new_customers": "Int64", "followed": "Int64", "is_paid_back": "boolean"}
    return _hidden(table.astype(kinds), min_cell)


def _curve(made: Inputs, own: Mapping[str, Any]) -> pd.DataFrame | None:
    """The margin per new customer of a row; None where it cannot be told."""
    name, days = own["channel_of"], {"start": own["date_from"], "end": own["date_to"]}
    if made.grids is None or own["new_customers"] < MIN_NEW:
        return None
    if name == EVERY or made.clicks is None:
        return payback.curve(made.grids, **days)
    return payback.curve(made.grids, channels=made.clicks.paid if name == PAID else (name,), **days)


def _common_months(
    made: Inputs, rows: Sequence[Mapping[str, Any]], curves: Sequence[pd.DataFrame | None]
) -> list[int]:
    """How far each row's margin is counted: no farther than that of any paid channel of its
    stretch, so that they can be compared."""
    paid = made.clicks.paid if made.clicks else ()
    lengths = [0 if curve is None else len(curve) for curve in curves]
    keys = [(own["place"], own["period"]) for own in rows]
    shortest: dict[tuple[int, str], int] = {}
    for own, key, length in zip(rows, keys, lengths, strict=True):
        if own["channel_of"] in paid and length:
            shortest[key] = min(length, shortest.get(key, length))
    return [min(n, shortest.get(key, n)) for key, n in zip(keys, lengths, strict=True)]


def _row(
    made: Inputs, own: Mapping[str, Any], curve: pd.DataFrame | None, months: int,
    period: Period, other_costs: Mapping[str, Decimal],
) -> dict[str, Any]:  # fmt: skip
    name = own["channel_of"]
    cost, spread_share = _cost(made, own, period, other_costs)
    costly = set(made.costs["channel"])
    paid = set(made.clicks.paid) if made.clicks else set()
    is_seen = name != BRAND and (name in paid | {EVERY, PAID} or name not in costly)
    row: dict[str, Any] = {
        "channel": name, "spend": cost, "spread_share": spread_share, "is_paid_back": None,
        "months": months, "followed": None, **{about: own[about] for about in DAYS},
    }  # fmt: skip
    row |= dict.fromkeys([*ESTIMATES, *BOUNDS, *MARGIN], np.nan)
    n = own["new_customers"]
    sums = {m: [_number(own[f"{m}_{power}"]) for power in POWERS] for m in MONEY}
    row |= {"new_customers": n} | {m: float(sums[m][0] or 0) for m in MONEY}
    if made.grids is None:
        row["contribution_margin"] = np.nan
    if not is_seen:
        return row | dict.fromkeys(["new_customers", *MONEY])
    if months:
        end = curve.iloc[months - 1]
        row |= dict(zip(MARGIN, end[["margin", "low", "high"]], strict=True))
        row["followed"] = int(end["n"])
    is_known = cost > 0 and (own["is_whole"] or spread_share <= SPREAD_LIMIT)
    if n >= MIN_NEW and is_known:
        row |= _estimates(cost, n, sums, curve, months)
    return row


def _number(value: Any) -> Decimal | int:
    return 0 if value is None or value != value else value


def _cost(
    made: Inputs, own: Mapping[str, Any], period: Period, other_costs: Mapping[str, Decimal]
) -> tuple[float, float]:
    """The cost of a row, and the share of it that was spread from totals longer than the period;
    nan of a channel that is in no file of costs."""
    name, days = own["channel_of"], (own["date_from"], own["date_to"])
    rows = made.costs
    if name == BRAND:
        rows = rows[rows["is_brand"]]
    elif name == PAID:
        rows = rows[rows["channel"].isin(made.clicks.paid)]
    elif name != EVERY:
        rows = rows[rows["channel"] == name]
    if rows.empty:
        return np.nan, np.nan
    parts = spend.between(rows, *days)
    cost = float(parts.sum())
    spread = float(parts[rows["days"] > PERIOD_DAYS[period]].sum())
    share = spread / cost if cost else 0.0
    return cost + (spend.other_costs(other_costs, *days) if name == EVERY else 0.0), share


def _estimates(
    cost: float, n: int, sums: Mapping[str, list[Any]], curve: pd.DataFrame | None, months: int
) -> dict[str, Any]:
    """COS, CAC, attributed ROMI, payback and LTV:CAC, each with low and high."""
    fewest, most = (float(end) for end in count_interval(n))
    found = {"cac": cost / n, "cac_low": cost / most, "cac_high": cost / fewest}
    sales, margin = (float(sums[m][0]) for m in MONEY)
    low, high = (float(end) for end in total_interval(*sums["net_sales"]))
    if sales > 0:
        found |= {"cos": cost / sales, "cos_low": cost / high if high > 0 else np.nan,
                  "cos_high": cost / low if low > 0 else np.nan}  # fmt: skip
    if curve is None:
        return found
    ends = [margin, *(float(end) for end in total_interval(*sums["contribution_margin"]))]
    names = ["attributed_romi", "attributed_romi_low", "attributed_romi_high"]
    found |= {name: end / cost - 1 for name, end in zip(names, ends, strict=True)}
    if months:
        cac = (found[name] for name in ("cac", "cac_low", "cac_high"))
        found |= payback.payback(curve, months, *cac)._asdict()
    return found


def _hidden(table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Rows of a few new customers keep their cost only, with as many others as it takes."""
    is_channel = ~table["channel"].isin([EVERY, PAID])
    shown = table.copy()
    for is_whole in (True, False):
        own = table[is_channel & (table["is_whole"] == is_whole)]
        part = hide_small(
            own.assign(is_paid=own["spend"].notna()), count="new_customers",
            values=NUMBERS, by=["period", "is_paid"],
            also_by=[["period"], ["channel"]], min_cell=min_cell,
        )  # fmt: skip
        is_hidden = own["new_customers"].notna() & part["new_customers"].isna()
        shown.loc[own.index, own.columns] = part[own.columns]
        shown.loc[own.index[is_hidden], "is_paid_back"] = pd.NA
    return shown
