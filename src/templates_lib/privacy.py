"""Small counts of people are hidden, and so that they cannot be worked out from the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def hide_small(
    table: pd.DataFrame,
    *,
    count: str,
    values: Sequence[str] = (),
    by: Sequence[str] = (),
    also_by: Sequence[Sequence[str]] = (),
    min_cell: int,
) -> pd.DataFrame:
    """The table with counts from 1 to ``min_cell`` − 1 empty, with the values made of them.

    A total shown elsewhere would give away a count that is hidden alone, and two that are hidden
    with 2 persons in all. In each group of rows that a total belongs to, the next smallest counts
    are therefore hidden until two are, and ``min_cell`` persons. Zero is shown where it can be.

    Parameters
    ----------
    count : column of counts of people; an empty one is left as it is
    values : columns that a count could be worked out from, hidden with it
    by : columns that name the groups of rows; without them the table is one group
    also_by : other groupings whose totals are shown too
    """
    counts = table[count].reset_index(drop=True).astype("Float64")
    hidden = ((counts > 0) & (counts < min_cell)).fillna(False).astype(bool)
    keys = table.reset_index(drop=True)
    groups = [
        list(rows)
        for along in (by, *also_by)
        for rows in (
            keys.groupby(list(along), sort=False, dropna=False).indices.values()
            if along
            else [range(len(keys))]
        )
    ]
    before = -1
    while before < hidden.sum():
        before = hidden.sum()
        for rows in groups:
            _protect(counts[rows], hidden, min_cell)
    result = table.copy()
    result[count] = result[count].astype("Int64").mask(hidden.to_numpy())
    for name in values:
        result[name] = result[name].astype("float64").mask(hidden.to_numpy())
    return result


def _protect(counts: pd.Series, hidden: pd.Series, min_cell: int) -> None:
    """Hides the next smallest counts of one group until its hidden ones protect each other."""
    own = hidden[counts.index]
    if not own.any():
        return
    rest = counts[~own].dropna().sort_values(kind="stable")
    number, persons = int(own.sum()), counts[own].sum()
    for row, more in pd.concat([rest[rest > 0], rest[rest == 0]]).items():
        if number >= 2 and (persons >= min_cell or more == 0):
            break
        hidden[row] = True
        number, persons = number + 1, persons + more
