"""Acquisition cohorts: who is active, what they order and are worth, with honest masks.

``activity.cells`` brings the counts out of the engine; every estimate is made on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from templates_lib.activity import ALL, cells
from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.privacy import hide_small
from templates_lib.stats import intervals
from templates_lib.stats.power_sums import POWERS

__all__ = [
    "Change", "average", "cells", "everyone", "hide_small_cells", "measures",
    "newer_against_older", "per_customer", "period_words", "retention", "split_names",
]  # fmt: skip

MIN_COHORT = 30


def split_names(grid: pd.DataFrame) -> list[str]:
    """The columns of the grid that split the cohorts."""
    known = {"cohort", "age", "cohort_size", "active", "observed", "complete"}
    return [c for c in grid.columns if c not in known and not c.endswith(POWERS)]


def retention(grid: pd.DataFrame) -> pd.DataFrame:
    """The share of each cohort that is active at each age, with its Wilson interval.

    An incomplete cell keeps its count only, an unobserved one is empty, and a cohort under 30
    customers has counts but no share.

    Returns
    -------
    Columns: the split's, cohort, age, cohort_size, active, retention, low, high, complete.
    """
    table = grid[[*split_names(grid), "cohort", "age", "cohort_size", "active", "complete"]].copy()
    shown = table["complete"] & (table["cohort_size"] >= MIN_COHORT)
    active = table["active"].astype("float64").where(shown)
    size = table["cohort_size"].where(shown, 0)
    table["retention"] = active / table["cohort_size"]
    low, high = intervals.wilson(active.fillna(0), size)
    table["low"], table["high"] = low, high
    ordered = ["cohort", "age", "cohort_size", "active", "retention", "low", "high", "complete"]
    return table[[*split_names(grid), *ordered]]


def hide_small_cells(
    table: pd.DataFrame, *, split_by: Sequence[str] = (), min_cell: int
) -> pd.DataFrame:
    """``retention`` with the counts of few persons empty, and what they could be worked out from.

    Totals that would give one away are the averages over complete cohorts and, of the parts of a
    split, the cells of everyone. A cohort whose size is hidden shows nothing.
    """
    splits = list(split_by)
    is_whole = (table[splits] == ALL).all(axis=1)
    is_averaged = table["complete"] & (table["cohort_size"] >= MIN_COHORT)
    # a cell that enters no average stands alone: no total gives it away
    table = table.assign(alone=np.where(is_averaged, -1, np.arange(len(table))))
    parts = []
    for part, along in (
        (table[is_whole], [[]]),
        (table[~is_whole], [["cohort"], splits]),
    ):
        sizes = hide_small(
            part.drop_duplicates([*splits, "cohort"])[[*splits, "cohort", "cohort_size"]],
            count="cohort_size", by=along[0], also_by=along[1:], min_cell=min_cell,
        )  # fmt: skip
        shown = part.drop(columns="cohort_size").merge(sizes, on=[*splits, "cohort"], how="left")
        shown = hide_small(
            shown, count="active", values=["retention", "low", "high"],
            by=[*splits, "age", "alone"], also_by=[["cohort", "age"]] if len(along) > 1 else [],
            min_cell=min_cell,
        )  # fmt: skip
        is_hidden = shown["cohort_size"].isna()
        for name in ("active", "retention", "low", "high"):
            shown[name] = shown[name].mask(is_hidden)
        parts.append(shown.set_index(part.index)[table.columns])
    return pd.concat(parts).sort_index().drop(columns="alone")


def measures(grid: pd.DataFrame) -> list[str]:
    """The measures per customer that the grid holds."""
    return [c.removesuffix("_total") for c in grid.columns if c.endswith("_total")]


def per_customer(grid: pd.DataFrame) -> pd.DataFrame:
    """Orders and money per customer of the cohort, by age and so far.

    The interval is Hall's for the mean of a skewed population, over all customers of the
    cohort, those without a purchase included.

    Returns
    -------
    Columns: the split's, cohort, age, measure, cohort_size, total, per_customer, low, high,
    complete; masked as ``retention``.
    """
    parts = []
    for measure in measures(grid):
        part = grid[[*split_names(grid), "cohort", "age", "cohort_size", "complete"]].copy()
        part["measure"] = measure
        part["total"] = grid[f"{measure}_total"].astype("float64")
        shown = part["complete"] & (part["cohort_size"] >= MIN_COHORT)
        part["per_customer"] = (part["total"] / part["cohort_size"]).where(shown)
        part["low"], part["high"] = _mean_interval(grid, measure, shown)
        parts.append(part)
    ordered = ["cohort", "age", "measure", "cohort_size", "total", "per_customer", "low", "high"]
    return pd.concat(parts, ignore_index=True)[[*split_names(grid), *ordered, "complete"]]


def _mean_interval(
    grid: pd.DataFrame, measure: str, shown: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    chosen = shown.to_numpy()
    if chosen.any():
        part = grid[chosen]
        low[chosen], high[chosen] = intervals.mean_interval(
            part["cohort_size"].to_numpy(),
            *(part[f"{measure}_{power}"].to_numpy() for power in POWERS),
        )
    return low, high


def average(grid: pd.DataFrame) -> pd.DataFrame:
    """The average row: Σ over complete cohorts / Σ of their customers, never a mean of shares.

    Returns
    -------
    Columns: the split's, age, measure (``retention`` and those of ``per_customer``), cohorts,
    n (customers), average, low, high.
    """
    eligible = grid[grid["complete"] & (grid["cohort_size"] >= MIN_COHORT)]
    rows = []
    keys = [*split_names(grid), "age"]
    for key, part in eligible.groupby(keys, sort=True):
        base = dict(zip(keys, key, strict=True))
        size, cohorts = int(part["cohort_size"].sum()), len(part)
        active = int(part["active"].sum())
        low, high = intervals.wilson(active, size)
        rows.append(
            {**base, "measure": "retention", "cohorts": cohorts, "n": size,
             "average": active / size, "low": float(low), "high": float(high)}
        )  # fmt: skip
        for measure in measures(grid):
            sums = [sum(part[f"{measure}_{power}"]) for power in POWERS]
            low, high = intervals.mean_interval(size, *sums)
            rows.append(
                {**base, "measure": measure, "cohorts": cohorts, "n": size,
                 "average": float(sums[0]) / size, "low": float(low), "high": float(high)}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=[*keys, "measure", "cohorts", "n", "average", "low", "high"])


def everyone(table: pd.DataFrame, split_by: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of a table of this module that stand for all customers, without split columns."""
    for name in split_by:
        table = table[table[name] == ALL]
    return table.drop(columns=list(split_by))


