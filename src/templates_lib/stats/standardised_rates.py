"""Rates of groups made comparable: events against those expected at the rates of all (indirect
standardisation), and whether the groups differ by more than years do.

Events of a shop come in bursts (a campaign, a slow week), so that counts of a month vary more
than a Poisson distribution allows. How much more is seen where the same group is seen in several
blocks, such as the same month in several years; intervals and the test allow for it.

References: Breslow & Day (1987), Statistical Methods in Cancer Research II, chapter 2;
McCullagh & Nelder (1989), Generalized Linear Models, section 6.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import upper_tail

RATIO_COLUMNS = ["observed", "expected", "ratio", "low", "high"]


class Standardised(NamedTuple):
    """Ratios of the groups (columns: group, observed, expected, ratio, low, high), the dispersion
    (1 for Poisson counts), and the test that all ratios are equal; `dispersion` and `p_value` are
    nan with a single block, which cannot tell a burst from a group."""

    ratios: pd.DataFrame
    dispersion: float
    p_value: float
    n: int


def expected_events(cells: pd.DataFrame, *, stratum: str, unit: list[str]) -> pd.DataFrame:
    """Events of each unit, and those expected had each stratum the rate that it has in all.

    Parameters
    ----------
    cells : the columns named, and events, time (at risk)

    Returns
    -------
    Columns: those of `unit`, observed, expected, time; expected adds up to observed.
    """
    totals = cells.groupby(stratum)[["events", "time"]].transform("sum")
    rate = totals["events"] / totals["time"].where(totals["time"] > 0)
    own = cells.assign(observed=cells["events"], expected=(rate * cells["time"]).fillna(0.0))
    return own.groupby(unit, as_index=False)[["observed", "expected", "time"]].sum()


def standardised_ratios(
    units: pd.DataFrame, *, group: str, block: str, confidence: float = 0.95
) -> Standardised:
    """Observed against expected by group, over blocks that hold every group once.

    Expected events are first scaled to each block's own total, so that a level that rises or falls
    from block to block is not taken for a difference between groups. With Y blocks and G groups
    the dispersion is Pearson's chi-square of the units about the ratios on (Y - 1)(G - 1) degrees
    of freedom, at least 1. A ratio's interval is the exact one of a Poisson count, both count and
    expectation divided by the dispersion. The test is the F test of the groups in the two-way
    analysis of variance of log((observed + 1/2) / expected); nan where a unit is missing.

    Parameters
    ----------
    units : of `expected_events`, with `group` and `block`; units without time are left out
    confidence : of each interval
    """
    known = units[units["expected"] > 0]
    sums = known.groupby(block)[["observed", "expected"]].transform("sum")
    scaled = known["expected"] * sums["observed"] / sums["expected"]
    known = known.assign(expected=scaled)[lambda t: t["expected"] > 0]
    table = known.groupby(group, as_index=False)[["observed", "expected"]].sum()
    ratio = table["observed"] / table["expected"]
    fitted = known["expected"] * known[group].map(ratio.set_axis(table[group]))
    groups, blocks = len(table), known[block].nunique()
    freedom = len(known) - groups - blocks + 1
    dispersion, p_value = np.nan, np.nan
    if groups > 1 and blocks > 1 and freedom > 0:
        is_any = fitted > 0  # a group without events in any block lies on its ratio of 0
        squared = (known["observed"] - fitted)[is_any] ** 2 / fitted[is_any]
        dispersion = max(1.0, float(squared.sum() / freedom))
        p_value = _groups_differ(known.pivot(index=block, columns=group), groups, blocks)
    spread = 1.0 if np.isnan(dispersion) else dispersion
    tail = upper_tail(confidence)
    count, scale = table["observed"] / spread, table["expected"] / spread
    low = np.where(count > 0, stats.gamma.ppf(tail, np.maximum(count, 1e-9)), 0.0) / scale
    high = stats.gamma.isf(tail, count + 1) / scale
    shown = table.assign(ratio=ratio, low=low, high=high)[[group, *RATIO_COLUMNS]]
    return Standardised(shown, dispersion, p_value, int(known["observed"].sum()))


def _groups_differ(units: pd.DataFrame, groups: int, blocks: int) -> float:
    """The p value of the groups (columns) beside the blocks (rows)."""
    logs = np.log((units["observed"] + 0.5) / units["expected"]).to_numpy(float)
    centred = logs - logs.mean(axis=1, keepdims=True)
    effect = centred.mean(axis=0)
    freedom = (groups - 1) * (blocks - 1)
    between = blocks * np.sum(effect**2) / (groups - 1)
    return float(
        stats.f.sf(between * freedom / np.sum((centred - effect) ** 2), groups - 1, freedom)
    )
