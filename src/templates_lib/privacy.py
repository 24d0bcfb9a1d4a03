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
    min_cell: int,
) -> pd.DataFrame:
    """The table with counts from 1 to ``min_cell`` − 1 empty, with the values made of them.

    Where just one count of a group of rows (``by``) is hidden, the next smallest is hidden too:
    a total shown elsewhere would give the one away. Zero is shown.
    """
    counts = table[count].astype("Float64")
    hidden = (counts > 0) & (counts < min_cell)
    hidden = hidden.fillna(False).astype(bool)
    groups = table.groupby(list(by), sort=False, dropna=False) if by else [(None, table)]
    for _, rows in groups:
        if hidden[rows.index].sum() == 1:
            rest = counts[rows.index][~hidden[rows.index]].dropna()
            rest = rest[rest > 0]
            if len(rest):
                hidden[rest.idxmin()] = True
    result = table.copy()
    result[count] = result[count].astype("Int64").mask(hidden)
    for name in values:
        result[name] = result[name].astype("float64").mask(hidden)
    return result
