"""Who reaches the targets of the parameter file, and who misses them; never surer than the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from templates_lib.language import tr
from templates_lib.marketing.answers import a_year, channel_names
from templates_lib.params.marketing import EVERY, PAID, Targets
from templates_lib.words import Words

MET, MISSED, OPEN, NO_ESTIMATE = "met", "missed", "cannot_tell", "no_estimate"
AT_LEAST = ("ltv_cac",)
TARGETS = ["channel", "period", "measure", "target_value", "estimate", "low", "high", "n",
           "months", "verdict", "is_whole"]  # fmt: skip


def reached(
    channels: pd.DataFrame, targets: Mapping[str, Targets], *, horizon_months: int
) -> pd.DataFrame:
    """Each target against what was measured, over the whole time and in each period.

    A target is met or missed where the whole 95 % interval lies on one side of it; else it cannot
    be told, however the estimate looks. What later months may still bring misses nothing yet: a
    payback is missed once the target's months are observed without it, and LTV:CAC once those of
    the horizon are.

    Parameters
    ----------
    channels : of ``marketing.measures``
    targets : the parameter of that name; cos, cac and payback_months are at most, ltv_cac at least
    horizon_months : how far the margin of LTV:CAC is to be counted

    Returns
    -------
    Columns: channel, period, measure, target_value, estimate, low, high (a payback that has not
    come within the months observed is empty), n (new customers), months (of margin observed),
    verdict (``met``, ``missed``, ``cannot_tell``, ``no_estimate`` under 30 new customers or without
    a cost), is_whole. A channel that is not in the data has no row; all the days come before the
    periods.
    """
    rows = []
    for channel, wanted in targets.items():
        own = channels[channels["channel"] == channel]
        for measure, target in wanted.model_dump().items():
            if target is not None:
                rows += [
                    _row(row, measure, float(target), horizon_months)
                    for row in own.to_dict("records")
                ]
    table = pd.DataFrame(rows, columns=TARGETS)
    table = table.astype({"n": "Int64", "is_whole": "bool"})
    return table.sort_values("is_whole", ascending=False, kind="stable", ignore_index=True)


def _row(row: Mapping[str, Any], measure: str, target: float, horizon: int) -> dict[str, Any]:
    low, high = row[f"{measure}_low"], row[f"{measure}_high"]
    if measure == "payback_months":
        status = _payback(row, target)
    elif measure in AT_LEAST:
        status = _side(-high, -low, -target)
        status = OPEN if status == MISSED and row["months"] < horizon else status
    else:
        status = _side(low, high, target)
    return {
        "channel": row["channel"], "period": row["period"], "measure": measure,
        "target_value": target, "estimate": row[measure], "low": low, "high": high,
        "n": row["new_customers"], "months": row["months"], "verdict": status,
        "is_whole": row["is_whole"],
    }  # fmt: skip


def _side(low: float, high: float, target: float) -> str:
    """Whether an interval lies at or below a target (met) or above it (missed)."""
    if pd.isna(low) or pd.isna(high):
        return NO_ESTIMATE
    return MET if high <= target else MISSED if low > target else OPEN


def _payback(row: Mapping[str, Any], target: float) -> str:
    """An end that is not reached lies beyond the months observed."""
    if pd.isna(row["is_paid_back"]):
        return NO_ESTIMATE
    low, high = row["payback_months_low"], row["payback_months_high"]
    if not pd.isna(high) and high <= target:
        return MET
    earliest = row["months"] + 1 if pd.isna(low) else low
    return MISSED if earliest > target else OPEN


def answer(table: pd.DataFrame) -> pd.DataFrame:
    """The targets over the longest time of each channel, the missed ones first."""
    whole = table[table["is_whole"]].drop_duplicates(["channel", "measure"])
    order = {status: place for place, status in enumerate((MISSED, OPEN, MET, NO_ESTIMATE))}
    return whole.sort_values(
        "verdict", key=lambda found: found.map(order), kind="stable", ignore_index=True
    )


def view(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The rows of ``answer`` as a page shows them, channels and days in words."""
    ends = [map(date.fromisoformat, period.split("/")) for period in table["period"]]
    days = [
        tr("{first} to {last}", first=words.day(first), last=words.day(last))
        for first, last in ends
    ]
    shown = table.drop(columns="is_whole")
    return shown.assign(channel=channel_names(shown["channel"]), period=days)


def in_words(table: pd.DataFrame) -> str:
    """How many targets are met, missed and open: ``2 missed, 1 met, 1 that cannot be told yet``."""
    counts = table["verdict"].value_counts()
    said = {
        MISSED: tr("{n} missed", n=counts.get(MISSED, 0)),
        MET: tr("{n} met", n=counts.get(MET, 0)),
        OPEN: tr("{n} that cannot be told yet", n=counts.get(OPEN, 0)),
        NO_ESTIMATE: tr(
            "{n} without enough new customers or a known cost", n=counts.get(NO_ESTIMATE, 0)
        ),
    }
    return ", ".join(text for verdict, text in said.items() if verdict in counts)


class TooDear(NamedTuple):
    """Who misses the target of the cost of a new customer; ``effect`` is what that is a year."""

    channel: str
    cost: float
    low: float
    high: float
    target: float
    n: int
    effect: dict[str, float]


def too_dear(table: pd.DataFrame, channels: pd.DataFrame) -> TooDear | None:
    """Of the missed targets of cost per new customer in ``answer``, the one that costs most."""
    found = []
    missed = table[(table["measure"] == "cac") & (table["verdict"] == MISSED)]
    for row in missed.to_dict("records"):
        is_own = (channels["channel"] == row["channel"]) & (channels["period"] == row["period"])
        yearly = row["n"] * a_year(channels[is_own].iloc[0])
        ends = {end: row[end] for end in ("estimate", "low", "high")}
        effect = {end: float(yearly * (cost - row["target_value"])) for end, cost in ends.items()}
        target, n = row["target_value"], int(row["n"])
        found.append(TooDear(row["channel"], *map(float, ends.values()), target, n, effect))
    return max(found, key=lambda each: each.effect["estimate"], default=None)


def too_dear_in_words(found: TooDear, cost: str, target: str) -> str:
    """The headline of ``too_dear``; cost and target as money."""
    if found.channel == EVERY:
        return tr(
            "A new customer costs {cost} over all channels, and should cost {target} at most",
            cost=cost, target=target,
        )  # fmt: skip
    if found.channel == PAID:
        return tr(
            "A new customer of the paid channels costs {cost}, and should cost {target} at most",
            cost=cost, target=target,
        )  # fmt: skip
    return tr(
        "A new customer of “{channel}” costs {cost}, and should cost {target} at most",
        channel=found.channel, cost=cost, target=target,
    )  # fmt: skip


def cut(found: TooDear) -> str:
    """What to do about ``too_dear``."""
    if found.channel in (EVERY, PAID):
        return tr("Cut the campaigns that win fewest customers until the target holds.")
    return tr(
        "Cut what wins fewest customers of “{channel}” until the target holds.",
        channel=found.channel,
    )