class Change(NamedTuple):
    """Newer cohorts against older ones at the same age: shares active and their difference."""

    newer: float
    older: float
    difference: float
    low: float
    high: float
    newer_cohorts: str
    older_cohorts: str
    n: int


def newer_against_older(grid: pd.DataFrame, *, age: int = 1) -> Change | None:
    """Whether the newer half of the complete cohorts is more active at an age than the older.

    The interval is Newcombe's. None with fewer than four complete cohorts of 30 customers.
    """
    eligible = grid[
        grid["complete"] & (grid["cohort_size"] >= MIN_COHORT) & (grid["age"] == age)
    ].sort_values("cohort")
    half = len(eligible) // 2
    if half < 2:
        return None
    parts = (eligible.iloc[-half:], eligible.iloc[:half])
    active = [int(part["active"].sum()) for part in parts]
    sizes = [int(part["cohort_size"].sum()) for part in parts]
    low, high = intervals.newcombe(active[0], sizes[0], active[1], sizes[1])
    shares = [a / n for a, n in zip(active, sizes, strict=True)]
    names = [f"{part['cohort'].iloc[0]}–{part['cohort'].iloc[-1]}" for part in parts]
    difference = shares[0] - shares[1]
    return Change(*shares, difference, float(low), float(high), *names, sum(sizes))


IN_THE_NEXT = {
    "week": (N_("in the next week after the first purchase"),
             N_("in the next week after being first seen")),
    "month": (N_("in the next month after the first purchase"),
              N_("in the next month after being first seen")),
    "quarter": (N_("in the next quarter after the first purchase"),
                N_("in the next quarter after being first seen")),
    "window": (N_("in the next {days} days after the first purchase"),
               N_("in the next {days} days after being first seen")),
}  # fmt: skip
AGES = {
    "week": (N_("Weeks after the first purchase"), N_("Weeks after being first seen")),
    "month": (N_("Months after the first purchase"), N_("Months after being first seen")),
    "quarter": (N_("Quarters after the first purchase"), N_("Quarters after being first seen")),
    "window": (N_("Windows of {days} days after the first purchase"),
               N_("Windows of {days} days after being first seen")),
}  # fmt: skip
BY_AGE = {
    "week": N_("by week {age}"),
    "month": N_("by month {age}"),
    "quarter": N_("by quarter {age}"),
    "window": N_("by window {age} of {days} days"),
}


class PeriodWords(NamedTuple):
    """How a report speaks of the periods that cohorts are followed in."""

    name: str
    ages: str
    in_the_next: str
    by_age: Callable[[int], str]


def period_words(period: str, days: int | None, *, is_whole_history: bool) -> PeriodWords:
    """The words of a period, or of windows of so many ``days``; where older orders are unknown,
    customers are those first seen."""
    kind, first = "window" if days else period, 0 if is_whole_history else 1
    return PeriodWords(
        name=tr("{days} days", days=days) if days else label(period),
        ages=tr(AGES[kind][first], days=days),
        in_the_next=tr(IN_THE_NEXT[kind][first], days=days),
        by_age=lambda age: tr(BY_AGE[kind], age=age, days=days),
    )
