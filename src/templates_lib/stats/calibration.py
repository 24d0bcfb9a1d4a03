"""Whether chances come true: predicted against observed shares, in groups of a like chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from templates_lib.stats.intervals import wilson

MOST_BINS, LEAST_BIN = 10, 50
CALIBRATION = ["bin", "n", "predicted_share", "observed_share", "low", "high"]


def calibration(
    predicted: ArrayLike, observed: ArrayLike, *, most: int = MOST_BINS, least: int = LEAST_BIN
) -> pd.DataFrame:
    """Predicted chances against what came true, in groups of like chances and like size.

    Parameters
    ----------
    predicted : chance of each unit, 0 to 1
    observed : whether it came true, one a unit
    most : groups at most
    least : units in a group at least; smaller ones are joined to that before them. Fewer units
        than that are one group.

    Returns
    -------
    One row a group: bin (1 has the highest chances), n, predicted_share (mean chance),
    observed_share (came true / n), low, high (Wilson). Units of one chance are in one group. No
    units, no rows.
    """
    units = pd.DataFrame({"chance": np.asarray(predicted, float)})
    units["hit"] = np.asarray(observed, bool)
    bins = max(1, min(most, len(units) // least))
    place = units["chance"].round(9).rank(method="average", ascending=False, pct=True)
    group = np.ceil(place * bins).clip(1, bins).astype(int)
    table = units.groupby(group).agg(
        n=("hit", "size"), total=("chance", "sum"), hits=("hit", "sum")
    )
    table = _joined(table, least)
    table["predicted_share"] = table["total"] / table["n"]
    table["observed_share"] = table["hits"] / table["n"]
    table["low"], table["high"] = wilson(table["hits"], table["n"])
    table["bin"] = range(1, len(table) + 1)
    return table[CALIBRATION]


def _joined(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """Groups that are too small joined to the one before them, the first to the one after it."""
    groups: list[int] = []
    size = 0
    for n in table["n"]:
        begins = not groups or min(size, n) >= least
        groups.append(groups[-1] + begins if groups else 0)
        size = n if begins else size + n
    return table.groupby(np.array(groups, dtype=int)).sum().reset_index(drop=True)
